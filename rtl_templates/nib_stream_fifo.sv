// FIFO between two valid/ready streams.
//
// Behaviour   Words leave in the order in which they came; at most Depth are inside.
// Latency     A word taken at cycle t is valid at t + 1, or at t + 2 from block RAM.
// Interval    1, if Depth >= 2 (3 for block RAM); a full queue takes a word the cycle after a pop.
// Protocol    in_ready_o and out_valid_o come straight from flip-flops; both sides hold
//             valid and data until accepted.
// Reset       Synchronous, control only, equal to the state at power-up; data is not reset.
//             in_ready_o is 1 in reset from its second cycle on: the source is quiet there.
// Storage     0 by depth, 1 registers, 2 shift registers (SRL), 3 LUT RAM, 4 block RAM: nib_outq.

module nib_stream_fifo #(
  parameter int Width,
  parameter int Depth,
  parameter int Storage = 0
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             in_valid_i,
  output logic             in_ready_o,
  input  logic [Width-1:0] in_data_i,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o
);

  logic take;
  assign take = in_valid_i && in_ready_o;

  nib_outq #(
    .Width  (Width),
    .Depth  (Depth),
    .Lat    (0),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(take),
    .space_o(in_ready_o),
    .push_i (take),
    .data_i (in_data_i),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

`ifndef SYNTHESIS
  // Not as a property: Verilator 5.006 cannot sample vectors of more than 1280 bits.
  logic             blocked_q = 1'b0;
  logic [Width-1:0] offered_q;
  always_ff @(posedge clk_i) begin
    blocked_q <= !rst_i && in_valid_i && !in_ready_o;
    offered_q <= in_data_i;
    if (blocked_q && !rst_i) begin
      SourceHolds_A : assert (in_valid_i && in_data_i == offered_q);
    end
  end
`endif

endmodule : nib_stream_fifo
