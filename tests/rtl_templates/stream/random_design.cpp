// Random streaming designs: open streams with a shape, to which random units are added.
#include "random_design.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>

#include "nib/plan/stream_mac.h"
#include "nib/sim/stream_stalls.h"

namespace nib::test {

using namespace plan::stream;

std::uint64_t Draw::next() { return sim::mix(seed_, count_++); }

namespace {

constexpr int kMaxBits = 16;         // of a lane before it is requantised
constexpr int kMaxTableBits = 6000;  // of a unit's table
constexpr int kMaxPatchBits = 200;   // of all taps of a window
constexpr int kMaxWired = 24;        // elements of a vector

/// A stream that nothing reads yet: h x w pixels of c lanes that mean something.
struct Open {
  int channel = 0;
  int h = 1, w = 1, c = 1;
  int taps = 0;  ///< words come as (channel group, tap) of so many taps
  Range range;
};

class Maker {
 public:
  Maker(std::uint64_t seed, const std::string& name, bool large)
      : draw_(seed), max_size_(large ? 24 : 7), max_words_(large ? 8000 : 400) {
    result_.design.network.name = name;
  }

  RandomDesign make() {
    open_source();
    const int units = draw_.number(1, 8);
    for (int tries = 0; tries < 60 && made_ < units; ++tries) grow();
    for (int i = 0; i < 2 && draw_.chance(75); ++i) join();
    for (const Open& s : open_) close(s);
    return std::move(result_);
  }

 private:
  Format format(const Open& s) const {
    return result_.design.formats[static_cast<std::size_t>(s.channel)];
  }
  int fold(const Open& s) const { return (s.c + format(s).lanes - 1) / format(s).lanes; }
  bool full(const Open& s) const { return s.c % format(s).lanes == 0; }
  int words(const Open& s) const { return s.h * s.w * fold(s); }
  bool bipolar(const Open& s) const { return format(s).kind == Kind::kBipolar; }

  Queue queue(bool small = false) {
    const int storages[] = {0, 0, 0, 0, 0, 1, 2, 3, 4, 4};
    Queue q{draw_.chance(6) && !small ? draw_.number(30, 70) : draw_.number(1, 9),
            storages[draw_.number(0, 9)]};
    return q;
  }
  std::string name(const char* what) const { return fmt::format("{}{}", what, made_); }

  /// Adds the unit behind `inputs`; the new stream has the shape of `like`.
  Open& add(const char* what, const Spec& spec, const std::vector<int>& inputs, Open like) {
    ++made_;
    const std::vector<int> outputs = add_unit(result_.design, name(what), spec, inputs);
    like.channel = outputs[0];
    open_.push_back(like);
    return open_.back();
  }

  void open_source() {
    Open s;
    s.h = draw_.number(1, max_size_);
    s.w = draw_.number(1, max_size_);
    const int lanes = draw_.number(1, 4);
    s.c = lanes * draw_.number(1, 3);
    const Kind kind = static_cast<Kind>(draw_.number(0, 2));
    const int bits = kind == Kind::kBipolar ? 1 : draw_.number(kind == Kind::kSigned ? 2 : 1, 6);
    s.range = kind == Kind::kBipolar ? Range{-1, 1} : full_range(bits, kind == Kind::kSigned);
    const bool axis = draw_.chance(25);
    Format f{lanes, bits, kind, axis};
    const int frame = s.h * s.w * s.c / lanes;
    s.channel = add_source(result_.design, fmt::format("source{}", sources_++), f);
    result_.frame_words.push_back(frame);
    if (!axis) return open_.push_back(s);
    f.last = false;
    add("axis_in", Boundary{f, Boundary::End::kInput, frame}, {s.channel}, s);
  }

  void close(const Open& s) {
    int channel = s.channel;
    if (draw_.chance(25)) {
      ++made_;
      channel = add_unit(result_.design, name("axis_out"),
                         Boundary{format(s), Boundary::End::kOutput, words(s)}, {channel})[0];
    }
    add_sink(result_.design, channel);
  }

