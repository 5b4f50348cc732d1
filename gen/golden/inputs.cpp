// Reading input rows.
#include "nib/golden/inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nib/base/check.h"
#include "nib/base/error.h"

namespace nib::golden {
namespace {

constexpr std::int64_t kTableCodes = 1 << 16;

Shape without_batch(const graph::Graph& graph, const Shape& shape) {
  return graph.batched && !shape.empty() ? Shape(shape.begin() + 1, shape.end()) : shape;
}

/// The scale as a unit; nullopt where it is no dyadic number of 64 bits.
std::optional<Unit> dyadic_unit(const Rational& scale) {
  if (!is_dyadic(scale) || !scale.get_num().fits_ulong_p()) return std::nullopt;
  const std::uint64_t numerator = scale.get_num().get_ui();
  const int zeros = __builtin_ctzll(numerator);
  const auto shift = static_cast<int>(mpz_sizeinbase(scale.get_den_mpz_t(), 2)) - 1;
  return Unit{numerator >> zeros, zeros - shift};
}

/// Where another order of the axes, or a batch axis, is all that is missing; else nothing.
std::string hint_for(const Shape& array, const Shape& rest) {
  if (array == rest) return "this is one row: put a batch axis in front, x[np.newaxis]";
  if (array.size() != rest.size() + 1) return {};
  // The axis of the array that each axis of the tensor is: the first of its length that is free,
  // the last axis (channels, mostly) before the others for the first one.
  std::vector<std::size_t> order;
  std::vector<bool> used(array.size(), false);
  for (std::size_t i = 0; i < rest.size(); ++i) {
    std::size_t from = i == 0 ? array.size() - 1 : 1;
    if (i == 0 && array[from] != rest[0]) from = 1;
    while (from < array.size() && (used[from] || array[from] != rest[i])) ++from;
    if (from == array.size()) return {};
    used[from] = true;
    order.push_back(from);
  }
  return fmt::format("the axes stand in another order: x.transpose(0, {}) fits",
                     fmt::join(order, ", "));
}

}  // namespace

std::int64_t rows_of(const graph::Graph& graph, const Shape& shape, const Shape& array,
                     const std::string& name) {
  const Shape rest = without_batch(graph, shape);
  if (!graph.batched && array == shape) return 1;
  if (!array.empty()) {
    const Shape tail(array.begin() + 1, array.end());
    const Shape flat = {element_count(rest)};
    if (tail == rest || tail == flat) return array[0];
  }
  fail(ErrorCode::E105,
       fmt::format("an array of shape {} for \"{}\", which takes rows of shape {}",
                   to_string(array), name, to_string(rest)),
       {}, hint_for(array, rest));
}

Shape batch_first(const graph::Graph& graph, const Shape& shape, std::int64_t rows) {
  Shape result = {rows};
  // A batch axis that an operator has moved stays where it is, with length 1.
  const bool leads = graph.batched && !shape.empty() && shape[0] == 1;
  result.insert(result.end(), shape.begin() + (leads ? 1 : 0), shape.end());
  return result;
}

InputReader::InputReader(State& state, const graph::GraphInput& input, bool round_input)
    : block_(&state.block(input.value)),
      name_(state.graph.value(input.value).name),
      type_(input.type),
      round_(round_input) {
  if (!type_) {
    block_->exact = true;
    return;
  }
  const auto count = static_cast<std::size_t>(block_->size);
  NIB_CHECK(type_->ranges.empty() || type_->ranges.size() == count, "ranges of " + name_);
  if (type_->ranges.empty()) type_->ranges.assign(count, type_->type.range());
  if (count > 0) span_ = type_->ranges[0];
  for (const Range& range : type_->ranges) span_ = nib::hull(span_, range);
  const Rational& scale = type_->type.scale;
  scale_.value = Number(scale).approximate(scale_.error);
  if (const auto unit = dyadic_unit(scale)) {
    Lattice lattice;
    for (const Range& range : type_->ranges) {
      const auto low = std::abs(static_cast<double>(range.min));
      lattice.push_back({*unit, std::max(low, std::abs(static_cast<double>(range.max)))});
    }
    block_->exact = all_doubles(lattice);
    block_->lattice = std::move(lattice);
  }
  if (!block_->exact) state.input_scale[static_cast<std::size_t>(input.value)] = scale;
  if (!block_->exact && span_.max - span_.min < kTableCodes) {
    for (std::int64_t code = span_.min; code <= span_.max; ++code) words_.push_back(word_of(code));
  }
}

InputReader::Word InputReader::word_of(std::int64_t code) const {
  if (!words_.empty() && span_.contains(code)) {
    const auto i = static_cast<std::size_t>(code - span_.min);
    if (i < words_.size()) return words_[i];
  }
  Word word;
  if (block_->exact) {
    word.value = static_cast<double>(code) * scale_.value;
    return word;
  }
  word.value = Number(Rational(type_->type.scale * to_rational(code))).approximate(word.error);
  return word;
}

Approx InputReader::fit(double x, std::int64_t e, std::int64_t index) {
  const Range range = type_->ranges[static_cast<std::size_t>(e)];
  // The code is the integer nearest to x / scale; near a tie the quotient is taken exactly.
  const Approx t = Approx{x, 0} / scale_;
  double nearest = std::nearbyint(t.value);
  const double margin = t.error + std::abs(t.value) * 0x1p-51;
  std::int64_t code = 0;
  if (t.error != 0 && !(std::abs(std::abs(t.value - nearest) - 0.5) > margin)) {
    const Integer exact_code = nib::round(exact(x) / type_->type.scale, Rounding::kHalfEven);
    nearest = exact_code.get_d();
  }
  if (nearest <= static_cast<double>(range.min)) {
    code = range.min;
  } else if (nearest >= static_cast<double>(range.max)) {
    code = range.max;
  } else {
    code = static_cast<std::int64_t>(nearest);
  }
  const Word word = word_of(code);
  if (word.error != 0 || word.value != x) {
    if (!round_) {
      fail(ErrorCode::E107,
           fmt::format("element {} of \"{}\" is {}: not a word of {} (codes {}); the nearest is {}",
                       index, name_, x, to_string(type_->type), to_string(range), word.value));
    }
    ++rounded_;
  }
  return {word.value, word.error};
}

void InputReader::load(const Tensor<double>& array, std::int64_t first, std::int64_t rows) {
  block_->resize(rows);
  const std::int64_t size = block_->size;
  for (std::int64_t i = 0; i < rows * size; ++i) {
    const std::int64_t index = first * size + i;
    const double x = array[index];
    if (!std::isfinite(x)) {
      fail(ErrorCode::E106, fmt::format("element {} of \"{}\" is {}", index, name_, x));
    }
    if (!type_) {
      block_->value[static_cast<std::size_t>(i)] = x;
      continue;
    }
    const Approx word = fit(x, i % size, index);
    block_->value[static_cast<std::size_t>(i)] = word.value;
    if (!block_->exact) block_->error[static_cast<std::size_t>(i)] = word.error;
  }
}

}  // namespace nib::golden
