// Steps of the operators that decide: filtered in doubles, decided again exactly where a bound does
// not suffice.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "nib/base/check.h"
#include "nib/golden/boundary.h"
#include "nib/golden/functions.h"
#include "nib/golden/state.h"

namespace nib::golden {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Approx approximate(const Number& number) {
  Approx x;
  x.value = number.approximate(x.error);
  return x;
}

/// A QuantEntry in doubles.
struct FastEntry {
  double scale = 1, inverse = 0;  ///< inverse: 1 / scale where that is exact, else 0
  double zero_point = 0;
  double low = 0, high = 0;
  bool bipolar = false;
  bool wide = false;  ///< codes beyond 2^51
  std::size_t entry = 0;
};

FastEntry fast_entry(const QuantEntry& entry, std::size_t index) {
  FastEntry fast;
  fast.scale = entry.scale;
  const Unit unit = unit_of(entry.scale);
  if (unit.odd == 1 && std::abs(unit.exponent) < 400) fast.inverse = 1 / entry.scale;
  fast.zero_point = entry.zero_point;
  fast.low = entry.low.get_d();
  fast.high = entry.high.get_d();
  fast.bipolar = entry.bipolar;
  fast.wide = std::max(std::abs(fast.low), std::abs(fast.high)) > 0x1p51;
  fast.entry = index;
  return fast;
}

/// One quantiser over the elements of its input.
class QuantStep {
 public:
  QuantStep(State& state, graph::NodeId id, const graph::Quant& op)
      : state_(&state),
        id_(id),
        op_(&op),
        in_(&state.block(state.graph.node(id).inputs[0])),
        out_(&state.block(state.graph.node(id).outputs[0])),
        table_(op, in_->shape, state.graph.node(id).name) {
    stored_ = is_stored(state.graph, state.graph.node(id).inputs[0]);
    for (std::int64_t e = 0; e < out_->size; ++e) {
      const std::size_t index = table_.entry_of(e);
      entries_.push_back(fast_entry(table_.entries()[index], index));
    }
    if (out_->constant) return;
    tie_ = state.ties.size();
    state.ties.push_back(
        {id, state.graph.value(state.graph.node(id).outputs[0]).name, kInfinity, 0, 0});
    set_lattice();
  }

  void operator()(std::int64_t rows) {
    out_->resize(rows);
    if (state_->keep_codes && !out_->constant) {
      out_->codes.resize(static_cast<std::size_t>(rows * out_->size));
    }
    const std::int64_t count = out_->constant ? 1 : rows;
    for (std::int64_t r = 0; r < count; ++r) {
      for (std::int64_t e = 0; e < out_->size; ++e) {
        const FastEntry& entry = entries_[static_cast<std::size_t>(e)];
        const Decision decision =
            stored_ ? decide_stored(entry, in_->at(0, e).value) : decide(entry, r, e);
        put(entry, r, e, decision);
      }
    }
  }

 private:
  struct Decision {
    double code = 0;
    bool exact = true;  ///< `code` is the code; else it is in integer_
  };

  void set_lattice() {
    Lattice lattice;
    for (const FastEntry& entry : entries_) {
      Multiple m{{1, 0}, std::max(std::abs(entry.low), std::abs(entry.high))};
      if (!op_->codes_out) {
        if (entry.zero_point != 0) m = sum(m, multiple_of(entry.zero_point));
        const auto scaled = product(m, multiple_of(entry.scale));
        if (!scaled) return;
        m = *scaled;
      }
      lattice.push_back(m);
    }
    out_->exact = all_doubles(lattice);
    out_->lattice = std::move(lattice);
  }

  /// x / scale (+ zero point) with its bound.
  [[nodiscard]] Approx position(const FastEntry& entry, Approx x) const {
    Approx t;
    if (entry.inverse != 0 && !(std::abs(x.value) < 0x1p-400 && x.value != 0)) {
      t = {x.value * entry.inverse, x.error * std::abs(entry.inverse)};
      if (x.error != 0) t = widened(t.value, t.error);
    } else {
      t = x / Approx{entry.scale, 0};
    }
    if (entry.zero_point != 0 && !op_->zero_point_after_rounding) {
      t = t + Approx{entry.zero_point, 0};
    }
    return t;
  }

