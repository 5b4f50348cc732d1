// Quantisers: the stages before one become its step functions.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/lower/curve.h"
#include "nib/lower/grouping.h"
#include "nib/lower/lowerer.h"
#include "nib/lower/rational_gcd.h"

namespace nib::lower {
namespace {

bool same_channels(const std::vector<StepFunction>& steps) {
  return std::all_of(steps.begin(), steps.end(),
                     [&](const StepFunction& s) { return s == steps[0]; });
}

/// y(x) = x on the whole domain.
bool is_identity_on_codes(const StepFunction& steps) {
  if (static_cast<std::int64_t>(steps.levels.size()) != steps.domain.max - steps.domain.min + 1) {
    return false;
  }
  for (std::size_t i = 0; i < steps.levels.size(); ++i) {
    if (steps.levels[i] != steps.domain.min + static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

/// The greatest grid that holds all values that the steps give.
Rational grid_of_values(const Quantiser& q, const StepFunction& steps) {
  Rational grid = 0;
  for (const std::int64_t code : steps.levels) grid = gcd_of(grid, q.value_of(code));
  return sgn(grid) == 0 ? Rational(1) : grid;
}

/// Codes become multiples of the grid.
void to_grid(const Quantiser& q, const Rational& grid, StepFunction& steps,
             const std::string& node) {
  for (std::int64_t& level : steps.levels) {
    const auto multiple = to_int64(Rational(q.value_of(level) / grid).get_num());
    if (!multiple || bits_for(Range{*multiple, *multiple}) > 62) {
      fail(ErrorCode::E503, "values without a common grid of 62 bits", node);
    }
    level = *multiple;
  }
  // Two codes may stand for one value where a limit cuts them.
  for (std::size_t i = 0; i + 1 < steps.levels.size();) {
    if (steps.levels[i] != steps.levels[i + 1]) {
      ++i;
      continue;
    }
    steps.levels.erase(steps.levels.begin() + static_cast<std::ptrdiff_t>(i));
    steps.thresholds.erase(steps.thresholds.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::string stage_words(const graph::Node& node) {
  if (std::holds_alternative<graph::BatchNormalization>(node.op)) return "batch norm";
  return node.op_type;
}

/// Whole numbers around the value at one point.
Reach around(const RealFunction& function, const BigInt& x) {
  if (const auto value = evaluate(function, x)) {
    if (value->is_rational()) return {value->rational(), value->rational()};
    return {Rational(value->floor()), Rational(value->ceil())};
  }
  const Enclosure bounds = enclose(function, function.ops.size(), x, 64);
  return {bounds.low(), bounds.high()};
}

}  // namespace

Grouping Lowerer::grouping_of(const Activation& activation) const {
  const std::int64_t n = element_count(activation.shape);
  Grouping grouping =
      activation.base == kNone ? kPerTensor : result_.value(activation.base).grouping;
  for (const Stage& stage : activation.stages) grouping = join(grouping, stage.grouping, n);
  return grouping;
}

RealFunction Lowerer::function_of(const Activation& activation, std::int64_t element) const {
  const Value& base = result_.value(activation.base);
  RealFunction function;
  function.domain = base.range_of(element);
  function.scale = base.scale_of(element);
  function.offset = base.offset_of(element);
  for (const Stage& stage : activation.stages) {
    function.ops.push_back(stage.ops[stage.grouping.of(element)]);
  }
  return function;
}

Reach Lowerer::reach_of(const Activation& x) const {
  std::optional<Reach> all;
  const Grouping grouping = grouping_of(x);
  for (std::int64_t g = 0; g < grouping.count; ++g) {
    const RealFunction function = function_of(x, first_of(grouping, g));
    std::vector<BigInt> starts;
    if (is_piecewise_linear(function)) {
      for (const Piece& piece : pieces_of(function)) starts.push_back(piece.start);
    } else {
      starts = stretches_of(function);
    }
    std::vector<BigInt> ends{function.domain.max};
    for (const BigInt& start : starts) {
      ends.push_back(start);
      if (start > function.domain.min) ends.push_back(start - 1);
    }
    for (const BigInt& end : ends) {
      const Reach own = around(function, end);
      if (!all) all = own;
      all = Reach{std::min(all->low, own.low), std::max(all->high, own.high)};
    }
  }
  NIB_CHECK(all.has_value(), "an element");
  return *all;
}

Range Lowerer::floors_of(const Activation& x, const Rational& unit, const std::string& node) const {
  const Reach reach = reach_of(x);
  const Rational a = reach.low * unit, b = reach.high * unit;
  const auto low = to_int64(Integer(nib::floor(std::min(a, b)) - 1));
  const auto high = to_int64(Integer(nib::ceil(std::max(a, b)) + 1));
  if (!low || !high || bits_for(Range{*low, *high}) > 61) {
    fail(ErrorCode::E503, "whole numbers of over 61 bits", node);
  }
  return {*low, *high};
}

/// True where the quantiser changes no value that its input can have.
bool Lowerer::is_identity(const Activation& activation, const Quantisers& quantisers) const {
  const std::optional<AffineView> view = affine_view(activation);
  if (!view) return false;
  const std::int64_t n = element_count(activation.shape);
  const Value& base = result_.value(activation.base);
  const Grouping grouping = join(join(view->grouping, base.grouping, n), quantisers.grouping, n);
  for (std::int64_t g = 0; g < grouping.count; ++g) {
    const std::int64_t e = first_of(grouping, g);
    const Quantiser& q = quantisers.channels[quantisers.grouping.of(e)];
    if (!q.by_rounding() || sgn(q.divisor) != 0) return false;
    const Rational& scale = view->scale[view->grouping.of(e)];
    const Rational& offset = view->offset[view->grouping.of(e)];
    const Rational slope = scale * q.unit, start = offset * q.unit + q.shift;
    if (slope.get_den() != 1 || start.get_den() != 1) return false;
    for (const BigInt& x : {base.range_of(e).min, base.range_of(e).max}) {
      const Rational code = slope * to_rational(x) + start + to_rational(q.after_rounding);
      if (code < to_rational(q.codes.min) || code > to_rational(q.codes.max)) return false;
      const Rational value = scale * to_rational(x) + offset;
      if (q.out_scale * code + q.out_offset != value) return false;
    }
  }
  return true;
}

/// A product whose values the quantiser leaves as they are takes the quantiser's codes.
Activation Lowerer::on_quantiser_grid(Activation x, const Quantisers& quantisers,
                                      const graph::Node& node) {
  if (!x.exclusive || !x.stages.empty() || read_already(x.base)) return x;
  Value& base = result_.value(x.base);
  Node& producer = result_.nodes[static_cast<std::size_t>(base.producer)];
  const std::optional<Grouping> rows = row_grouping(x.base);
  const Shape& shape = out_value(node).shape;
  if (!rows || (base.shape != shape && !shape_is_free(x.base))) return x;
  const Grouping grouping = join(base.grouping, quantisers.grouping, base.elements());
  if (grouping != *rows) return x;
  std::vector<std::int64_t> factor;
  std::vector<BigInt> constant;
  for (std::int64_t g = 0; g < grouping.count; ++g) {
    const std::int64_t e = first_of(grouping, g);
    const Quantiser& q = quantisers.channels[quantisers.grouping.of(e)];
    const bool fixed = base.range_of(e).is_constant();  // its value is the offset; it has no codes
    const Rational k = fixed ? Rational(1) : Rational(base.scale_of(e) / q.out_scale);
    const Rational c =
        fixed ? Rational(0) : Rational((base.offset_of(e) - q.out_offset) / q.out_scale);
    NIB_CHECK(k.get_den() == 1 && c.get_den() == 1, "values on the grid of a quantiser");
    const auto fits = to_int64(k.get_num());
    if (!fits) fail(ErrorCode::E503, "a grid far finer than the quantiser's", node.name);
    factor.push_back(*fits);
    constant.emplace_back(c.get_num());
  }
  producer.sources.push_back(node.name);
  Activation result = regrid(x, grouping, factor, constant, node.name + "/grid");
  Value& value = result_.value(result.base);
  value.name = unique_name(out_value(node).name);
  value.is_graph_tensor = true;
  value.shape = out_value(node).shape;
  result.shape = value.shape;
  return result;
}

/// The graph begins with this quantiser: its codes are what stands on the port.
void Lowerer::absorb_input(const Activation& activation, const Quantisers& quantisers,
                           const graph::Node& node) {
  const auto index = activation.raw_input;
  const auto at = static_cast<std::size_t>(index);
  const graph::Value& out = out_value(node);
  const graph::Value& input = graph_.value(graph_.inputs[at].value);
  if (result_.inputs[at] != kNone) {
    fail(ErrorCode::E506,
         fmt::format("input \"{}\" is quantised here and by \"{}\"", input.name,
                     graph_.node(absorbed_.at(index)).name),
         node.name);
  }
  Value value;
  value.name = out.name;
  value.is_graph_tensor = true;
  value.shape = out.shape;
  value.grouping = quantisers.grouping;
  for (const Quantiser& q : quantisers.channels) {
    const bool constant_code = q.codes.is_constant();
    if (!q.values.empty()) {
      StepFunction all{q.codes, {}, {}};
      for (std::int64_t k = q.codes.min; k <= q.codes.max; ++k) {
        all.levels.push_back(k);
        if (k > q.codes.min) all.thresholds.push_back(k);
      }
      const Rational grid = grid_of_values(q, all);
      to_grid(q, grid, all, node.name);
      value.scale.push_back(grid);
      value.offset.emplace_back(0);
      value.range.push_back(all.image());
      continue;
    }
    value.scale.push_back(q.out_scale);
    value.offset.push_back(q.out_offset);
    if (constant_code) value.offset.back() += q.out_scale * to_rational(q.codes.min);
    value.range.push_back(constant_code ? Range{0, 0} : q.codes);
  }
  compress(value);
  Node port;
  port.name = node.name;
  port.sources = sources_of(activation);
  port.sources.push_back(node.name);
  port.formula =
      fmt::format("the codes of {}: {}, done before the port", out.name, quantisers.words);
  port.op = Input{index};
  Activation result;
  result.base = emit(std::move(port), std::move(value));
  result.shape = out.shape;
  result_.inputs[at] = result.base;
  absorbed_[index] = out.producer;
  result_.notes.push_back(
      fmt::format("input \"{}\" carries the codes of \"{}\": its quantiser stands before the port",
                  input.name, out.name));
  set(node.outputs[0], std::move(result));
}

void Lowerer::lower_quantiser(const graph::Node& node) {
  const Constant* table = node.inputs.size() > 1 ? constant(node.inputs[1]) : nullptr;
  const Tensor<double>* thresholds = table != nullptr ? table->reals() : nullptr;
  if (std::holds_alternative<graph::MultiThreshold>(node.op) && thresholds == nullptr) {
    fail(ErrorCode::E502, "thresholds that are not stored numbers", node.name);
  }
  Activation x = operand(node.inputs[0]);
  const Quantisers quantisers =
      quantisers_of(node.op, out_value(node).shape, thresholds, node.name);
  if (x.raw_input >= 0) {
    absorb_input(x, quantisers, node);
  } else {
    quantise(x, quantisers, node);
  }
}

void Lowerer::quantise(const Activation& x, const Quantisers& quantisers, const graph::Node& node) {
  if (is_identity(x, quantisers)) {
    set(node.outputs[0], on_quantiser_grid(x, quantisers, node));
  } else {
    set_steps(x, quantisers, node);
  }
}

/// The step function of each group; equal functions are solved once.
std::vector<StepFunction> Lowerer::proven_steps(const Activation& x, const Quantisers& quantisers,
                                                const Grouping& grouping,
                                                const graph::Node& node) const {
  constexpr std::size_t kMemory = 64;
  struct Solved {
    RealFunction function;
    const Quantiser* quantiser;
    std::size_t at;
  };
  std::vector<Solved> known;
  std::vector<StepFunction> result;
  for (std::int64_t g = 0; g < grouping.count; ++g) {
    const std::int64_t e = first_of(grouping, g);
    const Quantiser& q = quantisers.channels[quantisers.grouping.of(e)];
    RealFunction function = function_of(x, e);
    const auto same = std::find_if(known.begin(), known.end(), [&](const Solved& k) {
      return (k.quantiser == &q || *k.quantiser == q) && same_function(k.function, function);
    });
    if (same != known.end()) {
      result.push_back(result[same->at]);
      continue;
    }
    result.push_back(steps_of(function, q, node.name));
    prove(result.back(), function, q, options_.prove_all_up_to);
    if (known.size() < kMemory) known.push_back({std::move(function), &q, result.size() - 1});
  }
  return result;
}

void Lowerer::set_steps(const Activation& x, const Quantisers& quantisers,
                        const graph::Node& node) {
  const graph::Value& out = out_value(node);
  const std::int64_t n = element_count(out.shape);
  Step step{join(grouping_of(x), quantisers.grouping, n), {}};
  Value value;
  value.name = out.name;
  value.is_graph_tensor = true;
  value.shape = out.shape;
  value.grouping = step.grouping;
  bool identity = true;
  const Value& base = result_.value(x.base);
  std::vector<StepFunction> proven = proven_steps(x, quantisers, step.grouping, node);
  // One quantiser for all elements: one grid for all that it gives.
  std::vector<Rational> grids;
  if (quantisers.channels.size() == 1 && !quantisers.channels[0].values.empty()) {
    Rational grid = 0;
    for (const StepFunction& steps : proven) {
      if (steps.levels.size() > 1) {
        grid = gcd_of(grid, grid_of_values(quantisers.channels[0], steps));
      }
    }
    grids.push_back(sgn(grid) == 0 ? Rational(1) : grid);
  }
  for (std::int64_t g = 0; g < step.grouping.count; ++g) {
    const std::int64_t e = first_of(step.grouping, g);
    const Quantiser& q = quantisers.channels[quantisers.grouping.of(e)];
    StepFunction steps = std::move(proven[static_cast<std::size_t>(g)]);
    Rational scale = q.out_scale, offset = q.out_offset;
    if (steps.levels.size() == 1) {  // a constant: its value is the offset
      offset = q.value_of(steps.levels[0]);
      steps.levels[0] = 0;
    } else if (!q.values.empty()) {
      scale = grids.empty() ? grid_of_values(q, steps) : grids[0];
      to_grid(q, scale, steps, node.name);
    }
    identity = identity && is_identity_on_codes(steps) && scale == base.scale_of(e) &&
               offset == base.offset_of(e);
    value.scale.push_back(scale);
    value.offset.push_back(offset);
    value.range.push_back(steps.image());
    step.steps.push_back(std::move(steps));
  }
  Activation result;
  result.shape = out.shape;
  if (identity) {
    result.base = x.base;
    result.exclusive = x.exclusive;
    set(node.outputs[0], std::move(result));
    return;
  }
  compress(value);
  if (same_channels(step.steps)) {
    step.grouping = kPerTensor;
    step.steps.resize(1);
  }
  Node made;
  made.name = node.name;
  made.sources = sources_of(x);
  made.sources.push_back(node.name);
  for (const Stage& stage : x.stages) {
    made.formula += stage_words(graph_.node(stage.node)) + ", then ";
  }
  made.formula += quantisers.words;
  made.op = std::move(step);
  made.inputs = {x.base};
  result.base = emit(std::move(made), std::move(value));
  set(node.outputs[0], std::move(result));
}

}  // namespace nib::lower
