// One nib_credit_wrap around a core that inverts its input, with words padded to the bench's width.

module wrap_corner #(
  parameter int InWidth,
  parameter int OutWidth,
  parameter int Latency,
  parameter int BenchW
) (
  input  logic              clk_i,
  input  logic              rst_i,
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic [BenchW-1:0] in_data_i,
  input  logic              in_last_i,
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [BenchW-1:0] out_data_o,
  output logic              out_last_o
);

  localparam int InBytes  = (InWidth + 7) / 8;
  localparam int OutBytes = (OutWidth + 7) / 8;

  logic                  core_in_valid, core_out_valid;
  logic [InWidth-1:0]    core_in_data;
  logic [OutWidth-1:0]   core_out_data;
  logic [8*OutBytes-1:0] result;

  nib_credit_wrap #(
    .InWidth (InWidth),
    .OutWidth(OutWidth),
    .Latency (Latency)
  ) u_wrap (
    .clk_i,
    .rst_i,
    .s_axis_tvalid   (in_valid_i),
    .s_axis_tready   (in_ready_o),
    .s_axis_tdata    (in_data_i[8*InBytes-1:0]),
    .s_axis_tlast    (in_last_i),
    .m_axis_tvalid   (out_valid_o),
    .m_axis_tready   (out_ready_i),
    .m_axis_tdata    (result),
    .m_axis_tlast    (out_last_o),
    .core_in_valid_o (core_in_valid),
    .core_in_data_o  (core_in_data),
    .core_out_valid_i(core_out_valid),
    .core_out_data_i (core_out_data)
  );

  // The core: no reset and no enable, as an unrolled design is.
  if (Latency == 0) begin : gen_wire
    assign core_out_valid = core_in_valid;
    assign core_out_data  = ~OutWidth'(core_in_data);
  end else begin : gen_core
    logic [Latency-1:0]          valid_q = '0;
    logic [Latency*OutWidth-1:0] data_q;
    always_ff @(posedge clk_i) begin
      valid_q <= Latency'({valid_q, core_in_valid});
      data_q  <= (Latency * OutWidth)'({data_q, ~OutWidth'(core_in_data)});
    end
    assign core_out_valid = valid_q[Latency-1];
    assign core_out_data  = data_q[Latency*OutWidth-1 -: OutWidth];
  end

  assign out_data_o = BenchW'(result);

  logic unused_data;
  assign unused_data = ^in_data_i;

endmodule : wrap_corner
