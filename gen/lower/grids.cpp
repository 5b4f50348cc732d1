// Values change their codes without changing their reals: common grids, signs, folded scales.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/rational_gcd.h"
#include "nib/lower/rows.h"
#include "nib/lower/width.h"

namespace nib::lower {
namespace {

/// Up to this many elements a change of grid is a diagonal matrix, beyond it a convolution of
/// kernel 1, each channel by itself.
constexpr std::int64_t kMaxDiagonal = 256;

/// The codes factor * code + constant. Errors E0503: over kMaxWordBits.
Range image_of(const Range& range, std::int64_t factor, const BigInt& constant,
               const std::string& name) {
  const Range image = range * factor + Range{constant, constant};
  check_width(image, "a common grid", name);
  return image;
}

BigInt whole(const Rational& x) {
  NIB_CHECK(x.get_den() == 1, "a number on the grid");
  return BigInt(x.get_num());
}

/// A factor of codes, which weights are multiplied by.
std::int64_t whole_factor(const Rational& x, const std::string& name) {
  const auto k = to_int64(whole(x));
  if (!k) {
    fail(ErrorCode::E503, "tensors on very different grids come together", name);
  }
  return *k;
}

/// Multiplies row o of the weights by factor[groups of o] and adds the constants to the biases.
/// Errors E0503: weights of over kMaxWeightBits.
void scale_rows(Tensor<std::int64_t>& weights, std::vector<BigInt>& bias, const Grouping& rows,
                const Recoding& recoding, const std::string& name) {
  const std::int64_t outputs = weights.shape[0], inputs = weights.size() / outputs;
  for (std::int64_t o = 0; o < outputs; ++o) {
    const std::size_t g = recoding.grouping.of(first_of(rows, o));
    const std::int64_t k = recoding.factor[g];
    for (std::int64_t i = 0; i < inputs; ++i) {
      std::int64_t& weight = weights[o * inputs + i];
      if (__builtin_mul_overflow(weight, k, &weight) ||
          !fits_signed({weight, weight}, kMaxWeightBits)) {
        fail(ErrorCode::E503,
             fmt::format("weights of over {} bits on a common grid", kMaxWeightBits), name);
      }
    }
    BigInt& own = bias[static_cast<std::size_t>(o)];
    own = own * k + recoding.constant[g];
  }
}

}  // namespace

void compress(Value& value) {
  for (std::size_t g = 1; g < value.scale.size(); ++g) {
    if (value.scale[g] != value.scale[0] || value.offset[g] != value.offset[0] ||
        value.range[g] != value.range[0]) {
      return;
    }
  }
  value.grouping = kPerTensor;
  value.scale.resize(1);
  value.offset.resize(1);
  value.range.resize(1);
}

std::optional<Grouping> Lowerer::row_grouping(ValueId id) const {
  const Value& value = result_.value(id);
  const Node& producer = result_.node(value.producer);
  if (const auto* linear = std::get_if<Linear>(&producer.op)) {
    return Grouping{1, linear->weights.shape[0]};
  }
  if (const auto* conv = std::get_if<Conv>(&producer.op)) {
    return channel_grouping(value.shape, conv->window.channels_last);
  }
  return std::nullopt;
}

bool Lowerer::shape_is_free(ValueId id) const {
  const Op& op = result_.node(result_.value(id).producer).op;
  return !read_already(id) && !std::holds_alternative<Input>(op) &&
         !std::holds_alternative<Conv>(op) && !std::holds_alternative<MaxPool>(op) &&
         !std::holds_alternative<Concat>(op) && !std::holds_alternative<TopK>(op);
}

Activation Lowerer::shaped(const Activation& activation, const std::string& name) {
  Value& base = result_.value(activation.base);
  if (base.shape == activation.shape) return activation;
  if (activation.exclusive && !base.is_graph_tensor && shape_is_free(activation.base)) {
    base.shape = activation.shape;  // the elements in C order stay
    return activation;
  }
  std::vector<std::int64_t> same(static_cast<std::size_t>(base.elements()));
  std::iota(same.begin(), same.end(), std::int64_t{0});
  return reindex(activation, activation.shape, same, name, "the same codes in another shape");
}

Activation Lowerer::plain_where_zero(const Activation& activation, const std::string& name) {
  const std::optional<AffineView> view = affine_view(activation);
  NIB_CHECK(view.has_value(), "an affine activation");
  const bool zero = std::any_of(view->scale.begin(), view->scale.end(),
                                [](const Rational& scale) { return sgn(scale) == 0; });
  return zero ? plain(activation, name) : activation;
}

Activation Lowerer::plain(const Activation& activation, const std::string& name) {
  if (activation.stages.empty()) return activation;
  const std::optional<AffineView> view = affine_view(activation);
  NIB_CHECK(view.has_value(), "an affine activation");
  const bool zero = std::any_of(view->scale.begin(), view->scale.end(),
                                [](const Rational& scale) { return sgn(scale) == 0; });
  if (zero) {
    const auto groups = view->scale.size();
    Recoding recoding{view->grouping, view->scale, view->offset,
                      std::vector<std::int64_t>(groups, 1), std::vector<BigInt>(groups, 0)};
    for (std::size_t g = 0; g < groups; ++g) {
      if (sgn(recoding.scale[g]) != 0) continue;
      recoding.scale[g] = 1;
      recoding.factor[g] = 0;
    }
    return recode(activation, recoding, name);
  }
  Activation bare = activation;
  bare.stages.clear();
  std::vector<std::int64_t> same(static_cast<std::size_t>(element_count(bare.shape)));
  std::iota(same.begin(), same.end(), std::int64_t{0});
  Activation result = reindex(bare, bare.shape, same, name, "the same codes");
  set_affine(result_.value(result.base), *view);
  return result;
}

Activation Lowerer::recode(const Activation& activation, const Recoding& recoding,
                           const std::string& name) {
  const std::int64_t n = element_count(activation.shape);
  Value& old = result_.value(activation.base);
  const Grouping joint = join(old.grouping, recoding.grouping, n);
  Value fresh;
  fresh.name = unique_name(name);
  fresh.shape = old.shape;
  fresh.grouping = joint;
  for (std::int64_t g = 0; g < joint.count; ++g) {
    const std::int64_t e = first_of(joint, g);
    const std::size_t at = recoding.grouping.of(e);
    if (!fits_signed({recoding.factor[at], recoding.factor[at]}, kMaxWeightBits)) {
      fail(ErrorCode::E503, "tensors on very different grids come together", name);
    }
    fresh.scale.push_back(recoding.scale[at]);
    fresh.offset.push_back(recoding.offset[at]);
    fresh.range.push_back(
        image_of(old.range_of(e), recoding.factor[at], recoding.constant[at], name));
  }
  const std::optional<Grouping> rows = row_grouping(activation.base);
  if (rows && activation.exclusive && !read_already(activation.base) && refines(*rows, joint, n)) {
    Node& producer = result_.nodes[static_cast<std::size_t>(old.producer)];
    if (auto* linear = std::get_if<Linear>(&producer.op)) {
      scale_rows(linear->weights, linear->bias, *rows, recoding, name);
    } else {
      auto& conv = std::get<Conv>(producer.op);
      scale_rows(conv.weights, conv.bias, *rows, recoding, name);
    }
    if (activation.stages.empty()) {
      fresh.name = old.name;
      fresh.is_graph_tensor = old.is_graph_tensor;
    }
    fresh.producer = old.producer;
    old = std::move(fresh);
    Activation result = activation;
    result.stages.clear();
    return result;
  }
  return recoded_by_node(activation, recoding, std::move(fresh), name);
}

Activation Lowerer::recoded_by_node(const Activation& activation, const Recoding& recoding,
                                    Value fresh, const std::string& name) {
  const std::int64_t n = element_count(activation.shape);
  Node node;
  node.name = name;
  node.sources = sources_of(activation);
  node.formula = "brings its elements to a common grid";
  Activation from = activation;
  from.stages.clear();
  const auto& [grouping, scale, offset, factor, constant] = recoding;
  if (n <= kMaxDiagonal) {
    Linear diagonal{Tensor<std::int64_t>({n, n}), {}};
    for (std::int64_t e = 0; e < n; ++e) {
      diagonal.weights[e * n + e] = factor[grouping.of(e)];
      diagonal.bias.push_back(constant[grouping.of(e)]);
    }
    node.op = std::move(diagonal);
  } else {
    // One channel for each group: (images, channels, positions) in C order.
    const bool last = grouping.inner == 1 && fresh.shape.size() >= 3 && fresh.shape.size() <= 4 &&
                      fresh.shape.back() == grouping.count;
    const bool first = fresh.shape.size() >= 3 && fresh.shape.size() <= 4 &&
                       channel_grouping(fresh.shape, false) == grouping;
    if (!first && !last) {
      from.shape = {n / grouping.inner / grouping.count, grouping.count, grouping.inner};
      from = shaped(from, name + "/shape");
      fresh.shape = from.shape;
    }
    Conv conv;
    conv.window.channels_last = last && !first;
    const std::size_t rank = fresh.shape.size() - 2;
    conv.window.kernel.assign(rank, 1);
    conv.window.strides = conv.window.dilations = conv.window.kernel;
    conv.window.pads_begin.assign(rank, 0);
    conv.groups = grouping.count;
    Shape shape{grouping.count, 1};
    shape.insert(shape.end(), rank, 1);
    conv.weights = Tensor<std::int64_t>(shape, factor);
    conv.bias = constant;
    conv.padding.assign(factor.size(), 0);
    node.op = std::move(conv);
  }
  node.inputs = {from.base};
  Activation result;
  result.base = emit(std::move(node), std::move(fresh));
  result.shape = activation.shape;
  return result;
}

Activation Lowerer::regrid(const Activation& activation, const Grouping& grouping,
                           const std::vector<std::int64_t>& factor,
                           const std::vector<BigInt>& constant, const std::string& name) {
  const Value& old = result_.value(activation.base);
  Recoding recoding{join(old.grouping, grouping, element_count(activation.shape)), {}, {}, {}, {}};
  for (std::int64_t g = 0; g < recoding.grouping.count; ++g) {
    const std::int64_t e = first_of(recoding.grouping, g);
    const std::int64_t k = factor[grouping.of(e)];
    const BigInt& c = constant[grouping.of(e)];
    // real = scale code + offset = (scale / k) (k code + c) + (offset - scale c / k)
    const Rational scale = old.scale_of(e) / to_rational(k);
    recoding.scale.push_back(scale);
    recoding.offset.push_back(old.offset_of(e) - scale * to_rational(c));
    recoding.factor.push_back(k);
    recoding.constant.push_back(c);
  }
  Activation bare = activation;
  bare.stages.clear();
  Activation result = recode(bare, recoding, name);
  result.stages = activation.stages;
  return result;
}

Activation Lowerer::one_grid(const Activation& activation, const Grouping& groups, GridNeeds needs,
                             const std::string& name) {
  const std::int64_t n = element_count(activation.shape);
  const std::optional<AffineView> view = affine_view(activation);
  NIB_CHECK(view.has_value(), "an affine activation");
  const Value& base = result_.value(activation.base);
  const Grouping joint = join(view->grouping, groups, n);
  struct Target {
    bool seen = false;
    Rational scale, offset, grid;
  };
  std::vector<Target> targets(static_cast<std::size_t>(groups.count));
  bool good = true;
  const auto each = [&](auto&& f) {
    for (std::int64_t g = 0; g < joint.count; ++g) {
      const std::int64_t e = first_of(joint, g);
      const std::size_t at = view->grouping.of(e);
      f(targets[groups.of(e)], view->scale[at], view->offset[at], base.range_of(e));
    }
  };
  each([&](Target& t, const Rational& scale, const Rational& offset, const Range&) {
    if (!t.seen) {
      t = {true, scale, offset, 0};
      if (needs.positive && sgn(scale) <= 0) good = false;
      if (needs.zero && sgn(offset) != 0) {
        good = good && sgn(scale) != 0 && Rational(offset / scale).get_den() == 1;
      }
    } else if (scale != t.scale || offset != t.offset) {
      good = false;
    }
  });
  if (good) return activation;
  const auto fixed = [](const Rational& scale, const Range& range) {
    return sgn(scale) == 0 || range.is_constant();
  };
  if (needs.zero) {
    for (Target& t : targets) t.offset = 0;
  }
  each([&](Target& t, const Rational& scale, const Rational& offset, const Range& range) {
    if (fixed(scale, range)) {
      t.grid = gcd_of(t.grid, Rational(scale * to_rational(range.min) + offset - t.offset));
    } else {
      t.grid = gcd_of(gcd_of(t.grid, scale), Rational(offset - t.offset));
    }
  });
  Recoding recoding{joint, {}, {}, {}, {}};
  each([&](Target& t, const Rational& scale, const Rational& offset, const Range& range) {
    if (sgn(t.grid) == 0) t.grid = 1;
    const bool constant = fixed(scale, range);
    const Rational real = constant ? Rational(scale * to_rational(range.min) + offset) : offset;
    recoding.scale.push_back(t.grid);
    recoding.offset.push_back(t.offset);
    recoding.factor.push_back(constant ? 0 : whole_factor(Rational(scale / t.grid), name));
    recoding.constant.push_back(whole(Rational((real - t.offset) / t.grid)));
  });
  return recode(activation, recoding, name + "/grid");
}

}  // namespace nib::lower
