// Constant matrix-vector unit: whole vectors times a matrix that is wired in, digit by digit.
//
// Computes    y[r] = sum over i of matrix[r][i] * x[i], r < Rows, i < Columns, exactly
// Core        An array beside this module multiplies one digit of every element by the constants:
//             core_out_data_i holds the sum of row r as r*SumW +: SumW in two's complement, Latency
//             cycles behind core_in_data_o with the digit of element i as i*Digit +: Digit. It runs
//             free, without reset and without valid; for 0 it is combinational.
// Digits      The highest first: acc = acc * 2^Digit + sum. Elements are extended to Digits * Digit
//             bits; of signed ones the highest bit is inverted, which makes them unsigned and
//             2^(bits - 1) greater: Start holds what the first sums have too much, negated, as
//             r*AccW +: AccW. A single digit is the whole element as it stands. Start is used for
//             signed elements of several digits alone.
// Lanes       Element i of the vector is lane i of the input word, row r lane r of the output word,
//             AccW bits in two's complement.
// Program     Take, Digits - 1 steps without a word; make in the last of them.
// Latency     The last step at cycle t shows its word at t + Latency + 1 + b, one more with several
//             digits: b = 2 from block RAM, otherwise 1.
// Interval    Digits cycles a vector.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_const_mvu #(
  parameter int Columns,
  parameter int InW,
  parameter bit InSigned,
  parameter int Digit,
  parameter int Digits,
  parameter int Rows,
  parameter int SumW,
  parameter int AccW,
  parameter int Latency,
  parameter int Depth,
  parameter int Storage = 0,
  localparam bit HasStart = InSigned && Digits > 1,
  localparam int StartW   = HasStart ? Rows * AccW : 1,
  parameter logic [StartW-1:0] Start = '0
) (
  input  logic                     clk_i,
  input  logic                     rst_i,
  input  logic                     in_valid_i,
  output logic                     in_ready_o,
  input  logic [Columns*InW-1:0]   in_data_i,
  output logic [Columns*Digit-1:0] core_in_data_o,
  input  logic [Rows*SumW-1:0]     core_out_data_i,
  output logic                     out_valid_o,
  input  logic                     out_ready_i,
  output logic [Rows*AccW-1:0]     out_data_o
);

  if (Columns < 1 || Rows < 1 || InW < 1 || Digit < 1 || SumW < 1 || Latency < 0)
  begin : gen_bad_size
    $error("Columns, Rows, InW, Digit and SumW must be at least 1, Latency at least 0");
  end
  if (Digits < 1 || (Digits == 1 && Digit != InW)
      || (Digits > 1 && (Digits * Digit < InW || (Digits - 1) * Digit >= InW)))
  begin : gen_bad_digits
    $error("Digits digits must hold an element, and one less must not");
  end
  if (AccW < SumW) begin : gen_bad_width
    $error("AccW must be at least SumW");
  end

  localparam int StepW = Digits > 1 ? $clog2(Digits) : 1;
  localparam int Pipe  = Latency + 1;             // from a step to its sums
  localparam int Lat   = Pipe + 32'(Digits > 1);  // from a step to its word

  logic [StepW-1:0] step_q = '0;
  logic             want, make, space, fire, sum_valid;

  assign want       = step_q == '0;
  assign make       = step_q == StepW'(Digits - 1);
  assign in_ready_o = want && (!make || space);
  assign fire       = (!want || in_valid_i) && (!make || space);

  always_ff @(posedge clk_i) begin
    if (rst_i) step_q <= '0;
    else if (fire) step_q <= make ? '0 : step_q + StepW'(1);
  end

  nib_valid_pipe #(
    .Latency(Pipe),
    .Reset  (1'b1)
  ) u_valid (
    .clk_i,
    .rst_i,
    .in_valid_i (fire),
    .out_valid_o(sum_valid)
  );

  logic                 push;
  logic [Rows*AccW-1:0] acc;

  if (Digits == 1) begin : gen_whole

    logic [Columns*InW-1:0] x_q;

    always_ff @(posedge clk_i) x_q <= in_data_i;

    assign core_in_data_o = x_q;
    assign push           = sum_valid;

    for (genvar r = 0; r < Rows; r++) begin : gen_row
      assign acc[r*AccW +: AccW] = AccW'($signed(core_out_data_i[r*SumW +: SumW]));
    end

  end else begin : gen_digits

    localparam int WholeW = Digits * Digit;

    for (genvar i = 0; i < Columns; i++) begin : gen_element
      logic [WholeW-1:0] x, x_q;
      always_comb begin
        x = WholeW'(in_data_i[i*InW +: InW]);
        for (int b = InW; b < WholeW; b++) x[b] = InSigned && in_data_i[i*InW+InW-1];
        x[WholeW-1] = x[WholeW-1] ^ InSigned;
      end
      always_ff @(posedge clk_i) begin
        if (fire) x_q <= want ? x : x_q << Digit;
      end
      assign core_in_data_o[i*Digit +: Digit] = x_q[WholeW-1 -: Digit];
    end

    // The flags of a step run beside the core.
    logic [Pipe-1:0]      first_q, last_q;
    logic                 push_q = 1'b0;
    logic [Rows*AccW-1:0] acc_q;

    always_ff @(posedge clk_i) begin
      first_q <= Pipe'({first_q, want});
      last_q  <= Pipe'({last_q, make});
      push_q  <= sum_valid && last_q[Pipe-1] && !rst_i;
    end

    for (genvar r = 0; r < Rows; r++) begin : gen_row
      logic [AccW-1:0] start, base;
      if (HasStart) begin : gen_start
        assign start = Start[r*AccW +: AccW];
      end else begin : gen_zero
        assign start = '0;
      end
      assign base = first_q[Pipe-1] ? start : acc_q[r*AccW +: AccW] << Digit;
      always_ff @(posedge clk_i) begin
        if (sum_valid) begin
          acc_q[r*AccW +: AccW] <= base + AccW'($signed(core_out_data_i[r*SumW +: SumW]));
        end
      end
    end

    assign push = push_q;
    assign acc  = acc_q;

  end

  nib_outq #(
    .Width  (Rows * AccW),
    .Depth  (Depth),
    .Lat    (Lat),
    .Storage(Storage)
  ) u_queue (
    .clk_i,
    .rst_i,
    .issue_i(fire && make),
    .space_o(space),
    .push_i (push),
    .data_i (acc),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

endmodule : nib_const_mvu
