// nib_mac with outputs that share multipliers, at its parameter corners, side by side.

module mac_corners #(
  localparam int Corners = 9,
  localparam int Pe      = 5,
  localparam int Simd    = 2,
  localparam int Slot    = 160,  // bits of data for a corner, whatever its widths
  localparam int Fields  = 8     // of 16 bits, told to the test
) (
  input  logic                         clk_i,
  input  logic                         rst_i,
  input  logic                         step_i,
  input  logic [Corners*Slot-1:0]      x_i,
  input  logic [Corners*Slot-1:0]      w_i,
  output logic [Corners-1:0]           push_o,
  output logic [Corners*Pe*32-1:0]     acc_o,
  output logic [Corners*Fields*16-1:0] corners_o
);

  // Rows of InW, InKind, WgtW, WgtKind, Pack, ProductReg; the last row is corner 0.
  localparam logic [Corners*Fields*16-1:0] Table = {
    {16'd8, 16'd0, 16'd8, 16'd1, 16'd2, 16'd1, 32'd0},
    {16'd8, 16'd1, 16'd8, 16'd1, 16'd2, 16'd0, 32'd0},
    {16'd9, 16'd1, 16'd8, 16'd1, 16'd2, 16'd1, 32'd0},
    {16'd8, 16'd0, 16'd3, 16'd1, 16'd3, 16'd1, 32'd0},
    {16'd3, 16'd0, 16'd3, 16'd1, 16'd4, 16'd0, 32'd0},
    {16'd2, 16'd1, 16'd2, 16'd1, 16'd5, 16'd1, 32'd0},
    {16'd2, 16'd0, 16'd2, 16'd1, 16'd5, 16'd0, 32'd0},
    {16'd6, 16'd1, 16'd5, 16'd0, 16'd2, 16'd1, 32'd0},
    {16'd4, 16'd0, 16'd3, 16'd0, 16'd4, 16'd1, 32'd0}
  };
  assign corners_o = Table;

  for (genvar c = 0; c < Corners; c++) begin : gen_corner
    localparam logic [Fields*16-1:0] Row = Table[c*Fields*16 +: Fields*16];
    localparam int InW  = 32'(Row[112 +: 16]);
    localparam int WgtW = 32'(Row[80 +: 16]);

    nib_mac #(
      .Pe        (Pe),
      .Simd      (Simd),
      .Terms     (1),
      .InW       (InW),
      .InKind    (32'(Row[96 +: 16])),
      .WgtW      (WgtW),
      .WgtKind   (32'(Row[64 +: 16])),
      .AccW      (32),
      .Shared    (1'b1),
      .Dsp       (1'b1),
      .Pack      (32'(Row[48 +: 16])),
      .ProductReg(Row[32])
    ) u_mac (
      .clk_i,
      .rst_i,
      .step_i,
      .first_i(1'b1),
      .last_i (1'b1),
      .bank_i (1'b0),
      .x_i    (x_i[c*Slot +: Simd*InW]),
      .w_i    (w_i[c*Slot +: Pe*Simd*WgtW]),
      .push_o (push_o[c]),
      .acc_o  (acc_o[c*Pe*32 +: Pe*32])
    );

    logic unused_data;
    assign unused_data = ^{x_i[c*Slot+Simd*InW +: Slot-Simd*InW],
                           w_i[c*Slot+Pe*Simd*WgtW +: Slot-Pe*Simd*WgtW]};
  end

endmodule : mac_corners
