// Matrix-vector unit: vectors of Sf words of Simd elements times a matrix of Nf * Pe rows.
//
// Computes    y[r] = sum over i of matrix[r][i] * x[i], r < Nf*Pe, i < Sf*Simd, exactly
// Lanes       Element i of the vector is lane i % Simd of input word i / Simd; row r is lane r % Pe
//             of output word r / Pe, AccW bits in two's complement. Rows and columns that fill up
//             the last words have zero weights.
// Table       The word of step (nf, sf) holds matrix[nf*Pe + p][sf*Simd + s] as (p*Simd + s)*WgtW
//             +: WgtW; words in the order of the steps (nib_rom).
// Kinds       0 unsigned, 1 signed, 2 bipolar; of weights also 3, sign and magnitude (nib_mac).
//             Pack rows share a multiplier; signed weights then as nib_mac says.
// Program     Output serial: for nf: for sf: take if nf is 0, make if sf is the last. The input
//             vector is kept in Sf words of memory.
//             InputStationary: for sf: for nf: the same. The sums are kept in Nf words of memory.
// Latency     A step at cycle t shows its word at t + 3 + ProductReg + TreeRegs + b: b = 2 from
//             block RAM, otherwise 1.
// Interval    Nf * Sf cycles a vector.
// Protocol    in_ready_o comes from flip-flops; outputs hold until accepted.
// Reset       Synchronous, control only, equal to the state at power-up.

module nib_mvu #(
  parameter int Pe,
  parameter int Simd,
  parameter int Sf,
  parameter int Nf,
  parameter int InW,
  parameter int InKind,
  parameter int WgtW,
  parameter int WgtKind,
  parameter int AccW,
  parameter bit InputStationary = 1'b0,
  parameter bit Dsp = 1'b0,
  parameter int Pack = 1,
  parameter bit ProductReg = 1'b0,
  parameter int TreeRegs = 0,
  parameter int RomStyle = 0,
  parameter int Depth,
  parameter int Storage = 0,
  parameter bit Inline = 1'b1,
  parameter File = "",
  localparam int WordW  = Pe * Simd * WgtW,
  localparam int Steps  = Nf * Sf,
  localparam int TableW = Inline ? Steps * WordW : 1,
  parameter logic [TableW-1:0] Table = '0
) (
  input  logic                clk_i,
  input  logic                rst_i,
  input  logic                in_valid_i,
  output logic                in_ready_o,
  input  logic [Simd*InW-1:0] in_data_i,
  output logic                out_valid_o,
  input  logic                out_ready_i,
  output logic [Pe*AccW-1:0]  out_data_o
);

  if (Sf < 1 || Nf < 1) begin : gen_bad_fold
    $error("Sf and Nf must be at least 1");
  end

  localparam int SfW   = Sf > 1 ? $clog2(Sf) : 1;
  localparam int NfW   = Nf > 1 ? $clog2(Nf) : 1;
  localparam int StepW = Steps > 1 ? $clog2(Steps) : 1;
  localparam int Banks = InputStationary ? Nf : 1;
  localparam int BankW = Banks > 1 ? $clog2(Banks) : 1;

  logic [SfW-1:0]   sf_q = '0;
  logic [NfW-1:0]   nf_q = '0;
  logic [StepW-1:0] step_q = '0;
  logic             sf_end, nf_end, want, make, space, fire;

  assign sf_end     = sf_q == SfW'(Sf - 1);
  assign nf_end     = nf_q == NfW'(Nf - 1);
  assign want       = nf_q == '0;
  assign make       = sf_end;
  assign in_ready_o = want && (!make || space);
  assign fire       = (!want || in_valid_i) && (!make || space);

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      sf_q   <= '0;
      nf_q   <= '0;
      step_q <= '0;
    end else if (fire) begin
      if (!InputStationary || nf_end) sf_q <= sf_end ? '0 : sf_q + SfW'(1);
      if (InputStationary || sf_end) nf_q <= nf_end ? '0 : nf_q + NfW'(1);
      step_q <= sf_end && nf_end ? '0 : step_q + StepW'(1);
    end
  end

  logic [Simd*InW-1:0] x_q;

  if (Nf == 1) begin : gen_once
    always_ff @(posedge clk_i) x_q <= in_data_i;
  end else if (InputStationary) begin : gen_hold
    always_ff @(posedge clk_i) begin
      if (want) x_q <= in_data_i;
    end
  end else begin : gen_vector
    logic [Simd*InW-1:0] vector_q [0:Sf-1];
    always_ff @(posedge clk_i) begin
      if (want && fire) vector_q[sf_q] <= in_data_i;
      x_q <= want ? in_data_i : vector_q[sf_q];
    end
  end

  logic [WordW-1:0] weights;

  nib_rom #(
    .Width (WordW),
    .Words (Steps),
    .Style (RomStyle),
    .Inline(Inline),
    .File  (File),
    .Table (Table)
  ) u_weights (
    .clk_i,
    .addr_i(step_q),
    .data_o(weights)
  );

  logic               first_q, last_q, push;
  logic               fire_q = 1'b0;
  logic [BankW-1:0]   bank_q;
  logic [Pe*AccW-1:0] acc;

  always_ff @(posedge clk_i) fire_q <= fire && !rst_i;
  always_ff @(posedge clk_i) begin
    first_q <= sf_q == '0;
    last_q  <= sf_end;
    bank_q  <= Banks > 1 ? BankW'(nf_q) : '0;
  end

  nib_mac #(
    .Pe        (Pe),
    .Simd      (Simd),
    .Terms     (Sf),
    .InW       (InW),
    .InKind    (InKind),
    .WgtW      (WgtW),
    .WgtKind   (WgtKind),
    .AccW      (AccW),
    .Banks     (Banks),
    .Shared    (1'b1),
    .Dsp       (Dsp),
    .Pack      (Pack),
    .ProductReg(ProductReg),
    .TreeRegs  (TreeRegs)
  ) u_mac (
    .clk_i,
    .rst_i,
    .step_i (fire_q),
    .first_i(first_q),
    .last_i (last_q),
    .bank_i (bank_q),
    .x_i    (x_q),
    .w_i    (weights),
    .push_o (push),
    .acc_o  (acc)
  );

  nib_outq #(
    .Width  (Pe * AccW),
    .Depth  (Depth),
    .Lat    (3 + 32'(ProductReg) + TreeRegs),
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

endmodule : nib_mvu
