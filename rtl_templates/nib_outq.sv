// Credited output queue: the one place where back-pressure enters a unit.
//
// Behaviour   A step that makes a word is issued with issue_i, only while space_o is 1; its word
//             arrives Lat cycles later with push_i and data_i. Depth credits cover the words issued
//             and not yet popped (in flight, stored, in the output register), so the queue cannot
//             overflow and nothing behind the issue point needs an enable.
// Latency     A word issued at cycle t is valid at t + Lat + b: b = 2 from block RAM, otherwise 1.
// Interval    1, if Depth >= Lat + b + 1. Room that a pop frees at t is usable at t + 1.
// Protocol    space_o and out_valid_o come straight from flip-flops; out_valid_o and out_data_o
//             hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up; data is not reset. A word
//             in flight when reset begins must not be pushed: reset its valid bit as well.
// Storage     0 by depth, 1 registers, 2 shift registers (SRL), 3 LUT RAM, 4 block RAM.

module nib_outq #(
  parameter int Width,
  parameter int Depth,
  parameter int Lat,
  parameter int Storage = 0
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             issue_i,
  output logic             space_o,
  input  logic             push_i,
  input  logic [Width-1:0] data_i,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o
);

  localparam int Registers = 1;
  localparam int Shift     = 2;
  localparam int LutRam    = 3;
  localparam int BlockRam  = 4;

  // One LUT of a 7-series or UltraScale device holds 32 words of a bit as a shift register; as LUT
  // RAM, 64 words of a bit cost 4/3 LUTs.
  localparam int Kind = Storage != 0 ? Storage  :
                        Depth <= 2   ? Registers :
                        Depth <= 32  ? Shift     :
                        Depth <= 64  ? LutRam    : BlockRam;

  // Counters hold one less than what they count, -1 to Depth - 1: the sign bit alone says "none".
  localparam int CntW = $clog2(Depth) + 1;

  if (Width < 1) begin : gen_bad_width
    $error("Width must be at least 1");
  end
  if (Depth < 1) begin : gen_bad_depth
    $error("Depth must be at least 1");
  end
  if (Lat < 0) begin : gen_bad_lat
    $error("Lat must not be negative");
  end
  if (Storage < 0 || Storage > 4) begin : gen_bad_storage
    $error("Storage must be 0 to 4");
  end

  logic pop;
  assign pop = out_valid_o && out_ready_i;

  logic [CntW-1:0] credits_q = CntW'(Depth - 1);
  assign space_o = !credits_q[CntW-1];

  always_ff @(posedge clk_i) begin
    if (rst_i) credits_q <= CntW'(Depth - 1);
    else if (issue_i != pop) credits_q <= pop ? credits_q + CntW'(1) : credits_q - CntW'(1);
  end

  if (Kind == Registers) begin : gen_registers
    // Word 0 is the head. held_q is a thermometer: word w is held only if all below it are.
    logic [Depth-1:0]       held_q = '0;
    logic [Depth-1:0]       kept;
    logic [Depth*Width-1:0] words_q;

    assign kept = pop ? held_q >> 1 : held_q;

    always_ff @(posedge clk_i) begin
      if (rst_i) held_q <= '0;
      else held_q <= push_i ? Depth'({kept, 1'b1}) : kept;
    end

    // A word that is free, or becomes free, takes the one above it, or the arriving one.
    for (genvar w = 0; w < Depth; w++) begin : gen_word
      logic [Width-1:0] above;
      if (w + 1 < Depth) begin : gen_inner
        assign above = held_q[w+1] ? words_q[(w+1)*Width +: Width] : data_i;
      end else begin : gen_last
        assign above = data_i;
      end
      always_ff @(posedge clk_i) begin
        if (pop || !held_q[w]) words_q[w*Width +: Width] <= above;
      end
    end

    assign out_valid_o = held_q[0];
    assign out_data_o  = words_q[Width-1:0];
  end else begin : gen_memory
    logic            load;  // a word leaves the memory
    logic            any;   // the memory holds a word
    logic [CntW-1:0] level_q = '1;

    assign any = !level_q[CntW-1];

    always_ff @(posedge clk_i) begin
      if (rst_i) level_q <= '1;
      else if (push_i != load) level_q <= push_i ? level_q + CntW'(1) : level_q - CntW'(1);
    end

    if (Kind == Shift) begin : gen_shift
      // One vector per bit: the form in which tools recognise addressable shift registers. The
      // level, one less than the number of words, is the address of the oldest.
      // In groups: Verilator unrolls no more than a few thousand steps of a loop.
      localparam int Group = 64;
      for (genvar g = 0; g < Width; g += Group) begin : gen_group
        for (genvar b = g; b < (g + Group < Width ? g + Group : Width); b++) begin : gen_bit
          logic [Depth-1:0] shift_q;
          always_ff @(posedge clk_i) begin
            if (push_i) shift_q <= Depth'({shift_q, data_i[b]});
          end
          if (Depth == 1) begin : gen_one
            assign out_data_o[b] = shift_q[0];
          end else begin : gen_many
            assign out_data_o[b] = shift_q[level_q[CntW-2:0]];
          end
        end
      end
      assign load        = pop;
      assign out_valid_o = any;
    end else begin : gen_ram
      localparam int AdrW = Depth > 1 ? $clog2(Depth) : 1;
      localparam bit Wraps = Depth != 2 ** AdrW;  // else the pointers wrap by themselves

      logic            write_last, read_last;
      logic [AdrW-1:0] write_q = '0;
      logic [AdrW-1:0] read_q  = '0;

      assign write_last = Wraps && write_q == AdrW'(Depth - 1);
      assign read_last  = Wraps && read_q == AdrW'(Depth - 1);

      always_ff @(posedge clk_i) begin
        if (rst_i || (push_i && write_last)) write_q <= '0;
        else if (push_i) write_q <= write_q + AdrW'(1);
        if (rst_i || (load && read_last)) read_q <= '0;
        else if (load) read_q <= read_q + AdrW'(1);
      end

      if (Kind == LutRam) begin : gen_lut
        (* ram_style = "distributed" *)
        logic [Width-1:0] words_q [0:Depth-1];

        always_ff @(posedge clk_i) begin
          if (push_i) words_q[write_q] <= data_i;
        end

        assign load        = pop;
        assign out_valid_o = any;
        assign out_data_o  = words_q[read_q];
      end else begin : gen_block
        // The head waits in the RAM's output register. A read never meets a write to its address:
        // the word that it reads was written in an earlier cycle and still has its credit.
        (* ram_style = "block" *)
        logic [Width-1:0] words_q [0:Depth-1];
        logic [Width-1:0] head_q;
        logic             valid_q = 1'b0;

        always_ff @(posedge clk_i) begin
          if (rst_i) valid_q <= 1'b0;
          else valid_q <= any || (valid_q && !out_ready_i);
        end

        always_ff @(posedge clk_i) begin
          if (push_i) words_q[write_q] <= data_i;
          if (load) head_q <= words_q[read_q];
        end

        assign load        = any && (!valid_q || out_ready_i);
        assign out_valid_o = valid_q;
        assign out_data_o  = head_q;
      end
    end
  end

`ifndef SYNTHESIS
  IssueHasSpace_A :
  assert property (@(posedge clk_i) disable iff (rst_i) issue_i |-> space_o);

  // Not as a property: Verilator 5.006 cannot sample vectors of more than 1280 bits.
  logic             blocked_q = 1'b0;
  logic [Width-1:0] shown_q;
  always_ff @(posedge clk_i) begin
    blocked_q <= !rst_i && out_valid_o && !out_ready_i;
    shown_q   <= out_data_o;
    if (blocked_q && !rst_i) begin
      HoldUntilReady_A : assert (out_valid_o && out_data_o == shown_q);
    end
  end

  // Every push is the word of the step that was issued Lat cycles before, and no word is missing.
  if (Lat == 0) begin : gen_at_once
    PushAfterLat_A :
    assert property (@(posedge clk_i) disable iff (rst_i) push_i == issue_i);
  end else begin : gen_later
    logic [Lat-1:0] flight_q = '0;
    always_ff @(posedge clk_i) flight_q <= rst_i ? '0 : Lat'({flight_q, issue_i});
    PushAfterLat_A :
    assert property (@(posedge clk_i) disable iff (rst_i) push_i == flight_q[Lat-1]);
  end
`endif

endmodule : nib_outq
