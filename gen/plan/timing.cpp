// From operations to stages: one timed graph over all layers.
#include "nib/plan/timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "nib/arith/schedule.h"
#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/plan/trim.h"

namespace nib::plan {
namespace {

using Kind = Operation::Kind;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
int bits_of(const Operation& op) { return op.width; }

// Low bits of a sum that are one operand's own bits, without an adder.
int free_low_bits(const Operation& op) {
  if (op.kind != Kind::kAdd) return 0;
  if (op.b.node < 0) {
    if (op.constant == 0) return op.a.negative ? op.a.shift : bits_of(op);
    return op.a.negative ? op.a.shift : op.constant.trailing_zeros();
  }
  const arith::Term& low = op.a.shift <= op.b.shift ? op.a : op.b;
  const arith::Term& high = op.a.shift <= op.b.shift ? op.b : op.a;
  return low.negative ? low.shift : high.shift;
}

double luts_of(const Layer& layer, const Operation& op) {
  const int bits = bits_of(op);
  switch (op.kind) {
    case Kind::kInput:
    case Kind::kConstant:
      return 0;
    case Kind::kAdd: {
      const int wired = free_low_bits(op);
      return wired >= bits ? 0 : arith::adder_luts(bits, wired);
    }
    case Kind::kStep:
      return layer.steps[at(op.step)].lut;
    case Kind::kClamp:
      return bits + 1;
    case Kind::kAtLeast:
      return (std::max(bits_of(layer.operations[at(op.a.node)]),
                       bits_of(layer.operations[at(op.b.node)])) +
              1) /
             2;
    case Kind::kSelect:
      return (bits + 1) / 2;
  }
  return 0;
}

double carry_of(const Layer& layer, const Operation& op) {
  const double luts = luts_of(layer, op);
  if (op.kind == Kind::kAdd || op.kind == Kind::kAtLeast) return std::ceil(luts / 4);
  return op.kind == Kind::kStep ? layer.steps[at(op.step)].carry4 : 0;
}

// The whole design as one list of timed operations.
class Timing {
 public:
  explicit Timing(Plan& plan) : plan_(plan) {
    number();
    fan_outs();
    for (const Layer& layer : plan_.layers) {
      for (const Operation& op : layer.operations) luts_ += luts_of(layer, op);
    }
    for (std::size_t l = 0; l < plan_.layers.size(); ++l) times(l);
    for (std::size_t k = 0; k < plan_.outputs.size(); ++k) {
      for (std::size_t e = 0; e < plan_.outputs[k].elements.size(); ++e) {
        if (plan_.outputs[k].elements[e].bits == 0) continue;
        const std::int32_t t = timed_source(plan_.output_sources[k][e]);
        if (t >= 0) ends_.push_back(t);
      }
    }
    std::sort(ends_.begin(), ends_.end());
    ends_.erase(std::unique(ends_.begin(), ends_.end()), ends_.end());
  }

  arith::Schedule schedule() {
    const Goal& goal = plan_.goal;
    const double overhead = arith::register_overhead(plan_.target);
    const int extra = extra_latency(plan_);
    if (goal.latency_cycles) {
      const int stages = *goal.latency_cycles - extra;
      if (stages < 0) {
        fail(ErrorCode::E704,
             fmt::format("a latency of {} cycles, but the registers asked for need {} alone",
                         *goal.latency_cycles, extra));
      }
      arith::Schedule s = arith::schedule_for_stages(ops_, ends_, stages, overhead);
      plan_.clock_mhz =
          s.period_ns > 0 ? std::floor(10000.0 / s.period_ns) / 10 : plan_.target.default_clock_mhz;
      return s;
    }
    plan_.clock_mhz = goal.clock_mhz.value_or(plan_.target.default_clock_mhz);
    auto found = arith::schedule_for_period(ops_, ends_, 1000.0 / plan_.clock_mhz, overhead);
    if (found) return std::move(*found);
    if (goal.clock_mhz) too_fast(overhead);
    // Nobody asked for this clock: the best there is.
    const double wanted = plan_.clock_mhz;
    plan_.clock_mhz = best_clock(overhead);
    plan_.notes.push_back(fmt::format(
        "clock: one operation alone takes longer than {:.1f} MHz allow; planned for {:.1f} MHz",
        wanted, plan_.clock_mhz));
    found = arith::schedule_for_period(ops_, ends_, 1000.0 / plan_.clock_mhz, overhead);
    NIB_CHECK(found.has_value(), "a period that every operation meets");
    return std::move(*found);
  }

