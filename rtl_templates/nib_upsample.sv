// Nearest-neighbour upsampling: every pixel FactorX times in a row, every row FactorY times.
//
// Lanes       Pixels row by row, Columns a row, Fold words each.
// Program     For every row, FactorY times: for every pixel, FactorX times: its Fold words; take in
//             the first of all these times, make.
// Latency     A step at cycle t shows its word at t + 1 + b: b = 2 from block RAM, otherwise 1.
// Interval    1 word of the output, if Depth >= b + 2.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_upsample #(
  parameter int Width,
  parameter int Columns,
  parameter int Fold,
  parameter int FactorY,
  parameter int FactorX,
  parameter int Depth,
  parameter int Storage = 0
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             in_valid_i,
  output logic             in_ready_o,
  input  logic [Width-1:0] in_data_i,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o
);

  if (Columns < 1 || Fold < 1 || FactorY < 1 || FactorX < 1) begin : gen_bad_size
    $error("Columns, Fold, FactorY and FactorX must be at least 1");
  end

  localparam int Line = Columns * Fold;
  localparam int CW   = Fold > 1 ? $clog2(Fold) : 1;
  localparam int RxW  = FactorX > 1 ? $clog2(FactorX) : 1;
  localparam int RyW  = FactorY > 1 ? $clog2(FactorY) : 1;
  localparam int AdrW = Line > 1 ? $clog2(Line) : 1;

  logic [CW-1:0]   c_q = '0;
  logic [RxW-1:0]  rx_q = '0;
  logic [RyW-1:0]  ry_q = '0;
  logic [AdrW-1:0] word_q = '0;
  logic            c_last, rx_last, ry_last, line_last, want, space, fire;

  assign c_last     = c_q == CW'(Fold - 1);
  assign rx_last    = rx_q == RxW'(FactorX - 1);
  assign ry_last    = ry_q == RyW'(FactorY - 1);
  assign line_last  = word_q == AdrW'(Line - 1) && rx_last;
  assign want       = rx_q == '0 && ry_q == '0;
  assign in_ready_o = want && space;
  assign fire       = space && (!want || in_valid_i);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      c_q    <= '0;
      rx_q   <= '0;
      ry_q   <= '0;
      word_q <= '0;
    end else if (fire) begin
      c_q <= c_last ? '0 : c_q + CW'(1);
      if (c_last) rx_q <= rx_last ? '0 : rx_q + RxW'(1);
      if (line_last) ry_q <= ry_last ? '0 : ry_q + RyW'(1);
      if (c_last && !rx_last) word_q <= word_q - AdrW'(Fold - 1);
      else word_q <= line_last ? '0 : word_q + AdrW'(1);
    end
  end

  logic [Width-1:0] line_q [0:Line-1];
  logic [Width-1:0] out_q;
  logic             push_q = 1'b0;

  always_ff @(posedge clk_i) begin
    if (fire && want) line_q[word_q] <= in_data_i;
    out_q <= want ? in_data_i : line_q[word_q];
  end
  always_ff @(posedge clk_i) push_q <= fire && !rst_i;

  nib_outq #(
    .Width  (Width),
    .Depth  (Depth),
    .Lat    (1),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire),
    .space_o(space),
    .push_i (push_q),
    .data_i (out_q),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_upsample
