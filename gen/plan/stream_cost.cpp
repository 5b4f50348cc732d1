// Cost of streaming units: cells counted as the modules build them, times what Yosys makes of each.
#include "nib/plan/stream_cost.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "nib/plan/plan.h"
#include "nib/plan/stream_mac.h"

namespace nib::plan::stream {
namespace {

/// What does not follow from the structure. Source: least errors on the sample of ./dev bench cost,
/// Yosys 0.23.
struct Coefficients {
  double counter = 1.6;            ///< LUTs a bit of a counter with its end and its enable
  double queue = 2.0;              ///< LUTs of a queue beside its counters
  double control = 4.0;            ///< LUTs of a unit's handshake
  double product_bit = 1.0;        ///< LUTs a bit of a word: choice among 0, x, 2x, 3x and sign
  double one_bit = 0.75;           ///< the same: choice between 0 and x
  double adder_bit = 1.0;          ///< LUTs a bit of an adder
  double counted18 = 21.0;         ///< LUTs of 18 bits counted
  double small_max = 0.8;          ///< LUTs a bit of the greater of two numbers of up to three bits
  double place_bit = 3.1;          ///< LUTs a bit of a width converter of any ratio
  double rom_full = 0.97;          ///< share of a LUT ROM that is left, up to 64 words
  double compare_bit = 0.67;       ///< LUTs a bit of a comparison with a table's level
  double compare_constant = 0.27;  ///< the same with a constant
  double clamp_bit = 0.35;      ///< LUTs a bit of a code that is all ones or zeros beyond its range
  double clamp_constant = 1.4;  ///< a clamp behind a constant factor, in those behind a table's
  double add_constant = 0.55;   ///< LUTs a bit of an adder whose other number is constant
  int block_words = 512;        ///< of a table, from which on Yosys takes block RAM by itself
  int block_bits = 4096;        ///< bits of a ring, from which on Yosys takes block RAM
};
constexpr Coefficients kFit;

double up(double x) { return std::ceil(x - 1e-9); }
/// Bits of a counter with `n` states.
int bits_of(std::int64_t n) {
  return n > 1 ? static_cast<int>(std::bit_width(static_cast<std::uint64_t>(n - 1))) : 0;
}

Cost& operator+=(Cost& a, const Cost& b) {
  a.lut += b.lut;
  a.carry4 += b.carry4;
  a.ff += b.ff;
  a.bram36 += b.bram36;
  a.dsp += b.dsp;
  return a;
}
Cost logic(double lut, double ff = 0) { return {lut, 0, ff, 0, 0}; }
Cost counter(std::int64_t states) {
  const int bits = bits_of(states);
  return {bits * kFit.counter, bits > 5 ? up(bits / 4.0) : 0, static_cast<double>(bits), 0, 0};
}
/// An adder of so many bits, with a position for its carry.
Cost adder(double bits) { return {kFit.adder_bit * bits, up((bits + 1) / 4), 0, 0, 0}; }

/// LUTs of a memory's bit with one write and one read port.
double ram_lut(std::int64_t words) {
  if (words <= 1) return 0;
  if (words <= 32) return 4.0 / 6;
  return up(static_cast<double>(words) / 64) * 4.0 / 3;
}
/// Blocks of 36 kbit, in halves: words of up to 72 bits, fewer where the memory is deeper.
double blocks(std::int64_t words, double bits) {
  double least = 1e9;
  for (int width = 72, depth = 512; width >= 1; width /= 2, depth *= 2) {
    const double half = up(bits / (width / 2.0)) / 2 * up(static_cast<double>(words) / depth);
    least = std::min(least, half);
    if (width == 9) width = 8;
  }
  return least;
}

/// A table with a registered output.
Cost rom(std::int64_t words, double bits, RomStyle style) {
  const bool deep = style == RomStyle::kAny && words >= kFit.block_words;
  if (style == RomStyle::kBlock || deep) return {0, 0, 0, blocks(words, bits), 0};
  if (words <= 1) return {};
  // Of few words there are few different columns, and equal ones are one.
  if (words < 24) {
    const double different = std::exp2(static_cast<double>(words));
    bits = different * -std::expm1(bits * std::log1p(-1 / different));
  }
  return logic(bits * up(static_cast<double>(words) / 64) * kFit.rom_full, bits);
}

/// A counter that carry chains make, with its end.
Cost long_counter(std::int64_t states, double a_bit) {
  const int bits = bits_of(states);
  return {a_bit * bits + (a_bit < 1 ? 1 : 2), up(bits / 4.0), static_cast<double>(bits), 0, 0};
}

Cost queue(const Queue& q, double bits) {
  const auto depth = static_cast<double>(q.depth);
  int kind = q.storage;
  if (kind == 0) kind = q.depth <= 2 ? 1 : q.depth <= 32 ? 2 : q.depth <= 64 ? 3 : 4;
  if (kind > 2) {
    Cost c = kind == 3 ? logic(bits * ram_lut(q.depth)) : Cost{0, 0, 1, blocks(q.depth, bits), 0};
    c.lut += 3;
    for (int i = 0; i < 2; ++i) {
      c += long_counter(2 * q.depth, 1);
      c += long_counter(q.depth, 0.5);
    }
    return c;
  }
  Cost c = counter(2 * q.depth);
  c.lut += kFit.queue;
  if (kind == 1) {
    c += logic(bits * (depth - 1) + 2 * depth, bits * depth + depth);
    return c;
  }
  c += counter(2 * q.depth);
  c += logic(bits * (q.depth > 1 ? up(depth / 32) : 0), q.depth > 1 ? 0 : bits);
  return c;
}

/// Digits of magnitudes, in digits of a lane: those that are 0 in all of a lane's weights are
/// known to be where the table is in LUTs, and those that are at most 1.
struct DigitUse {
  double two_bits = 0, one_bit = 0;
  [[nodiscard]] double words() const { return two_bits + one_bit; }
};

DigitUse digits_of(const MacShape& s) {
  if (s.counts || s.multiplies) return {1, 0};
  return {static_cast<double>(s.magnitude_bits / 2), static_cast<double>(s.magnitude_bits % 2)};
}
DigitUse digits_of(const Mvu& u, const MacShape& s) {
  const bool deep = u.rom == RomStyle::kAny && std::int64_t{u.sf()} * u.nf() >= kFit.block_words;
  const auto all = static_cast<std::ptrdiff_t>(u.rows) * u.columns;
  if (s.digits < 2 || u.rom == RomStyle::kBlock || deep || std::ssize(u.weights) != all) {
    return digits_of(s);
  }
  std::vector<std::int64_t> seen(static_cast<std::size_t>(u.pe * u.format.lanes), 0);
  std::size_t at = 0;
  for (int row = 0; row < u.rows; ++row) {
    for (int column = 0; column < u.columns; ++column, ++at) {
      const int lane = row % u.pe * u.format.lanes + column % u.format.lanes;
      seen[static_cast<std::size_t>(lane)] |= std::abs(u.weights[at]);
    }
  }
  DigitUse use;
  for (const std::int64_t bits : seen) {
    for (int d = 0; d < s.digits; ++d) {
      const std::int64_t digit = bits >> (2 * d) & 3;
      use.two_bits += digit > 1 ? 1 : 0;
      use.one_bit += digit == 1 ? 1 : 0;
    }
  }
  const auto lanes = static_cast<double>(seen.size());
  return {use.two_bits / lanes, use.one_bit / lanes};
}

/// Sums of the words of `pe` rows, with their products and accumulators.
Cost mac(const MacShape& s, int pe, int lanes, int sources, int in_bits, int tree_registers,
         bool product_register, bool shared, const DigitUse& use) {
  Cost c;
  const double words = static_cast<double>(s.words) * use.words();
  double products = 0, product_ff = 0, tree_saved = 0;
  if (s.counts) {
    products = std::max(0.0, (lanes - s.words) * (kFit.counted18 / 18)) + s.words;
    product_ff = (s.word_bits + 1.0) * s.words;
  } else if (s.multiplies) {
    c.dsp = up(static_cast<double>(pe) / s.packed) * words;
    product_ff = 0;  // inside of the multiplier
  } else {
    const int plain = s.word_bits - (s.has_sign ? 1 : 0);
    // A digit of one bit chooses between 0 and x: narrower, and partly inside of the adders.
    const int narrower = s.digits > 1 ? 2 : 0;
    products = s.words * (use.two_bits * plain * kFit.product_bit +
                          use.one_bit * (plain - narrower) * kFit.one_bit);
    tree_saved = use.one_bit * narrower * (s.words - 1.0);
    product_ff = words * s.word_bits + (s.has_sign ? s.words : 0);
    if (s.magnitude_bits > 1) {
      Cost triple = adder(in_bits + 1);
      for (int i = 0; i < (shared ? lanes : sources); ++i) c += triple;
    }
  }
  // Adders, level by level, and the registers between them.
  Cost tree;
  const int levels = s.levels();
  double left = s.words, digits = s.digits, width = s.word_bits, carries = s.words;
  for (int l = 1; l <= levels; ++l) {
    const bool halves = left > 1;
    const double adders = halves ? std::floor(left / 2) * digits * use.words() / s.digits : 1;
    width = std::min<double>(width + (halves ? 1 : 2), s.dot_bits);
    tree.lut += adders * adder(width).lut;
    tree.carry4 += adders * adder(width).carry4;
    if (halves) {
      left = up(left / 2);
      carries = left;
    } else {
      digits -= 1;
    }
    if (l < levels &&
        l * (tree_registers + 1) / levels != (l - 1) * (tree_registers + 1) / levels) {
      tree.ff += left * digits * width + carries;
    }
  }
  tree += adder(s.core_bits);
  tree.ff += s.dot_bits + 1 + s.core_bits;
  tree.lut += products - tree_saved;
  if (product_register) tree.ff += product_ff;
  c.lut += pe * tree.lut;
  c.ff += pe * tree.ff;
  c.carry4 += pe * tree.carry4;
  return c;
}

Cost of(const Fifo& u) { return queue(u.queue, u.format.width()); }

Cost of(const Boundary& u) {
  const double w = u.format.width();
  Cost c = logic(2 * w + 3, 2 * w + 2);
  if (u.end != Boundary::End::kInside) c += counter(u.frame);
  return c;
}

Cost of(const Fork& u) {
  Cost c = logic(1);
  for (const Queue& q : u.queues) c += queue(q, u.format.width());
  return c;
}

/// LUTs of a lane's product with a small constant, as a number of adders.
int adders_of(int factor) {
  const auto n = static_cast<unsigned>(std::abs(factor));
  // Nonzero digits of the signed-digit form.
  return n == 0 ? 0 : std::popcount(n ^ (3 * n)) - 1;
}

Cost of(const Add& u) {
  Cost c = logic(kFit.control, u.a.lanes * u.bits + 1.0);
  Cost lane;
  const int adders = 1 + adders_of(u.factor_a) + adders_of(u.factor_b) + (u.offset != 0 ? 1 : 0);
  for (int i = 0; i < adders; ++i) lane += adder(u.bits);
  for (int l = 0; l < u.a.lanes; ++l) c += lane;
  c += queue(u.queue, u.a.lanes * u.bits);
  return c;
}

Cost of(const Concat& u) {
  Cost c = logic(kFit.control + u.format.width());
  c += counter(u.words_a + u.words_b);
  c += queue(u.queue, u.format.width());
  return c;
}

Cost of(const Width& u) {
  const int in = u.format.lanes, out = u.lanes;
  const double bits = u.format.bits;
  Cost c = queue(u.queue, out * bits);
  c.lut += kFit.control;
  if (out % in == 0 && u.frame % out == 0) {
    c += counter(out / in);
    c.ff += (out - in) * bits;
  } else if (in % out == 0 && u.frame % in == 0) {
    c += counter(in / out);
    c += logic(in * bits, (in - out) * bits);
  } else {
    // Each lane held is chosen among the lanes that are held and that arrive.
    const double lanes = in + out - 1;
    c += counter((u.frame + in - 1) / in);
    c += counter((u.frame + out - 1) / out);
    c += logic(bits * lanes * (kFit.place_bit + 0.1 * std::min(in, out)) + 6.0 * bits_of(in + out),
               bits * lanes + bits_of(in + out));
  }
  return c;
}

Cost of(const WindowUnit& u) {
  const Window& w = u.window;
  const Axis &y = w.rows, &x = w.columns;
  const double width = u.format.width();
  Cost c = queue(u.queue, width);
  c += counter(w.fold);
  for (const int n : {x.kernel, y.kernel, x.positions(), y.positions()}) c += counter(n);
  c += counter(2 * (x.size + x.before + x.after + x.stride + 1));
  c += counter(2 * (y.size + y.before + y.after + y.stride + 1));
  const int count = bits_of(u.words + 2LL * (y.size + y.before + y.after + y.stride) *
                                          (x.size + x.before + x.after) * w.fold) +
                    2;
  const int address = bits_of(u.words);
  c += logic(5.0 * count + 5.0 * address, 2.0 * count + 2.0 * address);
  c.carry4 += 2 * up(count / 4.0) + 3 * up(address / 4.0);
  const bool block = static_cast<double>(u.words) * width >= kFit.block_bits && u.words > 64;
  if (block) {
    c.bram36 += blocks(u.words, width);
  } else {
    c += logic(width * ram_lut(u.words), width);
  }
  if (y.before + y.after + x.before + x.after > 0) {
    // Yosys clears the queue's first word in padding, and so finds no shift registers.
    const auto depth = static_cast<double>(u.queue.depth);
    c += logic(0, (u.queue.storage == 0 && depth > 2 && depth <= 32 ? depth : 0) * width + 2);
  }
  return c;
}

Cost of(const Patch& u) {
  const Axis &y = u.rows, &x = u.columns;
  const double width = u.format.width(), column = y.extent() * width;
  const double out = u.lanes * u.format.bits;
  Cost c = queue(u.queue, out);
  if (u.fold() > 1) {
    // A multiplexer of the words: four inputs take a LUT, wider ones are joined by F7 and F8.
    c += counter(u.fold());
    c += logic(out * up(u.fold() / 4.0), 2.0 * bits_of(u.fold()));
  }
  c += counter(2 * (y.size + y.before + y.after + 1));
  c += counter(2 * (x.size + x.before + x.after + 1));
  for (const int n : {std::max(y.extent(), y.stride), std::max(x.extent(), x.stride)}) {
    c += counter(n);
  }
  const double above = (y.extent() - 1) * width;
  if (above > 0) {
    const bool block = static_cast<double>(x.size) * above >= kFit.block_bits && x.size > 64;
    if (block) c.bram36 += blocks(x.size, above);
    if (!block) c += logic(above * ram_lut(x.size), above);
  }
  // Columns in registers, whose resets put padding in the place of a pixel or of a column.
  c += logic(0, width + x.extent() * column);
  if (y.before + y.after > 0) c += logic(0, width);
  return c;
}

Cost of(const Mvu& u) {
  const MacShape s = mac_shape(u);
  const int sf = u.sf(), nf = u.nf();
  const double in = u.format.width();
  Cost c = queue(u.queue, static_cast<double>(u.pe) * u.acc_bits);
  c.lut += kFit.control;
  c += counter(sf);
  c += counter(nf);
  c += counter(static_cast<std::int64_t>(sf) * nf);
  c += rom(static_cast<std::int64_t>(sf) * nf,
           static_cast<double>(u.pe) * u.format.lanes * u.weight_bits, u.rom);
  c.ff += in;
  if (nf > 1 && !u.input_stationary && sf > 1) c += logic(in + in * ram_lut(sf));
  c += mac(s, u.pe, u.format.lanes, u.pe * u.format.lanes, u.format.bits, u.tree_registers,
           u.product_register, true, digits_of(u, s));
  const int flags = 3 + (u.product_register ? 1 : 0) + u.tree_registers;
  c.ff += 3.0 * flags;
  if (u.input_stationary && nf > 1) {
    c += logic(static_cast<double>(u.pe) * s.core_bits * ram_lut(nf), bits_of(nf) * flags);
  }
  return c;
}

Cost of(const ConstMvu& u) {
  const double rows = u.rows, digits = u.digits();
  Cost c = queue(u.queue, rows * u.acc_bits);
  c.lut += kFit.control;
  c += counter(u.digits());
  c.ff += u.format.lanes * digits * (digits > 1 ? u.digit : u.format.bits) + u.latency + 1;
  if (u.digits() > 1) {
    // Elements shift by a digit; sums are added to what is there, or to a constant.
    c.lut += u.format.lanes * (digits - 1) * u.digit;
    c += logic(rows * u.acc_bits, rows * u.acc_bits + 2.0 * (u.latency + 1));
    for (int r = 0; r < u.rows; ++r) c += adder(u.acc_bits);
  }
  if (u.array != nullptr) {
    for (const Layer& layer : u.array->layers) c += layer.cost;
  }
  return c;
}

Cost of(const Vvu& u) {
  const MacShape s = mac_shape(u);
  Cost c = queue(u.queue, static_cast<double>(u.format.lanes) * u.acc_bits);
  c.lut += kFit.control;
  c += counter(u.taps);
  c += counter(static_cast<std::int64_t>(u.taps) * u.fold());
  c += rom(static_cast<std::int64_t>(u.taps) * u.fold(),
           static_cast<double>(u.format.lanes) * u.weight_bits, u.rom);
  c.ff += u.format.width() + 3.0 * (3 + (u.product_register ? 1 : 0));
  c += mac(s, u.format.lanes, 1, u.format.lanes, u.format.bits, 0, u.product_register, false,
           digits_of(s));
  return c;
}

Cost of(const Pool& u) {
  const std::int64_t partials = static_cast<std::int64_t>(u.columns / u.kernel_x) * u.fold;
  const double bits = static_cast<double>(u.format.lanes) * u.bits;
  Cost c = queue(u.queue, bits);
  for (const int n : {u.fold, u.kernel_x, u.kernel_y, u.columns + 1, u.rows + 1}) c += counter(n);
  c += counter(partials);
  c.lut += kFit.control + 4;
  c += logic(bits * ram_lut(partials), bits + (partials > 1 ? 0 : bits));
  if (u.bits <= 3 && !u.sum) {
    c.lut += kFit.small_max * bits;
  } else if (u.sum) {
    for (int l = 0; l < u.format.lanes; ++l) c += adder(u.bits);
  } else {
    c.lut += 2 * bits;
    c.carry4 += u.format.lanes * up(u.bits / 4.0);
  }
  return c;
}

Cost of(const Threshold& u) {
  const double level_bits = u.format.bits + 1;
  const double lanes = u.format.lanes, levels = u.levels;
  Cost c = queue(u.queue, lanes * u.bits);
  c.lut += kFit.control;
  c += counter(u.fold);
  c += rom(u.fold, lanes * levels * level_bits, u.rom);
  const double compare = u.fold > 1 ? kFit.compare_bit : kFit.compare_constant;
  c.lut += lanes * levels * (u.format.bits + 1) * compare;
  if (u.fold > 1) c.carry4 += lanes * levels * up((u.format.bits + 2) / 4.0);
  // Bit b of the count is a parity of levels / 2^b hits.
  for (int b = 0; (u.levels >> b) > 0; ++b) c.lut += lanes * up(((u.levels >> b) - 1) / 5.0);
  c.ff += lanes * (u.format.bits + u.bits + (u.hit_register ? levels : 0)) + 3;
  return c;
}

Cost of(const Scale& u) {
  const double lanes = u.format.lanes;
  const int product = u.format.bits + 1 + u.factor_bits;
  const int sum = std::max({product, u.bias_bits, u.shift + u.bits}) + 2;
  Cost c = queue(u.queue, lanes * u.bits);
  c.lut += kFit.control;
  c.ff += 4;
  c += counter(u.fold);
  c += rom(u.fold, lanes * (u.factor_bits + u.bias_bits), u.rom);
  constexpr int kMultiplierSum = 48;
  for (std::size_t l = 0; l < static_cast<std::size_t>(u.format.lanes); ++l) {
    // Constants that only shift or vanish take no multiplier; one takes the sum as well.
    const bool constant = u.fold == 1;
    const std::int64_t factor = constant ? u.factors.at(l) : -1;
    const bool multiplies = u.factor_bits > 0 && (factor < 0 || (factor & (factor - 1)) != 0);
    const bool inside = multiplies && sum <= kMultiplierSum;
    // The flip-flops' set and reset do part of the clamp.
    const double clamp = (u.limits ? 1 + kFit.clamp_bit : kFit.clamp_bit) * u.bits +
                         up((sum - u.shift - u.bits) / 3.0);
    Cost lane = inside ? Cost{} : adder(sum);
    if (constant && !multiplies) lane.lut *= kFit.add_constant;
    lane.lut += constant && multiplies ? kFit.clamp_constant * clamp : clamp;
    lane.ff = u.bits + sum - (u.half_even ? 0 : u.shift) - (multiplies ? 2 : 0);
    if (multiplies) {
      lane.dsp = up((u.format.bits + 1) / 25.0) * up(u.factor_bits / 18.0);
    } else {
      lane.ff += u.format.bits;
    }
    if (multiplies && !inside) lane.ff += u.format.bits + product + u.bias_bits;
    c += lane;
  }
  return c;
}

Cost of(const Table& u) {
  const double lanes = u.format.lanes;
  Cost c = queue(u.queue, lanes * u.bits);
  c.lut += kFit.control;
  const Cost lane = rom(std::int64_t{1} << u.format.bits, u.bits, u.rom);
  for (int l = 0; l < u.format.lanes; ++l) c += lane;
  c.ff += lanes * u.format.bits + 2;
  return c;
}

Cost of(const Upsample& u) {
  const double bits = u.format.width();
  const std::int64_t words = static_cast<std::int64_t>(u.columns) * u.fold;
  Cost c = queue(u.queue, bits);
  c.lut += kFit.control;
  for (const int n : {u.fold, u.columns, u.factor_x, u.factor_y}) c += counter(n);
  c += counter(words);
  c += logic(bits + bits * ram_lut(words), 2 * bits);
  return c;
}

Cost of(const Reorder& u) {
  const double bits = u.format.width();
  const auto out = static_cast<std::int64_t>(u.source.size());
  const double entry =
      u.fill.empty() ? bits_of(u.words) : std::max<double>(bits_of(u.words), bits) + 1;
  Cost c = queue(u.queue, bits);
  c.lut += kFit.control;
  c += counter(u.words);
  c += counter(out);
  c += rom(out, entry, RomStyle::kAny);
  const bool block = static_cast<double>(u.words) * bits >= kFit.block_bits && u.words > 64;
  c += block ? Cost{0, 0, 0, blocks(u.words, bits), 0} : logic(bits * ram_lut(u.words), bits);
  if (!u.fill.empty()) c += logic(bits, bits);
  return c;
}

Cost of(const Argmax& u) {
  const double bits = u.format.bits, code = bits_of(u.classes);
  Cost c = queue(u.queue, code);
  c.lut += kFit.control;
  c += counter((u.classes + u.format.lanes - 1) / u.format.lanes);
  c += logic(bits + code + (u.format.lanes - 1) * (2 * bits + code), bits + 2 * code);
  c.carry4 += u.format.lanes * up(bits / 4);
  return c;
}

}  // namespace

Cost cost(const Spec& spec) {
  return std::visit([](const auto& unit) { return of(unit); }, spec);
}

}  // namespace nib::plan::stream
