// Runs the integer graph on rows of codes, in chunks of rows: all elements of a chunk's rows lie
// side by side, so that the inner loops are plain loops over rows.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <optional>

#include "nib/base/check.h"
#include "nib/lower/integer_graph.h"
#include "nib/lower/patches.h"

namespace nib::lower {
namespace {

constexpr std::size_t kChunk = 64;
template <class Code>
using Lanes = std::vector<Code>;  ///< element e of row r at [e * rows + r]

/// The nonzero weights of a Linear or Conv, row by row.
struct Sparse {
  std::vector<std::size_t> begin;  ///< of each output, and the end
  std::vector<std::int32_t> index;
  std::vector<std::int64_t> weight;
  bool narrow = true;  ///< all products and partial sums fit into 32 bits
};

Range hull_of(const Value& value) {
  Range codes = value.range[0];
  for (const Range& range : value.range) codes = hull(codes, range);
  return codes;
}

/// `codes`: of all inputs.
Sparse sparse_of(const Tensor<std::int64_t>& weights, const std::vector<BigInt>& bias,
                 const Range& codes) {
  const std::int64_t outputs = weights.shape[0], inputs = weights.size() / outputs;
  Sparse sparse;
  const BigInt peak = std::max(codes.max, -codes.min);
  for (std::int64_t o = 0; o < outputs; ++o) {
    sparse.begin.push_back(sparse.index.size());
    BigInt total = abs(bias[static_cast<std::size_t>(o)]);
    for (std::int64_t i = 0; i < inputs; ++i) {
      const std::int64_t w = weights[o * inputs + i];
      if (w == 0) continue;
      sparse.index.push_back(static_cast<std::int32_t>(i));
      sparse.weight.push_back(w);
      total += peak * abs(BigInt(w));
    }
    if (total > std::numeric_limits<std::int32_t>::max()) sparse.narrow = false;
  }
  if (peak > std::numeric_limits<std::int32_t>::max()) sparse.narrow = false;
  sparse.begin.push_back(sparse.index.size());
  return sparse;
}

/// acc[r] += w * x[r]
template <class Word>
void add_product(Word* acc, const Word* x, Word w, std::size_t rows) {
  if (w == 1) {
    for (std::size_t r = 0; r < rows; ++r) acc[r] += x[r];
  } else if (w == -1) {
    for (std::size_t r = 0; r < rows; ++r) acc[r] -= x[r];
  } else {
    for (std::size_t r = 0; r < rows; ++r) acc[r] += w * x[r];
  }
}

/// y of one group of `inputs` elements at x.
template <class Word, class Code>
void run_rows(const Linear& op, const Sparse& sparse, const Word* x, Code* y, std::size_t rows) {
  Word acc[kChunk];
  for (std::size_t o = 0; o + 1 < sparse.begin.size(); ++o) {
    std::fill(acc, acc + rows, static_cast<Word>(op.bias[o]));
    for (std::size_t k = sparse.begin[o]; k < sparse.begin[o + 1]; ++k) {
      add_product(acc, x + static_cast<std::size_t>(sparse.index[k]) * rows,
                  static_cast<Word>(sparse.weight[k]), rows);
    }
    std::copy(acc, acc + rows, y + o * rows);
  }
}

/// y of one image, output channel and position of a convolution.
template <class Word, class Code>
void run_position(const Conv& op, const Sparse& sparse, const Patches& patches, const Word* x,
                  Code* y, const std::array<std::int64_t, 3>& place, std::size_t rows) {
  const auto [image, o, position] = place;
  const auto at = static_cast<std::size_t>(o);
  const std::int64_t out_group = patches.out_channels() / op.groups;
  const std::int64_t first_channel = o / out_group * (patches.in_channels() / op.groups);
  Word acc[kChunk];
  std::fill(acc, acc + rows, static_cast<Word>(op.bias[at]));
  for (std::size_t k = sparse.begin[at]; k < sparse.begin[at + 1]; ++k) {
    const std::int64_t channel = first_channel + sparse.index[k] / patches.taps();
    const std::int64_t from =
        patches.input(image, channel, position, sparse.index[k] % patches.taps());
    const auto weight = static_cast<Word>(sparse.weight[k]);
    if (from == Patches::kOutside) {
      const Word product =
          weight * static_cast<Word>(op.padding[static_cast<std::size_t>(channel)]);
      for (std::size_t r = 0; r < rows; ++r) acc[r] += product;
    } else {
      add_product(acc, x + static_cast<std::size_t>(from) * rows, weight, rows);
    }
  }
  std::copy(acc, acc + rows,
            y + static_cast<std::size_t>(patches.output(image, o, position)) * rows);
}

template <class Code>
class Runner {
 public:
  Runner(const IntegerGraph& graph, const std::vector<ValueId>& keep)
      : graph_(graph),
        needed_(graph.values.size(), false),
        sparse_(graph.nodes.size()),
        patches_(graph.nodes.size()) {
    for (const ValueId id : keep) needed_.at(static_cast<std::size_t>(id)) = true;
    for (std::size_t n = graph.nodes.size(); n-- > 0;) {
      const Node& node = graph.nodes[n];
      if (!needed_[static_cast<std::size_t>(node.output)]) continue;
      for (const ValueId id : node.inputs) needed_[static_cast<std::size_t>(id)] = true;
      if (const auto* linear = std::get_if<Linear>(&node.op)) {
        sparse_[n] = sparse_of(linear->weights, linear->bias, hull_of(graph.value(node.inputs[0])));
      } else if (const auto* conv = std::get_if<Conv>(&node.op)) {
        Range codes = hull_of(graph.value(node.inputs[0]));
        for (const BigInt& code : conv->padding) codes = hull(codes, {code, code});
        sparse_[n] = sparse_of(conv->weights, conv->bias, codes);
        see_window(n, conv->window);
      } else if (const auto* pool = std::get_if<MaxPool>(&node.op)) {
        see_window(n, pool->window);
      }
    }
  }

