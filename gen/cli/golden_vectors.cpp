// Vectors for the folder of a build, judged by the golden model.
#include "nib/cli/golden_vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/golden/golden.h"

namespace nib::cli {
namespace {

constexpr std::int64_t kMostRows = 48, kLeastRows = 8;
/// Multiply-accumulates in all, which take golden some seconds.
constexpr std::int64_t kMostMacs = 4'000'000'000;
/// Rows of the corners: all smallest, all largest, and the two alternations of these.
constexpr std::int64_t kCorners = 4;

BigInt code_for(std::int64_t row, std::int64_t element, const Range& range,
                std::mt19937_64& random) {
  const std::int64_t size = range.max - range.min;
  const auto span = static_cast<std::uint64_t>(size) + 1;
  const BigInt drawn = range.min + static_cast<std::int64_t>(random() % span);
  if (row >= kCorners) return drawn;
  const bool high = row == 1 || (row >= 2 && (element + row) % 2 == 0);
  return high ? range.max : range.min;
}

Tensor<BigInt> input_codes(const plan::Word& word, std::int64_t rows, std::mt19937_64& random) {
  const auto elements = static_cast<std::int64_t>(word.elements.size());
  Tensor<BigInt> codes(Shape{rows, elements});
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t e = 0; e < elements; ++e) {
      const plan::Element& element = word.elements[static_cast<std::size_t>(e)];
      if (element.bits > 0) codes[row * elements + e] = code_for(row, e, element.range, random);
    }
  }
  return codes;
}

Tensor<double> values_of(const plan::Word& word, const Tensor<BigInt>& codes) {
  Tensor<double> values(codes.shape);
  const auto elements = static_cast<std::int64_t>(word.elements.size());
  for (std::int64_t k = 0; k < codes.size(); ++k) {
    const plan::Element& element = word.elements[static_cast<std::size_t>(k % elements)];
    values[k] = to_double(element.scale * to_rational(codes[k]) + element.offset);
  }
  return values;
}

Tensor<BigInt> output_codes(const plan::Word& word, const golden::Reals& reals) {
  std::vector<Rational> scale, offset;
  for (const plan::Element& element : word.elements) {
    scale.push_back(element.scale);
    offset.push_back(element.offset);
  }
  std::int64_t bad = -1;
  const auto codes = golden::codes_of(reals, scale, offset, bad);
  NIB_CHECK(codes.has_value(),
            fmt::format("the reference value {} of {} is off the output's grid", bad, word.tensor));
  const auto elements = static_cast<std::int64_t>(word.elements.size());
  return {Shape{static_cast<std::int64_t>(codes->size()) / elements, elements}, *codes};
}

}  // namespace

emit::Vectors golden_vectors(const graph::Graph& graph, const std::vector<plan::Word>& inputs,
                             const std::vector<plan::Word>& outputs, std::int64_t macs) {
  std::mt19937_64 random(1);
  const std::int64_t rows =
      std::clamp(kMostMacs / std::max<std::int64_t>(macs, 1), kLeastRows, kMostRows);
  emit::Vectors vectors;
  std::vector<Tensor<double>> values;
  for (const plan::Word& word : inputs) {
    vectors.inputs.push_back(input_codes(word, rows, random));
    values.push_back(values_of(word, vectors.inputs.back()));
  }
  // A code's value may need more bits than a double has (scale 1/255): the port's own rounding of
  // it gives the code back.
  golden::Evaluator evaluator(graph, {.float32_order = false, .round_input = true});
  std::vector<graph::ValueId> carried;
  std::vector<double> spacing;
  for (const plan::Word& word : outputs) {
    std::vector<Rational> scales, offsets;
    for (const plan::Element& element : word.elements) {
      scales.push_back(element.scale);
      offsets.push_back(element.offset);
    }
    spacing.push_back(golden::least_spacing(scales, offsets));
    carried.push_back(graph.find(word.tensor));
    NIB_CHECK(carried.back() != graph::kNone, "a tensor of the graph on the port");
  }
  const std::vector<golden::Reals> reals =
      with_file(graph.source_file, [&] { return evaluator.run(values, carried, spacing); });
  for (std::size_t k = 0; k < reals.size(); ++k) {
    vectors.outputs.push_back(output_codes(outputs[k], reals[k]));
  }
  return vectors;
}

}  // namespace nib::cli
