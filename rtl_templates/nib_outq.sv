// Credited output queue: the one place where back-pressure enters a unit.
//
// Behaviour   A step that makes a word is issued with issue_i, which it may do only while space_o
//             is 1; its word arrives Latency cycles later on push_i and data_i. One counter holds the
//             words issued and not yet popped (in flight, stored, in the output register), so
//             nothing behind the issue point ever needs an enable.
// Latency     A word pushed at cycle t is valid at t + 1, or at t + 2 where Storage is block RAM.
// Interval    1, if Depth >= Latency + 2 (one more for block RAM). Room that a pop frees at t is
//             usable at t + 1.
// Protocol    space_o and out_valid_o come from registers; valid and data hold until accepted.
// Reset       Synchronous, control only; equal to the state at power-up. Data is not reset. Words
//             still in flight when reset begins must not be pushed: reset their valid bits too.
// Storage     0 by depth | 1 registers | 2 shift register (SRL) | 3 LUT RAM | 4 block RAM

module nib_outq #(
  parameter int Width,
  parameter int Depth,
  parameter int Latency,
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

  localparam int CntW = $clog2(Depth + 1);
  localparam int AdrW = Depth > 1 ? $clog2(Depth) : 1;
  // Depths at which each storage is the cheapest on 7-series: 32 is one SRLC32E per bit, 64 one
  // RAM64M per 3 bits.
  localparam int Kind = Storage != 0 ? Storage :
                        Depth <= 2   ? 1 :
                        Depth <= 32  ? 2 :
                        Depth <= 64  ? 3 : 4;

  if (Width < 1) begin : gen_bad_width
    $error("Width must be at least 1");
  end
  if (Depth < 1) begin : gen_bad_depth
    $error("Depth must be at least 1");
  end
  if (Latency < 0) begin : gen_bad_latency
    $error("Latency must not be negative");
  end
  if (Storage < 0 || Storage > 4) begin : gen_bad_storage
    $error("Storage must be 0 to 4");
  end
  if (Kind == 2 && Depth < 2) begin : gen_bad_shift
    $error("a shift register needs a Depth of at least 2");
  end

  logic pop;
  assign pop = out_valid_o && out_ready_i;

  // Credits: words issued and not yet popped.
  logic [CntW-1:0] used_q = '0;
  assign space_o = used_q != CntW'(Depth);

  always_ff @(posedge clk_i) begin
    if (rst_i) used_q <= '0;
    else used_q <= used_q + CntW'(issue_i) - CntW'(pop);
  end

  if (Kind == 1) begin : gen_registers
    // Word 0 is the head; a pop moves every word down by one.
    logic [CntW-1:0]        count_q = '0;
    logic [CntW-1:0]        tail;
    logic [Depth*Width-1:0] words_q;

    assign tail = count_q - CntW'(pop);

    always_ff @(posedge clk_i) begin
      if (rst_i) count_q <= '0;
      else count_q <= tail + CntW'(push_i);
    end

    for (genvar w = 0; w < Depth; w++) begin : gen_word
      logic             write;
      logic [Width-1:0] above;
      assign write = push_i && tail == CntW'(w);
      if (w + 1 < Depth) begin : gen_above
        assign above = words_q[(w+1)*Width +: Width];
      end else begin : gen_top
        assign above = data_i;
      end
      always_ff @(posedge clk_i) begin
        if (write) words_q[w*Width +: Width] <= data_i;
        else if (pop) words_q[w*Width +: Width] <= above;
      end
    end

    assign out_valid_o = count_q != '0;
    assign out_data_o  = words_q[Width-1:0];
  end else if (Kind == 2) begin : gen_shift
    logic [CntW-1:0] count_q = '0;
    logic [AdrW-1:0] address;

    always_ff @(posedge clk_i) begin
      if (rst_i) count_q <= '0;
      else count_q <= count_q + CntW'(push_i) - CntW'(pop);
    end

    assign address = AdrW'(count_q - CntW'(1));
    // One vector per bit: the form from which all tools infer addressable shift registers.
    for (genvar b = 0; b < Width; b++) begin : gen_bit
      logic [Depth-1:0] shift_q;
      always_ff @(posedge clk_i) begin
        if (push_i) shift_q <= {shift_q[Depth-2:0], data_i[b]};
      end
      assign out_data_o[b] = shift_q[address];
    end

    assign out_valid_o = count_q != '0;
  end else if (Kind == 3) begin : gen_lut_ram
    logic [CntW-1:0] count_q = '0;
    logic [AdrW-1:0] write_q = '0;
    logic [AdrW-1:0] read_q = '0;
    (* ram_style = "distributed" *)
    logic [Width-1:0] memory_q [0:Depth-1];

    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        count_q <= '0;
        write_q <= '0;
        read_q  <= '0;
      end else begin
        count_q <= count_q + CntW'(push_i) - CntW'(pop);
        if (push_i) write_q <= write_q == AdrW'(Depth - 1) ? '0 : write_q + AdrW'(1);
        if (pop) read_q <= read_q == AdrW'(Depth - 1) ? '0 : read_q + AdrW'(1);
      end
    end

    always_ff @(posedge clk_i) begin
      if (push_i) memory_q[write_q] <= data_i;
    end

    assign out_valid_o = count_q != '0;
    assign out_data_o  = memory_q[read_q];
  end else begin : gen_block_ram
    // The RAM's own output register holds the head; it counts as a word of the queue.
    logic [CntW-1:0]  stored_q = '0;
    logic [AdrW-1:0]  write_q = '0;
    logic [AdrW-1:0]  read_q = '0;
    logic             valid_q = 1'b0;
    logic             load;
    logic [Width-1:0] head_q;
    (* ram_style = "block" *)
    logic [Width-1:0] memory_q [0:Depth-1];

    assign load = stored_q != '0 && (!valid_q || out_ready_i);

    always_ff @(posedge clk_i) begin
      if (rst_i) begin
        stored_q <= '0;
        write_q  <= '0;
        read_q   <= '0;
        valid_q  <= 1'b0;
      end else begin
        stored_q <= stored_q + CntW'(push_i) - CntW'(load);
        if (push_i) write_q <= write_q == AdrW'(Depth - 1) ? '0 : write_q + AdrW'(1);
        if (load) read_q <= read_q == AdrW'(Depth - 1) ? '0 : read_q + AdrW'(1);
        valid_q <= load || (valid_q && !out_ready_i);
      end
    end

    always_ff @(posedge clk_i) begin
      if (push_i) memory_q[write_q] <= data_i;
      if (load) head_q <= memory_q[read_q];
    end

    assign out_valid_o = valid_q;
    assign out_data_o  = head_q;
  end

`ifndef SYNTHESIS
  IssueHasSpace_A :
  assert property (@(posedge clk_i) disable iff (rst_i) issue_i |-> space_o);
  HoldUntilReady_A :
  assert property (@(posedge clk_i) disable iff (rst_i)
                   out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  if (Latency == 0) begin : gen_same_cycle
    PushWithIssue_A :
    assert property (@(posedge clk_i) disable iff (rst_i) push_i == issue_i);
  end
`endif

endmodule : nib_outq