  /// Fills `lanes` for all needed values from the inputs' lanes.
  void run(std::vector<Lanes<Code>>& lanes, std::size_t rows) {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      const auto out = static_cast<std::size_t>(node.output);
      if (!needed_[out] || std::holds_alternative<Input>(node.op)) continue;
      lanes[out].resize(static_cast<std::size_t>(graph_.values[out].elements()) * rows);
      node_ = n;
      lanes_ = &lanes;
      rows_ = rows;
      std::visit(*this, node.op);
    }
  }

  void operator()(const Input&) {}
  void operator()(const Linear& op) {
    const auto outputs = static_cast<std::size_t>(op.weights.shape[0]);
    const auto inputs = static_cast<std::size_t>(op.weights.shape[1]);
    const Lanes<Code>& x = in(0);
    const Sparse& sparse = sparse_[node_];
    const std::size_t groups = x.size() / rows_ / inputs;
    if (sparse.narrow) narrow_.assign(x.begin(), x.end());
    for (std::size_t g = 0; g < groups; ++g) {
      Code* y = out().data() + g * outputs * rows_;
      if (sparse.narrow) {
        run_rows<std::int32_t>(op, sparse, narrow_.data() + g * inputs * rows_, y, rows_);
      } else {
        run_rows<Code>(op, sparse, x.data() + g * inputs * rows_, y, rows_);
      }
    }
  }
  void operator()(const Step& op) {
    each([&](std::size_t e, const Code& x) -> Code {
      return op.steps[op.grouping.of(static_cast<std::int64_t>(e))](x);
    });
  }
  void operator()(const Clamp& op) {
    each([&](std::size_t e, const Code& x) -> Code {
      const Range& limit = op.limits[op.grouping.of(static_cast<std::int64_t>(e))];
      return x < limit.min   ? static_cast<Code>(limit.min)
             : x > limit.max ? static_cast<Code>(limit.max)
                             : x;
    });
  }
  void operator()(const Reindex& op) {
    auto fill = op.fill.begin();
    for (std::size_t e = 0; e < op.source.size(); ++e) {
      if (op.source[e] == Reindex::kFilled) {
        std::fill_n(out().begin() + static_cast<std::ptrdiff_t>(e * rows_), rows_,
                    static_cast<Code>(*fill++));
        continue;
      }
      const auto from = in(0).begin() +
                        static_cast<std::ptrdiff_t>(static_cast<std::size_t>(op.source[e]) * rows_);
      std::copy(from, from + static_cast<std::ptrdiff_t>(rows_),
                out().begin() + static_cast<std::ptrdiff_t>(e * rows_));
    }
  }
  void operator()(const Sum& op) {
    std::fill(out().begin(), out().end(), Code(0));
    for (std::size_t k = 0; k < op.factors.size(); ++k) {
      for (std::size_t i = 0; i < out().size(); ++i) out()[i] += op.factors[k] * in(k)[i];
    }
  }
  void operator()(const Concat& op) {
    const Node& node = graph_.nodes[node_];
    const Shape& shape = graph_.value(node.output).shape;
    const auto axis = static_cast<std::size_t>(op.axis);
    std::size_t inner = rows_, outer = 1;
    for (std::size_t i = axis + 1; i < shape.size(); ++i) {
      inner *= static_cast<std::size_t>(shape[i]);
    }
    for (std::size_t i = 0; i < axis; ++i) outer *= static_cast<std::size_t>(shape[i]);
    std::size_t at = 0;
    for (std::size_t o = 0; o < outer; ++o) {
      for (std::size_t k = 0; k < node.inputs.size(); ++k) {
        const std::size_t part =
            static_cast<std::size_t>(graph_.value(node.inputs[k]).shape[axis]) * inner;
        std::copy_n(in(k).begin() + static_cast<std::ptrdiff_t>(o * part), part,
                    out().begin() + static_cast<std::ptrdiff_t>(at));
        at += part;
      }
    }
  }
  void operator()(const ArgMax&) {
    const auto length =
        static_cast<std::size_t>(graph_.value(graph_.nodes[node_].inputs[0]).shape.back());
    for (std::size_t o = 0; o < out().size() / rows_; ++o) {
      for (std::size_t r = 0; r < rows_; ++r) {
        std::size_t best = 0;
        const auto at = [&](std::size_t i) -> const Code& {
          return in(0)[(o * length + i) * rows_ + r];
        };
        for (std::size_t i = 1; i < length; ++i) {
          if (at(i) > at(best)) best = i;
        }
        out()[o * rows_ + r] = static_cast<Code>(static_cast<std::int64_t>(best));
      }
    }
  }
  void operator()(const TopK& op) {
    const auto length =
        static_cast<std::size_t>(graph_.value(graph_.nodes[node_].inputs[0]).shape.back());
    const auto k = static_cast<std::size_t>(op.k);
    std::vector<std::size_t> order(length);
    for (std::size_t o = 0; o < out().size() / rows_ / k; ++o) {
      for (std::size_t r = 0; r < rows_; ++r) {
        const auto at = [&](std::size_t i) -> const Code& {
          return in(0)[(o * length + i) * rows_ + r];
        };
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::partial_sort(
            order.begin(), order.begin() + op.k, order.end(),
            [&](std::size_t a, std::size_t b) { return at(a) != at(b) ? at(a) > at(b) : a < b; });
        for (std::size_t i = 0; i < k; ++i) {
          out()[(o * k + i) * rows_ + r] =
              op.values ? at(order[i]) : Code(static_cast<std::int64_t>(order[i]));
        }
      }
    }
  }
  void operator()(const Conv& op) {
    const Patches& patches = *patches_[node_];
    const Sparse& sparse = sparse_[node_];
    const Lanes<Code>& x = in(0);
    if (sparse.narrow) narrow_.assign(x.begin(), x.end());
    std::array<std::int64_t, 3> place{};
    auto& [image, channel, position] = place;
    for (image = 0; image < patches.images(); ++image) {
      for (channel = 0; channel < patches.out_channels(); ++channel) {
        for (position = 0; position < patches.positions(); ++position) {
          if (sparse.narrow) {
            run_position<std::int32_t>(op, sparse, patches, narrow_.data(), out().data(), place,
                                       rows_);
          } else {
            run_position<Code>(op, sparse, patches, x.data(), out().data(), place, rows_);
          }
        }
      }
    }
  }
  void operator()(const MaxPool&) {
    const Patches& patches = *patches_[node_];
    for (std::int64_t image = 0; image < patches.images(); ++image) {
      for (std::int64_t channel = 0; channel < patches.out_channels(); ++channel) {
        for (std::int64_t position = 0; position < patches.positions(); ++position) {
          Code* y = out().data() +
                    static_cast<std::size_t>(patches.output(image, channel, position)) * rows_;
          bool first = true;
          for (std::int64_t tap = 0; tap < patches.taps(); ++tap) {
            const std::int64_t from = patches.input(image, channel, position, tap);
            if (from == Patches::kOutside) continue;
            const Code* x = in(0).data() + static_cast<std::size_t>(from) * rows_;
            for (std::size_t r = 0; r < rows_; ++r) y[r] = first ? x[r] : std::max(y[r], x[r]);
            first = false;
          }
        }
      }
    }
  }

