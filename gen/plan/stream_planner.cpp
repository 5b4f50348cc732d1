// Search for folds: shapes by coordinate descent, scale by bisection, shifts between layers.
#include "nib/plan/stream_planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "nib/arith/adder_graph.h"
#include "nib/base/error.h"
#include "nib/plan/stream_array.h"
#include "nib/plan/stream_cost.h"
#include "nib/plan/stream_settle.h"
#include "nib/plan/stream_walk.h"

namespace nib::plan {
namespace {

using Layer = SearchLayer;

constexpr const char* kMultipliers = "multipliers";

struct Trial {
  std::int64_t latency = 0, interval = 0;
  Cost cost;
  double fill = 0;  ///< share of the most wanted cells, of what may be used
  std::string limit;
  std::string busiest;  ///< process with the most steps of a frame
};

class Planner {
 public:
  Planner(const lower::IntegerGraph& graph, const arith::Target& target, const Goal& goal,
          const FoldGoal& wish)
      : graph_(graph), target_(target), goal_(goal), wish_(wish) {}

  FoldChoice run() {
    find_layers();
    FoldChoice choice;
    // Both objectives are searched for, whichever is asked for: a design that was met on the way to
    // the other one is never better than the choice. Most of the time goes to latencies.
    limit_ = 1;
    allow();
    Trial best;
    if (layers_.empty()) {
      best = tried(layers_);
    } else {
      const auto walk_to = [&](Objective objective, double descent, double end) {
        objective_ = objective;
        limit_ = descent;
        most_fill_ = 1.3;
        search();
        limit_ = end;
        most_fill_ = 1.08;
        wander();
      };
      walk_to(Objective::kLatency, 0.45, 0.85);
      walk_to(Objective::kInterval, 0.92, 1);
      objective_ = wish_.objective;
      layers_ = best_[index_of(objective_)].layers;
      best = best_[index_of(objective_)].trial;
    }
    if (best.fill > most_fill_) {  // not timed on the way
      most_fill_ = std::numeric_limits<double>::max();
      best = evaluate(layers_);
    }
    choice.folding = folding(layers_);
    choice.fits = best.fill * allowed_ <= 1;
    choice.limit = best.limit;
    choice.latency = best.latency;
    choice.interval = best.interval;
    choice.cost = best.cost;
    choice.notes = notes(best);
    choice.evaluations = evaluations_;
    choice.arrays = arrays_;
    return choice;
  }

 private:
  using Layers = std::vector<Layer>;

  void find_layers() {
    const StreamPlan plan = build_streaming(graph_, target_, goal_, {});
    for (const StreamLayer& layer : plan.layers) {
      for (const int u : layer.units) {
        const stream::Unit& unit = plan.design.units[static_cast<std::size_t>(u)];
        Layer l;
        std::int64_t elements = 0;  // of a vector, channels apart or not
        double digits = 0;
        l.name = layer.name;
        l.unit = units_.size();
        const auto read = [&](const auto& spec) {
          l.bits = spec.format.bits;
          l.multipliers = spec.format.kind != stream::Kind::kBipolar &&
                          spec.weight_kind != stream::Kind::kBipolar &&
                          spec.format.bits + spec.weight_bits > 8;
        };
        if (const auto* mvu = std::get_if<stream::Mvu>(&unit.spec)) {
          l.rows = mvu->rows;
          l.columns = elements = mvu->columns;
          digits = digits_of(mvu->weights);
          read(*mvu);
        } else if (const auto* vvu = std::get_if<stream::Vvu>(&unit.spec)) {
          l.rows = vvu->channels;
          l.columns = vvu->taps;
          elements = l.rows * l.columns;
          digits = digits_of(vvu->weights);
          l.apart = true;
          read(*vvu);
        } else {
          continue;
        }
        l.vectors =
            std::max<std::int64_t>(1, layer.macs / std::max<std::int64_t>(1, l.rows * l.columns));
        l.wireable = elements <= kMostLanes && l.rows <= kMostLanes && digits > 0 &&
                     digits <= target_.lut * wish_.luts;
        layers_.push_back(l);
        units_.push_back(unit.spec);
        if (auto* matrix = std::get_if<stream::Mvu>(&units_.back())) {
          // Which weights occur is all that costs depend on.
          std::vector<std::int64_t>& w = matrix->weights;
          std::sort(w.begin(), w.end());
          w.erase(std::unique(w.begin(), w.end()), w.end());
        }
      }
    }
    find_arrays();
    for (const lower::Value& v : graph_.values) elements_ += static_cast<double>(v.elements());
    constexpr int kMostEvaluations = 2500;
    most_ = wish_.evaluations > 0 ? wish_.evaluations : kMostEvaluations;
  }

