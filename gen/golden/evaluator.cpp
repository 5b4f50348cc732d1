// The evaluator: compiles the graph into steps and runs chunks of rows through them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/golden/float32.h"
#include "nib/golden/golden.h"
#include "nib/golden/inputs.h"
#include "nib/golden/state.h"

namespace nib::golden {
namespace {

/// Doubles that the tensors of a chunk may take, and the most rows that pay off.
constexpr std::int64_t kChunkElements = 1 << 21;
constexpr std::int64_t kChunkRows = 256;

}  // namespace

struct Evaluator::Impl {
  State state;
  Options options;
  std::vector<InputReader> inputs;
  std::vector<Step> steps;
  std::unique_ptr<Float32Run> float32;
  std::vector<Float32Difference> differences;
  std::int64_t rows_before = 0;  ///< of earlier runs

  Impl(const graph::Graph& graph, Options o) : state(graph), options(o) {
    state.keep_codes = options.float32_order;
    for (const graph::GraphInput& input : graph.inputs) {
      inputs.emplace_back(state, input, options.round_input);
    }
    for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
      compile_node(state, static_cast<graph::NodeId>(n), steps);
    }
    state.forget_rows();
    if (options.float32_order) float32 = std::make_unique<Float32Run>(state);
  }

  [[nodiscard]] std::int64_t chunk_rows() const {
    std::int64_t total = 1;
    for (const auto& block : state.blocks) {
      if (!block->constant) total += block->size;
    }
    return std::clamp(kChunkElements / total, std::int64_t{1}, kChunkRows);
  }

  [[nodiscard]] std::int64_t count_rows(std::span<const Tensor<double>> arrays) const {
    const graph::Graph& graph = state.graph;
    if (arrays.size() != graph.inputs.size()) {
      fail(ErrorCode::E105,
           fmt::format("{} arrays for {} inputs", arrays.size(), graph.inputs.size()));
    }
    std::int64_t rows = 0;
    for (std::size_t k = 0; k < arrays.size(); ++k) {
      const graph::Value& value = graph.value(graph.inputs[k].value);
      const std::int64_t own = rows_of(graph, value.shape, arrays[k].shape, value.name);
      if (k > 0 && own != rows) {
        fail(ErrorCode::E105,
             fmt::format("\"{}\" has {} rows, the inputs before it {}", value.name, own, rows));
      }
      rows = own;
    }
    return rows;
  }

  /// Where nothing is known in doubles, a kept value comes from exact numbers; so does one whose
  /// bound does not tell codes at a distance of `spacing` apart.
  void refine(Reals& to, Block& block, graph::ValueId id, std::int64_t first, std::int64_t rows,
              double spacing) {
    if (block.exact) return;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t e = 0; e < block.size; ++e) {
        const Approx known = block.at(r, e);
        const bool suffices =
            known.error * 8 <= spacing && std::abs(known.value) < 0x1p50 * spacing;
        if (known.error == 0 || (std::isfinite(known.error) && (spacing == 0 || suffices))) {
          continue;
        }
        const Number number = state.cone.evaluate(id, e, state.source(r));
        Approx x;
        x.value = number.approximate(x.error);
        if (spacing > 0 && x.error != 0 && number.is_rational()) {
          to.exact.emplace((first + r) * block.size + e, number.rational());
        }
        block.set(r, e, x);
      }
    }
  }

  void append(Reals& to, Block& block, graph::ValueId id, std::int64_t first, std::int64_t rows,
              double spacing) {
    refine(to, block, id, block.constant ? 0 : first, block.constant ? 1 : rows, spacing);
    std::copy(block.value.begin(), block.value.end(),
              to.value.data.begin() + (block.constant ? 0 : first * block.size));
    if (block.exact) return;
    to.error.resize(to.value.data.size());
    std::copy(block.error.begin(), block.error.end(),
              to.error.begin() + (block.constant ? 0 : first * block.size));
  }

  void run_chunk(std::span<const Tensor<double>> arrays, std::int64_t first, std::int64_t rows) {
    state.forget_rows();
    for (std::size_t k = 0; k < arrays.size(); ++k) inputs[k].load(arrays[k], first, rows);
    for (const Step& step : steps) step(rows);
    if (!float32) return;
    for (std::int64_t r = 0; r < rows; ++r) {
      float32->run(r, rows_before + first + r, differences);
    }
  }

  std::vector<Reals> run(std::span<const Tensor<double>> arrays,
                         std::span<const graph::ValueId> keep, std::span<const double> spacing) {
    NIB_CHECK(spacing.empty() || spacing.size() == keep.size(), "a spacing for each kept value");
    const std::int64_t rows = count_rows(arrays);
    std::vector<Reals> results(keep.size());
    for (std::size_t k = 0; k < keep.size(); ++k) {
      const Block& block = state.block(keep[k]);
      results[k].value = Tensor<double>(
          block.constant ? block.shape : batch_first(state.graph, block.shape, rows));
    }
    const std::int64_t chunk = chunk_rows();
    for (std::int64_t first = 0; first < rows; first += chunk) {
      const std::int64_t count = std::min(chunk, rows - first);
      run_chunk(arrays, first, count);
      for (std::size_t k = 0; k < keep.size(); ++k) {
        append(results[k], state.block(keep[k]), keep[k], first, count,
               spacing.empty() ? 0 : spacing[k]);
      }
    }
    rows_before += rows;
    for (Reals& reals : results) {
      if (std::all_of(reals.error.begin(), reals.error.end(), [](double e) { return e == 0; })) {
        reals.error.clear();
      }
    }
    return results;
  }
};

Evaluator::Evaluator(const graph::Graph& graph, Options options)
    : impl_(std::make_unique<Impl>(graph, options)) {}
Evaluator::~Evaluator() = default;
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;

std::vector<Reals> Evaluator::run(std::span<const Tensor<double>> inputs,
                                  std::span<const graph::ValueId> keep,
                                  std::span<const double> spacing) {
  return impl_->run(inputs, keep, spacing);
}

std::vector<Tie> Evaluator::ties() const { return impl_->state.ties; }

const std::vector<Float32Difference>& Evaluator::float32_differences() const {
  return impl_->differences;
}

std::uint64_t Evaluator::rounded_inputs() const {
  std::uint64_t count = 0;
  for (const InputReader& input : impl_->inputs) count += input.rounded();
  return count;
}

}  // namespace nib::golden
