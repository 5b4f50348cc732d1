// Words, digits and widths of a multiply-accumulate array, as nib_mac derives them.
#include "nib/plan/stream_mac.h"

#include <algorithm>
#include <bit>

namespace nib::plan::stream {
namespace {

constexpr int kCounted = 18;  // bits that nib_count18 makes one word

int log2_up(int n) { return static_cast<int>(std::bit_width(static_cast<unsigned>(n - 1))); }

template <typename Unit>
WeightCode code_of(const Unit& unit) {
  const auto plain = static_cast<WeightCode>(unit.weight_kind);
  if (plain != WeightCode::kSigned || unit.weight_bits < 2 || unit.dsp ||
      unit.format.kind == Kind::kBipolar) {
    return plain;
  }
  const std::int64_t least = -(std::int64_t{1} << (unit.weight_bits - 1));
  const bool occurs = std::count(unit.weights.begin(), unit.weights.end(), least) > 0;
  return occurs ? plain : WeightCode::kSignMagnitude;
}

template <typename Unit>
MacShape shape_of(const Unit& unit, int simd) {
  const WeightCode code = code_of(unit);
  const bool bipolar_in = unit.format.kind == Kind::kBipolar;
  const bool signed_in = unit.format.kind == Kind::kSigned;
  const bool magnitude = code == WeightCode::kSignMagnitude;
  MacShape s;
  s.counts = unit.format.bits == 1 && unit.weight_bits == 1 && !signed_in &&
             code != WeightCode::kSigned && bipolar_in == (code == WeightCode::kBipolar);
  s.core_bits = unit.acc_bits - (s.counts && bipolar_in ? 1 : 0);
  int full = 0;
  if (s.counts) {
    s.words = (simd + kCounted) / (kCounted + 1);
    s.word_bits = simd > s.words ? 5 : 1;
    full = s.word_bits + log2_up(s.words);
  } else {
    s.multiplies = unit.dsp && !bipolar_in && code < WeightCode::kBipolar;
    s.words = simd;
    s.has_sign = bipolar_in || code != WeightCode::kUnsigned;
    const bool wide_sign = bipolar_in ? code == WeightCode::kSigned : signed_in;
    s.is_signed = s.has_sign || wide_sign;
    s.has_sign = s.has_sign && !s.multiplies;
    s.magnitude_bits =
        bipolar_in || code == WeightCode::kBipolar ? 1 : unit.weight_bits - (magnitude ? 1 : 0);
    s.digits = s.multiplies ? 1 : (s.magnitude_bits + 1) / 2;
    const int multiplicand = bipolar_in ? unit.weight_bits - (magnitude ? 1 : 0) : unit.format.bits;
    s.word_bits = s.multiplies ? unit.format.bits + unit.weight_bits
                               : multiplicand + (s.magnitude_bits > 1 ? 2 : 0) +
                                     (s.has_sign && !wide_sign ? 1 : 0);
    full = s.word_bits + log2_up(s.words) + (s.digits > 1 ? 2 * s.digits - 1 : 0);
  }
  s.dot_bits = std::min(full, s.core_bits);
  return s;
}

bool multiplies(const Mvu& unit) { return shape_of(unit, unit.format.lanes).multiplies; }

/// True if every field of `together` outputs fits the bits of a weight.
bool fields_fit(const Mvu& unit, int together) {
  const std::int64_t least = -(std::int64_t{1} << (unit.weight_bits - 1));
  if (std::count(unit.weights.begin(), unit.weights.end(), least) == 0) return true;
  // A cost may be asked for with the weights that occur alone.
  if (std::ssize(unit.weights) != std::ptrdiff_t{unit.rows} * unit.columns) return true;
  std::vector<std::int64_t> fields;
  for (int first = 0; first < unit.rows; first += unit.pe) {
    const int end = std::min(unit.rows, first + unit.pe);
    for (int row = first; row < end; row += together) {
      for (int column = 0; column < unit.columns; ++column) {
        fields.clear();
        for (int r = row; r < std::min(end, row + together); ++r) {
          fields.push_back(unit.weights[static_cast<std::size_t>(r * unit.columns + column)]);
        }
        to_fields(fields);
        if (*std::min_element(fields.begin(), fields.end()) < least) return false;
      }
    }
  }
  return true;
}

}  // namespace

void to_fields(std::vector<std::int64_t>& weights) {
  for (std::size_t i = 1; i < weights.size(); ++i) weights[i] -= weights[i - 1] < 0 ? 1 : 0;
}

int packed_outputs(const Mvu& unit) {
  constexpr int kWide = 25, kNarrow = 18;
  if (!multiplies(unit)) return 1;
  const bool has_sign = unit.weight_kind == Kind::kSigned;
  const int weight = unit.weight_bits + (has_sign ? 0 : 1);
  const int input = unit.format.bits + (unit.format.kind == Kind::kSigned ? 0 : 1);
  if (input > kNarrow || weight > kWide) return 1;
  int packed = 1 + (kWide - weight) / (unit.format.bits + unit.weight_bits);
  packed = std::min(packed, unit.pe);
  while (packed > 1 && has_sign && !fields_fit(unit, packed)) --packed;
  return packed;
}

int MacShape::levels() const { return log2_up(words) + digits - 1; }

WeightCode weight_code(const Mvu& unit) { return code_of(unit); }
WeightCode weight_code(const Vvu& unit) { return code_of(unit); }

MacShape mac_shape(const Mvu& unit) {
  MacShape s = shape_of(unit, unit.format.lanes);
  s.packed = packed_outputs(unit);
  return s;
}
MacShape mac_shape(const Vvu& unit) { return shape_of(unit, 1); }

}  // namespace nib::plan::stream
