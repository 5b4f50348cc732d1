// One nib_outq behind a unit of fixed latency, with words padded to the bench's width.

module queue_corner #(
  parameter int Width,
  parameter int Depth,
  parameter int Latency,
  parameter int Storage,
  parameter int BenchW
) (
  input  logic              clk_i,
  input  logic              rst_i,
  input  logic              issue_i,
  output logic              space_o,
  input  logic [BenchW-1:0] data_i,
  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [BenchW-1:0] out_data_o
);

  logic             push;
  logic [Width-1:0] word, head;

  if (Latency == 0) begin : gen_direct
    assign push = issue_i;
    assign word = data_i[Width-1:0];
  end else begin : gen_unit
    logic [Latency-1:0]       valid_q = '0;
    logic [Latency*Width-1:0] words_q;
    always_ff @(posedge clk_i) begin
      valid_q <= rst_i ? '0 : Latency'({valid_q, issue_i});
      words_q <= (Latency * Width)'({words_q, data_i[Width-1:0]});
    end
    assign push = valid_q[Latency-1];
    assign word = words_q[Latency*Width-1 -: Width];
  end

  nib_outq #(
    .Width  (Width),
    .Depth  (Depth),
    .Lat    (Latency),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i,
    .space_o,
    .push_i     (push),
    .data_i     (word),
    .out_valid_o,
    .out_ready_i,
    .out_data_o (head)
  );

  assign out_data_o = BenchW'(head);

  logic unused_data;
  assign unused_data = ^data_i;

endmodule : queue_corner