  /// The units of layers whose constants may be wired in; arrays that the clock or their size
  /// forbids are left out.
  void find_arrays() {
    wired_.resize(units_.size());
    if (find_units([](const Layer& l) { return l.wireable; })) return;
    for (Layer& layer : layers_) {
      const auto alone = [&](const Layer& l) { return l.name == layer.name; };
      if (layer.wireable) layer.wireable = find_units(alone);
    }
  }
  template <class Wanted>
  [[nodiscard]] bool find_units(const Wanted& wanted) {
    Folding folding;
    for (const Layer& l : layers_) {
      if (wanted(l)) folding[l.name].digit = l.bits;
    }
    try {
      const StreamPlan plan = build_streaming(graph_, target_, goal_, folding, arrays_);
      for (const StreamLayer& layer : plan.layers) {
        for (const int u : layer.units) {
          const stream::Spec& spec = plan.design.units[static_cast<std::size_t>(u)].spec;
          const auto* unit = std::get_if<stream::ConstMvu>(&spec);
          for (const Layer& l : layers_) {
            if (unit != nullptr && l.name == layer.name) wired_[l.unit] = *unit;
          }
        }
      }
      place_ = {plan.name, {}, plan.source_file, plan.sha256, plan.target, plan.clock_mhz};
    } catch (const Error&) {
      return false;
    }
    return true;
  }

  /// Nonzero digits of all weights.
  [[nodiscard]] static double digits_of(const std::vector<std::int64_t>& weights) {
    double sum = 0;
    for (const std::int64_t w : weights) sum += static_cast<double>(arith::csd(w).size());
    return sum;
  }

  [[nodiscard]] static Folding folding(const Layers& layers) {
    Folding f;
    for (const Layer& l : layers) f[l.name] = l.fold();
    return f;
  }

  [[nodiscard]] Trial tried(const Layers& layers) {
    std::string key;
    for (const Layer& l : layers) {
      const LayerFold f = l.fold();
      key += fmt::format("{},{},{},{},{},{};", f.simd, f.pe, f.input_stationary, f.steps, f.dsp,
                         f.digit);
    }
    const auto found = trials_.find(key);
    if (found != trials_.end()) return found->second;
    ++evaluations_;
    const Trial t = evaluate(layers);
    for (const Objective o : {Objective::kLatency, Objective::kInterval}) {
      Best& b = best_[index_of(o)];
      if (b.layers.empty() || better(t, b.trial, o)) b = {layers, t};
    }
    return trials_[key] = t;
  }

  [[nodiscard]] Trial evaluate(const Layers& layers) {
    for (const Layer& l : layers) spent_ += 0.4 * l.work();
    spent_ += 1.1 * elements_;
    StreamPlan plan = build_streaming(graph_, target_, goal_, folding(layers), arrays_);
    settle_units(plan, wish_.blocks * target_.bram36);
    // Queues of a few words cost what their width does.
    constexpr std::int64_t kDepth = 6;
    const std::vector<char> fixed = fixed_channels(plan.design);
    std::vector<std::int64_t> depths;
    stream::Network network = plan.design.network;
    for (std::size_t c = 0; c < network.channels.size(); ++c) {
      stream::Channel& channel = network.channels[c];
      depths.push_back(fixed[c] != 0 || channel.is_ring ? channel.depth : kDepth);
      if (fixed[c] == 0) channel.depth = stream::kUnbounded;
    }
    set_depths(plan.design, depths);
    Trial t;
    t.cost = cost_of(plan);
    fill_of(t, plan);
    if (t.fill > most_fill_) {
      t.latency = t.interval = std::numeric_limits<std::int64_t>::max() / 4;
      return t;
    }
    t.interval = least_interval(network, plan.frames);
    const auto steps = stream::steps_of_a_frame(network, plan.frames);
    for (const std::int64_t s : steps) spent_ += static_cast<double>(s);
    const auto most = std::max_element(steps.begin(), steps.end()) - steps.begin();
    t.busiest = network.processes[static_cast<std::size_t>(most)].name;
    t.latency = measure(network, plan.frames, {t.interval, 1}).latency;
    return t;
  }