  [[nodiscard]] double round_and_clip(const FastEntry& entry, double t) const {
    if (entry.bipolar) return t >= 0 ? 1 : -1;
    double code = nib::round(t, op_->rounding);
    if (op_->zero_point_after_rounding) code += entry.zero_point;
    return std::min(std::max(code, entry.low), entry.high);
  }

  Decision decide(const FastEntry& entry, std::int64_t r, std::int64_t e) {
    const Approx t = position(entry, in_->at(r, e));
    if (entry.wide && !(std::abs(t.value) + t.error < 0x1p51)) return decide_exactly(entry, r, e);
    const double code = round_and_clip(entry, t.value);
    if (t.error != 0) {
      const double margin = t.error * (1 + 0x1p-40) + std::abs(t.value) * 0x1p-51;
      // Written so that a bound that is not finite is not decided.
      if (!(round_and_clip(entry, t.value - margin) == code &&
            round_and_clip(entry, t.value + margin) == code && margin < kInfinity)) {
        return decide_exactly(entry, r, e);
      }
    }
    if (!out_->constant) note_distance(entry, t);
    return {code, true};
  }

  [[nodiscard]] bool boundary_of(const FastEntry& entry, double t, double& boundary) const {
    if (entry.bipolar) {
      boundary = 0;
      return true;
    }
    const double shift = op_->zero_point_after_rounding ? entry.zero_point : 0;
    return nearest_boundary(op_->rounding, entry.low - shift, entry.high - shift, t, boundary);
  }

  void note_distance(const FastEntry& entry, Approx t) {
    double boundary = 0;
    if (!boundary_of(entry, t.value, boundary)) return;
    Tie& tie = state_->ties[tie_];
    const double distance = std::abs(t.value - boundary);
    if (distance == 0 && t.error == 0) ++tie.exact_ties;
    tie.distance = std::min(tie.distance, distance);
  }

  Decision decide_exactly(const FastEntry& entry, std::int64_t r, std::int64_t e) {
    const QuantEntry& exact_entry = table_.entries()[entry.entry];
    const graph::ValueId input = state_->graph.node(id_).inputs[0];
    const Number x = state_->cone.evaluate(input, e, state_->source(r));
    integer_ = exact_code(*op_, exact_entry, x);
    if (!out_->constant) {
      Tie& tie = state_->ties[tie_];
      ++tie.decided_exactly;
      Number t = x * Number(1 / exact(entry.scale));
      if (!op_->zero_point_after_rounding) t += Number(exact(entry.zero_point));
      double boundary = 0;
      if (boundary_of(entry, approximate(t).value, boundary)) {
        const Number distance = t - Number(exact(boundary));
        if (distance.sign() == 0) ++tie.exact_ties;
        tie.distance = std::min(tie.distance, std::abs(approximate(distance).value));
      }
    }
    return as_decision();
  }

  Decision as_decision() const {
    const double code = integer_.get_d();
    return {code, mpz_sizeinbase(integer_.get_mpz_t(), 2) <= 53};
  }

  /// The float32 rule (exactness.md, settled point 2).
  Decision decide_stored(const FastEntry& entry, double stored) {
    const auto x = static_cast<float>(stored);
    const float quotient = x / static_cast<float>(entry.scale);
    const float t =
        op_->zero_point_after_rounding ? quotient : quotient + static_cast<float>(entry.zero_point);
    if (entry.wide || !std::isfinite(t) || static_cast<float>(entry.scale) == 0) {
      integer_ = float32_code(*op_, table_.entries()[entry.entry], x);
      return as_decision();
    }
    return {round_and_clip(entry, t), true};
  }

  void put(const FastEntry& entry, std::int64_t r, std::int64_t e, const Decision& decision) {
    if (state_->keep_codes && !out_->constant) {
      out_->codes[static_cast<std::size_t>(r * out_->size + e)] = decision.code;
    }
    if (out_->exact) {
      const double value =
          op_->codes_out ? decision.code : (decision.code - entry.zero_point) * entry.scale;
      out_->set(r, e, {value, 0});
    } else if (decision.exact) {
      const Approx code{decision.code, 0};
      out_->set(
          r, e,
          op_->codes_out ? code : (code - Approx{entry.zero_point, 0}) * Approx{entry.scale, 0});
    } else {
      out_->set(r, e,
                approximate(Number(dequantised(*op_, table_.entries()[entry.entry], integer_))));
    }
  }

