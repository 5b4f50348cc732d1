// Layers that multiply, read off the unfolded design.
#include "nib/plan/stream_space.h"

#include <algorithm>
#include <functional>

#include "nib/arith/adder_graph.h"
#include "nib/base/error.h"

namespace nib::plan {
namespace {

/// Nonzero digits of all weights.
double digits_of(const std::vector<std::int64_t>& weights) {
  double sum = 0;
  for (const std::int64_t w : weights) sum += static_cast<double>(arith::csd(w).size());
  return sum;
}

class Reader {
 public:
  Reader(const lower::IntegerGraph& graph, const arith::Target& target, const Goal& goal,
         const FoldGoal& wish)
      : graph_(graph), target_(target), goal_(goal), wish_(wish) {}

  FoldSpace run() {
    const StreamPlan plan = build_streaming(graph_, target_, goal_, {});
    for (const StreamLayer& layer : plan.layers) {
      for (const int u : layer.units) {
        const stream::Spec& spec = plan.design.units[static_cast<std::size_t>(u)].spec;
        if (const auto* mvu = std::get_if<stream::Mvu>(&spec)) add(layer, *mvu);
        if (const auto* vvu = std::get_if<stream::Vvu>(&spec)) add(layer, *vvu);
      }
    }
    find_arrays();
    return std::move(space_);
  }

 private:
  void add(const StreamLayer& layer, const stream::Mvu& unit) {
    SearchLayer l;
    l.rows = unit.rows;
    l.columns = unit.columns;
    add(layer, unit, l, unit.columns);
    // Which weights occur is all that costs depend on.
    std::vector<std::int64_t>& w = std::get<stream::Mvu>(space_.units.back()).weights;
    std::sort(w.begin(), w.end());
    w.erase(std::unique(w.begin(), w.end()), w.end());
  }
  void add(const StreamLayer& layer, const stream::Vvu& unit) {
    SearchLayer l;
    l.rows = unit.channels;
    l.columns = unit.taps;
    l.apart = true;
    add(layer, unit, l, l.rows * l.columns);
  }
  /// `elements`: of a vector, channels apart or not.
  template <class Unit>
  void add(const StreamLayer& layer, const Unit& unit, SearchLayer l, std::int64_t elements) {
    l.name = layer.name;
    l.unit = space_.units.size();
    l.bits = unit.format.bits;
    l.multipliers = unit.format.kind != stream::Kind::kBipolar &&
                    unit.weight_kind != stream::Kind::kBipolar &&
                    unit.format.bits + unit.weight_bits > 8;
    l.vectors =
        std::max<std::int64_t>(1, layer.macs / std::max<std::int64_t>(1, l.rows * l.columns));
    const double digits = digits_of(unit.weights);
    l.wireable = elements <= kMostLanes && l.rows <= kMostLanes && digits > 0 &&
                 digits <= target_.lut * wish_.luts;
    space_.layers.push_back(l);
    space_.units.emplace_back(unit);
    digits_.push_back(digits);
  }

  /// Arrays take time to plan: leaves out the largest until the rest is planned in seconds.
  void bound_arrays() {
    constexpr double kMostDigits = 400'000;
    for (;;) {
      double sum = 0;
      std::size_t largest = 0;
      for (std::size_t i = 0; i < digits_.size(); ++i) {
        if (!space_.layers[i].wireable) continue;
        if (sum == 0 || digits_[i] > digits_[largest]) largest = i;
        sum += digits_[i];
      }
      if (sum <= kMostDigits) return;
      space_.layers[largest].wireable = false;
    }
  }

  void find_arrays() {
    bound_arrays();
    space_.wired.resize(space_.units.size());
    if (wire([](const SearchLayer& l) { return l.wireable; })) return;
    for (SearchLayer& layer : space_.layers) {
      const auto alone = [&](const SearchLayer& l) { return l.name == layer.name; };
      if (layer.wireable) layer.wireable = wire(alone);
    }
  }
  /// Wires in the layers that are wanted; false where that cannot be.
  [[nodiscard]] bool wire(const std::function<bool(const SearchLayer&)>& wanted) {
    Folding folding;
    for (const SearchLayer& l : space_.layers) {
      if (wanted(l)) folding[l.name].digit = l.bits;
    }
    try {
      const StreamPlan plan = build_streaming(graph_, target_, goal_, folding, space_.arrays);
      for (const StreamLayer& layer : plan.layers) {
        for (const int u : layer.units) {
          const stream::Spec& spec = plan.design.units[static_cast<std::size_t>(u)].spec;
          const auto* unit = std::get_if<stream::ConstMvu>(&spec);
          for (const SearchLayer& l : space_.layers) {
            if (unit != nullptr && l.name == layer.name) space_.wired[l.unit] = *unit;
          }
        }
      }
      space_.place = {plan.name, {}, plan.source_file, plan.sha256, plan.target, plan.clock_mhz};
    } catch (const Error&) {
      return false;
    }
    return true;
  }

  const lower::IntegerGraph& graph_;
  const arith::Target& target_;
  const Goal& goal_;
  const FoldGoal& wish_;
  FoldSpace space_;
  std::vector<double> digits_;  ///< nonzero ones of each layer's weights
};

}  // namespace

FoldSpace fold_space(const lower::IntegerGraph& graph, const arith::Target& target,
                     const Goal& goal, const FoldGoal& wish) {
  return Reader(graph, target, goal, wish).run();
}

Folding folding_of(const std::vector<SearchLayer>& layers) {
  Folding folding;
  for (const SearchLayer& l : layers) folding[l.name] = l.fold();
  return folding;
}

}  // namespace nib::plan
