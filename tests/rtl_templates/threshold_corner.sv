// One nib_threshold with a table of its own making, which it tells to the test.

module threshold_corner #(
  parameter int Channels,
  parameter int Levels,
  parameter int InW,
  parameter bit InSigned,
  parameter int OutW,
  parameter int Offset,
  parameter int Latency,
  parameter int Spread,  // largest step of the table; 0: a share of the input's range
  parameter int Slot,
  parameter int Entries,
  parameter int EntryW
) (
  input  logic                      clk_i,
  input  logic                      valid_i,
  input  logic [Slot-1:0]           data_i,
  output logic                      valid_o,
  output logic [Slot-1:0]           data_o,
  input  logic [5:0]                entry_i,
  output logic [EntryW-1:0]         entry_o
);

  localparam int TableW = Channels * Levels * (InW + 1);
  // Lowest input, which is always reached, and one above the highest, which never is.
  localparam logic signed [63:0] Always = InSigned ? -(64'sd1 <<< (InW - 1)) : 64'sd0;
  localparam logic signed [63:0] Never  = 64'sd1 <<< (InSigned ? InW - 1 : InW);
  localparam logic signed [63:0] Step =
      Spread > 0 ? 64'(Spread) : (Never - Always) / 64'(Levels) * 64'sd2;

  // Steps of uneven width, some of them 0.
  function automatic logic [TableW-1:0] make_table();
    logic signed [63:0] level;
    logic [31:0]        draw;
    make_table = '0;
    draw       = 32'd12345 + 32'(InW);
    for (int c = 0; c < Channels; c++) begin
      level = Always;
      for (int i = 0; i < Levels; i++) begin
        draw  = draw * 32'd1664525 + 32'd1013904223;
        level = level + ((Step * $signed({40'd0, draw[31:8]})) >>> 24);
        if (draw[7:4] == 4'd0 || level > Never) level = Never;
        make_table[(c*Levels+i)*(InW+1) +: InW+1] = level[InW:0];
      end
    end
  endfunction

  localparam logic [TableW-1:0] Thresholds = make_table();

  nib_threshold #(
    .Channels  (Channels),
    .Levels    (Levels),
    .InW       (InW),
    .InSigned  (InSigned),
    .OutW      (OutW),
    .Offset    (Offset),
    .Latency   (Latency),
    .Thresholds(Thresholds)
  ) u_unit (
    .clk_i,
    .in_valid_i (valid_i),
    .in_data_i  (data_i[Channels*InW-1:0]),
    .out_valid_o(valid_o),
    .out_data_o (data_o[Channels*OutW-1:0])
  );

  assign data_o[Slot-1:Channels*OutW] = '0;

  logic [Entries*EntryW-1:0] entries;
  assign entry_o = entries[{entry_i, 6'd0} +: EntryW];

  for (genvar e = 0; e < Entries; e++) begin : gen_entry
    if (e < Channels * Levels) begin : gen_used
      localparam logic [InW:0] Entry = Thresholds[e*(InW+1) +: InW+1];
      assign entries[e*EntryW +: EntryW] = {{(EntryW - InW - 1) {InSigned && Entry[InW]}}, Entry};
    end else begin : gen_none
      assign entries[e*EntryW +: EntryW] = '0;
    end
  end

  if (Slot > Channels * InW) begin : gen_unused
    logic unused_data;
    assign unused_data = ^data_i[Slot-1:Channels*InW];
  end

endmodule : threshold_corner
