// A sample of streaming units over their parameters, to calibrate and check the cost model.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "nib/plan/stream_unit.h"

namespace nib::test {

/// A unit; the first word of the name is its kind.
struct CostPoint {
  std::string name;
  plan::stream::Spec spec;
};

class CostSample {
 public:
  CostSample() {
    queues();
    joins();
    windows();
    macs();
    steps();
    others();
  }
  [[nodiscard]] const std::vector<CostPoint>& points() const { return points_; }

 private:
  using Kind = plan::stream::Kind;
  using Format = plan::stream::Format;
  using Queue = plan::stream::Queue;
  using RomStyle = plan::stream::RomStyle;

  void put(std::string name, plan::stream::Spec spec) {
    points_.push_back({std::move(name), std::move(spec)});
  }

  /// A number from `low` to `high`, always the same ones.
  std::int64_t draw(std::int64_t low, std::int64_t high) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return low +
           static_cast<std::int64_t>((state_ >> 33) % static_cast<std::uint64_t>(high - low + 1));
  }

  void queues() {
    using namespace plan::stream;
    const std::vector<std::pair<int, int>> sizes{{8, 1},    {8, 2},    {96, 2},   {8, 6},   {96, 6},
                                                 {32, 20},  {96, 32},  {9, 33},   {64, 64}, {8, 65},
                                                 {36, 512}, {96, 300}, {16, 2000}};
    for (const auto& [bits, depth] : sizes) {
      put(fmt::format("fifo {} x {}", depth, bits), Fifo{{1, bits}, {depth, 0}});
    }
    put("fifo 6 x 24 in registers", Fifo{{1, 24}, {6, 1}});
    put("fifo 20 x 24 in block RAM", Fifo{{1, 24}, {20, 4}});
    put("boundary 24", Boundary{{3, 8}, Boundary::End::kInside, 1});
    put("fork 24", Fork{{3, 8}, {{2, 0}, {20, 0}}});
  }

  void joins() {
    using namespace plan::stream;
    put("add 8 x 8", Add{{8, 8}, {8, 8}, 9, Kind::kUnsigned, 1, 1, 0, {3, 0}});
    put("add 16 x 12 signed",
        Add{{16, 12, Kind::kSigned}, {16, 12, Kind::kSigned}, 13, Kind::kSigned, 1, 1, 0, {3, 0}});
    put("add 4 x 8 scaled",
        Add{{4, 8}, {4, 8, Kind::kSigned}, 14, Kind::kSigned, 5, -3, 17, {3, 0}});
    put("concat 32", Concat{{8, 4}, 3, 5, {3, 0}});
    put("width 2 to 8 of 4", Width{{2, 4}, 8, 64, {3, 0}});
    put("width 32 to 4 of 3", Width{{32, 3}, 4, 256, {3, 0}});
    put("width 32 to 8 of 16", Width{{32, 16}, 8, 256, {3, 0}});
    put("width 5 to 8 of 4", Width{{5, 4}, 8, 90, {3, 0}});
    put("width 20 to 12 of 8", Width{{20, 8}, 12, 490, {3, 0}});
    put("width 16 to 10 of 3", Width{{16, 3}, 10, 256, {3, 0}});
    put("upsample 8 x 4", Upsample{{8, 4}, 16, 2, 2, 2, {3, 0}});
    std::vector<std::int32_t> turned;
    for (int i = 0; i < 32; ++i) turned.push_back(31 - i);
    put("reorder 32 x 16", Reorder{{2, 8}, 32, turned, {}, {4, 0}});
    put("argmax 10 of 16", Argmax{{1, 16, Kind::kSigned}, 10, {2, 0}});
    put("argmax 12 of 14 by 4", Argmax{{4, 14, Kind::kSigned}, 12, {2, 0}});
    const auto pool = [&](int lanes, int bits, bool sum, int out, int size, int fold, int kernel) {
      put(fmt::format("pool {} x {} {} {}x{} fold {} kernel {}", lanes, bits, sum ? "sum" : "max",
                      size, size, fold, kernel),
          Pool{{lanes, bits}, sum, out, size, size, fold, kernel, kernel, {3, 0}});
    };
    pool(16, 1, false, 1, 28, 4, 2);
    pool(32, 2, false, 2, 10, 1, 2);
    pool(8, 8, false, 8, 16, 2, 2);
    pool(4, 8, true, 14, 8, 16, 8);
    pool(64, 4, true, 10, 8, 1, 8);
  }

