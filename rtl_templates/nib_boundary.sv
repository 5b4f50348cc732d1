// Boundary slice: two words between the outside and a design, no path from input to output.
//
// Behaviour   Words leave in the order in which they came.
// Latency     A word taken at cycle t is valid at t + 1.
// Interval    1.
// Protocol    Every output is a flip-flop. Both sides hold valid and data until accepted.
//             in_ready_o is 0 at power-up and in reset and rises in the second cycle after it: a
//             source that is valid too early loses nothing.
// Reset       Synchronous, control only, equal to the state at power-up; data is not reset.

module nib_boundary #(
  parameter int Width
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

  if (Width < 1) begin : gen_bad_width
    $error("Width must be at least 1");
  end

  logic             ready_q = 1'b0;
  logic             head_valid_q = 1'b0;
  logic             spare_valid_q = 1'b0;
  logic [Width-1:0] head_q, spare_q;
  logic             take, blocked, spare_valid_d;

  assign take          = in_valid_i && ready_q;
  assign blocked       = head_valid_q && !out_ready_i;
  assign spare_valid_d = blocked && (take || spare_valid_q);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      ready_q       <= 1'b0;
      head_valid_q  <= 1'b0;
      spare_valid_q <= 1'b0;
    end else begin
      ready_q       <= !spare_valid_d;
      head_valid_q  <= blocked || spare_valid_q || take;
      spare_valid_q <= spare_valid_d;
    end
  end

  // While the spare word is free it follows the input; it keeps what was taken last.
  always_ff @(posedge clk_i) begin
    if (!spare_valid_q) spare_q <= in_data_i;
    if (!blocked) head_q <= spare_valid_q ? spare_q : in_data_i;
  end

  assign in_ready_o  = ready_q;
  assign out_valid_o = head_valid_q;
  assign out_data_o  = head_q;

`ifndef SYNTHESIS
  // Not as properties: Verilator 5.006 cannot sample vectors of more than 1280 bits.
  logic             in_blocked_q = 1'b0;
  logic             out_blocked_q = 1'b0;
  logic [Width-1:0] offered_q, shown_q;
  always_ff @(posedge clk_i) begin
    in_blocked_q  <= !rst_i && in_valid_i && !in_ready_o;
    out_blocked_q <= !rst_i && out_valid_o && !out_ready_i;
    offered_q     <= in_data_i;
    shown_q       <= out_data_o;
    if (in_blocked_q && !rst_i) begin
      SourceHolds_A : assert (in_valid_i && in_data_i == offered_q);
    end
    if (out_blocked_q && !rst_i) begin
      HoldUntilReady_A : assert (out_valid_o && out_data_o == shown_q);
    end
  end
`endif

endmodule : nib_boundary