  // Writes the stages back: those of the schedule plus the registers that options add.
  void apply(const arith::Schedule& schedule) {
    std::vector<int> shift(plan_.layers.size(), 0);
    for (std::size_t l = 0; l < plan_.layers.size(); ++l) {
      Layer& layer = plan_.layers[l];
      for (const Operation& op : layer.operations) {
        if (op.kind != Kind::kInput) continue;
        const std::int32_t from = source(layer, op).word;
        if (from >= 0) {
          shift[l] = std::max(shift[l], shift[at(from)] + plan_.layers[at(from)].extra_registers);
        }
      }
      layer.output_stage = -1;
      for (std::size_t i = 0; i < layer.operations.size(); ++i) {
        Operation& op = layer.operations[i];
        if (op.kind == Kind::kInput) op.stage = stage_of(plan_, source(layer, op));
        if (timed_[l][i] >= 0 && op.kind != Kind::kInput) {
          op.stage = schedule.stage[at(timed_[l][i])] + shift[l];
        }
      }
      for (const std::int32_t d : layer.drivers) {
        if (d < 0 || timed_[l][at(d)] < 0) continue;
        const int stage = layer.operations[at(d)].stage;
        NIB_CHECK(layer.output_stage < 0 || layer.output_stage == stage,
                  "outputs of a layer leave at one stage");
        layer.output_stage = stage;
      }
      layer.start_stage = 0;
      for (const Operation& op : layer.operations) {
        if (op.kind == Kind::kInput) layer.start_stage = std::max(layer.start_stage, op.stage);
      }
      layer.output_stage = std::max(layer.output_stage, layer.start_stage) + layer.extra_registers;
      layer.latency_cycles = layer.output_stage - layer.start_stage;
    }
    plan_.latency_cycles = 0;
    for (const std::int32_t word : plan_.output_layers) {
      if (word >= 0) {
        plan_.latency_cycles = std::max(plan_.latency_cycles, plan_.layers[at(word)].output_stage);
      }
    }
    if (plan_.layers.empty()) plan_.latency_cycles = schedule.stages;
    align_ends();
    plan_.period_model_ns = schedule.period_ns;
  }

 private:
  static const Source& source(const Layer& layer, const Operation& op) {
    return layer.operands[at(op.word)].sources[at(op.index)];
  }

  // All layers that drive outputs end together; nothing inside reads them.
  void align_ends() {
    for (const std::int32_t word : plan_.output_layers) {
      if (word < 0) continue;
      Layer& layer = plan_.layers[at(word)];
      layer.output_stage = plan_.latency_cycles;
      layer.latency_cycles = layer.output_stage - layer.start_stage;
    }
  }

