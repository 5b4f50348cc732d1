// Multiply-accumulate array: Pe sums of Simd products, accumulated over the steps of a vector.
//
// Computes    acc[p] = sum over the steps of a vector, first_i to last_i, of the sum over s of
//             x[p][s] * w[p][s]
// Lanes       x[p][s] is x_i[(p*Simd+s)*InW +: InW] of the kind InKind, w[p][s] likewise: 0
//             unsigned, 1 signed, 2 bipolar (one bit: 0 is -1, 1 is +1), and for weights 3 sign and
//             magnitude, the sign on top. Shared: x[p][s] is x_i[s*InW +: InW] for all p.
// Banks       Accumulators for Banks vectors at a time, chosen by bank_i.
// Width       AccW bits in two's complement, which must hold every final sum; what comes before it
//             may be formed modulo 2^AccW.
// Products    Dsp: by multipliers, which outputs p to p + Pack - 1 share where x is shared: one
//             forms x * sum over l of w[p+l] * 2^(l*FieldW), FieldW = InW + WgtW. Fields below 0
//             take 1 from the next one. Of signed weights w_i holds the fields, w[p+l] less 1 where
//             field l - 1 is negative; the carry inputs of the adders add the products' back.
//             Otherwise the magnitude of a weight is read in digits of two bits, each of which
//             chooses 0, x, 2x or 3x; a negative word is complemented and its +1 goes to the carry
//             input of an adder: nib_sum_tree. Single bits are counted. Signed weights cost least
//             as sign and magnitude.
// Latency     2 + ProductReg + TreeRegs cycles from step_i to the accumulator; acc_o shows the sum
//             of a step with last_i together with push_o. TreeRegs registers stand in the adder
//             tree, at most one less than there are levels of adders.
// Interval    1, no back-pressure; steps without step_i do nothing.
// Reset       Synchronous, on the flags alone.

