// AXI4-Stream into a design: boundary slice; tdata is padded to bytes at the top, which is ignored.
//
// Behaviour   Words go on in order. A frame has Frame words; tlast is not needed and only checked.
// Latency     A word taken at cycle t is valid at t + 1.
// Interval    1.
// Protocol    AXI4-Stream: s_axis_tready is a flip-flop, 0 in reset and in the first cycle after.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_axis_in #(
  parameter int Width,
  parameter int Frame,
  localparam int Padded = (Width + 7) / 8 * 8
) (
  input  logic              clk_i,
  input  logic              rst_i,
  input  logic              s_axis_tvalid,
  output logic              s_axis_tready,
  input  logic [Padded-1:0] s_axis_tdata,
  input  logic              s_axis_tlast,
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [Width-1:0]  out_data_o
);

  if (Frame < 1) begin : gen_bad_frame
    $error("Frame must be at least 1");
  end

  nib_boundary #(
    .Width(Width)
  ) u_slice (
    .clk_i,
    .rst_i,
    .in_valid_i(s_axis_tvalid),
    .in_ready_o(s_axis_tready),
    .in_data_i (s_axis_tdata[Width-1:0]),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  if (Padded > Width) begin : gen_padding
    logic unused_padding;
    assign unused_padding = ^s_axis_tdata[Padded-1:Width];
  end

`ifdef SYNTHESIS
  logic unused_last;
  assign unused_last = s_axis_tlast;
`else
  localparam int WordW = Frame > 1 ? $clog2(Frame) : 1;
  logic [WordW-1:0] word_q = '0;
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      word_q <= '0;
    end else if (s_axis_tvalid && s_axis_tready) begin
      word_q <= word_q == WordW'(Frame - 1) ? '0 : word_q + WordW'(1);
      LastEndsFrame_A : assert (s_axis_tlast == (word_q == WordW'(Frame - 1)));
    end
  end
`endif

endmodule : nib_axis_in
