// The library module of each unit: parameters and tables.
#include <algorithm>
#include <numeric>

#include "nib/base/check.h"
#include "nib/plan/stream_mac.h"
#include "nib/plan/stream_unit.h"

namespace nib::plan::stream {
namespace {

Parameter number(std::string name, std::int64_t value) { return {std::move(name), value, {}, 0}; }
Parameter table(std::string name, Bits bits) { return {std::move(name), 0, std::move(bits), 0}; }
/// The table of a ROM of `words` words.
Parameter rom(Bits bits, std::int64_t words) { return {"Table", 0, std::move(bits), words}; }
int sign_of(Kind kind) { return kind == Kind::kSigned ? 1 : 0; }

ModuleUse use(std::string module, std::vector<Parameter> parameters, const Queue& queue) {
  parameters.push_back(number("Depth", queue.depth));
  parameters.push_back(number("Storage", queue.storage));
  return {std::move(module), std::move(parameters), {"in"}, "out"};
}

/// The bits of a weight; what fills up a word is 0.
std::int64_t code_of(std::int64_t weight, Kind kind) {
  return kind == Kind::kBipolar ? (weight > 0 ? 1 : 0) : weight;
}

ModuleUse of(const Fifo& u) {
  return use("nib_stream_fifo", {number("Width", u.format.width())}, u.queue);
}

ModuleUse of(const Boundary& u) {
  const int width = u.format.width();
  switch (u.end) {
    case Boundary::End::kInside:
      return {"nib_boundary", {number("Width", width)}, {"in"}, "out"};
    case Boundary::End::kInput:
      return {"nib_axis_in", {number("Width", width), number("Frame", u.frame)}, {"s_axis"}, "out"};
    case Boundary::End::kOutput:
      return {"nib_axis_out", {number("Width", width), number("Frame", u.frame)}, {"in"}, "m_axis"};
  }
  NIB_CHECK(false, "a boundary of no kind");
}

ModuleUse of(const Fork& u) {
  Bits depths, storages;
  for (const Queue& queue : u.queues) {
    depths.append(queue.depth, 16);
    storages.append(queue.storage, 4);
  }
  return {"nib_fork",
          {number("Width", u.format.width()),
           number("Outputs", static_cast<std::int64_t>(u.queues.size())), table("Depths", depths),
           table("Storages", storages)},
          {"in"},
          "out"};
}

ModuleUse of(const Add& u) {
  ModuleUse m = use(
      "nib_add",
      {number("Lanes", u.a.lanes), number("AW", u.a.bits), number("ASigned", sign_of(u.a.kind)),
       number("BW", u.b.bits), number("BSigned", sign_of(u.b.kind)), number("OutW", u.bits),
       number("FactorA", u.factor_a), number("FactorB", u.factor_b), number("Offset", u.offset)},
      u.queue);
  m.inputs = {"a", "b"};
  return m;
}

ModuleUse of(const Concat& u) {
  ModuleUse m = use(
      "nib_concat",
      {number("Width", u.format.width()), number("WordsA", u.words_a), number("WordsB", u.words_b)},
      u.queue);
  m.inputs = {"a", "b"};
  return m;
}

ModuleUse of(const Width& u) {
  return use("nib_width",
             {number("LaneW", u.format.bits), number("InLanes", u.format.lanes),
              number("OutLanes", u.lanes), number("Frame", u.frame)},
             u.queue);
}

/// A word whose lanes all hold `value`.
Bits word_of(std::int64_t value, const Format& format) {
  Bits word;
  for (int l = 0; l < format.lanes; ++l) word.append(code_of(value, format.kind), format.bits);
  return word;
}

ModuleUse of(const Patch& u) {
  const Axis &y = u.rows, &x = u.columns;
  return use(
      "nib_patch",
      {number("Width", u.format.width()), number("Rows", y.size), number("Columns", x.size),
       number("KernelY", y.kernel), number("KernelX", x.kernel), number("StrideY", y.stride),
       number("StrideX", x.stride), number("DilationY", y.dilation),
       number("DilationX", x.dilation), number("PadTop", y.before), number("PadBottom", y.after),
       number("PadLeft", x.before), number("PadRight", x.after),
       table("PadWord", word_of(u.pad, u.format)), number("OutW", u.lanes * u.format.bits)},
      u.queue);
}

ModuleUse of(const WindowUnit& u) {
  const Axis &y = u.window.rows, &x = u.window.columns;
  return use("nib_window",
             {number("Width", u.format.width()), number("Rows", y.size), number("Columns", x.size),
              number("Fold", u.window.fold), number("KernelY", y.kernel),
              number("KernelX", x.kernel), number("StrideY", y.stride), number("StrideX", x.stride),
              number("DilationY", y.dilation), number("DilationX", x.dilation),
              number("PadTop", y.before), number("PadBottom", y.after), number("PadLeft", x.before),
              number("PadRight", x.after), number("ChannelOuter", u.window.channel_outer ? 1 : 0),
              number("ReleaseRows", u.window.release_rows ? 1 : 0),
              table("PadWord", word_of(u.pad, u.format)), number("Words", u.words)},
             u.queue);
}

/// Appends a weight as nib_mac reads it.
void append_weight(Bits& bits, std::int64_t weight, WeightCode code, int width) {
  if (code == WeightCode::kBipolar) {
    bits.append(code_of(weight, Kind::kBipolar), width);
  } else if (code == WeightCode::kSignMagnitude) {
    bits.append(weight < 0 ? -weight : weight, width - 1);
    bits.append(weight < 0 ? 1 : 0, 1);
  } else {
    bits.append(weight, width);
  }
}

/// The word of a step with the fields of outputs that share a multiplier.
std::vector<std::int64_t> with_fields(const Mvu& u, int together, std::vector<std::int64_t> word) {
  std::vector<std::int64_t> fields;
  for (int first = 0; first < u.pe; first += together) {
    for (int s = 0; s < u.format.lanes; ++s) {
      const auto at = [&](std::size_t l) -> std::int64_t& {
        return word[(static_cast<std::size_t>(first) + l) *
                        static_cast<std::size_t>(u.format.lanes) +
                    static_cast<std::size_t>(s)];
      };
      fields.resize(static_cast<std::size_t>(std::min(together, u.pe - first)));
      for (std::size_t l = 0; l < fields.size(); ++l) fields[l] = at(l);
      to_fields(fields);
      for (std::size_t l = 0; l < fields.size(); ++l) at(l) = fields[l];
    }
  }
  return word;
}

Bits weight_table(const Mvu& u) {
  NIB_CHECK(
      u.weights.size() == static_cast<std::size_t>(u.rows) * static_cast<std::size_t>(u.columns),
      "a weight for every element of the matrix");
  NIB_CHECK(u.weight_kind != Kind::kBipolar || u.columns % u.format.lanes == 0,
            "bipolar weights cannot fill up a word with zeros");
  Bits bits;
  const WeightCode code = weight_code(u);
  const int steps = u.sf() * u.nf(), together = packed_outputs(u);
  std::vector<std::int64_t> word(static_cast<std::size_t>(u.pe * u.format.lanes));
  for (int step = 0; step < steps; ++step) {
    const int nf = u.input_stationary ? step % u.nf() : step / u.sf();
    const int sf = u.input_stationary ? step / u.nf() : step % u.sf();
    for (int i = 0; i < u.pe * u.format.lanes; ++i) {
      const int row = nf * u.pe + i / u.format.lanes;
      const int column = sf * u.format.lanes + i % u.format.lanes;
      const bool inside = row < u.rows && column < u.columns;
      word[static_cast<std::size_t>(i)] =
          inside ? u.weights[static_cast<std::size_t>(row * u.columns + column)] : 0;
    }
    if (together > 1 && code == WeightCode::kSigned) word = with_fields(u, together, word);
    for (const std::int64_t weight : word) append_weight(bits, weight, code, u.weight_bits);
  }
  return bits;
}

ModuleUse of(const Mvu& u) {
  NIB_CHECK(u.tree_registers <= mac_shape(u).most_tree_registers(), "registers between adders");
  return use("nib_mvu",
             {number("Pe", u.pe), number("Simd", u.format.lanes), number("Sf", u.sf()),
              number("Nf", u.nf()), number("InW", u.format.bits),
              number("InKind", static_cast<int>(u.format.kind)), number("WgtW", u.weight_bits),
              number("WgtKind", static_cast<int>(weight_code(u))), number("AccW", u.acc_bits),
              number("InputStationary", u.input_stationary ? 1 : 0), number("Dsp", u.dsp ? 1 : 0),
              number("Pack", packed_outputs(u)), number("ProductReg", u.product_register ? 1 : 0),
              number("TreeRegs", u.tree_registers), number("RomStyle", static_cast<int>(u.rom)),
              rom(weight_table(u), u.sf() * u.nf())},
             u.queue);
}

ModuleUse of(const ConstMvu& u) {
  // Signed elements come as unsigned ones that are 2^(bits - 1) greater, of all digits' bits.
  const bool has_start = u.format.kind == Kind::kSigned && u.digits() > 1;
  Bits start;
  for (int r = 0; has_start && r < u.rows; ++r) {
    const auto row = u.weights.begin() + std::ptrdiff_t{r} * u.format.lanes;
    const auto sum = std::accumulate(row, row + u.format.lanes, std::int64_t{0});
    start.append(-(sum << (u.digit - 1)), u.acc_bits);
  }
  std::vector<Parameter> parameters{number("Columns", u.format.lanes),
                                    number("InW", u.format.bits),
                                    number("InSigned", sign_of(u.format.kind)),
                                    number("Digit", u.digits() > 1 ? u.digit : u.format.bits),
                                    number("Digits", u.digits()),
                                    number("Rows", u.rows),
                                    number("SumW", u.sum_bits),
                                    number("AccW", u.acc_bits),
                                    number("Latency", u.latency)};
  if (has_start) parameters.push_back(table("Start", start));
  return use("nib_const_mvu", std::move(parameters), u.queue);
}

ModuleUse of(const Vvu& u) {
  Bits bits;
  const WeightCode code = weight_code(u);
  for (int f = 0; f < u.fold(); ++f) {
    for (int i = 0; i < u.taps * u.format.lanes; ++i) {
      const int channel = f * u.format.lanes + i % u.format.lanes, tap = i / u.format.lanes;
      const auto at = static_cast<std::size_t>(channel * u.taps + tap);
      append_weight(bits, u.weights.at(at), code, u.weight_bits);
    }
  }
  return use("nib_vvu",
             {number("Pe", u.format.lanes), number("Taps", u.taps), number("Fold", u.fold()),
              number("InW", u.format.bits), number("InKind", static_cast<int>(u.format.kind)),
              number("WgtW", u.weight_bits), number("WgtKind", static_cast<int>(code)),
              number("AccW", u.acc_bits), number("Dsp", u.dsp ? 1 : 0),
              number("ProductReg", u.product_register ? 1 : 0),
              number("RomStyle", static_cast<int>(u.rom)), rom(bits, u.fold() * u.taps)},
             u.queue);
}

ModuleUse of(const Pool& u) {
  return use("nib_pool",
             {number("Lanes", u.format.lanes), number("InW", u.format.bits),
              number("InSigned", sign_of(u.format.kind)), number("Sum", u.sum ? 1 : 0),
              number("OutW", u.bits), number("Rows", u.rows), number("Columns", u.columns),
              number("Fold", u.fold), number("KernelY", u.kernel_y), number("KernelX", u.kernel_x)},
             u.queue);
}

ModuleUse of(const Threshold& u) {
  Bits bits;
  for (const std::int64_t level : u.table) bits.append(level, u.format.bits + 1);
  NIB_CHECK(u.table.size() == static_cast<std::size_t>(u.fold * u.format.lanes * u.levels),
            "levels for every channel");
  return use(
      "nib_stream_threshold",
      {number("Lanes", u.format.lanes), number("Fold", u.fold), number("Levels", u.levels),
       number("InW", u.format.bits), number("InSigned", sign_of(u.format.kind)),
       number("OutW", u.bits), number("Offset", u.offset), number("HitReg", u.hit_register ? 1 : 0),
       number("RomStyle", static_cast<int>(u.rom)), rom(bits, u.fold)},
      u.queue);
}

ModuleUse of(const Scale& u) {
  Bits bits;
  for (std::size_t c = 0; c < u.factors.size(); ++c) {
    bits.append(u.factors[c], u.factor_bits);
    bits.append(u.biases.at(c), u.bias_bits);
  }
  return use("nib_stream_scale",
             {number("Lanes", u.format.lanes), number("Fold", u.fold), number("InW", u.format.bits),
              number("InSigned", sign_of(u.format.kind)), number("FactorW", u.factor_bits),
              number("BiasW", u.bias_bits), number("Shift", u.shift),
              number("HalfEven", u.half_even ? 1 : 0), number("OutW", u.bits),
              number("OutSigned", sign_of(u.kind)), number("Limited", u.limits ? 1 : 0),
              number("Low", u.limits.value_or(Range{}).min),
              number("High", u.limits.value_or(Range{}).max),
              number("RomStyle", static_cast<int>(u.rom)), rom(bits, u.fold)},
             u.queue);
}

ModuleUse of(const Table& u) {
  Bits bits;
  for (const std::int64_t code : u.codes) bits.append(code, u.bits);
  return use(
      "nib_stream_table",
      {number("Lanes", u.format.lanes), number("InW", u.format.bits), number("OutW", u.bits),
       number("RomStyle", static_cast<int>(u.rom)), rom(bits, std::int64_t{1} << u.format.bits)},
      u.queue);
}

ModuleUse of(const Upsample& u) {
  return use("nib_upsample",
             {number("Width", u.format.width()), number("Columns", u.columns),
              number("Fold", u.fold), number("FactorY", u.factor_y), number("FactorX", u.factor_x)},
             u.queue);
}

ModuleUse of(const Argmax& u) {
  return use("nib_argmax",
             {number("Classes", u.classes), number("Lanes", u.format.lanes),
              number("InW", u.format.bits), number("InSigned", sign_of(u.format.kind))},
             u.queue);
}

ModuleUse of(const Reorder& u) {
  const int width = u.format.width();
  int number_bits = 1;
  while ((1 << number_bits) < u.words) ++number_bits;
  const bool fills = !u.fill.empty();
  const int payload = fills ? std::max(width, number_bits) : number_bits;
  Bits bits;
  auto fill = u.fill.begin();
  for (const std::int32_t word : u.source) {
    if (word >= 0) {
      bits.append(word, payload);
    } else {
      for (int l = 0; l < u.format.lanes; ++l) {
        bits.append(code_of(*fill++, u.format.kind), u.format.bits);
      }
      bits.append(0, payload - width);
    }
    if (fills) bits.append(word < 0 ? 1 : 0, 1);
  }
  const auto made = static_cast<std::int64_t>(u.source.size());
  return use("nib_reorder",
             {number("Width", width), number("In", u.words), number("Out", made),
              number("Fills", fills ? 1 : 0), rom(bits, made)},
             u.queue);
}

}  // namespace

void Bits::append(std::int64_t value, int bits) {
  for (int i = 0; i < bits; ++i, ++size_) {
    if (size_ % 64 == 0) words_.push_back(0);
    // Above bit 63 the sign goes on.
    const auto bit = static_cast<std::uint64_t>(value >> std::min(i, 63)) & 1;
    words_.back() |= bit << (size_ % 64);
  }
}

std::string Bits::hex(std::int64_t from, std::int64_t count) const {
  std::string digits;
  for (std::int64_t i = 0; i < count; i += 4) {
    int digit = 0;
    for (std::int64_t b = i; b < std::min(i + 4, count); ++b) {
      digit |= ((*this)[from + b] ? 1 : 0) << (b - i);
    }
    digits.push_back("0123456789abcdef"[digit]);
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string Bits::literal() const { return std::to_string(size_) + "'h" + hex(0, size_); }

ModuleUse module_use(const Spec& spec) {
  return std::visit([](const auto& unit) { return of(unit); }, spec);
}

}  // namespace nib::plan::stream
