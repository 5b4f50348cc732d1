// A design's stream out to AXI4-Stream: boundary slice, tlast on the last of every Frame words.
//
// Behaviour   Words go on in order; tdata is padded to bytes with zeros at the top.
// Latency     A word taken at cycle t is valid at t + 1.
// Interval    1.
// Protocol    AXI4-Stream: all outputs are flip-flops and hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_axis_out #(
  parameter int Width,
  parameter int Frame,
  localparam int Padded = (Width + 7) / 8 * 8
) (
  input  logic              clk_i,
  input  logic              rst_i,
  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic [Width-1:0]  in_data_i,
  output logic              m_axis_tvalid,
  input  logic              m_axis_tready,
  output logic [Padded-1:0] m_axis_tdata,
  output logic              m_axis_tlast
);

  if (Frame < 1) begin : gen_bad_frame
    $error("Frame must be at least 1");
  end

  localparam int WordW = Frame > 1 ? $clog2(Frame) : 1;

  logic [WordW-1:0] word_q = '0;
  logic             last;
  logic [Width-1:0] data;

  assign last = word_q == WordW'(Frame - 1);

  always_ff @(posedge clk_i) begin
    if (rst_i) word_q <= '0;
    else if (in_valid_i && in_ready_o) word_q <= last ? '0 : word_q + WordW'(1);
  end

  nib_boundary #(
    .Width(Width + 1)
  ) u_slice (
    .clk_i,
    .rst_i,
    .in_valid_i,
    .in_ready_o,
    .in_data_i  ({last, in_data_i}),
    .out_valid_o(m_axis_tvalid),
    .out_ready_i(m_axis_tready),
    .out_data_o ({m_axis_tlast, data})
  );

  if (Padded > Width) begin : gen_padding
    assign m_axis_tdata = {{(Padded - Width) {1'b0}}, data};
  end else begin : gen_full
    assign m_axis_tdata = data;
  end

endmodule : nib_axis_out
