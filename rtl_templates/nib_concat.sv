// Joins the channels of two streams: WordsA words of a, then WordsB words of b, pixel by pixel.
//
// Program     WordsA times (take a, make), WordsB times (take b, make).
// Latency     A word taken at cycle t is valid at t + b: b = 2 from block RAM, otherwise 1.
// Interval    1 word of the output, if Depth >= b + 1.
// Protocol    The ready of an input is the step's wish and room. Outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_concat #(
  parameter int Width,
  parameter int WordsA,
  parameter int WordsB,
  parameter int Depth,
  parameter int Storage = 0
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             a_valid_i,
  output logic             a_ready_o,
  input  logic [Width-1:0] a_data_i,
  input  logic             b_valid_i,
  output logic             b_ready_o,
  input  logic [Width-1:0] b_data_i,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o
);

  if (WordsA < 1 || WordsB < 1) begin : gen_bad_words
    $error("WordsA and WordsB must be at least 1");
  end

  localparam int CntW = $clog2(WordsA + WordsB);

  logic [CntW-1:0] step_q = '0;
  logic            from_b, space, fire;

  assign from_b    = step_q >= CntW'(WordsA);
  assign a_ready_o = space && !from_b;
  assign b_ready_o = space && from_b;
  assign fire      = space && (from_b ? b_valid_i : a_valid_i);

  always_ff @(posedge clk_i) begin
    if (rst_i) step_q <= '0;
    else if (fire) step_q <= step_q == CntW'(WordsA + WordsB - 1) ? '0 : step_q + CntW'(1);
  end

  nib_outq #(
    .Width  (Width),
    .Depth  (Depth),
    .Lat    (0),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire),
    .space_o(space),
    .push_i (fire),
    .data_i (from_b ? b_data_i : a_data_i),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_concat
