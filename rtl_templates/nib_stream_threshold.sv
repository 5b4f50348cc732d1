// Thresholds in a stream, with a table for each channel.
//
// Computes    out[c] = Offset + #{i : in[c] >= Thresholds[c][i]}, c = f*Lanes + l in word f of Fold
// Lanes       Lane l of InW bits, signed if InSigned; out lanes of OutW bits, signed if Offset is
//             negative.
// Table       Word f holds Thresholds[f*Lanes + l][i] as (l*Levels + i)*(InW+1) +: InW+1, signed as
//             the input and ascending in i. One bit more than the input has: a level may be out of
//             reach (nib_rom).
// Program     take, make: repeated for ever.
// Latency     A word taken at cycle t is valid at t + 2 + HitReg + b: b = 2 from block RAM,
//             otherwise 1. HitReg puts a register between comparators and encoder.
// Interval    1, if Depth >= 3 + HitReg + b.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_stream_threshold #(
  parameter int Lanes,
  parameter int Fold,
  parameter int Levels,
  parameter int InW,
  parameter bit InSigned,
  parameter int OutW,
  parameter int Offset = 0,
  parameter bit HitReg = 1'b0,
  parameter int RomStyle = 0,
  parameter int Depth,
  parameter int Storage = 0,
  parameter bit Inline = 1'b1,
  parameter File = "",
  localparam int ThrW   = InW + 1,
  localparam int WordW  = Lanes * Levels * ThrW,
  localparam int TableW = Inline ? Fold * WordW : 1,
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

  localparam int CountW = $clog2(Levels + 1);
  localparam int FoldW  = Fold > 1 ? $clog2(Fold) : 1;
  localparam int OutMax = OutW > 30 ? 32'h7fff_ffff : (1 << OutW) - 1;  // of an unsigned code

  if (Lanes < 1 || Fold < 1 || Levels < 1 || InW < 1 || OutW < 1) begin : gen_bad_size
    $error("Lanes, Fold, Levels, InW and OutW must be at least 1");
  end
  if (Offset >= 0 ? Offset > OutMax - Levels
                  : Offset < -OutMax / 2 - 1 || Offset > OutMax / 2 - Levels) begin : gen_bad_code
    $error("OutW bits do not hold Offset to Offset + Levels");
  end

  logic [FoldW-1:0] fold_q = '0;
  logic             space, fire;

  assign in_ready_o = space;
  assign fire       = in_valid_i && space;

  always_ff @(posedge clk_i) begin
    if (rst_i) fold_q <= '0;
    else if (fire) fold_q <= fold_q == FoldW'(Fold - 1) ? '0 : fold_q + FoldW'(1);
  end

  logic [WordW-1:0]     levels;
  logic [Lanes*InW-1:0] x_q;

  if (Fold == 1 && Inline) begin : gen_constant
    assign levels = Table;
    logic unused_fold;
    assign unused_fold = ^fold_q;
  end else begin : gen_table
    nib_rom #(
      .Width (WordW),
      .Words (Fold),
      .Style (RomStyle),
      .Inline(Inline),
      .File  (File),
      .Table (Table)
    ) u_levels (
      .clk_i,
      .addr_i(fold_q),
      .data_o(levels)
    );
  end

  always_ff @(posedge clk_i) x_q <= in_data_i;

  logic [Lanes*Levels-1:0] hit_d, hit;

  for (genvar l = 0; l < Lanes; l++) begin : gen_compare
    // With two bits of sign, signed and unsigned inputs compare alike.
    logic signed [InW+1:0] x;
    assign x = {{2{InSigned && x_q[l*InW+InW-1]}}, x_q[l*InW +: InW]};

    for (genvar i = 0; i < Levels; i++) begin : gen_level
      localparam int Lsb = (l * Levels + i) * ThrW;
      logic signed [InW+1:0] level;
      assign level = {InSigned && levels[Lsb+InW], levels[Lsb +: ThrW]};
      assign hit_d[l*Levels+i] = x >= level;
    end
  end

  if (HitReg) begin : gen_hit_register
    logic [Lanes*Levels-1:0] hit_q;
    always_ff @(posedge clk_i) hit_q <= hit_d;
    assign hit = hit_q;
  end else begin : gen_hit_wire
    assign hit = hit_d;
  end

  logic                  push;
  logic [Lanes*OutW-1:0] code, code_q;

  nib_valid_pipe #(
    .Latency(2 + 32'(HitReg)),
    .Reset  (1'b1)
  ) u_valid (
    .clk_i,
    .rst_i,
    .in_valid_i (fire),
    .out_valid_o(push)
  );

  // The hits of a channel are a thermometer, because its levels ascend: floor(count / 2^b) of them
  // stand at the multiples of 2^b, and their parity is bit b of the count.
  for (genvar l = 0; l < Lanes; l++) begin : gen_encode
    logic [CountW-1:0] count;

    for (genvar b = 0; b < CountW; b++) begin : gen_bit
      logic [(Levels>>b)-1:0] taps;
      for (genvar m = 0; m < (Levels >> b); m++) begin : gen_tap
        assign taps[m] = hit[l*Levels+((m+1)<<b)-1];
      end
      assign count[b] = ^taps;
    end

    assign code[l*OutW +: OutW] = OutW'(Offset) + OutW'(count);
  end

  always_ff @(posedge clk_i) code_q <= code;

  nib_outq #(
    .Width  (Lanes * OutW),
    .Depth  (Depth),
    .Lat    (2 + 32'(HitReg)),
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

endmodule : nib_stream_threshold
