// nib_credit_wrap at its parameter corners, each around a core without reset or enable.

module wrap_corners #(
  localparam int Corners = 9,
  localparam int Slot    = 160,  // bits of data for a corner, whatever its width
  localparam int Fields  = 4     // of 16 bits, told to the test
) (
  input  logic                         clk_i,
  input  logic                         rst_i,
  input  logic [Corners-1:0]           valid_i,
  output logic [Corners-1:0]           ready_o,
  input  logic [Corners*Slot-1:0]      data_i,
  input  logic [Corners-1:0]           last_i,
  output logic [Corners-1:0]           valid_o,
  input  logic [Corners-1:0]           ready_i,
  output logic [Corners*Slot-1:0]      data_o,
  output logic [Corners-1:0]           last_o,
  output logic [Corners*Fields*16-1:0] corners_o
);

  // Rows of InW, OutW, Latency, 0; the last row is corner 0.
  localparam logic [Corners*Fields*16-1:0] Table = {
    {16'd1, 16'd1, 16'd0, 16'd0}, {16'd8, 16'd8, 16'd1, 16'd0},
    {16'd9, 16'd7, 16'd2, 16'd0}, {16'd64, 16'd33, 16'd5, 16'd0},
    {16'd130, 16'd130, 16'd13, 16'd0}, {16'd8, 16'd9, 16'd30, 16'd0},
    {16'd17, 16'd16, 16'd61, 16'd0}, {16'd33, 16'd65, 16'd62, 16'd0},
    {16'd8, 16'd8, 16'd100, 16'd0}
  };
  assign corners_o = Table;

  for (genvar c = 0; c < Corners; c++) begin : gen_corner
    localparam logic [Fields*16-1:0] Row = Table[c*Fields*16 +: Fields*16];
    localparam int InW     = 32'(Row[48 +: 16]);
    localparam int OutW    = 32'(Row[32 +: 16]);
    localparam int Latency = 32'(Row[16 +: 16]);
    localparam int InPad   = (InW + 7) / 8 * 8;
    localparam int OutPad  = (OutW + 7) / 8 * 8;

    logic            core_in_valid, core_out_valid;
    logic [InW-1:0]  core_in_data;
    logic [OutW-1:0] core_out_data, function_data;

    nib_credit_wrap #(
      .InW    (InW),
      .OutW   (OutW),
      .Latency(Latency)
    ) u_wrap (
      .clk_i,
      .rst_i,
      .s_axis_tvalid   (valid_i[c]),
      .s_axis_tready   (ready_o[c]),
      .s_axis_tdata    (data_i[c*Slot +: InPad]),
      .s_axis_tlast    (last_i[c]),
      .m_axis_tvalid   (valid_o[c]),
      .m_axis_tready   (ready_i[c]),
      .m_axis_tdata    (data_o[c*Slot +: OutPad]),
      .m_axis_tlast    (last_o[c]),
      .core_in_valid_o (core_in_valid),
      .core_in_data_o  (core_in_data),
      .core_out_valid_i(core_out_valid),
      .core_out_data_i (core_out_data)
    );

    // The core inverts its input, cut or extended.
    assign function_data = ~OutW'(core_in_data);

    nib_valid_pipe #(
      .Latency(Latency)
    ) u_valid (
      .clk_i,
      .rst_i      (1'b0),
      .in_valid_i (core_in_valid),
      .out_valid_o(core_out_valid)
    );

    if (Latency == 0) begin : gen_wire
      assign core_out_data = function_data;
    end else begin : gen_core
      logic [Latency*OutW-1:0] data_q;
      always_ff @(posedge clk_i) data_q <= (Latency * OutW)'({data_q, function_data});
      assign core_out_data = data_q[Latency*OutW-1 -: OutW];
    end

    assign data_o[c*Slot+OutPad +: Slot-OutPad] = '0;

    if (InW > OutW) begin : gen_cut
      logic unused_bits;
      assign unused_bits = ^core_in_data[InW-1:OutW];
    end

    logic unused_data;
    assign unused_data = ^data_i[c*Slot+InPad +: Slot-InPad];
  end

endmodule : wrap_corners
