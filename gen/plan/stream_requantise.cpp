// Thresholds where codes are few, a line where the steps are even, more thresholds where not; a
// table of all numbers where these are few and that takes fewer cells.
#include "nib/plan/stream_requantise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <optional>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/plan/stream_cost.h"
#include "nib/plan/stream_fit.h"

namespace nib::plan {
namespace {

using stream::Kind;
using stream::Line;
using stream::Scale;
using stream::Threshold;

/// Steps that comparators do better than a multiplier.
constexpr std::int64_t kFewLevels = 15;
/// Comparators of a lane that are still built.
constexpr std::int64_t kMostLevels = 4096;
/// Limits and offsets of units are numbers of so many bits.
constexpr int kPlainBits = 31;
/// Codes of a line.
constexpr std::int64_t kMostCodes = 1 << 20;
/// Fraction of a line: with the codes before it, a product of at most 60 bits.
constexpr int kMostShift = 48;
constexpr std::int64_t kMostProduct = std::int64_t{1} << 60;

/// Bits of numbers that have a table.
constexpr int kMostTableBits = 14;

/// Cells as LUTs: what a middling device has of them for each block RAM, half of that for each
/// multiplier, which other units want more.
double price(const Cost& c) { return c.lut + 470 * c.bram36 + 130 * c.dsp; }

/// One word for all, where the words of `fold` in each of the tables are equal.
void shorten(int& fold, std::initializer_list<std::vector<std::int64_t>*> tables) {
  for (const std::vector<std::int64_t>* table : tables) {
    const auto word = static_cast<std::ptrdiff_t>(table->size()) / fold;
    if (!std::equal(table->begin() + word, table->end(), table->begin())) return;
  }
  for (std::vector<std::int64_t>* table : tables) {
    table->resize(table->size() / static_cast<std::size_t>(fold));
  }
  fold = 1;
}

int signed_bits(Range r) { return bits_for(hull(r, {-1, 0})); }

class Requantiser {
 public:
  Requantiser(StreamBuilder& builder, Carried in, const std::vector<Point>& points,
              const std::string& node)
      : builder_(builder), in_(std::move(in)), points_(points), node_(node) {
    NIB_CHECK(!in_.bipolar(), "numbers to requantise");
    const auto count = static_cast<std::int64_t>(points.size());
    NIB_CHECK(count == in_.channels || count == in_.elements(), "a point for every channel");
    fold_ = in_.words() * (count == in_.channels ? 1 : in_.pixels);
    lanes_ = full_range(in_.format.bits, in_.format.kind == Kind::kSigned);
    image_ = points[0].f.image();
    for (const Point& p : points) image_ = hull(image_, p.f.image());
  }

