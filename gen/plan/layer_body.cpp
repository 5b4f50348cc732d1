// What stands in a layer, node kind by node kind.
#include "nib/plan/layer_body.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "nib/base/check.h"
#include "nib/lower/patches.h"
#include "nib/plan/choose.h"
#include "nib/plan/kernels.h"
#include "nib/plan/linear_block.h"

namespace nib::plan {
namespace {

using lower::Node;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

class Body {
 public:
  Body(const lower::IntegerGraph& graph, const Flow& flow, const Chain& chain,
       LayerBuilder& builder, Layer& layer)
      : graph_(graph),
        flow_(flow),
        chain_(chain),
        builder_(builder),
        layer_(layer),
        kernels_(layer),
        live_(flow.live[at(chain.back()->output)]) {}

  void build() {
    std::visit([this](const auto& op) { head(op); }, chain_[0]->op);
  }

 private:
  const Node& node() const { return *chain_[0]; }
  const lower::Value& in() const { return graph_.value(node().inputs.at(0)); }
  const lower::Value& out() const { return graph_.value(node().output); }

  void head(const lower::Input&) { NIB_CHECK(false, "a port is no layer"); }
  void head(const lower::Reindex&) { NIB_CHECK(false, "wires are no layer"); }
  void head(const lower::Linear&) { sums(); }
  void head(const lower::Conv&) { sums(); }
  void head(const lower::Step&) { elementwise(); }
  void head(const lower::Clamp&) { elementwise(); }
  // Steps act on the operand itself.
  void elementwise() {
    for (std::size_t e = 0; e < live_.size(); ++e) {
      const auto element = static_cast<std::int64_t>(e);
      if (live_[e] != 0) finish(element, builder_.signal(builder_.input(0, element)), 0);
    }
  }
  void head(const lower::Concat&) {
    const std::vector<ConcatSource> from = concat_sources(graph_, node());
    for (std::size_t e = 0; e < live_.size(); ++e) {
      if (live_[e] == 0) continue;
      const std::int32_t x = builder_.input(from[e].operand, from[e].element);
      finish(static_cast<std::int64_t>(e), builder_.signal(x), 1);
    }
  }

  void sums() {
    const LinearBlocks blocks(graph_, node());
    layer_.macs = blocks.macs();
    layer_.block_text = blocks.text();
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const LinearBlock block = blocks[b];
      const LinearProblem p = linear_problem(block, flow_.range[at(node().inputs[0])], live_);
      if (p.outputs.empty()) continue;
      kernels_.begin(blocks.name(b), block.inputs, block.outputs);
      const auto rows = builder_.linear(p.problem.matrix, p.columns, p.bias, p.outputs);
      for (std::size_t k = 0; k < rows.size(); ++k) finish(p.outputs[k], rows[k], 1);
      kernels_.end();
    }
  }

  void head(const lower::Sum& op) {
    layer_.macs = static_cast<std::int64_t>(live_.size() * op.factors.size());
    for (std::size_t e = 0; e < live_.size(); ++e) {
      if (live_[e] != 0) finish(static_cast<std::int64_t>(e), sum(op, e), 1);
    }
  }
  Signal sum(const lower::Sum& op, std::size_t e) {
    const auto element = static_cast<std::int32_t>(e);
    std::vector<Source> columns;
    std::vector<std::int64_t> factors;
    BigInt bias = 0;
    for (std::size_t k = 0; k < op.factors.size(); ++k) {
      const auto word = static_cast<std::int32_t>(k);
      const Range r = builder_.operand_range(word, element);
      if (r.is_constant()) {
        bias += op.factors[k] * r.min;
      } else if (op.factors[k] != 0) {
        columns.push_back(Source{word, element});
        factors.push_back(op.factors[k]);
      }
    }
    const Shape shape{1, static_cast<std::int64_t>(factors.size())};
    return builder_.linear(Tensor<std::int64_t>(shape, factors), columns, {bias}, {element})[0];
  }

