// AXI4-Stream ends around a free-running core of fixed latency.
//
// Behaviour   Each beat of s_axis is one vector for the core, each beat of m_axis its result, in
//             order, with the tlast of its vector. Back-pressure may come at any cycle: the core
//             runs on and ends in a queue of Latency + 3 words whose credits gate the input. No
//             enable reaches the core and no word is lost.
// Latency     Latency + 1 from a beat of s_axis to its beat of m_axis; one more if Latency > 61,
//             where the queue is block RAM.
// Interval    1 while m_axis_tready is 1.
// Core        It takes core_in_data_o when core_in_valid_o is 1 and shows the result Latency cycles
//             later with core_out_valid_i; it needs no reset. For 0 it is combinational.
// Protocol    AXI4-Stream. s_axis_tready comes from flip-flops and is 0 in reset. tdata is padded
//             to bytes at the top: ignored on s_axis, 0 on m_axis.
// Reset       Synchronous, control only, equal to the state at power-up. What is in the core when
//             reset begins is dropped: the first beat is taken Latency cycles (at least one) after
//             the end of reset, when the core has run empty.

module nib_credit_wrap #(
  parameter int InW,
  parameter int OutW,
  parameter int Latency,
  localparam int InPadded  = (InW + 7) / 8 * 8,
  localparam int OutPadded = (OutW + 7) / 8 * 8
) (
  input  logic                 clk_i,
  input  logic                 rst_i,
  input  logic                 s_axis_tvalid,
  output logic                 s_axis_tready,
  input  logic [InPadded-1:0]  s_axis_tdata,
  input  logic                 s_axis_tlast,
  output logic                 m_axis_tvalid,
  input  logic                 m_axis_tready,
  output logic [OutPadded-1:0] m_axis_tdata,
  output logic                 m_axis_tlast,
  output logic                 core_in_valid_o,
  output logic [InW-1:0]       core_in_data_o,
  input  logic                 core_out_valid_i,
  input  logic [OutW-1:0]      core_out_data_i
);

  // Full rate needs Latency + b + 1 credits, where b is 1, or 2 in block RAM.
  localparam int Depth  = Latency + 3;
  localparam int Drain  = Latency > 0 ? Latency : 1;
  localparam int DrainW = $clog2(Drain + 1);

  if (InW < 1 || OutW < 1) begin : gen_bad_width
    $error("InW and OutW must be at least 1");
  end
  if (Latency < 0) begin : gen_bad_latency
    $error("Latency must not be negative");
  end

  // After reset the core still shows results of the time before it: they are not pushed.
  logic              draining;
  logic [DrainW-1:0] drain_q = DrainW'(Drain);

  assign draining = drain_q != '0;

  always_ff @(posedge clk_i) begin
    if (rst_i) drain_q <= DrainW'(Drain);
    else if (draining) drain_q <= drain_q - DrainW'(1);
  end

  logic space, issue, push;
  assign s_axis_tready = space && !draining;
  assign issue         = s_axis_tvalid && s_axis_tready;
  assign push          = core_out_valid_i && !draining;

  assign core_in_valid_o = issue;
  assign core_in_data_o  = s_axis_tdata[InW-1:0];

  if (InPadded > InW) begin : gen_in_padding
    logic unused_padding;
    assign unused_padding = ^s_axis_tdata[InPadded-1:InW];
  end

  // tlast runs beside the core.
  logic last;
  if (Latency == 0) begin : gen_last_wire
    assign last = s_axis_tlast;
  end else begin : gen_last_pipe
    logic [Latency-1:0] last_q;
    always_ff @(posedge clk_i) last_q <= Latency'({last_q, s_axis_tlast});
    assign last = last_q[Latency-1];
  end

  logic [OutW-1:0] result;

  nib_outq #(
    .Width(OutW + 1),
    .Depth(Depth),
    .Lat  (Latency)
  ) u_results (
    .clk_i,
    .rst_i,
    .issue_i    (issue),
    .space_o    (space),
    .push_i     (push),
    .data_i     ({last, core_out_data_i}),
    .out_valid_o(m_axis_tvalid),
    .out_ready_i(m_axis_tready),
    .out_data_o ({m_axis_tlast, result})
  );

  if (OutPadded > OutW) begin : gen_out_padding
    assign m_axis_tdata = {{(OutPadded - OutW) {1'b0}}, result};
  end else begin : gen_out_full
    assign m_axis_tdata = result;
  end

`ifndef SYNTHESIS
  // Not as a property: Verilator 5.006 cannot sample vectors of more than 1280 bits.
  logic              blocked_q = 1'b0;
  logic [InPadded:0] offered_q;
  always_ff @(posedge clk_i) begin
    blocked_q <= !rst_i && s_axis_tvalid && !s_axis_tready;
    offered_q <= {s_axis_tlast, s_axis_tdata};
    if (blocked_q && !rst_i) begin
      SourceHolds_A : assert (s_axis_tvalid && {s_axis_tlast, s_axis_tdata} == offered_q);
    end
  end
`endif

endmodule : nib_credit_wrap