  void grow() {
    const auto at = static_cast<std::size_t>(draw_.number(0, static_cast<int>(open_.size()) - 1));
    const Open s = open_[at];
    if (s.taps > 0 && draw_.chance(70)) return replace(at, [&] { return vvu(s); });
    // Paths that meet again, with units in between that keep the shape.
    if (open_.size() > 1 && draw_.chance(30)) return join();
    if (open_.size() > 1 && draw_.chance(40)) return replace(at, [&] { return keep_shape(s); });
    switch (draw_.number(0, 24)) {
      case 0:
        return replace(at, [&] { return fifo(s); });
      case 1:
        return replace(at, [&] { return slice(s); });
      case 2:
      case 3:
        return replace(at, [&] { return width(s); });
      case 4:
      case 5:
      case 6:
        return replace(at, [&] { return window(s); });
      case 7:
      case 8:
      case 9:
        return replace(at, [&] { return mvu(s); });
      case 10:
        return replace(at, [&] { return pool(s); });
      case 11:
        return replace(at, [&] { return threshold(s); });
      case 12:
        return replace(at, [&] { return scale(s); });
      case 13:
        return replace(at, [&] { return upsample(s); });
      case 14:
        return replace(at, [&] { return draw_.chance(30) && argmax(s); });
      case 15:
        if (open_.size() < 3) return replace(at, [&] { return fork(s); });
        return;
      case 16:
        if (open_.size() < 3 && draw_.chance(20)) open_source();
        return;
      case 17:
        return replace(at, [&] { return reorder(s); });
      case 18:
      case 19:
        return replace(at, [&] { return patch(s); });
      case 20:
      case 21:
      case 22:
        return replace(at, [&] { return const_mvu(s); });
      case 23:
        return replace(at, [&] { return table(s); });
      default:
        return join();
    }
  }

