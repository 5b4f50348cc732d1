// Join of two streams: a weighted sum, lane by lane.
//
// Computes    out[l] = FactorA * a[l] + FactorB * b[l] + Offset
// Lanes       a[l] is a_data_i[l*AW +: AW], signed if ASigned; b likewise; out[l] is out_data_o[l*
//             OutW +: OutW], which must hold every sum (two's complement where one is negative).
// Program     take a and b, make: repeated for ever.
// Latency     Words taken at cycle t are valid at t + 1 + b: b = 2 from block RAM, otherwise 1.
// Interval    1, if Depth >= b + 2.
// Protocol    The ready of one input waits for the valid of the other, never for its own. Outputs
//             hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_add #(
  parameter int Lanes,
  parameter int AW,
  parameter bit ASigned,
  parameter int BW,
  parameter bit BSigned,
  parameter int OutW,
  parameter int FactorA = 1,
  parameter int FactorB = 1,
  parameter int Offset = 0,
  parameter int Depth,
  parameter int Storage = 0
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic                  a_valid_i,
  output logic                  a_ready_o,
  input  logic [Lanes*AW-1:0]   a_data_i,
  input  logic                  b_valid_i,
  output logic                  b_ready_o,
  input  logic [Lanes*BW-1:0]   b_data_i,
  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [Lanes*OutW-1:0] out_data_o
);

  if (Lanes < 1 || AW < 1 || BW < 1 || OutW < 1) begin : gen_bad_size
    $error("Lanes, AW, BW and OutW must be at least 1");
  end

  // The sum fits OutW bits, so it may be formed modulo any power of two that is not smaller.
  localparam int WideIn = AW > BW ? AW : BW;
  localparam int SumW   = (OutW > WideIn ? OutW : WideIn) + 1;

  localparam int SizeA = FactorA < 0 ? -FactorA : FactorA;
  localparam int SizeB = FactorB < 0 ? -FactorB : FactorB;
  localparam logic [SumW-1:0] FactorABits = SumW'(SizeA);
  localparam logic [SumW-1:0] FactorBBits = SumW'(SizeB);

  logic                  space, fire;
  logic                  push_q = 1'b0;
  logic [Lanes*OutW-1:0] sum_d, sum_q;

  assign a_ready_o = space && b_valid_i;
  assign b_ready_o = space && a_valid_i;
  assign fire      = space && a_valid_i && b_valid_i;

  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    logic signed [SumW-1:0] a, b, scaled_a, scaled_b, sum;
    assign a   = {{(SumW - AW) {ASigned && a_data_i[l*AW+AW-1]}}, a_data_i[l*AW +: AW]};
    assign b   = {{(SumW - BW) {BSigned && b_data_i[l*BW+BW-1]}}, b_data_i[l*BW +: BW]};
    // Sums of shifts: no tool spends a multiplier on a small constant.
    always_comb begin
      scaled_a = '0;
      scaled_b = '0;
      for (int i = 0; i < SumW; i++) begin
        if (FactorABits[i]) scaled_a = scaled_a + (a << i);
        if (FactorBBits[i]) scaled_b = scaled_b + (b << i);
      end
    end
    assign sum = (FactorA < 0 ? -scaled_a : scaled_a) + (FactorB < 0 ? -scaled_b : scaled_b) +
                 SumW'(Offset);
    assign sum_d[l*OutW +: OutW] = sum[OutW-1:0];

    logic unused_sign;
    assign unused_sign = ^sum[SumW-1:OutW];
  end

  always_ff @(posedge clk_i) push_q <= fire && !rst_i;
  always_ff @(posedge clk_i) sum_q <= sum_d;

  nib_outq #(
    .Width  (Lanes * OutW),
    .Depth  (Depth),
    .Lat    (1),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire),
    .space_o(space),
    .push_i (push_q),
    .data_i (sum_q),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_add
