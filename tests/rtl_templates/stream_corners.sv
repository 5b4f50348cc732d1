// nib_stream_fifo and nib_boundary at their parameter corners, side by side.

module stream_corners #(
  localparam int Corners = 18,
  localparam int Slot    = 160,  // bits of data for a corner, whatever its width
  localparam int Fields  = 4     // of 16 bits, told to the test
) (
  input  logic                         clk_i,
  input  logic                         rst_i,
  input  logic [Corners-1:0]           valid_i,
  output logic [Corners-1:0]           ready_o,
  input  logic [Corners*Slot-1:0]      data_i,
  output logic [Corners-1:0]           valid_o,
  input  logic [Corners-1:0]           ready_i,
  output logic [Corners*Slot-1:0]      data_o,
  output logic [Corners*Fields*16-1:0] corners_o
);

  // Rows of Width, Depth, Storage, 1 for the boundary slice; the last row is corner 0.
  localparam logic [Corners*Fields*16-1:0] Table = {
    {16'd8, 16'd1, 16'd0, 16'd0}, {16'd33, 16'd2, 16'd0, 16'd0},
    {16'd1, 16'd3, 16'd0, 16'd0}, {16'd65, 16'd16, 16'd0, 16'd0},
    {16'd8, 16'd17, 16'd0, 16'd0}, {16'd130, 16'd32, 16'd0, 16'd0},
    {16'd8, 16'd33, 16'd0, 16'd0}, {16'd1, 16'd64, 16'd0, 16'd0},
    {16'd33, 16'd65, 16'd0, 16'd0}, {16'd8, 16'd1000, 16'd0, 16'd0},
    {16'd8, 16'd5, 16'd1, 16'd0}, {16'd8, 16'd2, 16'd3, 16'd0},
    {16'd8, 16'd3, 16'd4, 16'd0},
    {16'd1, 16'd2, 16'd0, 16'd1}, {16'd8, 16'd2, 16'd0, 16'd1},
    {16'd33, 16'd2, 16'd0, 16'd1}, {16'd65, 16'd2, 16'd0, 16'd1},
    {16'd130, 16'd2, 16'd0, 16'd1}
  };
  assign corners_o = Table;

  for (genvar c = 0; c < Corners; c++) begin : gen_corner
    localparam logic [Fields*16-1:0] Row = Table[c*Fields*16 +: Fields*16];
    localparam int Width = 32'(Row[48 +: 16]);

    if (Row[0]) begin : gen_boundary
      nib_boundary #(
        .Width(Width)
      ) u_slice (
        .clk_i,
        .rst_i,
        .in_valid_i (valid_i[c]),
        .in_ready_o (ready_o[c]),
        .in_data_i  (data_i[c*Slot +: Width]),
        .out_valid_o(valid_o[c]),
        .out_ready_i(ready_i[c]),
        .out_data_o (data_o[c*Slot +: Width])
      );
    end else begin : gen_fifo
      nib_stream_fifo #(
        .Width  (Width),
        .Depth  (32'(Row[32 +: 16])),
        .Storage(32'(Row[16 +: 16]))
      ) u_fifo (
        .clk_i,
        .rst_i,
        .in_valid_i (valid_i[c]),
        .in_ready_o (ready_o[c]),
        .in_data_i  (data_i[c*Slot +: Width]),
        .out_valid_o(valid_o[c]),
        .out_ready_i(ready_i[c]),
        .out_data_o (data_o[c*Slot +: Width])
      );
    end

    assign data_o[c*Slot+Width +: Slot-Width] = '0;

    logic unused_data;
    assign unused_data = ^data_i[c*Slot+Width +: Slot-Width];
  end

endmodule : stream_corners
