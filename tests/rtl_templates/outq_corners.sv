// Every parameter corner of nib_outq side by side, each with its own slice of the ports.

module outq_corners #(
  localparam int Corners = 30,
  localparam int Slot    = 160,  // bits of data for a corner, whatever its width
  localparam int Fields  = 4     // of 16 bits, told to the test
) (
  input  logic                         clk_i,
  input  logic                         rst_i,
  input  logic [Corners-1:0]           issue_i,
  output logic [Corners-1:0]           space_o,
  input  logic [Corners-1:0]           push_i,
  input  logic [Corners*Slot-1:0]      data_i,
  output logic [Corners-1:0]           valid_o,
  input  logic [Corners-1:0]           ready_i,
  output logic [Corners*Slot-1:0]      data_o,
  output logic [Corners*Fields*16-1:0] corners_o
);

  // Rows of Width, Depth, Lat, Storage; the last row is corner 0.
  localparam logic [Corners*Fields*16-1:0] Table = {
    // by depth
    {16'd1, 16'd1, 16'd0, 16'd0}, {16'd8, 16'd1, 16'd2, 16'd0},
    {16'd33, 16'd2, 16'd0, 16'd0}, {16'd8, 16'd2, 16'd3, 16'd0},
    {16'd65, 16'd3, 16'd1, 16'd0}, {16'd8, 16'd16, 16'd4, 16'd0},
    {16'd130, 16'd17, 16'd0, 16'd0}, {16'd33, 16'd32, 16'd7, 16'd0},
    {16'd8, 16'd33, 16'd0, 16'd0}, {16'd1, 16'd64, 16'd3, 16'd0},
    {16'd65, 16'd65, 16'd0, 16'd0}, {16'd8, 16'd512, 16'd5, 16'd0},
    {16'd33, 16'd1024, 16'd0, 16'd0},
    // registers
    {16'd8, 16'd3, 16'd0, 16'd1}, {16'd8, 16'd8, 16'd3, 16'd1},
    // shift registers
    {16'd1, 16'd1, 16'd0, 16'd2}, {16'd8, 16'd2, 16'd0, 16'd2},
    {16'd33, 16'd64, 16'd12, 16'd2}, {16'd8, 16'd65, 16'd0, 16'd2},
    // LUT RAM
    {16'd1, 16'd1, 16'd0, 16'd3}, {16'd8, 16'd2, 16'd1, 16'd3},
    {16'd65, 16'd17, 16'd1, 16'd3}, {16'd8, 16'd16, 16'd0, 16'd3},
    {16'd130, 16'd100, 16'd2, 16'd3},
    // block RAM
    {16'd8, 16'd1, 16'd0, 16'd4}, {16'd1, 16'd2, 16'd0, 16'd4},
    {16'd8, 16'd3, 16'd0, 16'd4}, {16'd33, 16'd5, 16'd1, 16'd4},
    {16'd65, 16'd16, 16'd13, 16'd4}, {16'd8, 16'd17, 16'd40, 16'd4}
  };
  assign corners_o = Table;

  for (genvar c = 0; c < Corners; c++) begin : gen_corner
    localparam logic [Fields*16-1:0] Row = Table[c*Fields*16 +: Fields*16];
    localparam int Width = 32'(Row[48 +: 16]);

    nib_outq #(
      .Width  (Width),
      .Depth  (32'(Row[32 +: 16])),
      .Lat    (32'(Row[16 +: 16])),
      .Storage(32'(Row[0 +: 16]))
    ) u_queue (
      .clk_i,
      .rst_i,
      .issue_i    (issue_i[c]),
      .space_o    (space_o[c]),
      .push_i     (push_i[c]),
      .data_i     (data_i[c*Slot +: Width]),
      .out_valid_o(valid_o[c]),
      .out_ready_i(ready_i[c]),
      .out_data_o (data_o[c*Slot +: Width])
    );

    assign data_o[c*Slot+Width +: Slot-Width] = '0;

    logic unused_data;
    assign unused_data = ^data_i[c*Slot+Width +: Slot-Width];
  end

endmodule : outq_corners
