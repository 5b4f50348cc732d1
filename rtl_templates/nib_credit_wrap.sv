// AXI4-Stream ends around a free-running core of fixed latency.
//
// Behaviour   Each beat on s_axis is one vector for the core, each beat on m_axis its result, in
//             order, with the tlast of its vector. Back-pressure may come at any cycle: the core runs
//             on and ends in a queue of Latency and a few words, whose credits gate the input. No
//             enable reaches the core and no word is lost.
// Latency     Core latency + 2 from the beat on s_axis to its beat on m_axis.
// Interval    1 while m_axis_tready is 1.
// Protocol    AXI4-Stream; tready of s_axis is a register that is 0 at power-up and in reset. The
//             bytes are padded with zeros at the top on m_axis, and ignored there on s_axis.
// Reset       Synchronous, control only, equal to the state at power-up. What is in the core when
//             reset begins is dropped: input waits until the core has drained.

module nib_credit_wrap #(
  parameter int InWidth,
  parameter int OutWidth,
  parameter int Latency,
  localparam int InBytes  = (InWidth + 7) / 8,
  localparam int OutBytes = (OutWidth + 7) / 8
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic                  s_axis_tvalid,
  output logic                  s_axis_tready,
  input  logic [8*InBytes-1:0]  s_axis_tdata,
  input  logic                  s_axis_tlast,
  output logic                  m_axis_tvalid,
  input  logic                  m_axis_tready,
  output logic [8*OutBytes-1:0] m_axis_tdata,
  output logic                  m_axis_tlast,
  output logic                  core_in_valid_o,
  output logic [InWidth-1:0]    core_in_data_o,
  input  logic                  core_out_valid_i,
  input  logic [OutWidth-1:0]   core_out_data_i
);

  // Full rate needs a credit for each of the Latency + 2 cycles of its round trip.
  localparam int Depth = Latency + 3;

  if (InWidth < 1 || OutWidth < 1) begin : gen_bad_width
    $error("InWidth and OutWidth must be at least 1");
  end
  if (Latency < 0) begin : gen_bad_latency
    $error("Latency must not be negative");
  end

  if (8 * InBytes > InWidth) begin : gen_padding
    logic unused_padding;
    assign unused_padding = ^s_axis_tdata[8*InBytes-1:InWidth];
  end

  logic             head_valid, head_ready;
  logic [InWidth:0] head;

  nib_boundary #(
    .Width(InWidth + 1)
  ) u_boundary (
    .clk_i,
    .rst_i,
    .in_valid_i (s_axis_tvalid),
    .in_ready_o (s_axis_tready),
    .in_data_i  ({s_axis_tlast, s_axis_tdata[InWidth-1:0]}),
    .out_valid_o(head_valid),
    .out_ready_i(head_ready),
    .out_data_o (head)
  );

  // After reset, results of the time before it still come out of the core: they are not pushed.
  logic draining;
  if (Latency == 0) begin : gen_empty
    assign draining = 1'b0;
  end else begin : gen_drain
    localparam int DrainW = $clog2(Latency + 1);
    logic [DrainW-1:0] drain_q = DrainW'(Latency);
    always_ff @(posedge clk_i) begin
      if (rst_i) drain_q <= DrainW'(Latency);
      else if (draining) drain_q <= drain_q - DrainW'(1);
    end
    assign draining = drain_q != '0;
  end

  logic data_space, last_space, issue, push, last_valid;
  assign head_ready = data_space && last_space && !draining;
  assign issue      = head_valid && head_ready;
  assign push       = core_out_valid_i && !draining && !rst_i;

  assign core_in_valid_o = issue;
  assign core_in_data_o  = head[InWidth-1:0];

  logic [OutWidth-1:0] result;

  nib_outq #(
    .Width  (OutWidth),
    .Depth  (Depth),
    .Latency(Latency)
  ) u_results (
    .clk_i,
    .rst_i,
    .issue_i    (issue),
    .space_o    (data_space),
    .push_i     (push),
    .data_i     (core_out_data_i),
    .out_valid_o(m_axis_tvalid),
    .out_ready_i(m_axis_tready),
    .out_data_o (result)
  );

  // tlast waits beside the core; both queues fill and empty with the same steps.
  logic take;
  assign take = m_axis_tvalid && m_axis_tready;

  nib_outq #(
    .Width  (1),
    .Depth  (Depth),
    .Latency(0)
  ) u_last (
    .clk_i,
    .rst_i,
    .issue_i    (issue),
    .space_o    (last_space),
    .push_i     (issue),
    .data_i     (head[InWidth]),
    .out_valid_o(last_valid),
    .out_ready_i(take),
    .out_data_o (m_axis_tlast)
  );

  if (8 * OutBytes > OutWidth) begin : gen_pad
    assign m_axis_tdata = {{(8 * OutBytes - OutWidth) {1'b0}}, result};
  end else begin : gen_full
    assign m_axis_tdata = result;
  end

  logic unused_last;
  assign unused_last = last_valid;

`ifndef SYNTHESIS
  LastWithResult_A :
  assert property (@(posedge clk_i) disable iff (rst_i) m_axis_tvalid |-> last_valid);
  if (Latency == 0) begin : gen_at_once
    LatencyOfCore_A :
    assert property (@(posedge clk_i) disable iff (rst_i) push == issue);
  end else begin : gen_later
    LatencyOfCore_A :
    assert property (@(posedge clk_i) disable iff (rst_i || draining)
                     push |-> $past(issue, Latency));
  end
`endif

endmodule : nib_credit_wrap
