// Multiply-accumulate array: Pe sums of Simd products, accumulated over the steps of a vector.
//
// Computes    acc[p] = (first_i ? 0 : acc[p]) + sum over s of x[p][s] * w[p][s]
// Lanes       x[p][s] is x_i[(p*Simd+s)*InW +: InW] of the kind InKind, w[p][s] likewise: 0
//             unsigned, 1 signed, 2 bipolar (one bit: 0 is -1, 1 is +1).
// Banks       Accumulators for Banks vectors at a time, chosen by bank_i.
// Width       AccW bits in two's complement, which must hold every final sum; what comes before it
//             may be formed modulo 2^AccW.
// Latency     2 + ProductReg cycles from step_i to the accumulator; acc_o shows the sum of a step
//             with last_i together with push_o.
// Interval    1, no back-pressure; steps without step_i do nothing.
// Reset       Synchronous, on the flags alone.

module nib_mac #(
  parameter int Pe,
  parameter int Simd,
  parameter int InW,
  parameter int InKind,
  parameter int WgtW,
  parameter int WgtKind,
  parameter int AccW,
  parameter int Banks = 1,
  parameter bit ProductReg = 1'b0,
  localparam int BankW = Banks > 1 ? $clog2(Banks) : 1
) (
  input  logic                    clk_i,
  input  logic                    rst_i,
  input  logic                    step_i,
  input  logic                    first_i,
  input  logic                    last_i,
  input  logic [BankW-1:0]        bank_i,
  input  logic [Pe*Simd*InW-1:0]  x_i,
  input  logic [Pe*Simd*WgtW-1:0] w_i,
  output logic                    push_o,
  output logic [Pe*AccW-1:0]      acc_o
);

  localparam int Bipolar = 2;
  localparam int Signed  = 1;

  if (Pe < 1 || Simd < 1 || InW < 1 || WgtW < 1 || AccW < 1 || Banks < 1) begin : gen_bad_size
    $error("Pe, Simd, InW, WgtW, AccW and Banks must be at least 1");
  end
  if (InKind < 0 || InKind > 2 || WgtKind < 0 || WgtKind > 2) begin : gen_bad_kind
    $error("InKind and WgtKind must be 0 to 2");
  end
  if ((InKind == Bipolar && InW != 1) || (WgtKind == Bipolar && WgtW != 1)) begin : gen_bad_bipolar
    $error("bipolar values have one bit");
  end

  // A product holds every value of its factors; a dot product is not wider than the accumulator.
  localparam int ProdW = InW + WgtW + 1;
  localparam int FullW = ProdW + $clog2(Simd);
  localparam int DotW  = FullW < AccW ? FullW : AccW;

  logic [Pe*Simd*ProdW-1:0] product_d, product;
  logic [Pe*DotW-1:0]       dot_d, dot_q;
  logic                     step_p, first_p, last_p, first_q, last_q;
  logic                     step_q = 1'b0;
  logic [BankW-1:0]         bank_p, bank_q;

  for (genvar i = 0; i < Pe * Simd; i++) begin : gen_product
    logic [InW-1:0]          x;
    logic [WgtW-1:0]         w;
    logic signed [ProdW-1:0] value;
    assign x = x_i[i*InW +: InW];
    assign w = w_i[i*WgtW +: WgtW];

    if (InKind == Bipolar && WgtKind == Bipolar) begin : gen_xnor
      // Not -ProdW'(1), which Yosys 0.23 reads as a cast to -ProdW bits.
      assign value = x == w ? ProdW'(1) : ProdW'(-1);
    end else if (WgtKind == Bipolar) begin : gen_sign_of_w
      logic signed [ProdW-1:0] wide;
      assign wide  = {{(ProdW - InW) {InKind == Signed && x[InW-1]}}, x};
      assign value = w[0] ? wide : -wide;
    end else if (InKind == Bipolar) begin : gen_sign_of_x
      logic signed [ProdW-1:0] wide;
      assign wide  = {{(ProdW - WgtW) {WgtKind == Signed && w[WgtW-1]}}, w};
      assign value = x[0] ? wide : -wide;
    end else begin : gen_multiply
      logic signed [InW:0]  x_wide;
      logic signed [WgtW:0] w_wide;
      assign x_wide = {InKind == Signed && x[InW-1], x};
      assign w_wide = {WgtKind == Signed && w[WgtW-1], w};
      assign value  = ProdW'(x_wide) * ProdW'(w_wide);
    end
    assign product_d[i*ProdW +: ProdW] = value;
  end

  if (ProductReg) begin : gen_product_register
    logic [Pe*Simd*ProdW-1:0] product_q;
    logic                     first_r, last_r;
    logic                     step_r = 1'b0;
    logic [BankW-1:0]         bank_r;
    always_ff @(posedge clk_i) begin
      product_q <= product_d;
      first_r   <= first_i;
      last_r    <= last_i;
      bank_r    <= bank_i;
    end
    always_ff @(posedge clk_i) step_r <= step_i && !rst_i;
    assign product = product_q;
    assign step_p  = step_r;
    assign first_p = first_r;
    assign last_p  = last_r;
    assign bank_p  = bank_r;
  end else begin : gen_product_wire
    assign product = product_d;
    assign step_p  = step_i;
    assign first_p = first_i;
    assign last_p  = last_i;
    assign bank_p  = bank_i;
  end

  for (genvar p = 0; p < Pe; p++) begin : gen_dot
    logic signed [FullW-1:0] sum;
    always_comb begin
      sum = '0;
      for (int s = 0; s < Simd; s++) begin
        sum = sum + FullW'($signed(product[(p*Simd+s)*ProdW +: ProdW]));
      end
    end
    assign dot_d[p*DotW +: DotW] = sum[DotW-1:0];
    if (DotW < FullW) begin : gen_unused
      logic unused_sum;
      assign unused_sum = ^sum[FullW-1:DotW];
    end
  end

  always_ff @(posedge clk_i) begin
    dot_q   <= dot_d;
    first_q <= first_p;
    last_q  <= last_p;
    bank_q  <= bank_p;
  end
  always_ff @(posedge clk_i) step_q <= step_p && !rst_i;

  logic [Pe*AccW-1:0] acc_before, acc_d, acc_q;
  logic               push_q = 1'b0;

  for (genvar p = 0; p < Pe; p++) begin : gen_acc
    logic signed [AccW-1:0] prior, dot;
    assign prior = first_q ? '0 : acc_before[p*AccW +: AccW];
    assign dot   = AccW'($signed(dot_q[p*DotW +: DotW]));
    assign acc_d[p*AccW +: AccW] = prior + dot;
  end

  always_ff @(posedge clk_i) begin
    if (step_q) acc_q <= acc_d;
  end
  always_ff @(posedge clk_i) push_q <= step_q && last_q && !rst_i;

  if (Banks > 1) begin : gen_banks
    logic [Pe*AccW-1:0] banks_q [0:Banks-1];
    assign acc_before = banks_q[bank_q];
    always_ff @(posedge clk_i) begin
      if (step_q) banks_q[bank_q] <= acc_d;
    end
  end else begin : gen_bank
    assign acc_before = acc_q;
    logic unused_bank;
    assign unused_bank = ^bank_q;
  end

  assign push_o = push_q;
  assign acc_o  = acc_q;

endmodule : nib_mac