  void window(int size, int lanes, int bits, int fold, int kernel, int stride, int pad, int ring) {
    using namespace plan::stream;
    const Axis axis{size, kernel, stride, 1, pad, pad};
    put(fmt::format("window {}x{} of {} x {} fold {} kernel {} stride {} pad {}, {} words", size,
                    size, lanes, bits, fold, kernel, stride, pad, ring),
        WindowUnit{{lanes, bits}, {axis, axis, fold, false, false}, 0, ring, {4, 0}});
  }
  void windows() {
    window(32, 3, 8, 1, 3, 1, 0, 100);
    window(30, 64, 1, 1, 3, 1, 0, 64);
    window(30, 64, 1, 1, 3, 1, 0, 100);
    window(14, 32, 2, 2, 3, 1, 0, 90);
    window(12, 32, 1, 4, 3, 1, 0, 160);
    window(32, 4, 8, 1, 4, 1, 1, 140);
    window(32, 8, 8, 4, 4, 4, 0, 600);
    window(8, 4, 4, 2, 2, 2, 0, 32);
  }

  plan::stream::Mvu mvu(int lanes, int bits, Kind kind, int rows, int columns, int pe, int weight,
                        Kind weight_kind, int acc) {
    plan::stream::Mvu u;
    u.format = {lanes, bits, kind};
    u.rows = rows;
    u.columns = columns;
    u.pe = pe;
    u.weight_bits = weight;
    u.weight_kind = weight_kind;
    u.acc_bits = acc;
    u.queue = {4, 0};
    const std::int64_t top =
        (std::int64_t{1} << (weight_kind == Kind::kSigned ? weight - 1 : weight)) - 1;
    for (int i = 0; i < rows * columns; ++i) {
      u.weights.push_back(weight_kind == Kind::kBipolar  ? 2 * draw(0, 1) - 1
                          : weight_kind == Kind::kSigned ? draw(-top, top)
                                                         : draw(0, top));
    }
    return u;
  }
  void put(plan::stream::Mvu u) {
    const char* kinds[] = {"u", "s", "b"};
    put(fmt::format("mvu {}x{} pe {} simd {} {}{} w {}{} acc {}{}{}{} tree {} rom {}", u.rows,
                    u.columns, u.pe, u.format.lanes, kinds[static_cast<int>(u.format.kind)],
                    u.format.bits, kinds[static_cast<int>(u.weight_kind)], u.weight_bits,
                    u.acc_bits, u.input_stationary ? " stationary" : "", u.dsp ? " dsp" : "",
                    u.product_register ? " register" : "", u.tree_registers,
                    static_cast<int>(u.rom)),
        plan::stream::Spec{u});
  }

