// Boundary slice: two words between the outside and a design, every output from a register.
//
// Behaviour   Words leave in the order in which they came. No path from any input to any output.
// Latency     A word taken at cycle t is valid at t + 1.
// Interval    1.
// Protocol    Both sides hold until accepted. in_ready_o is 0 at power-up and in reset, and rises in
//             the second cycle after it: a source that is valid too early loses nothing.
// Reset       Synchronous, control only; equal to the state at power-up. Data is not reset.

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
  logic             valid_q = 1'b0;
  logic             spare_valid_q = 1'b0;
  logic [Width-1:0] data_q, spare_q;
  logic             take, wait_out, spare_valid_d;

  assign take          = in_valid_i && ready_q;
  assign wait_out      = valid_q && !out_ready_i;
  assign spare_valid_d = wait_out && (take || spare_valid_q);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      ready_q       <= 1'b0;
      valid_q       <= 1'b0;
      spare_valid_q <= 1'b0;
    end else begin
      ready_q       <= !spare_valid_d;
      valid_q       <= wait_out || spare_valid_q || take;
      spare_valid_q <= spare_valid_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) spare_q <= in_data_i;
    if (!wait_out) data_q <= spare_valid_q ? spare_q : in_data_i;
  end

  assign in_ready_o  = ready_q;
  assign out_valid_o = valid_q;
  assign out_data_o  = data_q;

`ifndef SYNTHESIS
  HoldUntilReady_A :
  assert property (@(posedge clk_i) disable iff (rst_i)
                   out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
`endif

endmodule : nib_boundary