  /// What the design takes most of.
  void fill_of(Trial& t, const StreamPlan& plan) const {
    double port = 0;
    for (const StreamPort& input : plan.inputs) port = std::max<double>(port, input.word.width);
    // Where nothing may be used, what is used counts beside all that the device has.
    const auto share_of = [](double used, double there, double part) {
      if (used <= 0) return 0.0;
      return part > 0 ? used / (there * part) : 1 + used / std::max(there, 1.0);
    };
    const std::array<std::pair<const char*, double>, 5> shares{
        {{"bits of an input word", share_of(port, wish_.port_bits, 1)},
         {"LUTs", share_of(t.cost.lut, target_.lut, wish_.luts)},
         {"flip-flops", share_of(t.cost.ff, target_.ff, 1)},
         {"block RAM", share_of(t.cost.bram36, target_.bram36, wish_.blocks)},
         {kMultipliers, share_of(t.cost.dsp, target_.dsp, wish_.multipliers)}}};
    for (const auto& [name, share] : shares) {
      if (share <= t.fill) continue;
      t.fill = share;
      t.limit = name;
    }
    t.fill /= allowed_;
  }

  /// Where not even the smallest design fits, the others may be as large as that one.
  void allow() {
    start(true);
    const double least = tried(scaled(layers_, 1e9)).fill;
    if (least <= 1) return;
    allowed_ = least;
    trials_.clear();
    best_ = {};
  }

  [[nodiscard]] static std::size_t index_of(Objective o) {
    return o == Objective::kLatency ? 0 : 1;
  }
  [[nodiscard]] static std::int64_t time_of(const Trial& t, Objective o) {
    return o == Objective::kLatency ? t.latency : t.interval;
  }
  [[nodiscard]] std::int64_t time_of(const Trial& t) const { return time_of(t, objective_); }
  /// Time times cells: what a change of shape should lessen. A tenth of the device is taken by what
  /// does not shrink with the folds.
  [[nodiscard]] double price(const Trial& t) const {
    const auto both = static_cast<double>(time_of(t)) * 1.0 + 0.02 * static_cast<double>(t.latency);
    return both * (t.fill + 0.02);
  }
  [[nodiscard]] static bool better(const Trial& a, const Trial& b, Objective o) {
    if ((a.fill <= 1) != (b.fill <= 1)) return a.fill <= 1;
    if (a.fill > 1) return a.fill < b.fill;
    if (time_of(a, o) != time_of(b, o)) return time_of(a, o) < time_of(b, o);
    return a.fill < b.fill;
  }
  [[nodiscard]] bool better(const Trial& a, const Trial& b) const {
    return better(a, b, objective_);
  }

  /// Cells of a unit in LUTs: block RAM at the rate at which the device has it, multipliers at
  /// `dsp_rate_` times theirs.
  [[nodiscard]] double cells(const stream::Spec& spec) const {
    const Cost c = stream::cost(spec);
    const double luts = target_.lut * wish_.luts;
    const auto price = [&](double used, double there) {
      return used > 0 ? used * luts / std::max(there, 1e-3) : 0;
    };
    return c.lut + price(c.bram36, target_.bram36 * wish_.blocks) +
           dsp_rate_ * price(c.dsp, target_.dsp * wish_.multipliers);
  }
  /// The shape of a matrix that costs least for the steps of a vector that it may take.
  void shape(Layer& l) {
    l.wired = false;
    auto* unit = std::get_if<stream::Mvu>(&units_[l.unit]);
    if (unit == nullptr) return;
    const auto steps = static_cast<std::int64_t>(l.steps);
    const auto narrowest = static_cast<std::int64_t>(
        std::ceil(static_cast<double>(l.columns) * l.bits / wish_.port_bits));
    double least = -1;
    const Layer before = l;
    unit->input_stationary = l.input_stationary;
    const auto attempt = [&](std::int64_t sf, bool dsp) {
      Layer next = before;
      next.input_steps = static_cast<int>(sf);
      next.dsp = dsp;
      const LayerFold f = next.fold();
      unit->format.lanes = f.simd;
      unit->pe = f.pe;
      unit->dsp = f.dsp;
      for (const stream::RomStyle rom : {stream::RomStyle::kLut, stream::RomStyle::kBlock}) {
        unit->rom = rom;
        const double price = cells(units_[l.unit]);
        if (least >= 0 && price >= least) continue;
        least = price;
        l.input_steps = next.input_steps;
        l.dsp = dsp;
      }
    };
    const std::int64_t most = std::min(steps, l.columns);
    for (std::int64_t sf = std::min(narrowest, most); sf <= most;
         sf = sf < 8 ? sf + 1 : sf * 9 / 8) {
      for (const bool dsp : {false, true}) {
        if (!dsp || l.multipliers) attempt(std::max<std::int64_t>(1, sf), dsp);
      }
    }
    if (!l.wireable) return;
    stream::ConstMvu wired = wired_[l.unit];
    Layer next = before;
    next.wired = true;
    wired.digit = next.fold().digit;
    place_.layer = l.name;
    arrays_->complete(wired, place_);
    if (cells(wired) < least) l = next;
  }