  // Index of each operation in the timed list: graph inputs first; a layer's input is the operation
  // behind it; constants are nowhere.
  void number() {
    for (const Word& word : plan_.inputs) {
      inputs_.emplace_back();
      for (const Element& e : word.elements) {
        const bool used = e.bits > 0 && e.live;
        inputs_.back().push_back(used ? static_cast<std::int32_t>(ops_.size()) : -1);
        if (used) ops_.push_back(arith::TimedOp{0, e.bits, {}, 0});
      }
    }
    for (const Layer& layer : plan_.layers) {
      timed_.emplace_back();
      for (const Operation& op : layer.operations) {
        std::int32_t t = -1;
        if (op.kind == Kind::kInput) {
          t = timed_source(source(layer, op));
        } else if (op.kind != Kind::kConstant) {
          t = static_cast<std::int32_t>(ops_.size());
          ops_.push_back(arith::TimedOp{0, bits_of(op), {}, -1});
        }
        timed_.back().push_back(t);
      }
    }
  }
  std::int32_t timed_source(const Source& s) const {
    if (s.word < 0) return inputs_[at(-1 - s.word)][at(s.element)];
    const std::int32_t driver = plan_.layers[at(s.word)].drivers[at(s.element)];
    return driver < 0 ? -1 : timed_[at(s.word)][at(driver)];
  }

  void fan_outs() {
    fan_out_.assign(ops_.size(), 0);
    for (std::size_t l = 0; l < plan_.layers.size(); ++l) {
      for (const Operation& op : plan_.layers[l].operations) {
        for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
          if (t->node < 0 || timed_[l][at(t->node)] < 0) continue;
          fan_out_[at(timed_[l][at(t->node)])] += t == &op.c ? bits_of(op) : 1;
        }
      }
    }
  }

  double net(std::size_t layer, const arith::Term& t) const {
    if (t.node < 0 || timed_[layer][at(t.node)] < 0) return 0;
    const int loads = std::max(1, fan_out_[at(timed_[layer][at(t.node)])]);
    return arith::net_delay(plan_.target, loads, luts_);
  }

  double delay(std::size_t l, const Operation& op) const {
    const Layer& layer = plan_.layers[l];
    const arith::Target& target = plan_.target;
    const double nets = std::max({net(l, op.a), net(l, op.b), net(l, op.c)});
    switch (op.kind) {
      case Kind::kInput:
      case Kind::kConstant:
        return 0;
      case Kind::kAdd: {
        const int carried = bits_of(op) - free_low_bits(op);
        return carried <= 0 ? 0 : nets + arith::adder_delay(target, carried);
      }
      case Kind::kStep: {
        // The circuit's figure holds its nets at fan-out 1 in a small design.
        const double small = arith::net_delay(target, 1, 0);
        const double factor = arith::net_delay(target, 1, luts_) / small;
        const double own = layer.steps[at(op.step)].delay_ns;
        return own <= 0 ? 0 : own + (nets - small * factor) + small * (factor - 1);
      }
      case Kind::kClamp:
        return nets + arith::lut_delay(target, 2);
      case Kind::kAtLeast:
        return nets +
               arith::adder_delay(target, std::max(bits_of(layer.operations[at(op.a.node)]),
                                                   bits_of(layer.operations[at(op.b.node)])));
      case Kind::kSelect:
        return nets + arith::lut_delay(target, 1);
    }
    return 0;
  }

  void times(std::size_t l) {
    const Layer& layer = plan_.layers[l];
    for (std::size_t i = 0; i < layer.operations.size(); ++i) {
      const Operation& op = layer.operations[i];
      if (op.kind == Kind::kInput || timed_[l][i] < 0) continue;
      arith::TimedOp& timed = ops_[at(timed_[l][i])];
      timed.delay_ns = delay(l, op);
      for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
        if (t->node >= 0 && timed_[l][at(t->node)] >= 0) {
          timed.inputs.push_back(timed_[l][at(t->node)]);
        }
      }
    }
    for (const std::int32_t d : layer.drivers) {
      if (d >= 0 && timed_[l][at(d)] >= 0) {
        ops_[at(timed_[l][at(d)])].group = static_cast<std::int32_t>(l) + 1;
      }
    }
    twins(l);
  }
  // Equal blocks are equal in time as well, so that they can be one module.
  void twins(std::size_t l) {
    const Layer& layer = plan_.layers[l];
    const auto first = static_cast<std::int32_t>(plan_.layers.size()) + 1 + twins_;
    std::int32_t count = 0;
    for (std::size_t i = 0; i < layer.operations.size(); ++i) {
      const std::int32_t twin = layer.operations[i].twin;
      if (twin < 0 || timed_[l][i] < 0) continue;
      count = std::max(count, twin + 1);
      arith::TimedOp& timed = ops_[at(timed_[l][i])];
      if (timed.group < 0) timed.group = first + twin;
    }
    twins_ += count;
  }