  State* state_;
  graph::NodeId id_;
  const graph::Quant* op_;
  Block* in_;
  Block* out_;
  QuantTable table_;
  std::vector<FastEntry> entries_;
  bool stored_ = false;
  std::size_t tie_ = 0;
  Integer integer_;
};

}  // namespace

std::size_t add_tie(State& state, graph::NodeId id) {
  const graph::ValueId out = state.graph.node(id).outputs[0];
  if (!state.block(out).constant) {
    state.ties.push_back({id, state.graph.value(out).name, kInfinity, 0, 0});
  }
  return state.ties.size() - 1;
}

namespace {

void resize_codes(const State& state, Block& out, std::int64_t rows) {
  if (state.keep_codes && !out.constant) {
    out.codes.resize(static_cast<std::size_t>(rows * out.size));
  }
}

void put_code(const State& state, Block& out, std::int64_t r, std::int64_t e, double code) {
  if (state.keep_codes && !out.constant) {
    out.codes[static_cast<std::size_t>(r * out.size + e)] = code;
  }
}

/// One row of thresholds against one element.
class ThresholdStep {
 public:
  ThresholdStep(State& state, graph::NodeId id, const graph::MultiThreshold& op)
      : state_(&state),
        id_(id),
        in_(&state.block(state.graph.node(id).inputs[0])),
        rows_(&state.block(state.graph.node(id).inputs[1])),
        out_(&state.block(state.graph.node(id).outputs[0])) {
    NIB_CHECK(rows_->constant, "constant thresholds of " + state.graph.node(id).name);
    levels_ = rows_->shape[1];
    for (std::int64_t e = 0; e < out_->size; ++e) {
      const std::int64_t row =
          rows_->shape[0] == 1 ? 0 : index_on_axis(in_->shape, op.channel_axis, e);
      first_.push_back(row * levels_);
    }
    for (std::int64_t count = 0; count <= levels_; ++count) {
      value_.push_back(
          approximate(Number(exact(op.out_scale) * to_rational(count) + exact(op.out_bias))));
    }
    tie_ = add_tie(state, id);
    const auto scaled =
        product(Multiple{{1, 0}, static_cast<double>(levels_)}, multiple_of(op.out_scale));
    if (out_->constant || !scaled) return;
    out_->lattice.emplace(static_cast<std::size_t>(out_->size),
                          sum(*scaled, multiple_of(op.out_bias)));
    out_->exact = all_doubles(*out_->lattice);
  }

  void operator()(std::int64_t rows) {
    out_->resize(rows);
    resize_codes(*state_, *out_, rows);
    const std::int64_t lines = out_->constant ? 1 : rows;
    for (std::int64_t r = 0; r < lines; ++r) {
      for (std::int64_t e = 0; e < out_->size; ++e) {
        const std::int64_t count = decide(r, e);
        put_code(*state_, *out_, r, e, static_cast<double>(count));
        out_->set(r, e, value_[static_cast<std::size_t>(count)]);
      }
    }
  }

 private:
  std::int64_t decide(std::int64_t r, std::int64_t e) {
    const Approx x = in_->at(r, e);
    const std::int64_t first = first_[static_cast<std::size_t>(e)];
    std::int64_t count = 0;
    double nearest = kInfinity;
    bool undecided = false;
    for (std::int64_t i = 0; i < levels_; ++i) {
      const Approx t = rows_->at(0, first + i);
      const double distance = std::abs(x.value - t.value);
      const double error = x.error + t.error;
      if (error != 0 && !(distance > error * (1 + 0x1p-40) + distance * 0x1p-50)) {
        undecided = true;
        break;
      }
      if (x.value >= t.value) ++count;
      nearest = std::min(nearest, distance);
    }
    if (undecided) return decide_exactly(r, e);
    if (!out_->constant) note(nearest, nearest == 0);
    return count;
  }