 private:
  void see_window(std::size_t n, const Window& window) {
    const Node& node = graph_.nodes[n];
    patches_[n].emplace(window, graph_.value(node.inputs[0]).shape,
                        graph_.value(node.output).shape);
  }
  [[nodiscard]] const Lanes<Code>& in(std::size_t i) const {
    return (*lanes_)[static_cast<std::size_t>(graph_.nodes[node_].inputs[i])];
  }
  [[nodiscard]] Lanes<Code>& out() {
    return (*lanes_)[static_cast<std::size_t>(graph_.nodes[node_].output)];
  }
  template <class Function>
  void each(Function function) {
    const Lanes<Code>& x = in(0);
    Lanes<Code>& y = out();
    for (std::size_t e = 0; e < y.size() / rows_; ++e) {
      for (std::size_t r = 0; r < rows_; ++r) y[e * rows_ + r] = function(e, x[e * rows_ + r]);
    }
  }

  const IntegerGraph& graph_;
  std::vector<bool> needed_;
  std::vector<Sparse> sparse_;
  std::vector<std::optional<Patches>> patches_;
  std::vector<std::int32_t> narrow_;
  std::size_t node_ = 0, rows_ = 0;
  std::vector<Lanes<Code>>* lanes_ = nullptr;
};

template <class Code>
void load(const Value& value, const Tensor<std::int64_t>& codes, std::size_t first,
          std::size_t rows, Lanes<Code>& lanes) {
  const auto elements = static_cast<std::size_t>(value.elements());
  lanes.resize(elements * rows);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t e = 0; e < elements; ++e) {
      const std::int64_t code = codes.data[(first + r) * elements + e];
      NIB_CHECK(value.range_of(static_cast<std::int64_t>(e)).contains(code),
                fmt::format("code {} of {} at row {}, element {}", code, value.name, first + r, e));
      lanes[e * rows + r] = code;
    }
  }
}