  [[nodiscard]] std::size_t slowest() const {
    std::size_t worst = 0;
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      if (ops_[i].delay_ns > ops_[worst].delay_ns) worst = i;
    }
    return worst;
  }
  /// In MHz, to a tenth below.
  [[nodiscard]] double best_clock(double overhead) const {
    return std::floor(10000.0 / (ops_[slowest()].delay_ns + overhead)) / 10;
  }

  [[noreturn]] void too_fast(double overhead) const {
    const std::size_t worst = slowest();
    std::string where;
    for (std::size_t l = 0; l < timed_.size(); ++l) {
      for (std::size_t i = 0; i < timed_[l].size(); ++i) {
        const bool own = plan_.layers[l].operations[i].kind != Kind::kInput;
        if (own && timed_[l][i] == static_cast<std::int32_t>(worst)) where = plan_.layers[l].name;
      }
    }
    const double period = ops_[worst].delay_ns + overhead;
    fail(ErrorCode::E703,
         fmt::format("{:.1f} MHz leaves {:.3f} ns, but one operation of layer {} takes {:.3f} ns; "
                     "the best for this design on {} is {:.1f} MHz",
                     plan_.clock_mhz, 1000.0 / plan_.clock_mhz, where, period, plan_.target.name,
                     best_clock(overhead)));
  }

  Plan& plan_;
  std::vector<arith::TimedOp> ops_;
  std::vector<std::vector<std::int32_t>> inputs_, timed_;
  std::vector<int> fan_out_;
  std::vector<std::int32_t> ends_;
  std::int32_t twins_ = 0;  ///< numbers of twins in the layers so far
  double luts_ = 0;
};

void add_costs(Plan& plan) {
  for (Layer& layer : plan.layers) {
    Cost cost;
    const std::vector<int> depth = register_depths(layer);
    for (std::size_t i = 0; i < layer.operations.size(); ++i) {
      const Operation& op = layer.operations[i];
      cost.lut += luts_of(layer, op);
      cost.carry4 += carry_of(layer, op);
      cost.ff += depth[i] * bits_of(op);
    }
    layer.cost = cost;
  }
}

// A layer without operations of its own and without registers.
bool is_wires(const Layer& layer) {
  if (layer.extra_registers > 0) return false;
  for (const Operation& op : layer.operations) {
    if (op.kind == Kind::kInput) {
      if (op.stage != layer.output_stage) return false;
    } else if (op.kind != Kind::kAdd || op.b.node >= 0 || op.constant != 0 || op.a.negative ||
               op.a.shift != 0 || layer.operations[at(op.a.node)].kind != Kind::kInput) {
      return false;
    }
  }
  return true;
}

}  // namespace

int extra_latency(const Plan& plan) {
  std::vector<int> total(plan.layers.size(), 0);
  int most = 0;
  for (std::size_t l = 0; l < plan.layers.size(); ++l) {
    for (const std::int32_t from : plan.layers[l].inputs) {
      if (from >= 0) total[l] = std::max(total[l], total[at(from)]);
    }
    total[l] += plan.layers[l].extra_registers;
    most = std::max(most, total[l]);
  }
  return most;
}

void place_registers(Plan& plan) {
  Timing timing(plan);
  timing.apply(timing.schedule());
  for (std::size_t l = plan.layers.size(); l-- > 0;) {
    if (is_wires(plan.layers[l])) drop_layer(plan, static_cast<std::int32_t>(l));
  }
  link_words(plan);
  add_costs(plan);
}

}  // namespace nib::plan
