// nib_valid_pipe at its parameter corners: bit 2*i without reset, bit 2*i + 1 with it.

module pipe_corners #(
  localparam int Corners = 10
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic                  valid_i,
  output logic [Corners-1:0]    valid_o,
  output logic [Corners*16-1:0] latency_o
);

  localparam logic [Corners/2*16-1:0] Latencies = {16'd33, 16'd17, 16'd2, 16'd1, 16'd0};

  for (genvar c = 0; c < Corners; c++) begin : gen_corner
    localparam int Latency = 32'(Latencies[c/2*16 +: 16]);
    nib_valid_pipe #(
      .Latency(Latency),
      .Reset  (c % 2 == 1)
    ) u_pipe (
      .clk_i,
      .rst_i,
      .in_valid_i (valid_i),
      .out_valid_o(valid_o[c])
    );
    assign latency_o[c*16 +: 16] = 16'(Latency);
  end

endmodule : pipe_corners
