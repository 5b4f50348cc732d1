// Valid bit that travels beside a free-running pipeline.
//
// Behaviour   out_valid_o is in_valid_i of Latency cycles ago, and 0 before that.
// Latency     Latency cycles; 0 is a wire.
// Protocol    No back-pressure. The registers start at 0: nothing spurious comes after power-up.
// Reset       With Reset = 1, synchronous, to the state at power-up; with 0, rst_i is not used.

module nib_valid_pipe #(
  parameter int Latency,
  parameter bit Reset = 1'b0
) (
  input  logic clk_i,
  input  logic rst_i,
  input  logic in_valid_i,
  output logic out_valid_o
);

  if (Latency < 0) begin : gen_bad_latency
    $error("Latency must not be negative");
  end

  if (Latency == 0) begin : gen_wire
    logic unused_clk;
    assign unused_clk  = clk_i;
    assign out_valid_o = in_valid_i;
  end else begin : gen_pipe
    logic [Latency-1:0] valid_q = '0;
    always_ff @(posedge clk_i) begin
      if (Reset && rst_i) valid_q <= '0;
      else valid_q <= Latency'({valid_q, in_valid_i});
    end
    assign out_valid_o = valid_q[Latency-1];
  end

  if (Latency == 0 || !Reset) begin : gen_no_reset
    logic unused_rst;
    assign unused_rst = rst_i;
  end

endmodule : nib_valid_pipe