  /// Takes stream `at` off the list if `act` has put a unit behind it.
  void replace(std::size_t at, const std::function<bool()>& act) {
    if (act()) open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  bool keep_shape(const Open& s) {
    switch (draw_.number(0, 6)) {
      case 0:
        return fifo(s);
      case 1:
        return slice(s);
      case 2:
        return threshold(s);
      case 3:
        return scale(s);
      case 4:
        return const_mvu(s);
      case 5:
        return table(s);
      default:
        return mvu(s);
    }
  }

  bool fifo(const Open& s) {
    add("fifo", Fifo{format(s), queue()}, {s.channel}, s);
    return true;
  }
  bool slice(const Open& s) {
    add("slice", Boundary{format(s), Boundary::End::kInside, 1}, {s.channel}, s);
    return true;
  }

  bool width(const Open& s) {
    const int lanes = draw_.number(1, 8);
    // A frame is a pixel; or all pixels, if no word holds the ends of two.
    const int pixel = s.c, whole = s.h * s.w * s.c;
    const bool join_pixels = full(s) && draw_.chance(40);
    Open like = s;
    like.taps = 0;
    if (join_pixels && whole % lanes == 0 && s.c % lanes != 0) {
      like = {0, 1, 1, whole, 0, s.range};
    }
    const int frame = like.c == whole && join_pixels ? whole : pixel;
    if (bipolar(s)) {
      like.range = s.range;
    } else if (s.range.min > 0 || s.range.max < 0) {
      like.range = hull(s.range, {0, 0});
    }
    if (!full(s) && !bipolar(s)) like.range = hull(like.range, {0, 0});
    add("width", Width{format(s), lanes, frame, queue()}, {s.channel}, like);
    return true;
  }

  Axis axis(int size) {
    Axis a;
    a.size = size;
    a.kernel = draw_.number(1, 4);
    a.stride = draw_.number(1, 3);
    a.dilation = draw_.chance(30) ? draw_.number(1, 3) : 1;
    a.before = draw_.number(0, std::min(a.extent() - 1, 3));
    a.after = draw_.number(0, std::min(a.extent() - 1, 3));
    return a;
  }

  bool window(const Open& s) {
    if (!full(s)) return false;
    Window w{axis(s.h), axis(s.w), fold(s), draw_.chance(50), draw_.chance(40)};
    for (const Axis* a : {&w.rows, &w.columns}) {
      if (a->extent() > a->size + a->before + a->after || !a->touches()) return false;
    }
    if (w.steps() > 2 * max_words_) return false;
    const std::int64_t least = least_ring(w);
    // Mostly enough; one word too few is a deadlock.
    const std::int64_t ring = draw_.chance(5) && least > 1 ? least - 1 : least + draw_.in(0, 12);
    const std::int64_t pad = bipolar(s) ? -1 : draw_.in(s.range.min, s.range.max);
    const int taps = w.rows.kernel * w.columns.kernel;
    Open like{0,          w.rows.positions(),         w.columns.positions(),
              s.c * taps, w.channel_outer ? taps : 0, s.range};
    add("window", WindowUnit{format(s), w, pad, ring, queue()}, {s.channel}, like);
    return true;
  }

  bool patch(const Open& s) {
    if (fold(s) != 1 || !full(s)) return false;
    Patch u{format(s), axis(s.h), axis(s.w), bipolar(s) ? -1 : draw_.in(s.range.min, s.range.max),
            1,         queue()};
    for (const Axis* a : {&u.rows, &u.columns}) {
      if (a->extent() > a->size + a->before + a->after) return false;
    }
    const int taps = u.rows.kernel * u.columns.kernel;
    if (taps * u.format.width() > kMaxPatchBits) return false;
    // All taps in a word, or in several; fillers are 0.
    u.lanes = draw_.chance(40) ? u.elements() : static_cast<int>(draw_.in(1, u.elements()));
    Range range = s.range;
    if (u.elements() % u.lanes != 0 && !bipolar(s)) range = hull(range, {0, 0});
    add("patch", u, {s.channel},
        {0, u.rows.positions(), u.columns.positions(), s.c * taps, 0, range});
    return true;
  }

  /// `narrow`: the least value of signed weights does not occur.
  std::int64_t weight(int bits, Kind kind, bool narrow = false) {
    if (kind == Kind::kBipolar) return draw_.chance(50) ? 1 : -1;
    const Range r = full_range(bits, kind == Kind::kSigned);
    return draw_.in(narrow ? -r.max : r.min, r.max);
  }

  /// Range of a sum of products, whatever the inputs; rows beyond the matrix are 0 (or all -1).
  static Range dot(Range in, const std::int64_t* weights, int count) {
    Range sum{0, 0};
    for (int i = 0; i < count; ++i) sum = sum + in * weights[i];
    return sum;
  }
  static int signed_bits(Range r) { return std::max(2, bits_for(hull(r, {-1, 0}))); }

  bool mvu(const Open& s) {
    Mvu u;
    u.format = format(s);
    u.columns = s.c;
    u.rows = draw_.number(1, 9);
    u.pe = draw_.number(1, 5);
    if (open_.size() > 1 && draw_.chance(60)) {
      u.rows = s.c;
      u.pe = u.format.lanes;
    }
    u.weight_kind = static_cast<Kind>(draw_.number(0, 2));
    u.weight_bits = u.weight_kind == Kind::kBipolar ? 1 : draw_.number(1, 5);
    if (u.weight_kind == Kind::kSigned) ++u.weight_bits;
    u.input_stationary = draw_.chance(40);
    u.product_register = draw_.chance(30);
    u.queue = queue();
    if (u.weight_kind == Kind::kBipolar && !full(s)) return false;
    if (u.sf() * u.nf() * u.pe * u.format.lanes * u.weight_bits > kMaxTableBits) return false;
    if (u.sf() * u.nf() * s.h * s.w > 2 * max_words_) return false;
    const bool narrow = u.weight_kind == Kind::kSigned && draw_.chance(70);
    Range range{0, 0};
    std::vector<std::int64_t> minus(static_cast<std::size_t>(u.columns), -1);
    for (int r = 0; r < u.rows; ++r) {
      for (int i = 0; i < u.columns; ++i) {
        u.weights.push_back(weight(u.weight_bits, u.weight_kind, narrow));
      }
      range =
          hull(range, dot(s.range, &u.weights[static_cast<std::size_t>(r * u.columns)], u.columns));
    }
    if (u.weight_kind == Kind::kBipolar) range = hull(range, dot(s.range, minus.data(), u.columns));
    u.acc_bits = signed_bits(range);
    u.dsp = draw_.chance(30);
    u.tree_registers = draw_.number(0, mac_shape(u).most_tree_registers());
    u.rom = static_cast<RomStyle>(draw_.number(0, 2));
    add("mvu", u, {s.channel}, {0, s.h, s.w, u.rows, 0, range});
    return true;
  }

  /// With an array of any latency.
  bool const_mvu(const Open& s) {
    ConstMvu u;
    u.format = format(s);
    if (fold(s) != 1 || !full(s) || u.format.lanes > kMaxWired) return false;
    u.rows = draw_.number(1, 6);
    if (open_.size() > 1 && draw_.chance(60)) u.rows = s.c;
    u.digit = draw_.number(1, u.format.bits + 1);
    if (u.digits() * s.h * s.w > 2 * max_words_) return false;
    u.latency = draw_.number(0, 3);
    u.queue = queue();
    const Kind kind = static_cast<Kind>(draw_.number(0, 2));
    const int bits = kind == Kind::kBipolar ? 1 : draw_.number(2, 5);
    const Range digits = u.digits() > 1 ? full_range(u.digit, false) : s.range;
    Range range{0, 0}, sums{0, 0};
    for (int r = 0; r < u.rows; ++r) {
      for (int i = 0; i < s.c; ++i) u.weights.push_back(weight(bits, kind));
      const std::int64_t* row = &u.weights[static_cast<std::size_t>(r * s.c)];
      range = hull(range, dot(s.range, row, s.c));
      sums = hull(sums, dot(digits, row, s.c));
    }
    u.sum_bits = signed_bits(sums);
    u.acc_bits = std::max(u.sum_bits, signed_bits(range));
    add("const_mvu", u, {s.channel}, {0, s.h, s.w, u.rows, 0, range});
    return true;
  }

  bool vvu(const Open& s) {
    Vvu u;
    u.format = format(s);
    u.taps = s.taps;
    u.channels = s.c / s.taps;
    u.weight_kind = static_cast<Kind>(draw_.number(0, 2));
    u.weight_bits = u.weight_kind == Kind::kBipolar ? 1 : draw_.number(2, 5);
    u.product_register = draw_.chance(30);
    u.queue = queue();
    const bool narrow = u.weight_kind == Kind::kSigned && draw_.chance(70);
    Range range{0, 0};
    for (int c = 0; c < u.channels; ++c) {
      for (int k = 0; k < u.taps; ++k) {
        u.weights.push_back(weight(u.weight_bits, u.weight_kind, narrow));
      }
      range = hull(range, dot(s.range, &u.weights[static_cast<std::size_t>(c * u.taps)], u.taps));
    }
    u.acc_bits = signed_bits(range);
    u.dsp = draw_.chance(15);
    u.rom = static_cast<RomStyle>(draw_.number(0, 2));
    add("vvu", u, {s.channel}, {0, s.h, s.w, u.channels, 0, range});
    return true;
  }

  bool pool(const Open& s) {
    Pool u;
    u.format = format(s);
    u.rows = s.h;
    u.columns = s.w;
    u.fold = fold(s);
    u.kernel_y = draw_.number(1, std::min(3, s.h));
    u.kernel_x = draw_.number(1, std::min(3, s.w));
    if (draw_.chance(20)) {
      u.kernel_y = s.h;
      u.kernel_x = s.w;
    }
    u.sum = draw_.chance(40) && !bipolar(s);
    u.queue = queue();
    const Range range = u.sum ? hull(s.range * (u.kernel_y * u.kernel_x), s.range) : s.range;
    u.bits = u.sum
                 ? std::max(u.format.bits,
                            bits_for(u.format.kind == Kind::kSigned ? hull(range, {-1, 0}) : range))
                 : u.format.bits;
    add("pool", u, {s.channel}, {0, s.h / u.kernel_y, s.w / u.kernel_x, s.c, 0, range});
    return true;
  }

  bool threshold(const Open& s) {
    if (bipolar(s)) return false;
    Threshold u;
    u.format = format(s);
    u.fold = fold(s);
    u.levels = draw_.number(1, 7);
    u.bipolar = draw_.chance(25);
    if (u.bipolar) u.levels = 1;
    u.offset = draw_.chance(40) && !u.bipolar ? -draw_.number(1, 4) : 0;
    u.hit_register = draw_.chance(40);
    u.queue = queue();
    const int channels = u.fold * u.format.lanes;
    if (channels * u.levels * (u.format.bits + 1) > kMaxTableBits) return false;
    const Range reach{s.range.min - (u.format.kind == Kind::kSigned ? 1 : 0), s.range.max + 1};
    for (int c = 0; c < channels; ++c) {
      std::vector<std::int64_t> levels;
      for (int i = 0; i < u.levels; ++i) levels.push_back(draw_.in(reach.min, reach.max));
      std::sort(levels.begin(), levels.end());
      u.table.insert(u.table.end(), levels.begin(), levels.end());
    }
    const Range range = u.bipolar ? Range{-1, 1} : Range{u.offset, u.offset + u.levels};
    u.bits = u.bipolar ? 1 : u.offset < 0 ? signed_bits(range) : bits_for(range);
    add("threshold", u, {s.channel}, {0, s.h, s.w, s.c, s.taps, hull(range, {0, 0})});
    return true;
  }

  bool scale(const Open& s) {
    if (bipolar(s)) return false;
    Scale u;
    u.format = format(s);
    u.fold = fold(s);
    u.kind = draw_.chance(50) ? Kind::kSigned : Kind::kUnsigned;
    u.bits = draw_.number(2, 6);
    u.factor_bits = draw_.chance(70) ? draw_.number(2, 7) : 0;
    u.bias_bits = draw_.number(2, 12);
    u.shift = draw_.number(0, 10);
    u.half_even = u.shift > 0 && draw_.chance(40);
    u.queue = queue();
    for (int c = 0; c < u.fold * u.format.lanes; ++c) {
      u.factors.push_back(u.factor_bits > 0 ? weight(u.factor_bits, Kind::kSigned) : 1);
      u.biases.push_back(weight(u.bias_bits, Kind::kSigned));
    }
    Range range = full_range(u.bits, u.kind == Kind::kSigned);
    if (draw_.chance(30)) {
      u.limits = Range{draw_.in(range.min, range.max), range.max};
      u.limits->max = draw_.in(u.limits->min, range.max);
      range = *u.limits;
    }
    add("scale", u, {s.channel}, {0, s.h, s.w, s.c, s.taps, range});
    return true;
  }

  bool table(const Open& s) {
    if (bipolar(s) || s.range.max - s.range.min > 255) return false;
    Table u;
    u.format = format(s);
    if (u.format.bits > 8) return false;
    u.kind = draw_.chance(50) ? Kind::kSigned : Kind::kUnsigned;
    u.bits = draw_.number(1, 6);
    u.queue = queue();
    u.rom = static_cast<RomStyle>(draw_.number(0, 2));
    const Range range = full_range(u.bits, u.kind == Kind::kSigned);
    for (int x = 0; x < 1 << u.format.bits; ++x) {
      u.codes.push_back(draw_.in(range.min, range.max));
    }
    add("table", u, {s.channel}, {0, s.h, s.w, s.c, s.taps, range});
    return true;
  }

  bool upsample(const Open& s) {
    Upsample u{format(s), s.w, fold(s), draw_.number(1, 3), draw_.number(1, 3), queue()};
    if (words(s) * u.factor_x * u.factor_y > max_words_) return false;
    add("upsample", u, {s.channel}, {0, s.h * u.factor_y, s.w * u.factor_x, s.c, s.taps, s.range});
    return true;
  }

  bool argmax(const Open& s) {
    if (bipolar(s)) return false;
    add("argmax", Argmax{format(s), s.c, queue()}, {s.channel},
        {0, s.h, s.w, 1, 0, {0, std::max(1, s.c - 1)}});
    return true;
  }

  bool reorder(const Open& s) {
    Reorder u;
    u.format = format(s);
    u.words = words(s);
    u.queue = queue();
    Open like = s;
    like.taps = 0;
    like.w = draw_.number(1, s.w + 2);
    const bool fills = draw_.chance(50) && full(s);
    for (int i = 0; i < words(like); ++i) {
      u.source.push_back(fills && draw_.chance(20) ? -1 : draw_.number(0, u.words - 1));
      for (int l = 0; u.source.back() < 0 && l < u.format.lanes; ++l) {
        u.fill.push_back(bipolar(s) ? draw_.number(0, 1) * 2 - 1
                                    : draw_.in(s.range.min, s.range.max));
      }
    }
    add("reorder", u, {s.channel}, like);
    return true;
  }

  bool fork(const Open& s) {
    Fork u{format(s), {}};
    const int outputs = draw_.number(1, 3);
    for (int o = 0; o < outputs; ++o) {
      u.queues.push_back(queue());
      if (draw_.chance(40)) u.queues.back().depth += draw_.number(10, 60);
    }
    ++made_;
    for (const int channel : add_unit(result_.design, name("fork"), u, {s.channel})) {
      open_.push_back(s);
      open_.back().channel = channel;
    }
    return true;
  }

  /// Adds or concatenates the first two streams that fit.
  void join() {
    for (std::size_t i = 0; i < open_.size(); ++i) {
      for (std::size_t j = i + 1; j < open_.size(); ++j) {
        const Open a = open_[i], b = open_[j];
        if (a.h != b.h || a.w != b.w || format(a).lanes != format(b).lanes) continue;
        if (!(sum(a, b) || concatenate(a, b))) continue;
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(j));
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
        return;
      }
    }
  }

