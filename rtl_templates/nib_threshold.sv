// Parallel comparators with a table of thresholds, one vector of Channels lanes per cycle.
//
// Computes    out[c] = Offset + #{i : in[c] >= Thresholds[c, i]}
// Table       Thresholds[(c*Levels + i)*(InWidth+1) +: InWidth+1], two's complement, ascending in i.
//             One bit more than the input, so that a level may be out of reach on either side.
// Latency     Latency cycles, 0 to 2: the second register stands between comparators and count.
// Interval    1, no back-pressure. The valid pipeline starts at 0; data has no reset.

module nib_threshold #(
  parameter int Channels,
  parameter int Levels,
  parameter int InWidth,
  parameter bit InSigned,
  parameter int OutWidth,
  parameter int Offset = 0,
  parameter int Latency = 1,
  parameter logic [Channels*Levels*(InWidth+1)-1:0] Thresholds
) (
  input  logic                         clk_i,
  input  logic                         in_valid_i,
  input  logic [Channels*InWidth-1:0]  in_data_i,
  output logic                         out_valid_o,
  output logic [Channels*OutWidth-1:0] out_data_o
);

  localparam int ThrW = InWidth + 1;

  if (Channels < 1 || Levels < 1 || InWidth < 1 || OutWidth < 1) begin : gen_bad_size
    $error("Channels, Levels, InWidth and OutWidth must be at least 1");
  end
  if (Latency < 0 || Latency > 2) begin : gen_bad_latency
    $error("Latency must be 0, 1 or 2");
  end

  logic [Channels*Levels-1:0]   hit_d, hit;
  logic [Channels*OutWidth-1:0] count;

  for (genvar c = 0; c < Channels; c++) begin : gen_channel
    logic signed [ThrW-1:0] x;
    assign x = $signed({InSigned & in_data_i[c*InWidth+InWidth-1], in_data_i[c*InWidth +: InWidth]});
    for (genvar i = 0; i < Levels; i++) begin : gen_level
      localparam logic signed [ThrW-1:0] Threshold = Thresholds[(c*Levels+i)*ThrW +: ThrW];
      if (i > 0) begin : gen_order
        localparam logic signed [ThrW-1:0] Below = Thresholds[(c*Levels+i-1)*ThrW +: ThrW];
        if (Below > Threshold) begin : gen_bad_order
          $error("the thresholds of a channel must ascend");
        end
      end
      assign hit_d[c*Levels+i] = x >= Threshold;
    end

    logic [OutWidth-1:0] sum;
    always_comb begin
      sum = OutWidth'(Offset);
      for (int i = 0; i < Levels; i++) sum = sum + OutWidth'(hit[c*Levels+i]);
    end
    assign count[c*OutWidth +: OutWidth] = sum;
  end

  if (Latency == 2) begin : gen_hit_register
    logic [Channels*Levels-1:0] hit_q;
    always_ff @(posedge clk_i) hit_q <= hit_d;
    assign hit = hit_q;
  end else begin : gen_hit_wire
    assign hit = hit_d;
  end

  if (Latency == 0) begin : gen_wire
    logic unused_clk;
    assign unused_clk  = clk_i;
    assign out_valid_o = in_valid_i;
    assign out_data_o  = count;
  end else begin : gen_register
    logic [Latency-1:0]           valid_q = '0;
    logic [Channels*OutWidth-1:0] count_q;
    always_ff @(posedge clk_i) begin
      valid_q <= Latency'({valid_q, in_valid_i});
      count_q <= count;
    end
    assign out_valid_o = valid_q[Latency-1];
    assign out_data_o  = count_q;
  end

endmodule : nib_threshold
