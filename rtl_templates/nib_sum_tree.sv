// Adder tree: the sum of many words, each adder with a bit of its own at its carry input.
//
// Computes    sum_o + carry_o = sum over d < Digits of 4^d * (sum over i < Words of words[d][i] +
//             carries_i[i]), modulo 2^OutW
// Lanes       words[d][i] is words_i[(d*Words+i)*Width +: Width], signed if Signed. The carries
//             are those of negated words (~x + 1 = -x), or single bits to be counted: a tree of
//             Words - 1 adders takes all but one of them, which is left to the next adder.
// Latency     Regs cycles, at most one less than there are levels of adders (0 where there are
//             none): clog2(Words) + Digits - 1. The registers stand at even distances.
// Interval    1, no back-pressure.
// Reset       None.

module nib_sum_tree #(
  parameter int Words,
  parameter int Width,
  parameter int Digits = 1,
  parameter bit Signed,
  parameter int OutW,
  parameter int Regs = 0
) (
  input  logic                          clk_i,
  input  logic [Digits*Words*Width-1:0] words_i,
  input  logic [Words-1:0]              carries_i,
  output logic [OutW-1:0]               sum_o,
  output logic                          carry_o
);

  localparam int Halvings = $clog2(Words);
  localparam int Levels   = Halvings + Digits - 1;

  if (Words < 1 || Width < 1 || Digits < 1 || OutW < 1) begin : gen_bad_size
    $error("Words, Width, Digits and OutW must be at least 1");
  end
  if (Regs < 0 || (Regs > 0 && Regs >= Levels)) begin : gen_bad_regs
    $error("Regs must be less than the levels of adders");
  end

  // Words of a digit behind a level. As many carries are left.
  function automatic int words_behind(input int level);
    words_behind = level >= Halvings ? 1 : (Words + (1 << level) - 1) >> level;
  endfunction
  function automatic int digits_behind(input int level);
    digits_behind = level <= Halvings ? Digits : Digits - (level - Halvings);
  endfunction
  function automatic int width_behind(input int level);
    width_behind = level <= Halvings ? Width + level
                                     : Width + Halvings + 2 * (level - Halvings) + 1;
    if (width_behind > OutW) width_behind = OutW;
  endfunction
  function automatic bit registered(input int level);
    registered = level > 0 && level < Levels &&
                 level * (Regs + 1) / Levels != (level - 1) * (Regs + 1) / Levels;
  endfunction

  for (genvar l = 0; l <= Levels; l++) begin : gen_level
    localparam int N = words_behind(l);
    localparam int D = digits_behind(l);
    localparam int W = width_behind(l);
    logic [D*N*W-1:0] words_d, words;
    logic [N-1:0]     carries_d, carries;

    if (l == 0) begin : gen_leaves
      // One loop for each index: Verilator unrolls no more than a few thousand steps of one.
      for (genvar d = 0; d < D; d++) begin : gen_digit
        for (genvar n = 0; n < N; n++) begin : gen_word
          localparam int I = d * N + n;
          assign words_d[I*W +: W] = words_i[I*Width +: W];
          if (W < Width) begin : gen_unused
            logic unused_word;
            assign unused_word = ^words_i[I*Width+W +: Width-W];
          end
        end
      end
      assign carries_d = carries_i;
    end else begin : gen_sums
      localparam int Before  = words_behind(l - 1);
      localparam int WBefore = width_behind(l - 1);
      localparam bit Halves  = l <= Halvings;

      for (genvar d = 0; d < D; d++) begin : gen_digit
        for (genvar n = 0; n < N; n++) begin : gen_word
          localparam int I     = d * N + n;
          localparam int First = Halves ? d * Before + 2 * n : d;
          // Words in pairs; once there is one for each digit, the two highest digits.
          localparam bit Adds  = Halves ? 2 * n + 1 < Before : d == D - 1;
          logic [W-1:0] a;
          assign a = Signed ? W'($signed(gen_level[l-1].words[First*WBefore +: WBefore]))
                            : W'(gen_level[l-1].words[First*WBefore +: WBefore]);

          if (Adds) begin : gen_add
            logic [W-1:0] b;
            logic [W:0]   sum;
            logic         carry, unused_carry;
            if (Halves) begin : gen_same_digit
              assign carry = gen_level[l-1].carries[n];
              assign b     = Signed
                  ? W'($signed(gen_level[l-1].words[(First+1)*WBefore +: WBefore]))
                  : W'(gen_level[l-1].words[(First+1)*WBefore +: WBefore]);
            end else begin : gen_next_digit
              // The carry left over counts in both digits: 4 (b + c) = {b, c, c} + c.
              assign carry = gen_level[l-1].carries[0];
              assign b     = Signed
                  ? W'($signed({gen_level[l-1].words[(First+1)*WBefore +: WBefore], {2{carry}}}))
                  : W'({gen_level[l-1].words[(First+1)*WBefore +: WBefore], {2{carry}}});
            end
            assign sum               = {a, carry} + {b, carry};
            assign words_d[I*W +: W] = sum[W:1];
            assign unused_carry      = sum[0];
          end else begin : gen_pass
            assign words_d[I*W +: W] = a;
          end
        end
      end
      assign carries_d = gen_level[l-1].carries[Before-1 -: N];
    end

    if (registered(l)) begin : gen_register
      always_ff @(posedge clk_i) begin
        words   <= words_d;
        carries <= carries_d;
      end
    end else begin : gen_wire
      assign words   = words_d;
      assign carries = carries_d;
    end
  end

  if (Regs == 0) begin : gen_no_register
    logic unused_clk;
    assign unused_clk = clk_i;
  end

  if (width_behind(Levels) == OutW) begin : gen_whole
    assign sum_o = gen_level[Levels].words;
  end else begin : gen_extended
    assign sum_o = Signed ? OutW'($signed(gen_level[Levels].words))
                          : OutW'(gen_level[Levels].words);
  end
  assign carry_o = gen_level[Levels].carries[0];

endmodule : nib_sum_tree
