// The integer graph against golden, on every tensor that both have.
#pragma once

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "nib/golden/golden.h"
#include "nib/graph/graph.h"
#include "nib/lower/lower.h"

namespace nib::testing {

/// One entry for each element, or one for all.
inline std::vector<Rational> spread(const lower::Value& value,
                                    const std::vector<Rational>& entries) {
  if (entries.size() == 1) return entries;
  std::vector<Rational> all;
  for (std::int64_t e = 0; e < value.elements(); ++e) all.push_back(entries[value.grouping.of(e)]);
  return all;
}

inline std::vector<BigInt> codes_of(const golden::Reals& reals, const lower::Value& value) {
  std::int64_t bad = -1;
  const auto codes =
      golden::codes_of(reals, spread(value, value.scale), spread(value, value.offset), bad);
  REQUIRE_MESSAGE(codes.has_value(), value.name << " is off its grid at " << bad);
  return *codes;
}

/// The graph's tensors that the integer graph names.
inline std::vector<lower::ValueId> named_values(const lower::IntegerGraph& integers) {
  std::vector<lower::ValueId> values;
  for (std::size_t i = 0; i < integers.values.size(); ++i) {
    if (integers.values[i].is_graph_tensor) values.push_back(static_cast<lower::ValueId>(i));
  }
  return values;
}

/// All tensors on all rows, one tensor of reals per input; the number of codes compared.
inline std::int64_t compare(const graph::Graph& graph, const std::vector<Tensor<double>>& inputs) {
  const lower::IntegerGraph integers = lower::lower(graph);
  const std::vector<lower::ValueId> values = named_values(integers);
  std::vector<graph::ValueId> tensors;
  for (const lower::ValueId id : values) {
    tensors.push_back(graph.find(integers.value(id).name));
    REQUIRE(tensors.back() != graph::kNone);
    REQUIRE(integers.value(id).shape == graph.value(tensors.back()).shape);
  }
  golden::Evaluator evaluator(graph);
  std::vector<double> spacing;
  for (const lower::ValueId id : values) {
    spacing.push_back(golden::least_spacing(integers.value(id).scale, integers.value(id).offset));
  }
  const auto reals = evaluator.run(inputs, tensors, spacing);
  std::vector<Tensor<std::int64_t>> ports;
  for (const lower::ValueId input : integers.inputs) {
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (values[k] != input) continue;
      const lower::Value& in = integers.value(values[k]);
      const auto codes = codes_of(reals[k], in);
      const auto count = static_cast<std::int64_t>(codes.size());
      ports.emplace_back(Shape{count / in.elements(), in.elements()},
                         std::vector<std::int64_t>(codes.begin(), codes.end()));
    }
  }
  REQUIRE(ports.size() == integers.inputs.size());
  const auto executed = lower::execute_wide(integers, ports, values);
  std::int64_t compared = 0;
  for (std::size_t k = 0; k < values.size(); ++k) {
    const lower::Value& value = integers.value(values[k]);
    const auto expected = codes_of(reals[k], value);
    REQUIRE(expected.size() == executed[k].data.size());
    std::int64_t different = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      different += expected[i] != executed[k].data[i] ? 1 : 0;
      const auto e = static_cast<std::int64_t>(i) % value.elements();
      if (!value.range_of(e).contains(executed[k].data[i])) ++different;
    }
    CHECK_MESSAGE(different == 0, value.name << ": " << different << " of " << expected.size());
    compared += static_cast<std::int64_t>(expected.size());
  }
  return compared;
}

inline std::int64_t compare(const graph::Graph& graph, const Tensor<double>& rows) {
  return compare(graph, std::vector<Tensor<double>>{rows});
}

/// Random rows for every input: codes of its type, or normal numbers.
inline std::vector<Tensor<double>> random_inputs(const graph::Graph& graph, std::int64_t rows,
                                                 unsigned seed, double spread = 1) {
  std::mt19937 engine(seed);
  std::vector<Tensor<double>> all;
  for (const graph::GraphInput& input : graph.inputs) {
    const std::int64_t n = element_count(graph.value(input.value).shape);
    Tensor<double> x({rows, n});
    std::normal_distribution<double> normal(0, spread);
    for (double& value : x.data) {
      value = normal(engine);
      if (!input.type) continue;
      const Range range = input.type->type.range();
      std::uniform_int_distribution<std::int64_t> code(range.min, range.max);
      value = static_cast<double>(code(engine)) * to_double(input.type->type.scale);
    }
    all.push_back(std::move(x));
  }
  return all;
}

}  // namespace nib::testing
