// Fork: every word goes to all outputs, in lockstep.
//
// Behaviour   A word is taken when all outputs have room; each output has its own queue.
// Outputs     Output o is bit o of out_valid_o and out_ready_i, out_data_o[o*Width +: Width]; its
//             queue has Depths[o*16 +: 16] words in the storage Storages[o*4 +: 4] (nib_outq).
// Program     take and make all: repeated for ever.
// Latency     A word taken at cycle t is valid at t + b: b = 2 from block RAM, otherwise 1.
// Interval    1, if every queue holds b + 1 words.
// Protocol    in_ready_o, out_valid_o come straight from flip-flops, by way of one AND for the
//             ready; valid and data hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_fork #(
  parameter int Width,
  parameter int Outputs,
  parameter logic [Outputs*16-1:0] Depths,
  parameter logic [Outputs*4-1:0] Storages = '0
) (
  input  logic                     clk_i,
  input  logic                     rst_i,
  input  logic                     in_valid_i,
  output logic                     in_ready_o,
  input  logic [Width-1:0]         in_data_i,
  output logic [Outputs-1:0]       out_valid_o,
  input  logic [Outputs-1:0]       out_ready_i,
  output logic [Outputs*Width-1:0] out_data_o
);

  if (Outputs < 1) begin : gen_bad_outputs
    $error("Outputs must be at least 1");
  end

  logic [Outputs-1:0] space;
  logic               take;

  assign in_ready_o = &space;
  assign take       = in_valid_i && in_ready_o;

  for (genvar o = 0; o < Outputs; o++) begin : gen_output
    nib_outq #(
      .Width  (Width),
      .Depth  (32'(Depths[o*16 +: 16])),
      .Lat    (0),
      .Storage(32'(Storages[o*4 +: 4]))
    ) u_queue (
      .clk_i,
      .rst_i,
      .issue_i    (take),
      .space_o    (space[o]),
      .push_i     (take),
      .data_i     (in_data_i),
      .out_valid_o(out_valid_o[o]),
      .out_ready_i(out_ready_i[o]),
      .out_data_o (out_data_o[o*Width +: Width])
    );
  end

endmodule : nib_fork