module nib_mac #(
  parameter int Pe,
  parameter int Simd,
  parameter int Terms,
  parameter int InW,
  parameter int InKind,
  parameter int WgtW,
  parameter int WgtKind,
  parameter int AccW,
  parameter int Banks = 1,
  parameter bit Shared = 1'b0,
  parameter bit Dsp = 1'b0,
  parameter int Pack = 1,
  parameter bit ProductReg = 1'b0,
  parameter int TreeRegs = 0,
  localparam int BankW = Banks > 1 ? $clog2(Banks) : 1,
  localparam int Lanes = Shared ? Simd : Pe * Simd
) (
  input  logic                    clk_i,
  input  logic                    rst_i,
  input  logic                    step_i,
  input  logic                    first_i,
  input  logic                    last_i,
  input  logic [BankW-1:0]        bank_i,
  input  logic [Lanes*InW-1:0]    x_i,
  input  logic [Pe*Simd*WgtW-1:0] w_i,
  output logic                    push_o,
  output logic [Pe*AccW-1:0]      acc_o
);

  localparam int Unsigned      = 0;
  localparam int Signed        = 1;
  localparam int Bipolar       = 2;
  localparam int SignMagnitude = 3;

  if (Pe < 1 || Simd < 1 || Terms < 1 || InW < 1 || WgtW < 1 || AccW < 1 || Banks < 1)
  begin : gen_bad_size
    $error("Pe, Simd, Terms, InW, WgtW, AccW and Banks must be at least 1");
  end
  if (InKind < 0 || InKind > 2 || WgtKind < 0 || WgtKind > 3) begin : gen_bad_kind
    $error("InKind must be 0 to 2, WgtKind 0 to 3");
  end
  if ((InKind == Bipolar && InW != 1) || (WgtKind == Bipolar && WgtW != 1)) begin : gen_bad_bipolar
    $error("bipolar values have one bit");
  end
  if (WgtKind == SignMagnitude && WgtW < 2) begin : gen_bad_magnitude
    $error("a magnitude has at least one bit");
  end

  // Bits of the same kind are counted: products of bipolar values are +1 where the bits agree.
  localparam bit Counts  = InW == 1 && WgtW == 1 && InKind != Signed && WgtKind != Signed &&
                           (InKind == Bipolar) == (WgtKind == Bipolar);
  localparam bit Agree   = Counts && InKind == Bipolar;
  localparam int Counted = 18;  // bits that make one word

  // Otherwise each product is a multiplicand times digits with a common sign.
  localparam bit Multiplies = Dsp && !Counts && InKind != Bipolar && WgtKind < Bipolar;
  localparam int FieldW     = InW + WgtW;  // of a product
  localparam bit Swaps      = InKind == Bipolar;  // x is the sign, the weight the multiplicand
  localparam int MulW       = !Swaps ? InW : WgtKind == SignMagnitude ? WgtW - 1 : WgtW;
  localparam bit MulSigned  = Swaps ? WgtKind == Signed : InKind == Signed;
  localparam bit HasSign    = Swaps || WgtKind != Unsigned;
  localparam int MagW       = Swaps || WgtKind == Bipolar ? 1 :
                              WgtKind == SignMagnitude    ? WgtW - 1 : WgtW;

  localparam int Words    = Counts ? (Simd + Counted) / (Counted + 1) : Simd;
  localparam int Digits   = Counts || Multiplies ? 1 : (MagW + 1) / 2;
  localparam int WordW    = Counts     ? (Simd > Words ? 5 : 1) :
                            Multiplies ? FieldW :
                            MulW + (MagW > 1 ? 2 : 0) + 32'(HasSign && !MulSigned);
  localparam bit WordSign = !Counts && (HasSign || MulSigned);
  localparam int FullW    = WordW + $clog2(Words) + (Digits > 1 ? 2 * Digits - 1 : 0);

  // Sums of bipolar values: twice the count less the number of products, whose parity is known.
  localparam int Products = Simd * Terms;
  localparam int LowW     = Agree ? 1 : 0;
  localparam int CoreW    = AccW - LowW;
  localparam int DotW     = FullW < CoreW ? FullW : CoreW;
  localparam int Start    = Agree ? -((Products + 1) / 2) : 0;

  if (Pack < 1 || (Pack > 1 && !(Multiplies && Shared))) begin : gen_bad_pack
    $error("only multipliers of shared inputs are packed");
  end
  if (CoreW < 1) begin : gen_bad_acc
    $error("a sum of bipolar values has at least two bits");
  end

  logic [Pe*Digits*Words*WordW-1:0] words_d, words;
  logic [Pe*Words-1:0]              carries_d, carries;

  for (genvar p = 0; p < Pe; p++) begin : gen_products
    if (Counts) begin : gen_counts
      // The first bits go to the carry inputs of the tree, the others are counted in words.
      logic [Words*(Counted+1)-1:0] hits;
      for (genvar s = 0; s < Words * (Counted + 1); s++) begin : gen_hit
        if (s < Simd) begin : gen_bit
          localparam int X = Shared ? s : p * Simd + s;
          localparam int W = p * Simd + s;
          assign hits[s] = Agree ? x_i[X] == w_i[W] : x_i[X] && w_i[W];
        end else begin : gen_none
          assign hits[s] = 1'b0;
        end
      end
      assign carries_d[p*Words +: Words] = hits[Words-1:0];

      if (Simd > Words) begin : gen_words
        for (genvar i = 0; i < Words; i++) begin : gen_word
          nib_count18 u_count (
            .bits_i (hits[Words+i*Counted +: Counted]),
            .count_o(words_d[(p*Words+i)*WordW +: WordW])
          );
        end
      end else begin : gen_no_words
        assign words_d[p*Words*WordW +: Words*WordW] = '0;
        logic unused_hits;
        assign unused_hits = ^hits[Words*(Counted+1)-1:Words];
      end
    end else if (Multiplies) begin : gen_multipliers
      // One for outputs p to p + Together - 1.
      localparam int Together = p % Pack != 0 ? 0 : Pe - p < Pack ? Pe - p : Pack;
      localparam int FactorW  = (Together - 1) * FieldW + WgtW + 32'(WgtKind == Unsigned);
      for (genvar s = 0; s < (Together > 0 ? Simd : 0); s++) begin : gen_lane
        localparam int X = Shared ? s : p * Simd + s;
        logic signed [InW:0]               x;
        logic signed [FactorW-1:0]         factor;
        (* use_dsp = "yes" *)
        logic signed [Together*FieldW-1:0] product_d;
        logic signed [Together*FieldW-1:0] product;
        assign x         = {InKind == Signed && x_i[X*InW+InW-1], x_i[X*InW +: InW]};
        assign product_d = (Together*FieldW)'(x) * (Together*FieldW)'(factor);

        if (ProductReg) begin : gen_product_register
          always_ff @(posedge clk_i) product <= product_d;
        end else begin : gen_product_wire
          assign product = product_d;
        end

        for (genvar l = 0; l < Together; l++) begin : gen_field
          localparam int Top = l + 1 < Together ? FieldW : FactorW - l * FieldW;
          logic [WgtW-1:0] w;
          assign w = w_i[((p+l)*Simd+s)*WgtW +: WgtW];
          assign factor[l*FieldW +: Top] = WgtKind == Signed ? Top'($signed(w)) : Top'(w);
          assign words_d[((p+l)*Words+s)*WordW +: WordW] = product[l*FieldW +: FieldW];
          if (l == 0 || !WordSign) begin : gen_exact
            assign carries_d[(p+l)*Words+s] = 1'b0;
          end else begin : gen_corrected
            assign carries_d[(p+l)*Words+s] = product[l*FieldW-1];
          end
        end
      end
    end else begin : gen_words
      for (genvar s = 0; s < Simd; s++) begin : gen_lane
        localparam int X = Shared ? s : p * Simd + s;
        logic [InW-1:0]  x;
        logic [WgtW-1:0] w;
        assign x = x_i[X*InW +: InW];
        assign w = w_i[(p*Simd+s)*WgtW +: WgtW];
        logic                sign;
        logic [MulW-1:0]     multiplicand;
        logic [2*Digits-1:0] magnitude;

        if (Swaps) begin : gen_swap
          localparam bit Top = WgtKind == SignMagnitude;
          assign sign         = !x[0] ^ (Top && w[WgtW-1]);
          assign multiplicand = w[MulW-1:0];
          assign magnitude    = 2'd1;
        end else begin : gen_straight
          assign multiplicand = x;
          if (WgtKind == Bipolar) begin : gen_bipolar
            assign sign      = !w[0];
            assign magnitude = 2'd1;
          end else if (WgtKind == SignMagnitude) begin : gen_sign_magnitude
            assign sign      = w[WgtW-1];
            assign magnitude = (2*Digits)'(w[WgtW-2:0]);
          end else if (WgtKind == Signed) begin : gen_signed
            logic [WgtW-1:0] absolute;
            assign sign      = w[WgtW-1];
            assign absolute  = (w ^ {WgtW{sign}}) + WgtW'(sign);
            assign magnitude = (2*Digits)'(absolute);
          end else begin : gen_unsigned
            assign sign      = 1'b0;
            assign magnitude = (2*Digits)'(w);
          end
        end
        assign carries_d[p*Words+s] = sign;

        logic [WordW-1:0] once;
        assign once = MulSigned ? WordW'($signed(multiplicand)) : WordW'(multiplicand);
        for (genvar d = 0; d < Digits; d++) begin : gen_digit
          logic [WordW-1:0] word;
          if (MagW > 2 * d + 1) begin : gen_two_bits
            // What a lane's 3x costs is shared by all Pe.
            logic [WordW-1:0] twice, thrice;
            assign twice  = once << 1;
            assign thrice = twice + once;
            assign word   = magnitude[2*d+1] ? (magnitude[2*d] ? thrice : twice)
                                             : (magnitude[2*d] ? once : '0);
          end else begin : gen_one_bit
            assign word = magnitude[2*d] ? once : '0;
            if (Swaps || WgtKind == Bipolar || MagW % 2 == 1) begin : gen_unused
              logic unused_magnitude;
              assign unused_magnitude = magnitude[2*d+1];
            end
          end
          assign words_d[((p*Digits+d)*Words+s)*WordW +: WordW] = word ^ {WordW{sign}};
        end
      end
    end
  end

  // Flags beside the registers in front of the accumulator.
  localparam int Behind = 32'(ProductReg) + TreeRegs + 1;
  logic [Behind:0]         step, first, last;
  logic [(Behind+1)*BankW-1:0] bank;
  logic [Behind-1:0]       step_q = '0;
  logic [Behind-1:0]       first_q, last_q;
  logic [Behind*BankW-1:0] bank_q;

  assign step  = {step_q, step_i};
  assign first = {first_q, first_i};
  assign last  = {last_q, last_i};
  assign bank  = {bank_q, bank_i};

  always_ff @(posedge clk_i) begin
    first_q <= first[Behind-1:0];
    last_q  <= last[Behind-1:0];
    bank_q  <= bank[Behind*BankW-1:0];
  end
  always_ff @(posedge clk_i) step_q <= rst_i ? '0 : step[Behind-1:0];

  if (ProductReg && !Multiplies) begin : gen_product_register
    logic [Pe*Digits*Words*WordW-1:0] words_q;
    logic [Pe*Words-1:0]              carries_q;
    always_ff @(posedge clk_i) begin
      words_q   <= words_d;
      carries_q <= carries_d;
    end
    assign words   = words_q;
    assign carries = carries_q;
  end else begin : gen_product_wire
    assign words   = words_d;
    assign carries = carries_d;
  end

  logic [Pe*DotW-1:0]  dot_d, dot_q;
  logic [Pe-1:0]       carry_d, carry_q;
  logic [Pe*CoreW-1:0] prior, core_d, core_q;
  logic                push_q = 1'b0;

  for (genvar p = 0; p < Pe; p++) begin : gen_sum
    nib_sum_tree #(
      .Words (Words),
      .Width (WordW),
      .Digits(Digits),
      .Signed(WordSign),
      .OutW  (DotW),
      .Regs  (TreeRegs)
    ) u_tree (
      .clk_i,
      .words_i  (words[p*Digits*Words*WordW +: Digits*Words*WordW]),
      .carries_i(carries[p*Words +: Words]),
      .sum_o    (dot_d[p*DotW +: DotW]),
      .carry_o  (carry_d[p])
    );

    logic [CoreW-1:0] dot, held;
    logic [CoreW:0]   sum;
    logic             unused_carry;
    assign dot    = WordSign ? CoreW'($signed(dot_q[p*DotW +: DotW]))
                             : CoreW'(dot_q[p*DotW +: DotW]);
    assign held = first[Behind] ? CoreW'(Start) : prior[p*CoreW +: CoreW];
    assign sum    = {dot, carry_q[p]} + {held, carry_q[p]};
    assign core_d[p*CoreW +: CoreW] = sum[CoreW:1];
    assign unused_carry = sum[0];

    assign acc_o[p*AccW+LowW +: CoreW] = core_q[p*CoreW +: CoreW];
    if (Agree) begin : gen_parity
      assign acc_o[p*AccW] = 1'(Products % 2);
    end
  end

  always_ff @(posedge clk_i) begin
    dot_q   <= dot_d;
    carry_q <= carry_d;
  end
  always_ff @(posedge clk_i) begin
    if (step[Behind]) core_q <= core_d;
  end
  always_ff @(posedge clk_i) push_q <= step[Behind] && last[Behind] && !rst_i;

  if (Banks > 1) begin : gen_banks
    logic [Pe*CoreW-1:0] banks_q [0:Banks-1];
    assign prior = banks_q[bank[Behind*BankW +: BankW]];
    always_ff @(posedge clk_i) begin
      if (step[Behind]) banks_q[bank[Behind*BankW +: BankW]] <= core_d;
    end
  end else begin : gen_bank
    assign prior = core_q;
    logic unused_bank;
    assign unused_bank = ^bank[Behind*BankW +: BankW];
  end

  assign push_o = push_q;

endmodule : nib_mac
