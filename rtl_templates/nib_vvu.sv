// Depthwise vector unit: each channel's window times that channel's kernel.
//
// Computes    y[c] = sum over k of kernel[c][k] * x[c][k], k < Taps, c < Fold*Pe, exactly
// Lanes       Input words come channel by channel, (c / Pe, k): lane p of word (f, k) is x[f*Pe +
//             p][k], as nib_window with ChannelOuter sends them. Lane p of output word f is y[f*Pe
//             + p], AccW bits in two's complement.
// Table       The word of step (f, k) holds kernel[f*Pe + p][k] as p*WgtW +: WgtW (nib_rom).
// Kinds       0 unsigned, 1 signed, 2 bipolar; of weights also 3, sign and magnitude (nib_mac).
// Program     For f: for k: take, make if k is the last.
// Latency     A step at cycle t shows its word at t + 3 + ProductReg + b: b = 2 from block RAM,
//             otherwise 1.
// Interval    1 word of the input.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_vvu #(
  parameter int Pe,
  parameter int Taps,
  parameter int Fold,
  parameter int InW,
  parameter int InKind,
  parameter int WgtW,
  parameter int WgtKind,
  parameter int AccW,
  parameter bit Dsp = 1'b0,
  parameter bit ProductReg = 1'b0,
  parameter int RomStyle = 0,
  parameter int Depth,
  parameter int Storage = 0,
  parameter bit Inline = 1'b1,
  parameter File = "",
  localparam int WordW  = Pe * WgtW,
  localparam int Steps  = Fold * Taps,
  localparam int TableW = Inline ? Steps * WordW : 1,
  parameter logic [TableW-1:0] Table = '0
) (
  input  logic               clk_i,
  input  logic               rst_i,
  input  logic               in_valid_i,
  output logic               in_ready_o,
  input  logic [Pe*InW-1:0]  in_data_i,
  output logic               out_valid_o,
  input  logic               out_ready_i,
  output logic [Pe*AccW-1:0] out_data_o
);

  if (Taps < 1 || Fold < 1) begin : gen_bad_fold
    $error("Taps and Fold must be at least 1");
  end

  localparam int TapW  = Taps > 1 ? $clog2(Taps) : 1;
  localparam int StepW = Steps > 1 ? $clog2(Steps) : 1;

  logic [TapW-1:0]  tap_q = '0;
  logic [StepW-1:0] step_q = '0;
  logic             make, space, fire;

  assign make       = tap_q == TapW'(Taps - 1);
  assign in_ready_o = !make || space;
  assign fire       = in_valid_i && in_ready_o;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      tap_q  <= '0;
      step_q <= '0;
    end else if (fire) begin
      tap_q  <= make ? '0 : tap_q + TapW'(1);
      step_q <= step_q == StepW'(Steps - 1) ? '0 : step_q + StepW'(1);
    end
  end

  logic [WordW-1:0] weights;

  nib_rom #(
    .Width (WordW),
    .Words (Steps),
    .Style (RomStyle),
    .Inline(Inline),
    .File  (File),
    .Table (Table)
  ) u_weights (
    .clk_i,
    .addr_i(step_q),
    .data_o(weights)
  );

  logic               first_q, last_q, push;
  logic               fire_q = 1'b0;
  logic [Pe*InW-1:0]  x_q;
  logic [Pe*AccW-1:0] acc;

  always_ff @(posedge clk_i) fire_q <= fire && !rst_i;
  always_ff @(posedge clk_i) begin
    x_q     <= in_data_i;
    first_q <= tap_q == '0;
    last_q  <= make;
  end

  nib_mac #(
    .Pe        (Pe),
    .Simd      (1),
    .Terms     (Taps),
    .InW       (InW),
    .InKind    (InKind),
    .WgtW      (WgtW),
    .WgtKind   (WgtKind),
    .AccW      (AccW),
    .Dsp       (Dsp),
    .ProductReg(ProductReg)
  ) u_mac (
    .clk_i,
    .rst_i,
    .step_i (fire_q),
    .first_i(first_q),
    .last_i (last_q),
    .bank_i (1'b0),
    .x_i    (x_q),
    .w_i    (weights),
    .push_o (push),
    .acc_o  (acc)
  );

  nib_outq #(
    .Width  (Pe * AccW),
    .Depth  (Depth),
    .Lat    (3 + 32'(ProductReg)),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire && make),
    .space_o(space),
    .push_i (push),
    .data_i (acc),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_vvu