  /// All layers with `scale` times as many steps.
  [[nodiscard]] Layers scaled(Layers layers, double scale) {
    for (Layer& l : layers) {
      l.steps = std::clamp(l.steps * scale, 1.0, l.work());
      if (shaping_) shape(l);
      l.input_steps = static_cast<int>(std::clamp<double>(std::min<double>(l.input_steps, l.steps),
                                                          1, static_cast<double>(l.columns)));
    }
    return layers;
  }
  /// The most parallel design that fits, all layers by one factor.
  [[nodiscard]] Layers filled(const Layers& layers, int rounds) {
    double low = 1e-4, high = 1e4;  // too parallel, small enough
    Layers best = scaled(layers, high);
    bool any = false;
    // First bracket around 1, then halve.
    for (double factor = 1; factor < 1e4; factor *= 2) {
      const Layers candidate = scaled(layers, factor);
      if (tried(candidate).fill <= 1) {
        high = factor;
        best = candidate;
        any = true;
        break;
      }
      low = factor;
    }
    if (any && low < 1) {
      for (double factor = 0.5; factor > 1e-4; factor /= 2) {
        const Layers candidate = scaled(layers, factor);
        if (tried(candidate).fill > 1 || out_of_time()) {
          low = factor;
          break;
        }
        high = factor;
        best = candidate;
      }
    }
    for (int i = 0; i < rounds && !out_of_time(); ++i) {
      const double middle = std::sqrt(low * high);
      const Layers candidate = scaled(layers, middle);
      const Trial t = tried(candidate);
      if (t.fill <= 1) {
        high = middle;
        if (better(t, tried(best))) best = candidate;
      } else {
        low = middle;
      }
    }
    return best;
  }

  /// Share of what may be done. The search takes less than half a minute, and is the same on every
  /// machine: it counts steps of the token model, weights that are packed into tables and elements
  /// that are put in order.
  [[nodiscard]] double used() const {
    constexpr double kMostWork = 2.8e8;
    constexpr double kWorkOfDigit = 600;  // of an array that is planned
    const double count = static_cast<double>(evaluations_) / most_;
    const double spent = spent_ + kWorkOfDigit * static_cast<double>(arrays_->digits());
    return wish_.evaluations > 0 ? count : std::max(count, spent / kMostWork);
  }
  [[nodiscard]] bool out_of_time() const { return used() >= limit_; }

  void search() {
    // Steps by the root of the work or the same time for all; square shapes, or those that cost
    // least for some price of a multiplier.
    Layers best;
    double best_rate = 0;
    for (const bool even : {false, true}) {
      for (const double rate : {0.0, 1.0, 0.4, 0.15}) {
        start(even);
        shaping_ = rate > 0;
        dsp_rate_ = rate;
        Layers candidate = filled(layers_, 3);
        if (!best.empty() && !better(tried(candidate), tried(best))) continue;
        best = std::move(candidate);
        best_rate = rate;
      }
    }
    shaping_ = false;
    dsp_rate_ = best_rate > 0 ? best_rate : 1;
    for (int round = 0; round < 2 && !out_of_time(); ++round) {
      shapes(best);
      Layers candidate = filled(best, 4);
      if (better(tried(candidate), tried(best))) best = candidate;
    }
    shifts(best);
  }