  bool sum(const Open& a, const Open& b) {
    if (bipolar(a) || bipolar(b) || a.c != b.c || draw_.chance(20)) return false;
    Add u;
    u.a = format(a);
    u.b = format(b);
    u.factor_a = draw_.chance(50) ? 1 : draw_.number(-5, 5);
    u.factor_b = draw_.chance(50) ? 1 : draw_.number(-5, 5);
    u.offset = draw_.chance(50) ? 0 : draw_.number(-20, 20);
    u.queue = queue();
    const Range range = a.range * u.factor_a + b.range * u.factor_b + Range{u.offset, u.offset};
    u.bits = signed_bits(range);
    if (u.bits > kMaxBits) return false;
    add("add", u, {a.channel, b.channel}, {0, a.h, a.w, a.c, 0, hull(range, {0, 0})});
    return true;
  }

  bool concatenate(const Open& a, const Open& b) {
    if (format(a) != format(b) || !full(a) || !full(b)) return false;
    add("concat", Concat{format(a), fold(a), fold(b), queue()}, {a.channel, b.channel},
        {0, a.h, a.w, a.c + b.c, 0, hull(a.range, b.range)});
    return true;
  }

  RandomDesign result_;
  Draw draw_;
  int max_size_;   // of a frame's edge
  int max_words_;  // of a frame
  std::vector<Open> open_;
  int made_ = 0, sources_ = 0;
};

}  // namespace

RandomDesign random_design(std::uint64_t seed, const std::string& name, bool large) {
  return Maker(seed, name, large).make();
}

}  // namespace nib::test