  Carried run(bool bipolar) {
    if (!points_[0].f.step) {
      if (limited()) return clamp();
      if (image_.max - image_.min > kFewLevels) return clamp_in_turns();
      steps_of_clamps();
    } else {
      for (const Point& p : points_) steps_.push_back(on_lanes(*p.f.step, p.x, p.lane));
    }
    bool rising = true, monotone = true;
    for (const lower::StepFunction& f : steps_) {
      const Trend way = trend(f);
      rising = rising && way != Trend::kFalling && way != Trend::kNeither;
      monotone = monotone && way != Trend::kNeither;
    }
    const std::int64_t levels = image_.max - image_.min;
    const bool far = format_of(1, image_).bits > kPlainBits;
    const bool even = levels > kFewLevels && levels <= kMostCodes && monotone && !far;
    if (even && lines()) return line_or_table();
    const bool few = bipolar && rising && levels == 1;
    if (!few && has_table() && table_price() < price_of_steps()) return table();
    if (levels > kMostLevels || far) return stretched(rising);
    return rising ? threshold(bipolar && levels == 1) : difference();
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const { fail(ErrorCode::E706, what, node_); }

  /// Calls act(index of the table's entry, point or null) for every entry.
  template <class Act>
  void for_entries(const Act& act) const {
    const std::int64_t words = in_.words(), lanes = in_.format.lanes;
    for (std::int64_t i = 0; i < fold_ * lanes; ++i) {
      const std::int64_t c = i % (words * lanes), pixel = i / (words * lanes);
      act(static_cast<std::size_t>(i),
          c < in_.channels ? static_cast<std::int64_t>(pixel * in_.channels + c) : -1);
    }
  }

  Carried out(int channel, int bits, Kind kind, Range range) const {
    Carried y = in_;
    y.channel = channel;
    y.format = {in_.format.lanes, bits, kind, false};
    y.range = range;
    y.low = 0;
    y.span = 1;
    return y;
  }

  /// True if one pair of limits serves all channels.
  bool limited() {
    clamps_ = false;
    for (const Point& p : points_) {
      const Range x{std::min(p.x(p.lane.min), p.x(p.lane.max)),
                    std::max(p.x(p.lane.min), p.x(p.lane.max))};
      const bool below = x.min<p.f.limits.min, above = x.max> p.f.limits.max;
      if (below && p.f.limits.min != image_.min) return false;
      if (above && p.f.limits.max != image_.max) return false;
      clamps_ = clamps_ || below || above;
    }
    return !clamps_ || format_of(1, image_).bits <= kPlainBits;
  }

  Carried clamp() {
    bool nothing = true;
    for (const Point& p : points_) {
      nothing = nothing && p.x.is_identity() && p.f.limits.min <= p.lane.min &&
                p.f.limits.max >= p.lane.max;
    }
    if (nothing) return in_;
    lines_.clear();
    for (const Point& p : points_) {
      NIB_CHECK(p.x.den == 1 || p.x.den == 2, "a shift");
      lines_.push_back(Line{p.x.num, p.x.add, p.x.den == 2 ? 1 : 0, false});
    }
    return line_or_table();
  }

  /// Limits of their own in every channel, as unsigned numbers end at 0 by themselves:
  /// u = max(x - low, 0), v = max(high - low - u, 0), y = high - v.
  Carried clamp_in_turns() {
    const Range codes = image_;
    std::int64_t most = 0, widest = 0;
    clamps_ = false;
    lines_.clear();
    for (const Point& p : points_) {
      const Range limits = p.f.limits;
      const int shift = p.x.den == 2 ? 1 : 0;
      lines_.push_back(Line{p.x.num, p.x.add - p.x.den * limits.min, shift, false});
      const std::int64_t least = limits.min;
      most = std::max({most, p.x(p.lane.min) - least, p.x(p.lane.max) - least});
      widest = std::max<std::int64_t>(widest, limits.max - least);
    }
    image_ = {0, most};
    in_ = line();
    for (std::size_t i = 0; i < points_.size(); ++i) {
      lines_[i] = Line{-1, points_[i].f.limits.max - points_[i].f.limits.min, 0, false};
    }
    image_ = {0, widest};
    in_ = line();
    for (std::size_t i = 0; i < points_.size(); ++i) {
      lines_[i] = Line{-1, points_[i].f.limits.max, 0, false};
    }
    image_ = codes;
    return line();
  }

  void steps_of_clamps() {
    for (const Point& p : points_) {
      const auto f = as_steps(p.f, kMostLevels);
      if (!f) refuse("channels with different limits");
      steps_.push_back(on_lanes(*f, p.x, p.lane));
    }
    clamps_ = true;
  }

  /// The first number from which on the function is at least image_.min + 1, + 2, ...; of a
  /// rising function.
  std::vector<std::int64_t> levels_of(const lower::StepFunction& f, std::int64_t always,
                                      std::int64_t never) const {
    std::vector<std::int64_t> levels;
    std::size_t i = 0;
    for (std::int64_t code = image_.min + 1; code <= image_.max; ++code) {
      while (i < f.thresholds.size() && f.levels[i] < code) ++i;
      levels.push_back(f.levels[i] < code ? never
                       : i == 0           ? always
                                          : std::int64_t{f.thresholds[i - 1]});
    }
    return levels;
  }

  /// Finds a line for every point, all without or all with ties to even.
  bool lines() {
    for (const bool half_even : {false, true}) {
      lines_.clear();
      for (std::size_t i = 0; i < steps_.size(); ++i) {
        const std::optional<Line> found = line_of(steps_[i], points_[i].reach.get(), half_even);
        if (!found) break;
        lines_.push_back(*found);
      }
      if (lines_.size() == steps_.size()) return true;
    }
    return false;
  }
  std::optional<Line> line_of(const lower::StepFunction& f, const std::vector<std::int64_t>* reach,
                              bool half_even) const {
    const bool falling = trend(f) == Trend::kFalling;
    const lower::StepFunction rising =
        falling ? on_lanes(f, {-1, 0, 1}, {-f.domain.max, -f.domain.min}) : f;
    auto levels = levels_of(rising, rising.domain.min, rising.domain.max + 1);
    std::vector<std::int64_t> below;
    Range inputs = rising.domain;
    if (reach != nullptr && !falling) {  // levels may stand anywhere between numbers that come
      inputs = {reach->front(), reach->back()};
      for (std::int64_t& level : levels) {
        const auto from = std::lower_bound(reach->begin(), reach->end(), level);
        below.push_back(from == reach->begin() ? level - 1 : *(from - 1));
        level = from == reach->end() ? std::int64_t{inputs.max} + 1 : *from;
      }
    }
    auto line = stream::fit_line(levels, image_.min, inputs, kMostShift, half_even, below);
    if (!line) return line;
    if (falling) line->factor = -line->factor;
    const double most = std::max(std::abs(static_cast<double>(in_.range.min)),
                                 std::abs(static_cast<double>(in_.range.max)));
    const double product = most * std::abs(static_cast<double>(line->factor)) +
                           std::abs(static_cast<double>(line->bias));
    return product < static_cast<double>(kMostProduct) ? line : std::nullopt;
  }

  /// True if numbers are few and one function serves all elements.
  [[nodiscard]] bool has_table() const {
    if (in_.format.bits > kMostTableBits) return false;
    const Point& first = points_[0];
    return std::all_of(points_.begin(), points_.end(), [&](const Point& p) {
      return p.x == first.x && p.f.limits == first.f.limits && p.f.step == first.f.step;
    });
  }
  [[nodiscard]] stream::Table table_unit() const {
    stream::Table unit;
    unit.format = in_.format;
    const stream::Format format = format_of(1, image_);
    unit.bits = format.bits;
    unit.kind = format.kind;
    return unit;
  }
  [[nodiscard]] double table_price() const {
    stream::Table unit = table_unit();
    unit.rom = stream::RomStyle::kLut;
    const double luts = price(stream::cost(unit));
    unit.rom = stream::RomStyle::kBlock;
    return std::min(luts, price(stream::cost(unit)));
  }
  /// Of comparators for every step up or down, or for every step and a multiplier.
  [[nodiscard]] double price_of_steps() const {
    const lower::StepFunction& f = steps_[0];
    Threshold unit;
    unit.format = in_.format;
    unit.fold = static_cast<int>(fold_);
    unit.bits = table_unit().bits;
    double ways = static_cast<double>(f.levels[0]) - static_cast<double>(image_.min);
    for (std::size_t i = 1; i < f.levels.size(); ++i) {
      ways += std::abs(static_cast<double>(f.levels[i]) - static_cast<double>(f.levels[i - 1]));
    }
    unit.levels = static_cast<int>(std::min<double>(ways, 2 * kMostLevels));
    return price(stream::cost(unit));
  }
  Carried table() {
    stream::Table unit = table_unit();
    const Point& p = points_[0];
    const std::int64_t count = std::int64_t{1} << unit.format.bits;
    for (std::int64_t bits = 0; bits < count; ++bits) {
      const bool negative = unit.format.kind == Kind::kSigned && 2 * bits >= count;
      const std::int64_t lane = negative ? bits - count : bits;
      const std::int64_t x = p.x(std::clamp<std::int64_t>(lane, p.lane.min, p.lane.max));
      const Range limits = p.f.limits;
      unit.codes.push_back(p.f.step ? (*p.f.step)(x)
                                    : std::clamp<std::int64_t>(x, limits.min, limits.max));
    }
    Carried y = out(builder_.unit("table", unit, {in_.channel})[0], unit.bits, unit.kind, image_);
    if (y.fill) y.fill = unit.codes[static_cast<std::size_t>(*y.fill & (count - 1))];
    return y;
  }

  Carried line_or_table() {
    if (has_table() && table_price() < price(stream::cost(line_unit()))) return table();
    return line();
  }
  [[nodiscard]] Scale line_unit() const {
    Scale unit;
    unit.format = in_.format;
    unit.fold = static_cast<int>(fold_);
    for (const Line& l : lines_) {
      unit.shift = std::max(unit.shift, l.shift);
      unit.half_even = unit.half_even || l.half_even;
    }
    const auto constant = [&](std::int64_t code) {
      const std::int64_t tie = unit.half_even && code % 2 != 0 ? 1 : 0;
      return (code << unit.shift) + tie;
    };
    const bool plain = std::all_of(lines_.begin(), lines_.end(), [&](const Line& l) {
      return l.factor == 1 && l.shift == unit.shift;
    });
    for_entries([&](std::size_t, std::int64_t p) {
      if (p < 0 && plain && in_.fill) {
        unit.factors.push_back(1);
        unit.biases.push_back(constant(image_.min) - *in_.fill);
        return;
      }
      const Line l = p < 0 ? Line{0, image_.min, 0} : lines_[static_cast<std::size_t>(p)];
      const int up = unit.shift - l.shift;
      unit.factors.push_back(l.factor << up);
      unit.biases.push_back(l.factor == 0 && l.shift == 0 ? constant(l.bias) : l.bias << up);
    });
    shorten(unit.fold, {&unit.factors, &unit.biases});
    const auto bits = [](const std::vector<std::int64_t>& list) {
      const auto [low, high] = std::minmax_element(list.begin(), list.end());
      return signed_bits({*low, *high});
    };
    const bool factors = std::any_of(unit.factors.begin(), unit.factors.end(),
                                     [](std::int64_t f) { return f != 1; });
    unit.factor_bits = factors ? bits(unit.factors) : 0;
    unit.bias_bits = bits(unit.biases);
    const stream::Format format = format_of(1, image_);
    unit.bits = format.bits;
    unit.kind = format.kind;
    const bool whole = full_range(unit.bits, unit.kind == Kind::kSigned) == image_;
    if (clamps_ && !whole) unit.limits = image_;
    return unit;
  }
  Carried line() {
    const Scale unit = line_unit();
    Carried y = out(builder_.unit("scale", unit, {in_.channel})[0], unit.bits, unit.kind, image_);
    if (!y.full()) y.fill = image_.min;
    return y;
  }

  using Tables = std::vector<std::vector<std::int64_t>>;  // levels of each point

  /// offset + the number of levels reached, for each lane of `channel`.
  Carried counted(const std::string& role, int channel, Tables tables, std::int64_t offset,
                  bool bipolar) {
    std::size_t most = 1;
    for (const auto& table : tables) most = std::max(most, table.size());
    if (most > kMostLevels) refuse(fmt::format("a function of {} uneven steps", most));
    for (auto& table : tables) table.resize(most, lanes_.max + 1);
    Threshold unit;
    unit.format = in_.format;
    unit.fold = static_cast<int>(fold_);
    unit.levels = static_cast<int>(most);
    for_entries([&](std::size_t, std::int64_t p) {
      const auto& table = tables[p < 0 ? 0 : static_cast<std::size_t>(p)];
      unit.table.insert(unit.table.end(), table.begin(), table.end());
    });
    shorten(unit.fold, {&unit.table});
    const Range codes{offset, offset + unit.levels};
    const stream::Format format = format_of(1, codes);
    unit.bipolar = bipolar;
    unit.bits = bipolar ? 1 : format.bits;
    unit.offset = bipolar ? 0 : static_cast<int>(offset);
    Carried y = out(builder_.unit(role, unit, {channel})[0], unit.bits,
                    bipolar ? Kind::kBipolar : format.kind, bipolar ? Range{-1, 1} : codes);
    if (bipolar) y.low = offset;
    y.fill.reset();
    if (in_.fill && !y.full()) {
      const auto reached = std::count_if(tables[0].begin(), tables[0].end(),
                                         [&](std::int64_t level) { return *in_.fill >= level; });
      y.fill = bipolar ? (reached > 0 ? 1 : -1) : offset + reached;
    }
    return y;
  }

  Carried threshold(bool bipolar) {
    if (image_.max - image_.min > kMostLevels) {
      refuse(fmt::format("a function of {} uneven steps", image_.max - image_.min));
    }
    Tables tables;
    for (const lower::StepFunction& f : steps_) {
      tables.push_back(levels_of(f, lanes_.min, lanes_.max + 1));
    }
    return counted("threshold", in_.channel, std::move(tables), image_.min, bipolar);
  }

  /// Few steps between codes that lie far apart: the steps are counted, then multiplied.
  Carried stretched(bool rising) {
    const Range codes = image_;
    std::vector<Line> back;
    image_ = {0, 0};
    for (lower::StepFunction& f : steps_) {
      const std::int64_t least = *std::min_element(f.levels.begin(), f.levels.end());
      std::int64_t common = 0;
      for (const std::int64_t level : f.levels) common = std::gcd(common, level - least);
      common = std::max<std::int64_t>(1, common);
      for (std::int64_t& level : f.levels) level = (level - least) / common;
      back.push_back(Line{common, least, 0, false});
      image_ = hull(image_, f.image());
    }
    in_ = rising ? threshold(false) : difference();
    image_ = codes;
    clamps_ = false;
    lines_ = std::move(back);
    return line();
  }

  /// Steps up less steps down.
  Carried difference() {
    Tables ups, downs;
    for (const lower::StepFunction& f : steps_) {
      ups.emplace_back();
      downs.emplace_back();
      std::int64_t level = image_.min;
      for (std::size_t i = 0; i < f.levels.size(); ++i) {
        const std::int64_t from = i == 0 ? lanes_.min : f.thresholds[i - 1];
        const std::int64_t step = f.levels[i] - level;
        level = f.levels[i];
        auto& table = step > 0 ? ups.back() : downs.back();
        if (std::abs(step) > kMostLevels) refuse("a function of too great steps");
        table.insert(table.end(), static_cast<std::size_t>(std::abs(step)), from);
      }
    }
    const stream::Fork fork{in_.format, std::vector<stream::Queue>(2)};
    const std::vector<int> both = builder_.unit("fork", fork, {in_.channel});
    const Carried up = counted("up", both[0], std::move(ups), image_.min, false);
    const Carried down = counted("down", both[1], std::move(downs), 0, false);
    stream::Add add;
    add.a = up.format;
    add.b = down.format;
    add.factor_b = -1;
    const stream::Format format = format_of(1, image_);
    add.bits = format.bits;
    add.kind = format.kind;
    Carried y = out(builder_.unit("less", add, {up.channel, down.channel})[0], format.bits,
                    format.kind, image_);
    y.fill.reset();
    if (up.fill && down.fill) y.fill = *up.fill - *down.fill;
    return y;
  }

  StreamBuilder& builder_;
  Carried in_;
  const std::vector<Point>& points_;
  const std::string& node_;
  std::int64_t fold_ = 1;
  bool clamps_ = true;  // some number lies beyond the codes
  Range lanes_, image_;
  std::vector<lower::StepFunction> steps_;
  std::vector<Line> lines_;
};

}  // namespace

Carried requantised(StreamBuilder& builder, Carried in, const std::vector<Point>& points,
                    bool bipolar, const std::string& node) {
  return Requantiser(builder, std::move(in), points, node).run(bipolar);
}

}  // namespace nib::plan