  /// From the best so far, random changes of layers that make the design no worse than a little;
  /// what does not fit counts as slower.
  void wander() {
    FoldWalk walk(1);
    const auto energy = [&](const Trial& t) {
      return static_cast<double>(time_of(t)) * (1 + 0.02 * t.fill + 3 * std::max(0.0, t.fill - 1));
    };
    const Best& best = best_[index_of(objective_)];
    Layers now = best.layers;
    double at = energy(best.trial);
    constexpr int kRepeats = 20, kPatience = 60;
    int since = 0;
    const double from = used();
    for (int i = 0; i < kRepeats * most_ && !out_of_time(); ++i) {
      const double left = (limit_ - used()) / (limit_ - from);
      Layers next = now;
      for (std::size_t n = 1 + walk.draw(2); n > 0; --n) {
        walk.change(next[walk.draw(next.size())]);
      }
      const std::int64_t before = time_of(best.trial);
      const double there = energy(tried(next));
      since = time_of(best.trial) < before ? 0 : since + 1;
      if (there <= at * (1 + 0.012 * left)) {
        now = std::move(next);
        at = there;
      }
      if (since < kPatience) continue;
      since = 0;
      now = best.layers;
      at = energy(best.trial);
    }
  }

  /// One vector after the other: steps go by the root of the work, so that the sum is least for
  /// what it costs; feature maps run beside each other: the same time for each, and for all layers
  /// where `even`.
  void start(bool even) {
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      Layer& l = layers_[i];
      const bool maps = l.vectors > 1 || even;
      l.steps = maps ? 4096.0 / static_cast<double>(l.vectors) : std::sqrt(l.work());
      l.steps = std::clamp(l.steps, 1.0, l.work());
      const double wide = static_cast<double>(l.columns) * l.bits / wish_.port_bits;
      l.steps = std::max(l.steps, std::ceil(wide));
      l.input_steps = static_cast<int>(std::clamp(std::max(std::ceil(wide), std::sqrt(l.steps)),
                                                  1.0, static_cast<double>(l.columns)));
      l.dsp = l.wired = false;
    }
  }

  /// Tries other shapes of each layer, one at a time, at the same number of steps.
  void shapes(Layers& layers) {
    double now = price(tried(layers));
    for (std::size_t i = 0; i < layers.size() && !out_of_time(); ++i) {
      const auto attempt = [&](const Layer& changed) {
        if (out_of_time()) return;
        Layers candidate = layers;
        candidate[i] = changed;
        const Trial t = tried(candidate);
        if (t.fill > 1.3 || price(t) >= now) return;
        now = price(t);
        layers = std::move(candidate);
      };
      for (const bool stationary : {false, true}) {
        const auto most =
            static_cast<int>(std::min(layers[i].steps, static_cast<double>(layers[i].columns)));
        if (layers[i].apart) break;
        for (int sf = 1; sf <= most; sf = sf < 4 ? sf + 1 : sf * 3 / 2) {
          Layer l = layers[i];
          l.input_stationary = stationary;
          l.input_steps = sf;
          attempt(l);
        }
        Layer l = layers[i];
        l.input_stationary = stationary;
        l.input_steps = most;
        attempt(l);
      }
      for (const int narrow : {1, 2, 4, 8, 16}) {
        Layer l = layers[i];
        l.narrow = narrow;
        attempt(l);
      }
      if (layers[i].multipliers) {
        Layer l = layers[i];
        l.dsp = !l.dsp;
        attempt(l);
      }
    }
  }

  /// More steps for one layer, fewer for another, while the device holds it and the time shrinks.
  void shifts(Layers& best) {
    for (double by = 1.4; by > 1.02 && !out_of_time(); by = std::sqrt(by)) {
      bool found = true;
      while (found && !out_of_time()) {
        found = false;
        for (std::size_t i = 0; i < best.size() && !out_of_time(); ++i) {
          found = shift(best, i, 1 / by) || found;
          found = shift(best, i, by) || found;
        }
      }
    }
  }
  /// Changes layer i by the factor, then all so that the device is full again.
  bool shift(Layers& best, std::size_t i, double factor) {
    const Trial now = tried(best);
    for (const double rest : {1.0, factor < 1 ? 1.03 : 0.97, factor < 1 ? 1.08 : 0.92}) {
      for (const bool least : {false, true}) {
        if (out_of_time()) return false;
        Layers candidate = rest == 1.0 ? best : scaled(best, rest);
        candidate[i].steps = std::clamp(best[i].steps * factor, 1.0, best[i].work());
        candidate[i].input_steps =
            static_cast<int>(std::min<double>(candidate[i].input_steps, candidate[i].steps));
        if (least) shape(candidate[i]);
        if (!better(tried(candidate), now)) continue;
        best = candidate;
        return true;
      }
    }
    return false;
  }