/// True where int64 holds all that is computed.
bool is_narrow(const IntegerGraph& graph) {
  const auto fits = [](const std::vector<BigInt>& all) {
    return std::all_of(all.begin(), all.end(), [](const BigInt& x) { return x.fits_int64(); });
  };
  for (const Value& value : graph.values) {
    for (const Range& r : value.range) {
      if (!fits_signed(r, 62)) return false;
    }
  }
  for (const Node& node : graph.nodes) {
    if (const auto* linear = std::get_if<Linear>(&node.op); linear && !fits(linear->bias)) {
      return false;
    }
    if (const auto* conv = std::get_if<Conv>(&node.op);
        conv && !(fits(conv->bias) && fits(conv->padding))) {
      return false;
    }
  }
  return true;
}

template <class Code>
std::vector<Tensor<Code>> run_all(const IntegerGraph& graph,
                                  const std::vector<Tensor<std::int64_t>>& inputs,
                                  const std::vector<ValueId>& keep) {
  NIB_CHECK(inputs.size() == graph.inputs.size() && !inputs.empty(), "one tensor per input");
  std::int64_t total = -1;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::int64_t elements = graph.value(graph.inputs[i]).elements();
    NIB_CHECK(inputs[i].size() % elements == 0, "whole rows of codes");
    const std::int64_t own = inputs[i].size() / elements;
    NIB_CHECK(total == -1 || total == own, "the same number of rows for each input");
    total = own;
  }
  std::vector<Tensor<Code>> kept;
  for (const ValueId id : keep) {
    Shape shape = graph.value(id).shape;
    if (graph.batched && !shape.empty() && shape[0] == 1) {
      shape[0] = total;
    } else {
      shape.insert(shape.begin(), total);
    }
    kept.emplace_back(shape);
  }
  Runner<Code> runner(graph, keep);
  std::vector<Lanes<Code>> lanes(graph.values.size());
  const auto all = static_cast<std::size_t>(total);
  for (std::size_t first = 0; first < all; first += kChunk) {
    const std::size_t rows = std::min(kChunk, all - first);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const ValueId id = graph.inputs[i];
      load(graph.value(id), inputs[i], first, rows, lanes[static_cast<std::size_t>(id)]);
    }
    runner.run(lanes, rows);
    for (std::size_t k = 0; k < keep.size(); ++k) {
      const Lanes<Code>& from = lanes[static_cast<std::size_t>(keep[k])];
      const std::size_t elements = from.size() / rows;
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t e = 0; e < elements; ++e) {
          kept[k].data[(first + r) * elements + e] = from[e * rows + r];
        }
      }
    }
  }
  return kept;
}

template <class To, class From>
std::vector<Tensor<To>> converted(const std::vector<Tensor<From>>& tensors) {
  std::vector<Tensor<To>> result;
  for (const Tensor<From>& x : tensors) {
    result.emplace_back(x.shape, std::vector<To>(x.data.begin(), x.data.end()));
  }
  return result;
}

}  // namespace

std::vector<Tensor<BigInt>> execute_wide(const IntegerGraph& graph,
                                         const std::vector<Tensor<std::int64_t>>& inputs,
                                         const std::vector<ValueId>& keep) {
  if (!is_narrow(graph)) return run_all<BigInt>(graph, inputs, keep);
  return converted<BigInt>(run_all<std::int64_t>(graph, inputs, keep));
}

std::vector<Tensor<std::int64_t>> execute(const IntegerGraph& graph,
                                          const std::vector<Tensor<std::int64_t>>& inputs,
                                          const std::vector<ValueId>& keep) {
  if (is_narrow(graph)) return run_all<std::int64_t>(graph, inputs, keep);
  return converted<std::int64_t>(run_all<BigInt>(graph, inputs, keep));
}

}  // namespace nib::lower