  std::int64_t decide_exactly(std::int64_t r, std::int64_t e) {
    const graph::Node& node = state_->graph.node(id_);
    const std::int64_t first = first_[static_cast<std::size_t>(e)];
    const Number x = state_->cone.evaluate(node.inputs[0], e, state_->source(r));
    std::int64_t count = 0;
    double nearest = kInfinity;
    bool tie = false;
    for (std::int64_t i = 0; i < levels_; ++i) {
      const Number distance =
          x - state_->cone.evaluate(node.inputs[1], first + i, state_->source(r));
      const int sign = distance.sign();
      if (sign >= 0) ++count;
      tie = tie || sign == 0;
      nearest = std::min(nearest, std::abs(approximate(distance).value));
    }
    if (!out_->constant) {
      ++state_->ties[tie_].decided_exactly;
      note(nearest, tie);
    }
    return count;
  }

  void note(double distance, bool exact_tie) {
    Tie& tie = state_->ties[tie_];
    tie.distance = std::min(tie.distance, distance);
    if (exact_tie) ++tie.exact_ties;
  }

  State* state_;
  graph::NodeId id_;
  Block* in_;
  Block* rows_;
  Block* out_;
  std::int64_t levels_ = 0;
  std::vector<std::int64_t> first_;  ///< per element: its first threshold
  std::vector<Approx> value_;        ///< per count
  std::size_t tie_ = 0;
};

/// The sign of element e as a code, from exact numbers.
double exact_sign(State& state, graph::ValueId input, std::size_t tie_index, std::int64_t r,
                  std::int64_t e) {
  const Number number = state.cone.evaluate(input, e, state.source(r));
  const int sign = number.sign();
  if (!state.block(input).constant) {
    Tie& tie = state.ties[tie_index];
    ++tie.decided_exactly;
    if (sign == 0) ++tie.exact_ties;
    tie.distance = std::min(tie.distance, std::abs(approximate(number).value));
  }
  return sign >= 0 ? 1 : -1;
}

/// The lowest index of the largest element of a lane.
std::int64_t largest_of(State& state, graph::ValueId input, const Lane& lane, std::int64_t r) {
  const Block& in = state.block(input);
  const auto element = [&](std::int64_t i) { return lane.first + i * lane.stride; };
  std::int64_t best = 0;
  bool exact = true;
  double reach = -kInfinity;  // the largest lower bound
  for (std::int64_t i = 0; i < lane.count; ++i) {
    const Approx x = in.at(r, element(i));
    exact = exact && x.error == 0;
    reach = std::max(reach, std::nextafter(x.value - x.error, -kInfinity));
    if (x.value > in.at(r, element(best)).value) best = i;
  }
  if (exact) return best;
  // Only elements whose upper bound comes up to there can be the largest.
  std::int64_t candidates = 0;
  std::optional<Number> most;
  const auto possible = [&](std::int64_t i) {
    const Approx x = in.at(r, element(i));
    return std::nextafter(x.value + x.error, kInfinity) >= reach;
  };
  for (std::int64_t i = 0; i < lane.count; ++i) candidates += possible(i) ? 1 : 0;
  if (candidates == 1) return best;
  for (std::int64_t i = 0; i < lane.count; ++i) {
    if (!possible(i)) continue;
    Number number = state.cone.evaluate(input, element(i), state.source(r));
    if (most && compare(number, *most) <= 0) continue;
    most = std::move(number);
    best = i;
  }
  return best;
}

}  // namespace

double tie_distance(State& state, graph::NodeId id, std::int64_t row, std::int64_t element) {
  const graph::Node& node = state.graph.node(id);
  const double x = state.block(node.inputs[0]).at(row, element).value;
  if (std::holds_alternative<graph::BipolarQuant>(node.op)) return std::abs(x);
  const Shape& in_shape = state.block(node.inputs[0]).shape;
  if (const auto* trunc = std::get_if<graph::Trunc>(&node.op)) {
    return trunc_distance(trunc_entry(*trunc, in_shape, element, node.name), x);
  }
  if (const auto* minifloat = std::get_if<graph::FloatQuant>(&node.op)) {
    return float_distance(*minifloat, float_entry(*minifloat, in_shape, element, node.name), x);
  }
  if (const auto* op = std::get_if<graph::MultiThreshold>(&node.op)) {
    const Block& rows = state.block(node.inputs[1]);
    const Shape& shape = state.block(node.inputs[0]).shape;
    const std::int64_t row_of =
        rows.shape[0] == 1 ? 0 : index_on_axis(shape, op->channel_axis, element);
    double nearest = kInfinity;
    for (std::int64_t i = 0; i < rows.shape[1]; ++i) {
      nearest = std::min(nearest, std::abs(x - rows.at(0, row_of * rows.shape[1] + i).value));
    }
    return nearest;
  }
  const auto& op = std::get<graph::Quant>(node.op);
  const QuantTable table(op, state.block(node.inputs[0]).shape, node.name);
  const QuantEntry& entry = table.entries()[table.entry_of(element)];
  const double before = op.zero_point_after_rounding ? entry.zero_point : 0;
  const double t = x / entry.scale + (op.zero_point_after_rounding ? 0 : entry.zero_point);
  if (entry.bipolar) return std::abs(t);
  double boundary = 0;
  const bool any = nearest_boundary(op.rounding, entry.low.get_d() - before,
                                    entry.high.get_d() - before, t, boundary);
  return any ? std::abs(t - boundary) : kInfinity;
}