  void head(const lower::MaxPool& op) {
    const lower::Patches patches(op.window, in().shape, out().shape);
    layer_.block_text =
        fmt::format("x<t> is under tap t of {}, in C order", to_string(op.window.kernel));
    for (std::int64_t image = 0; image < patches.images(); ++image) {
      for (std::int64_t c = 0; c < patches.out_channels(); ++c) {
        for (std::int64_t p = 0; p < patches.positions(); ++p) pool(patches, image, c, p);
      }
    }
  }
  void pool(const lower::Patches& patches, std::int64_t image, std::int64_t channel,
            std::int64_t position) {
    const std::int64_t e = patches.output(image, channel, position);
    if (live_[at(e)] == 0) return;
    std::vector<std::int64_t> window;
    for (std::int64_t tap = 0; tap < patches.taps(); ++tap) {
      window.push_back(patches.input(image, channel, position, tap));
    }
    kernels_.begin(fmt::format("y{}", e), window, {e});
    std::vector<std::int32_t> entries;
    for (const std::int64_t x : window) {
      if (x != lower::Patches::kOutside) entries.push_back(builder_.input(0, x));
    }
    finish(e, Chooser(builder_).maximum(entries, static_cast<std::int32_t>(e)), 1);
    kernels_.end();
  }

  // The operations of one row of the last axis of x.
  std::vector<std::int32_t> row(std::int64_t r) {
    const std::int64_t length = in().shape.back();
    std::vector<std::int32_t> entries;
    for (std::int64_t i = 0; i < length; ++i) {
      entries.push_back(builder_.input(0, r * length + i));
    }
    return entries;
  }
  void head(const lower::ArgMax&) {
    for (std::size_t e = 0; e < live_.size(); ++e) {
      if (live_[e] == 0) continue;
      const auto element = static_cast<std::int32_t>(e);
      layer_.drivers[e] = Chooser(builder_).argmax(row(element), element);
    }
  }
  void head(const lower::TopK& op) {
    const auto rows = static_cast<std::int64_t>(live_.size()) / op.k;
    for (std::int64_t r = 0; r < rows; ++r) {
      std::vector<std::int32_t> outputs;
      bool wanted = false;
      for (std::int64_t e = r * op.k; e < (r + 1) * op.k; ++e) {
        outputs.push_back(static_cast<std::int32_t>(e));
        wanted = wanted || live_[at(e)] != 0;
      }
      if (!wanted) continue;
      const auto drivers = Chooser(builder_).top(row(r), op.k, op.values, outputs);
      for (std::size_t j = 0; j < drivers.size(); ++j) {
        if (live_[at(outputs[j])] == 0) continue;
        layer_.drivers[at(outputs[j])] = drivers[j];
        builder_.limit(drivers[j], flow_.range[at(node().output)][at(outputs[j])]);
      }
    }
  }

  // Element e of the head, through the nodes of the chain from `first` on.
  void finish(std::int64_t e, Signal x, std::size_t first) {
    const auto element = static_cast<std::int32_t>(e);
    for (std::size_t i = first; i < chain_.size(); ++i) {
      if (const auto* step = std::get_if<lower::Step>(&chain_[i]->op)) {
        x = builder_.step(x, step->steps[step->grouping.of(e)], element);
      } else {
        const auto& clamp = std::get<lower::Clamp>(chain_[i]->op);
        x = builder_.clamp(x, clamp.limits[clamp.grouping.of(e)], element);
      }
    }
    layer_.drivers[at(e)] = builder_.drive(x, element);
  }

  const lower::IntegerGraph& graph_;
  const Flow& flow_;
  const Chain& chain_;
  LayerBuilder& builder_;
  Layer& layer_;
  Kernels kernels_;
  const std::vector<char>& live_;
};

}  // namespace

void build_body(const lower::IntegerGraph& graph, const Flow& flow, const Chain& chain,
                LayerBuilder& builder, Layer& layer) {
  Body(graph, flow, chain, builder, layer).build();
}

}  // namespace nib::plan
