// Pooling of windows side by side: greatest value or sum; rows and columns left over are dropped.
//
// Computes    out[oy][ox][c] = max or sum (Sum) of in[y][x][c], y / KernelY = oy, x / KernelX = ox
// Lanes       Pixels row by row, Fold words each; Lanes lanes of InW bits, signed if InSigned; out
//             lanes of OutW bits hold every result (InW bits for the greatest value).
// Program     For every word (y, x, c) of the frame: take, make if it ends a window.
// Latency     The step that ends a window at cycle t shows its word at t + 1 + b: b = 2 from block
//             RAM, otherwise 1.
// Interval    1 word of the input.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_pool #(
  parameter int Lanes,
  parameter int InW,
  parameter bit InSigned,
  parameter bit Sum,
  parameter int OutW,
  parameter int Rows,
  parameter int Columns,
  parameter int Fold,
  parameter int KernelY,
  parameter int KernelX,
  parameter int Depth,
  parameter int Storage = 0
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [Lanes*InW-1:0]  in_data_i,
  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [Lanes*OutW-1:0] out_data_o
);

  localparam int OutRows = Rows / KernelY;
  localparam int OutCols = Columns / KernelX;

  if (Lanes < 1 || InW < 1 || Fold < 1 || OutRows < 1 || OutCols < 1) begin : gen_bad_size
    $error("Lanes, InW and Fold must be at least 1 and the kernel fit into the frame");
  end
  if (OutW < InW || (!Sum && OutW != InW)) begin : gen_bad_out
    $error("OutW must hold the result, and be InW for the greatest value");
  end

  localparam int Partials = OutCols * Fold;  // windows that are open at a time
  localparam int AdrW = Partials > 1 ? $clog2(Partials) : 1;
  localparam int CW   = Fold > 1 ? $clog2(Fold) : 1;
  localparam int KxW  = KernelX > 1 ? $clog2(KernelX) : 1;
  localparam int KyW  = KernelY > 1 ? $clog2(KernelY) : 1;
  localparam int XW   = $clog2(Columns + 1);
  localparam int YW   = $clog2(Rows + 1);

  logic [CW-1:0]   c_q = '0;
  logic [KxW-1:0]  kx_q = '0;
  logic [KyW-1:0]  ky_q = '0;
  logic [XW-1:0]   x_q = '0;
  logic [YW-1:0]   y_q = '0;
  logic [AdrW-1:0] partial_q = '0;
  logic c_last, kx_last, ky_last, x_last, y_last, kept, make, space, fire;

  assign c_last  = c_q == CW'(Fold - 1);
  assign kx_last = kx_q == KxW'(KernelX - 1);
  assign ky_last = ky_q == KyW'(KernelY - 1);
  assign x_last  = x_q == XW'(Columns - 1);
  assign y_last  = y_q == YW'(Rows - 1);
  assign kept    = x_q < XW'(OutCols * KernelX) && y_q < YW'(OutRows * KernelY);
  assign make    = kept && kx_last && ky_last;

  assign in_ready_o = !make || space;
  assign fire       = in_valid_i && in_ready_o;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      c_q       <= '0;
      kx_q      <= '0;
      ky_q      <= '0;
      x_q       <= '0;
      y_q       <= '0;
      partial_q <= '0;
    end else if (fire) begin
      c_q <= c_last ? '0 : c_q + CW'(1);
      if (c_last) begin
        kx_q <= kx_last || x_last ? '0 : kx_q + KxW'(1);
        x_q  <= x_last ? '0 : x_q + XW'(1);
      end
      if (c_last && x_last) begin
        ky_q <= ky_last || y_last ? '0 : ky_q + KyW'(1);
        y_q  <= y_last ? '0 : y_q + YW'(1);
      end
      // The same partial results once more for the next pixel of the window.
      if (kept) begin
        if (!c_last) partial_q <= partial_q + AdrW'(1);
        else if (!kx_last) partial_q <= partial_q - AdrW'(Fold - 1);
        else partial_q <= partial_q == AdrW'(Partials - 1) ? '0 : partial_q + AdrW'(1);
      end
    end
  end

  logic [Lanes*OutW-1:0] partials_q [0:Partials-1];
  logic [Lanes*OutW-1:0] prior, result, result_q;
  logic                  first;
  logic                  push_q = 1'b0;

  assign prior = partials_q[partial_q];
  assign first = kx_q == '0 && ky_q == '0;

  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    logic signed [OutW:0] x, y;  // one more bit: signed and unsigned alike
    assign x = {{(OutW - InW + 1) {InSigned && in_data_i[l*InW+InW-1]}}, in_data_i[l*InW +: InW]};
    assign y = {InSigned && prior[l*OutW+OutW-1], prior[l*OutW +: OutW]};
    if (Sum) begin : gen_sum
      assign result[l*OutW +: OutW] = x[OutW-1:0] + (first ? '0 : y[OutW-1:0]);
      logic unused_sign;
      assign unused_sign = x[OutW] ^ y[OutW];
    end else begin : gen_max
      assign result[l*OutW +: OutW] = first || x > y ? x[OutW-1:0] : y[OutW-1:0];
    end
  end

  always_ff @(posedge clk_i) begin
    if (fire && kept) partials_q[partial_q] <= result;
    result_q <= result;
  end
  always_ff @(posedge clk_i) push_q <= fire && make && !rst_i;

  nib_outq #(
    .Width  (Lanes * OutW),
    .Depth  (Depth),
    .Lat    (1),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire && make),
    .space_o(space),
    .push_i (push_q),
    .data_i (result_q),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_pool