  /// What limits the design, and what one layer more parallel would bring and cost.
  [[nodiscard]] std::vector<std::string> notes(const Trial& best) {
    std::vector<std::string> lines;
    if (best.fill * allowed_ > 1) {
      lines.push_back(
          fmt::format("folds: the design does not fit: {} would be {:.0f} % of what may "
                      "be used, and no folds were found that need less",
                      best.limit, 100 * best.fill * allowed_));
    }
    lines.push_back(fmt::format(
        "folds: latency {} and interval {} cycles with {:.0f} LUT, {:.0f} FF, {:.1f} "
        "BRAM36, {:.0f} "
        "DSP by the model; {} are taken most, {:.0f} % of what may be used; busiest is '{}'",
        best.latency, best.interval, best.cost.lut, best.cost.ff, best.cost.bram36, best.cost.dsp,
        best.limit, 100 * best.fill * allowed_, best.busiest));
    std::size_t next = layers_.size();
    Trial after = best;
    double gain = 0;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      Layers candidate = layers_;
      candidate[i].steps = std::max(1.0, candidate[i].steps / 1.5);
      candidate[i].input_steps =
          static_cast<int>(std::min<double>(candidate[i].input_steps, candidate[i].steps));
      const Trial t = tried(candidate);
      const double more = std::max(1.0, t.cost.lut - best.cost.lut);
      const auto saved = static_cast<double>(time_of(best) - time_of(t));
      if (saved / more <= gain) continue;
      gain = saved / more;
      after = t;
      next = i;
    }
    if (next == layers_.size()) {
      lines.push_back("folds: no layer made half as parallel again would make the whole faster");
    } else {
      lines.push_back(fmt::format(
          "folds: the next step, layer '{}' half as parallel again, would save {} cycles and take "
          "{:.0f} LUT, {:.1f} BRAM36, {:.0f} DSP more",
          layers_[next].name, time_of(best) - time_of(after), after.cost.lut - best.cost.lut,
          after.cost.bram36 - best.cost.bram36, after.cost.dsp - best.cost.dsp));
    }
    return lines;
  }

  const lower::IntegerGraph& graph_;
  const arith::Target& target_;
  const Goal& goal_;
  const FoldGoal& wish_;
  Layers layers_;
  std::vector<stream::Spec> units_;      ///< what multiplies, for the cost of shapes
  std::vector<stream::ConstMvu> wired_;  ///< the same with constants wired in
  std::shared_ptr<ConstArrays> arrays_ = std::make_shared<ConstArrays>();
  ArrayPlace place_;
  std::map<std::string, Trial> trials_;
  struct Best {
    Layers layers;
    Trial trial;
  };
  std::array<Best, 2> best_;  ///< for each objective
  Objective objective_ = Objective::kLatency;
  double allowed_ = 1;    ///< times what may be used
  double limit_ = 1;      ///< of what may be done, by now
  double most_fill_ = 1;  ///< of a design that is worth timing
  int evaluations_ = 0, most_ = 0;
  double spent_ = 0;     ///< work of evaluations
  double elements_ = 0;  ///< of all values
  double dsp_rate_ = 1;
  bool shaping_ = false;  ///< scaled() gives each matrix the shape that costs least
};

}  // namespace

FoldChoice choose_folding(const lower::IntegerGraph& graph, const arith::Target& target,
                          const Goal& goal, const FoldGoal& fold_goal) {
  return Planner(graph, target, goal, fold_goal).run();
}

StreamPlan plan_folded(const lower::IntegerGraph& graph, const arith::Target& target,
                       const Goal& goal, const FoldGoal& fold_goal) {
  const FoldChoice choice = choose_folding(graph, target, goal, fold_goal);
  if (fold_goal.strict && !choice.fits && choice.limit != kMultipliers) {
    fail(ErrorCode::E704, "no folds were found that keep the budget: " + choice.notes.front(), {},
         "allow more cells, or take a larger device");
  }
  StreamPlan plan = build_streaming(graph, target, goal, choice.folding, choice.arrays);
  finish_streaming(plan, fold_goal.blocks);
  plan.notes.insert(plan.notes.end(), choice.notes.begin(), choice.notes.end());
  return plan;
}

}  // namespace nib::plan