  void macs() {
    using namespace plan::stream;
    const auto u = Kind::kUnsigned, s = Kind::kSigned, b = Kind::kBipolar;
    // Bits that are counted; ternary; three and four bits; eight-bit inputs; wide weights.
    put(mvu(8, 1, b, 16, 64, 4, 1, b, 8));
    put(mvu(32, 1, b, 64, 128, 8, 1, b, 9));
    put(mvu(64, 1, b, 64, 576, 16, 1, b, 11));
    put(mvu(3, 1, b, 64, 27, 16, 1, b, 6));
    put(mvu(49, 1, b, 64, 784, 16, 1, b, 11));
    put(mvu(8, 2, u, 16, 64, 4, 1, b, 9));
    put(mvu(16, 2, u, 64, 64, 8, 2, s, 9));
    put(mvu(8, 2, u, 64, 64, 8, 2, s, 9));
    put(mvu(8, 3, u, 32, 64, 4, 3, s, 12));
    put(mvu(16, 3, u, 64, 128, 8, 3, s, 13));
    put(mvu(20, 3, u, 64, 260, 8, 3, s, 14));
    put(mvu(4, 4, u, 16, 64, 4, 4, s, 14));
    put(mvu(16, 4, u, 32, 64, 8, 4, s, 14));
    put(mvu(3, 8, u, 64, 27, 8, 1, b, 14));
    put(mvu(9, 8, u, 64, 27, 16, 1, b, 14));
    put(mvu(4, 8, s, 32, 98, 8, 3, s, 17));
    put(mvu(10, 8, s, 32, 490, 8, 3, s, 18));
    put(mvu(8, 8, u, 16, 64, 4, 6, s, 19));
    put(mvu(4, 8, u, 16, 32, 4, 8, s, 21));
    put(mvu(1, 8, u, 10, 64, 2, 3, s, 16));
    put(mvu(1, 3, u, 12, 64, 1, 3, s, 11));
    put(mvu(8, 1, u, 16, 64, 4, 1, u, 7));
    put(mvu(4, 1, b, 16, 32, 4, 4, s, 9));
    // Multipliers.
    for (const bool reg : {false, true}) {
      Mvu m = mvu(4, 8, u, 16, 64, 4, 8, s, 22);
      m.dsp = true;
      m.product_register = reg;
      put(m);
    }
    Mvu one = mvu(1, 8, u, 64, 64, 8, 8, s, 22);
    one.dsp = one.product_register = true;
    put(one);
    // Lanes whose weights are all small, in few steps and in many.
    for (Mvu m : {mvu(16, 8, u, 32, 32, 8, 7, s, 18), mvu(8, 8, u, 32, 64, 8, 7, s, 18),
                  mvu(8, 8, u, 32, 128, 8, 5, s, 18), mvu(12, 4, u, 16, 48, 4, 8, s, 18)}) {
      const std::int64_t top = std::int64_t{1} << (m.weight_bits - 1);
      for (std::int64_t& w : m.weights) w = w * (w < 0 ? -w : w) * w / (top * top);
      m.product_register = true;
      m.rom = RomStyle::kLut;
      m.tree_registers = 1;
      put(m);
    }
    // Outputs that share multipliers: three, two, none; one left over.
    for (Mvu m : {mvu(8, 8, u, 32, 64, 8, 3, s, 17), mvu(16, 8, u, 32, 128, 7, 8, s, 23),
                  mvu(6, 9, s, 32, 64, 4, 8, s, 22), mvu(8, 10, u, 16, 64, 4, 9, s, 25)}) {
      m.dsp = m.product_register = true;
      m.tree_registers = 1;
      put(m);
    }
    // Registers, stationary inputs, places of the weights.
    Mvu deep = mvu(16, 3, u, 64, 128, 8, 3, s, 13);
    deep.product_register = true;
    deep.tree_registers = 3;
    put(deep);
    for (const auto& [rows, pe] : {std::pair{32, 8}, {64, 4}, {16, 16}, {256, 4}}) {
      Mvu m = mvu(8, 3, u, rows, 64, pe, 3, s, 12);
      m.input_stationary = true;
      put(m);
    }
    Mvu counted = mvu(32, 1, b, 64, 128, 8, 1, b, 9);
    counted.input_stationary = true;
    put(counted);
    for (const RomStyle style : {RomStyle::kLut, RomStyle::kBlock}) {
      Mvu m = mvu(8, 3, u, 64, 256, 8, 3, s, 13);
      m.rom = style;
      put(m);
      Mvu small = mvu(8, 3, u, 32, 64, 8, 3, s, 12);
      small.rom = style;
      put(small);
      Mvu wide = mvu(32, 1, b, 32, 1024, 8, 1, b, 12);
      wide.rom = style;
      put(wide);
    }
    for (const auto& [lanes, bits, weight, dsp] :
         {std::tuple{8, 8, 3, false}, {8, 4, 4, false}, {4, 8, 8, true}, {8, 8, 8, false}}) {
      Vvu v;
      v.format = {lanes, bits};
      v.channels = 4 * lanes;
      v.taps = 9;
      v.weight_bits = weight;
      v.acc_bits = bits + weight + 4;
      v.dsp = dsp;
      v.queue = {4, 0};
      const std::int64_t top = (1 << (weight - 1)) - 1;
      for (int i = 0; i < v.channels * v.taps; ++i) v.weights.push_back(draw(-top, top));
      put(fmt::format("vvu {} x {} w {}{}", lanes, bits, weight, dsp ? " dsp" : ""), v);
    }
  }

