// Function of few bits in a stream, as a table that all lanes read.
//
// Computes    out[l] = Table[in[l]]
// Lanes       Lane l of InW bits, read as an unsigned number; out lanes of OutW bits.
// Table       Entry x is Table[x*OutW +: OutW], x < 2^InW (nib_rom, one for each lane).
// Program     take, make: repeated for ever.
// Latency     A word taken at cycle t is valid at t + 2 + b: b = 2 from block RAM, otherwise 1.
// Interval    1, if Depth >= 3 + b.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_stream_table #(
  parameter int Lanes,
  parameter int InW,
  parameter int OutW,
  parameter int RomStyle = 0,
  parameter int Depth,
  parameter int Storage = 0,
  parameter bit Inline = 1'b1,
  parameter File = "",
  localparam int TableW = Inline ? OutW << InW : 1,
  parameter logic [TableW-1:0] Table = '0
) (
  input  logic                  clk_i,
  input  logic                  rst_i,
  input  logic                  in_valid_i,
  output logic                  in_ready_o,
  input  logic [Lanes*InW-1:0]  in_data_i,
  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output logic [Lanes*OutW-1:0] out_data_o
);

  if (Lanes < 1 || InW < 1 || InW > 20 || OutW < 1) begin : gen_bad_size
    $error("Lanes and OutW must be at least 1, InW 1 to 20");
  end

  logic                  space, fire, push;
  logic [Lanes*InW-1:0]  x_q;
  logic [Lanes*OutW-1:0] code_q;

  assign in_ready_o = space;
  assign fire       = in_valid_i && space;

  always_ff @(posedge clk_i) x_q <= in_data_i;

  for (genvar l = 0; l < Lanes; l++) begin : gen_lane
    nib_rom #(
      .Width (OutW),
      .Words (1 << InW),
      .Style (RomStyle),
      .Inline(Inline),
      .File  (File),
      .Table (Table)
    ) u_table (
      .clk_i,
      .addr_i(x_q[l*InW +: InW]),
      .data_o(code_q[l*OutW +: OutW])
    );
  end

  nib_valid_pipe #(
    .Latency(2),
    .Reset  (1'b1)
  ) u_valid (
    .clk_i,
    .rst_i,
    .in_valid_i (fire),
    .out_valid_o(push)
  );

  nib_outq #(
    .Width  (Lanes * OutW),
    .Depth  (Depth),
    .Lat    (2),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire),
    .space_o(space),
    .push_i (push),
    .data_i (code_q),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_stream_table