Step compile_quant(State& state, graph::NodeId id, const graph::Quant& op) {
  return QuantStep(state, id, op);
}

Step compile_threshold(State& state, graph::NodeId id, const graph::MultiThreshold& op) {
  return ThresholdStep(state, id, op);
}

Step compile_bipolar(State& state, graph::NodeId id, const graph::BipolarQuant& op) {
  const graph::Node& node = state.graph.node(id);
  Block& out = state.block(node.outputs[0]);
  std::vector<double> scale;
  for (const std::int64_t e : broadcast_index(op.scale.shape, out.shape)) {
    scale.push_back(op.scale[e]);
  }
  if (!out.constant) {
    out.lattice.emplace();
    for (const double s : scale) out.lattice->push_back(multiple_of(s));
  }
  out.exact = true;  // a stored scale is a double, and so is its negative
  const std::size_t tie = add_tie(state, id);
  return [&state, &out, input = node.inputs[0], scale = std::move(scale), tie](std::int64_t rows) {
    out.resize(rows);
    resize_codes(state, out, rows);
    const Block& in = state.block(input);
    const std::int64_t count = out.constant ? 1 : rows;
    double nearest = kInfinity;
    std::uint64_t ties = 0;
    for (std::int64_t r = 0; r < count; ++r) {
      const double* values = in.values(r);
      const double* errors = in.errors(r);
      double* to = out.value.data() + r * out.row_stride();
      for (std::int64_t e = 0; e < out.size; ++e) {
        const double distance = std::abs(values[e]);
        const double error = errors == nullptr ? 0 : errors[e];
        double code = values[e] >= 0 ? 1 : -1;
        if (error == 0 || distance > error) {
          nearest = std::min(nearest, distance);
          ties += distance == 0 ? 1 : 0;
        } else {
          code = exact_sign(state, input, tie, r, e);
        }
        put_code(state, out, r, e, code);
        to[e] = code * scale[static_cast<std::size_t>(e)];
      }
    }
    if (in.constant) return;
    state.ties[tie].distance = std::min(state.ties[tie].distance, nearest);
    state.ties[tie].exact_ties += ties;
  };
}

Step compile_argmax(State& state, graph::NodeId id, const graph::ArgMax& op) {
  const graph::Node& node = state.graph.node(id);
  Block& out = state.block(node.outputs[0]);
  std::vector<Lane> lanes;
  const Shape& shape = state.block(node.inputs[0]).shape;
  for (std::int64_t e = 0; e < out.size; ++e) lanes.push_back(argmax_lane(op, shape, e));
  out.exact = true;
  if (!out.constant) {
    const auto last = static_cast<double>(shape[static_cast<std::size_t>(op.axis)]) - 1;
    out.lattice.emplace(static_cast<std::size_t>(out.size), Multiple{{1, 0}, last});
  }
  return [&state, &out, input = node.inputs[0], lanes = std::move(lanes)](std::int64_t rows) {
    out.resize(rows);
    const std::int64_t count = out.constant ? 1 : rows;
    for (std::int64_t r = 0; r < count; ++r) {
      for (std::int64_t e = 0; e < out.size; ++e) {
        const Lane& lane = lanes[static_cast<std::size_t>(e)];
        out.set(r, e, {static_cast<double>(largest_of(state, input, lane, r)), 0});
      }
    }
  };
}

}  // namespace nib::golden