  void threshold(int lanes, int in, int levels, int fold, bool is_signed, RomStyle style) {
    plan::stream::Threshold t;
    t.format = {lanes, in, is_signed ? Kind::kSigned : Kind::kUnsigned};
    t.fold = fold;
    t.levels = levels;
    t.rom = style;
    while ((1 << t.bits) <= levels) ++t.bits;
    t.queue = {4, 0};
    const std::int64_t top = std::int64_t{1} << (in - 1);
    for (int c = 0; c < fold * lanes; ++c) {
      std::vector<std::int64_t> row;
      for (int i = 0; i < levels; ++i) row.push_back(draw(is_signed ? -top : 0, top));
      std::sort(row.begin(), row.end());
      t.table.insert(t.table.end(), row.begin(), row.end());
    }
    put(fmt::format("threshold {} x {}{} levels {} fold {} rom {}", lanes, is_signed ? "s" : "u",
                    in, levels, fold, static_cast<int>(style)),
        t);
  }
  void scale(int lanes, int in, int factor, int bias, int shift, int bits, int fold) {
    plan::stream::Scale s;
    s.format = {lanes, in, Kind::kSigned};
    s.fold = fold;
    s.factor_bits = factor;
    s.bias_bits = bias;
    s.shift = shift;
    s.bits = bits;
    s.kind = Kind::kUnsigned;
    s.queue = {6, 0};
    for (int c = 0; c < fold * lanes; ++c) {
      s.factors.push_back(factor > 0 ? draw(0, (std::int64_t{1} << (factor - 1)) - 1) : 1);
      s.biases.push_back(
          draw(-(std::int64_t{1} << (bias - 1)), (std::int64_t{1} << (bias - 1)) - 1));
    }
    put(fmt::format("scale {} x {} factor {} bias {} shift {} to {} fold {}", lanes, in, factor,
                    bias, shift, bits, fold),
        s);
  }
  void table(int lanes, int in, int bits, RomStyle style) {
    plan::stream::Table t;
    t.format = {lanes, in, Kind::kSigned};
    t.bits = bits;
    t.rom = style;
    t.queue = {4, 0};
    for (int x = 0; x < 1 << in; ++x) {
      t.codes.push_back(draw(-(1 << (bits - 1)), (1 << (bits - 1)) - 1));
    }
    put(fmt::format("table {} x {} to {} rom {}", lanes, in, bits, static_cast<int>(style)), t);
  }
  void steps() {
    threshold(8, 9, 1, 8, true, RomStyle::kAny);
    threshold(16, 11, 1, 1, true, RomStyle::kAny);
    threshold(8, 12, 3, 8, true, RomStyle::kAny);
    threshold(8, 14, 7, 1, true, RomStyle::kAny);
    threshold(8, 14, 7, 8, true, RomStyle::kAny);
    threshold(8, 17, 7, 8, true, RomStyle::kLut);
    threshold(2, 14, 7, 128, true, RomStyle::kLut);
    threshold(2, 14, 7, 128, true, RomStyle::kBlock);
    threshold(4, 14, 15, 16, true, RomStyle::kLut);
    threshold(1, 16, 63, 16, false, RomStyle::kLut);
    scale(4, 16, 12, 20, 12, 8, 1);
    scale(4, 16, 12, 20, 12, 8, 16);
    scale(2, 22, 17, 24, 18, 8, 32);
    scale(8, 12, 6, 12, 6, 4, 8);
    scale(8, 18, 0, 12, 6, 8, 1);
    scale(8, 20, 0, 14, 8, 6, 8);
    scale(8, 14, 8, 16, 10, 6, 1);
    scale(2, 20, 16, 24, 16, 8, 1);
    scale(16, 12, 6, 12, 6, 4, 1);
    table(4, 5, 5, RomStyle::kLut);
    table(4, 8, 8, RomStyle::kLut);
    table(2, 10, 8, RomStyle::kLut);
    table(2, 12, 8, RomStyle::kBlock);
  }

  void patch(int size, int lanes, int bits, int kernel, int stride, int pad, int out) {
    using namespace plan::stream;
    const Axis axis{size, kernel, stride, 1, pad, pad};
    put(fmt::format("patch {}x{} of {} x {} kernel {} stride {} pad {} by {}", size, size, lanes,
                    bits, kernel, stride, pad, out),
        Patch{{lanes, bits}, axis, axis, 0, out, {4, 0}});
  }
  /// The unit alone, without its array.
  void wired(int columns, int bits, Kind kind, int rows, int digit, int acc, int sum) {
    plan::stream::ConstMvu u;
    u.format = {columns, bits, kind};
    u.rows = rows;
    u.digit = digit;
    u.acc_bits = acc;
    u.sum_bits = sum;
    u.latency = 2;
    u.queue = {4, 0};
    for (int i = 0; i < rows * columns; ++i) u.weights.push_back(draw(-15, 15));
    put(fmt::format("const_mvu {}x{} of {}{} digit {} acc {}", rows, columns,
                    kind == Kind::kSigned ? "s" : "u", bits, digit, acc),
        u);
  }
  void others() {
    patch(32, 3, 8, 3, 1, 1, 27);
    patch(16, 16, 4, 3, 1, 1, 144);
    patch(16, 16, 4, 3, 1, 0, 36);
    patch(28, 8, 2, 3, 2, 1, 24);
    patch(8, 32, 6, 2, 2, 0, 128);
    wired(64, 8, Kind::kUnsigned, 16, 8, 17, 17);
    wired(64, 8, Kind::kSigned, 16, 2, 20, 12);
    wired(27, 6, Kind::kUnsigned, 32, 1, 14, 9);
    wired(16, 4, Kind::kSigned, 8, 3, 13, 11);
  }

  std::vector<CostPoint> points_;
  std::uint64_t state_ = 1;
};

}  // namespace nib::test
