// Words of a frame in another order: any of them, any number of times, constants between them.
//
// Behaviour   Takes the In words of a frame, then makes Out words, each as its entry of the table
//             says: the word of the frame with that number or, if Fills, perhaps a constant.
// Table       Entry o is that of output word o, EntryW bits: the number, AdrW bits; if Fills, the
//             number or the constant in max(AdrW, Width) bits, and on top a bit that is 1 for a
//             constant (nib_rom).
// Program     In times take, Out times make.
// Latency     A step at cycle t shows its word at t + 2 + b: b = 2 from block RAM, otherwise 1.
// Interval    In + Out cycles a frame, if Depth >= b + 3.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_reorder #(
  parameter int Width,
  parameter int In,
  parameter int Out,
  parameter bit Fills,
  parameter int Depth,
  parameter int Storage = 0,
  parameter bit Inline = 1'b1,
  parameter File = "",
  localparam int AdrW   = In > 1 ? $clog2(In) : 1,
  localparam int PayW   = Fills && Width > AdrW ? Width : AdrW,
  localparam int EntryW = Fills ? PayW + 1 : PayW,
  localparam int TableW = Inline ? Out * EntryW : 1,
  parameter logic [TableW-1:0] Table = '0
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

  if (Width < 1 || In < 1 || Out < 1) begin : gen_bad_size
    $error("Width, In and Out must be at least 1");
  end

  localparam int OutW = Out > 1 ? $clog2(Out) : 1;

  logic [AdrW-1:0] in_q = '0;
  logic [OutW-1:0] out_q = '0;
  logic            makes_q = 1'b0;
  logic            in_last, out_last, space, fire;

  assign in_last    = in_q == AdrW'(In - 1);
  assign out_last   = out_q == OutW'(Out - 1);
  assign in_ready_o = !makes_q;
  assign fire       = makes_q ? space : in_valid_i;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      in_q    <= '0;
      out_q   <= '0;
      makes_q <= 1'b0;
    end else if (fire && !makes_q) begin
      in_q    <= in_last ? '0 : in_q + AdrW'(1);
      makes_q <= in_last;
    end else if (fire) begin
      out_q   <= out_last ? '0 : out_q + OutW'(1);
      makes_q <= !out_last;
    end
  end

  logic [EntryW-1:0] entry;
  logic [Width-1:0]  frame_q [0:In-1];
  logic [Width-1:0]  read_q, word;
  logic              push;

  nib_rom #(
    .Width (EntryW),
    .Words (Out),
    .Inline(Inline),
    .File  (File),
    .Table (Table)
  ) u_table (
    .clk_i,
    .addr_i(out_q),
    .data_o(entry)
  );

  always_ff @(posedge clk_i) begin
    if (fire && !makes_q) frame_q[in_q] <= in_data_i;
    read_q <= frame_q[entry[AdrW-1:0]];
  end

  if (Fills) begin : gen_fills
    logic             filled_q;
    logic [Width-1:0] constant_q;
    always_ff @(posedge clk_i) begin
      filled_q   <= entry[EntryW-1];
      constant_q <= entry[Width-1:0];
    end
    assign word = filled_q ? constant_q : read_q;
    if (PayW > Width) begin : gen_unused
      logic unused_entry;
      assign unused_entry = ^entry[PayW-1:Width];
    end
  end else begin : gen_none
    assign word = read_q;
  end

  nib_valid_pipe #(
    .Latency(2),
    .Reset  (1'b1)
  ) u_valid (
    .clk_i,
    .rst_i,
    .in_valid_i (fire && makes_q),
    .out_valid_o(push)
  );

  nib_outq #(
    .Width  (Width),
    .Depth  (Depth),
    .Lat    (2),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire && makes_q),
    .space_o(space),
    .push_i (push),
    .data_i (word),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_reorder
