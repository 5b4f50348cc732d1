// Index of the greatest of Classes values; of equal ones the first.
//
// Lanes       Value i is lane i % Lanes of input word i / Lanes, InW bits, signed if InSigned; the
//             lanes that fill up the last word are ignored.
// Program     Take every word of the frame, make with the last.
// Latency     The last word of a frame taken at cycle t shows the index at t + 1 + b: b = 2 from
//             block RAM, otherwise 1.
// Interval    1 word of the input.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_argmax #(
  parameter int Classes,
  parameter int Lanes,
  parameter int InW,
  parameter bit InSigned,
  parameter int Depth,
  parameter int Storage = 0,
  localparam int OutW = Classes > 1 ? $clog2(Classes) : 1
) (
  input  logic                 clk_i,
  input  logic                 rst_i,
  input  logic                 in_valid_i,
  output logic                 in_ready_o,
  input  logic [Lanes*InW-1:0] in_data_i,
  output logic                 out_valid_o,
  input  logic                 out_ready_i,
  output logic [OutW-1:0]      out_data_o
);

  if (Classes < 1 || Lanes < 1 || InW < 1) begin : gen_bad_size
    $error("Classes, Lanes and InW must be at least 1");
  end

  localparam int Words    = (Classes + Lanes - 1) / Lanes;
  localparam int InLast   = Classes - (Words - 1) * Lanes;  // lanes of the last word
  localparam int WordsW   = Words > 1 ? $clog2(Words) : 1;

  logic [WordsW-1:0]   word_q = '0;
  logic                last, space, fire;
  logic                push_q = 1'b0;
  logic signed [InW:0] best_d, best_q, value;
  logic [OutW-1:0]     index_d, index_q, base_q;

  assign last       = word_q == WordsW'(Words - 1);
  assign in_ready_o = !last || space;
  assign fire       = in_valid_i && in_ready_o;

  always_comb begin
    best_d  = best_q;
    index_d = index_q;
    value   = '0;
    for (int l = 0; l < Lanes; l++) begin
      value = {InSigned && in_data_i[l*InW+InW-1], in_data_i[l*InW +: InW]};
      if ((l == 0 && word_q == '0) || (value > best_d && (l < InLast || !last))) begin
        best_d  = value;
        index_d = (word_q == '0 ? '0 : base_q) + OutW'(l);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) word_q <= '0;
    else if (fire) word_q <= last ? '0 : word_q + WordsW'(1);
  end
  always_ff @(posedge clk_i) begin
    if (fire) begin
      best_q  <= best_d;
      index_q <= index_d;
      base_q  <= (word_q == '0 ? '0 : base_q) + OutW'(Lanes);
    end
  end
  always_ff @(posedge clk_i) push_q <= fire && last && !rst_i;

  nib_outq #(
    .Width  (OutW),
    .Depth  (Depth),
    .Lat    (1),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire && last),
    .space_o(space),
    .push_i (push_q),
    .data_i (index_q),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_argmax
