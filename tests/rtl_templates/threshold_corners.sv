// nib_threshold at its parameter corners; each tells its parameters and its table to the test.

module threshold_corners #(
  localparam int Corners = 10,
  localparam int Slot    = 160,   // bits of data for a corner
  localparam int Fields  = 8,     // of 16 bits
  localparam int Entries = 64,    // of a table, at most
  localparam int EntryW  = 64     // bits of an entry as told to the test, sign included
) (
  input  logic                              clk_i,
  input  logic [Corners-1:0]                valid_i,
  input  logic [Corners*Slot-1:0]           data_i,
  output logic [Corners-1:0]                valid_o,
  output logic [Corners*Slot-1:0]           data_o,
  output logic [Corners*Fields*16-1:0]      corners_o,
  input  logic [5:0]                        entry_i,
  output logic [Corners*EntryW-1:0]         entries_o
);

  // Rows of Channels, Levels, InW, InSigned, OutW, Offset, Latency, spread of the table; the last
  // row is corner 0.
  localparam logic [Corners*Fields*16-1:0] Table = {
    {16'd1, 16'd1, 16'd1, 16'd0, 16'd1, 16'd0, 16'd0, 16'd0},
    {16'd2, 16'd1, 16'd1, 16'd1, 16'd1, -16'd1, 16'd1, 16'd0},
    {16'd3, 16'd3, 16'd4, 16'd0, 16'd2, 16'd0, 16'd2, 16'd7},
    {16'd4, 16'd7, 16'd6, 16'd1, 16'd3, -16'd4, 16'd1, 16'd19},
    {16'd2, 16'd15, 16'd8, 16'd1, 16'd4, 16'd0, 16'd0, 16'd31},
    {16'd2, 16'd15, 16'd8, 16'd0, 16'd5, -16'd8, 16'd2, 16'd37},
    {16'd1, 16'd10, 16'd8, 16'd1, 16'd16, -16'd300, 16'd1, 16'd64},
    {16'd1, 16'd63, 16'd8, 16'd0, 16'd7, 16'd64, 16'd2, 16'd8},
    {16'd4, 16'd5, 16'd33, 16'd1, 16'd3, 16'd2, 16'd1, 16'd0},
    {16'd3, 16'd6, 16'd40, 16'd0, 16'd8, 16'd0, 16'd2, 16'd0}
  };
  assign corners_o = Table;

  for (genvar c = 0; c < Corners; c++) begin : gen_corner
    localparam logic [Fields*16-1:0] Row = Table[c*Fields*16 +: Fields*16];

    threshold_corner #(
      .Channels(32'(Row[112 +: 16])),
      .Levels  (32'(Row[96 +: 16])),
      .InW     (32'(Row[80 +: 16])),
      .InSigned(Row[64]),
      .OutW    (32'(Row[48 +: 16])),
      .Offset  (32'($signed(Row[32 +: 16]))),
      .Latency (32'(Row[16 +: 16])),
      .Spread  (32'(Row[0 +: 16])),
      .Slot    (Slot),
      .Entries (Entries),
      .EntryW  (EntryW)
    ) u_corner (
      .clk_i,
      .valid_i(valid_i[c]),
      .data_i (data_i[c*Slot +: Slot]),
      .valid_o(valid_o[c]),
      .data_o (data_o[c*Slot +: Slot]),
      .entry_i,
      .entry_o(entries_o[c*EntryW +: EntryW])
    );
  end

endmodule : threshold_corners
