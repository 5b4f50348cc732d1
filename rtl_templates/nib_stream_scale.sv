// Requantiser in a stream: factor, bias, shift and clamp, with a factor and bias for each channel.
//
// Computes    out[c] = clamp(floor((in[c] * factor[c] + bias[c]) / 2^Shift)), c = f*Lanes + l in
//             word f of Fold, clamped to all values of OutW bits, signed if OutSigned, or if
//             Limited to Low to High. HalfEven: odd quotients without a rest count one less, as
//             ties to even do where the bias holds the half. FactorW 0: every factor is 1.
// Lanes       Lane l of InW bits, signed if InSigned.
// Table       Word f holds for lane l {bias, factor} as l*(BiasW+FactorW) +: BiasW+FactorW, both
//             in two's complement (nib_rom).
// Program     take, make: repeated for ever.
// Latency     A word taken at cycle t is valid at t + Lat + b: Lat = 4, without factors 3; b = 2
//             from block RAM, otherwise 1.
// Interval    1, if Depth >= Lat + 1 + b.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_stream_scale #(
  parameter int Lanes,
  parameter int Fold,
  parameter int InW,
  parameter bit InSigned,
  parameter int FactorW,
  parameter int BiasW,
  parameter int Shift,
  parameter bit HalfEven = 1'b0,
  parameter int OutW,
  parameter bit OutSigned,
  parameter bit Limited = 1'b0,
  parameter int Low = 0,
  parameter int High = 0,
  parameter int RomStyle = 0,
  parameter int Depth,
  parameter int Storage = 0,
  parameter bit Inline = 1'b1,
  parameter File = "",
  localparam int LaneW  = BiasW + FactorW,
  localparam int TableW = Inline ? Fold * Lanes * LaneW : 1,
  parameter logic [TableW-1:0] Table = '0
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

  localparam int Lat   = FactorW > 0 ? 4 : 3;
  localparam int FoldW = Fold > 1 ? $clog2(Fold) : 1;
  localparam int ProdW = InW + 1 + FactorW;
  localparam int WideW = ProdW > BiasW ? ProdW : BiasW;
  localparam int SumW  = (WideW > Shift + OutW ? WideW : Shift + OutW) + 2;
  localparam int Bits  = OutW - 32'(OutSigned);  // of the code without its sign
  localparam logic [OutW-1:0] OutMax = {OutW{1'b1}};  // not '1: Yosys 0.23 reads one bit

  if (Lanes < 1 || Fold < 1 || InW < 1 || FactorW < 0 || BiasW < 1 || Shift < 0 || OutW < 1)
  begin : gen_bad_size
    $error("Lanes, Fold, InW, BiasW and OutW must be at least 1, FactorW and Shift not negative");
  end

  if (HalfEven && Shift == 0) begin : gen_bad_tie
    $error("HalfEven needs a Shift");
  end
  if (Limited && (OutW > 31 || Low > High || (!OutSigned && Low < 0))) begin : gen_bad_limits
    $error("Low to High must be codes, of at most 31 bits");
  end

  logic [FoldW-1:0] fold_q = '0;
  logic             space, fire;

  assign in_ready_o = space;
  assign fire       = in_valid_i && space;

  always_ff @(posedge clk_i) begin
    if (rst_i) fold_q <= '0;
    else if (fire) fold_q <= fold_q == FoldW'(Fold - 1) ? '0 : fold_q + FoldW'(1);
  end

  logic [Lanes*LaneW-1:0] constants;
  logic [Lanes*InW-1:0]   x_q;

  if (Fold == 1 && Inline) begin : gen_constant
    assign constants = Table;
    logic unused_fold;
    assign unused_fold = ^fold_q;
  end else begin : gen_table
    nib_rom #(
      .Width (Lanes * LaneW),
      .Words (Fold),
      .Style (RomStyle),
      .Inline(Inline),
      .File  (File),
      .Table (Table)
    ) u_constants (
      .clk_i,
      .addr_i(fold_q),
      .data_o(constants)
    );
  end

  always_ff @(posedge clk_i) x_q <= in_data_i;

  logic                  push;
  logic [Lanes*OutW-1:0] code_d, code_q;

  always_ff @(posedge clk_i) code_q <= code_d;

  nib_valid_pipe #(
    .Latency(Lat),
    .Reset  (1'b1)
  ) u_valid (
    .clk_i,
    .rst_i,
    .in_valid_i (fire),
    .out_valid_o(push)
  );

  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    logic signed [InW:0]     x;
    logic signed [BiasW-1:0] bias, addend;
    logic signed [ProdW-1:0] product;
    // Yosys 0.23 loses the sign of a sum whose register it moves into the multiplier, which it does
    // not where the register begins with another value than 0.
`ifdef YOSYS
    logic signed [SumW-1:0]  sum_q = '1;
`else
    logic signed [SumW-1:0]  sum_q;
`endif
    logic                    over, under;
    logic [OutW-1:0]         quotient, code;

    assign x    = {InSigned && x_q[l*InW+InW-1], x_q[l*InW +: InW]};
    assign bias = constants[l*LaneW+FactorW +: BiasW];

    if (FactorW > 0) begin : gen_factor
      logic signed [FactorW-1:0] factor;
      logic signed [BiasW-1:0]   bias_q;
      logic signed [ProdW-1:0]   product_q;
      assign factor = constants[l*LaneW +: FactorW];
      always_ff @(posedge clk_i) begin
        product_q <= ProdW'(x) * ProdW'(factor);
        bias_q    <= bias;
      end
      assign product = product_q;
      assign addend  = bias_q;
    end else begin : gen_one
      assign product = x;
      assign addend  = bias;
    end

    always_ff @(posedge clk_i) sum_q <= SumW'(product) + SumW'(addend);

    // The bits above the code tell whether the value is out of its range.
    assign over  = !sum_q[SumW-1] && |sum_q[SumW-2:Shift+Bits];
    assign under = sum_q[SumW-1] && (!OutSigned || !(&sum_q[SumW-2:Shift+Bits]));

    if (HalfEven) begin : gen_tie
      logic [Shift-1:0] fraction;
      assign fraction = sum_q[Shift-1:0];
      if (OutW > 1) begin : gen_wide
        assign quotient = {sum_q[Shift+1 +: OutW-1], sum_q[Shift] && |fraction};
      end else begin : gen_bit
        assign quotient = sum_q[Shift] && |fraction;
      end
    end else begin : gen_floor
      assign quotient = sum_q[Shift +: OutW];
    end

    always_comb begin
      if (over) code = OutSigned ? OutMax >> 1 : OutMax;
      else if (under) code = OutSigned ? ~(OutMax >> 1) : '0;
      else code = quotient;
    end

    if (Limited) begin : gen_limits
      logic signed [OutW:0] value;
      assign value = {OutSigned && code[OutW-1], code};
      always_comb begin
        if (value < (OutW + 1)'(Low)) code_d[l*OutW +: OutW] = OutW'(Low);
        else if (value > (OutW + 1)'(High)) code_d[l*OutW +: OutW] = OutW'(High);
        else code_d[l*OutW +: OutW] = code;
      end
    end else begin : gen_full
      assign code_d[l*OutW +: OutW] = code;
    end

    if (Shift > 0 && !HalfEven) begin : gen_unused
      logic unused_fraction;
      assign unused_fraction = ^sum_q[Shift-1:0];
    end
  end

  nib_outq #(
    .Width  (Lanes * OutW),
    .Depth  (Depth),
    .Lat    (Lat),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire),
    .space_o(space),
    .push_i (push),
    .data_i (code_q),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_stream_scale
