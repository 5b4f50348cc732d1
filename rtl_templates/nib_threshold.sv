// Thresholds: a table of levels for each lane, all compared at once.
//
// Computes    out[c] = Offset + #{i : in[c] >= Thresholds[c][i]}
// Lanes       in[c] is in_data_i[c*InW +: InW], signed if InSigned; out[c] is out_data_o[c*OutW +:
//             OutW], signed if Offset is negative.
// Table       Thresholds[c][i] is Thresholds[(c*Levels + i)*(InW+1) +: InW+1], signed as the input
//             and ascending in i. One bit more than the input has: a level may be out of reach.
// Latency     Latency cycles, 0 to 2. The first register is the output's; the second stands between
//             comparators and encoder and costs a bit for each level.
// Interval    1, no back-pressure.
// Reset       None: the valid pipeline starts at 0, data is not reset.

module nib_threshold #(
  parameter int Channels,
  parameter int Levels,
  parameter int InW,
  parameter bit InSigned,
  parameter int OutW,
  parameter int Offset = 0,
  parameter int Latency = 1,
  parameter logic [Channels*Levels*(InW+1)-1:0] Thresholds
) (
  input  logic                     clk_i,
  input  logic                     in_valid_i,
  input  logic [Channels*InW-1:0]  in_data_i,
  output logic                     out_valid_o,
  output logic [Channels*OutW-1:0] out_data_o
);

  localparam int ThrW   = InW + 1;
  localparam int CountW = $clog2(Levels + 1);
  localparam int OutMax = OutW > 30 ? 32'h7fff_ffff : (1 << OutW) - 1;  // of an unsigned code

  if (Channels < 1 || Levels < 1 || InW < 1 || OutW < 1) begin : gen_bad_size
    $error("Channels, Levels, InW and OutW must be at least 1");
  end
  if (Latency < 0 || Latency > 2) begin : gen_bad_latency
    $error("Latency must be 0, 1 or 2");
  end
  if (Offset >= 0 ? Offset > OutMax - Levels
                  : Offset < -OutMax / 2 - 1 || Offset > OutMax / 2 - Levels) begin : gen_bad_code
    $error("OutW bits do not hold Offset to Offset + Levels");
  end

  logic [Channels*Levels-1:0] hit_d, hit;
  logic [Channels*OutW-1:0]   code;
  logic                       hit_valid;

  for (genvar c = 0; c < Channels; c++) begin : gen_compare
    // With two bits of sign, signed and unsigned inputs compare alike.
    logic signed [InW+1:0] x;
    assign x = {{2{InSigned && in_data_i[c*InW+InW-1]}}, in_data_i[c*InW +: InW]};

    for (genvar i = 0; i < Levels; i++) begin : gen_level
      localparam logic [ThrW-1:0] Entry = Thresholds[(c*Levels+i)*ThrW +: ThrW];
      localparam logic signed [InW+1:0] Level = {InSigned && Entry[InW], Entry};
      if (i > 0) begin : gen_order
        localparam logic [ThrW-1:0] Before = Thresholds[(c*Levels+i-1)*ThrW +: ThrW];
        localparam logic signed [InW+1:0] Below = {InSigned && Before[InW], Before};
        if (Below > Level) begin : gen_bad_order
          $error("the thresholds of a channel must ascend");
        end
      end
      assign hit_d[c*Levels+i] = x >= Level;
    end
  end

  if (Latency == 2) begin : gen_hit_register
    logic [Channels*Levels-1:0] hit_q;
    always_ff @(posedge clk_i) hit_q <= hit_d;
    assign hit = hit_q;
  end else begin : gen_hit_wire
    assign hit = hit_d;
  end

  nib_valid_pipe #(
    .Latency(Latency == 2 ? 1 : 0)
  ) u_hit_valid (
    .clk_i,
    .rst_i      (1'b0),
    .in_valid_i,
    .out_valid_o(hit_valid)
  );

  // The hits of a channel are a thermometer, because its levels ascend: floor(count / 2^b) of them
  // stand at the multiples of 2^b, and their parity is bit b of the count.
  for (genvar c = 0; c < Channels; c++) begin : gen_encode
    logic [CountW-1:0] count;

    for (genvar b = 0; b < CountW; b++) begin : gen_bit
      logic [(Levels>>b)-1:0] taps;
      for (genvar m = 0; m < (Levels >> b); m++) begin : gen_tap
        assign taps[m] = hit[c*Levels+((m+1)<<b)-1];
      end
      assign count[b] = ^taps;
    end

    assign code[c*OutW +: OutW] = OutW'(Offset) + OutW'(count);

`ifndef SYNTHESIS
    // Not as a property: Verilator 5.006 cannot sample vectors of more than 1280 bits.
    logic [CountW-1:0] sum;
    always_comb begin
      sum = '0;
      for (int i = 0; i < Levels; i++) sum = sum + CountW'(hit[c*Levels+i]);
    end
    always_ff @(posedge clk_i) begin
      if (hit_valid) begin
        CountIsSumOfHits_A : assert (count == sum);
      end
    end
`endif
  end

  if (Latency == 0) begin : gen_code_wire
    assign out_data_o = code;
  end else begin : gen_code_register
    logic [Channels*OutW-1:0] code_q;
    always_ff @(posedge clk_i) code_q <= code;
    assign out_data_o = code_q;
  end

  nib_valid_pipe #(
    .Latency(Latency == 0 ? 0 : 1)
  ) u_out_valid (
    .clk_i,
    .rst_i      (1'b0),
    .in_valid_i (hit_valid),
    .out_valid_o
  );

endmodule : nib_threshold
