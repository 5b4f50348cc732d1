// One random network through golden, the rational evaluation and the integer graph.
#include "check_network.h"

#include <fmt/format.h>

#include <cmath>
#include <random>

#include "nib/base/error.h"
#include "nib/golden/golden.h"
#include "nib/lower/lower.h"

namespace nib::random {
namespace {

constexpr std::int64_t kRows = 6;

/// Rows of one input: normal numbers, quarters (many ties), zeros, huge ones; codes of its type.
Tensor<double> rows_of(const graph::Graph& graph, const graph::GraphInput& input,
                       std::mt19937_64& random) {
  const std::int64_t n = element_count(graph.value(input.value).shape);
  Tensor<double> x({kRows, n});
  std::normal_distribution<double> normal(0, 2);
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const std::int64_t row = i / n;
    if (input.type) {
      const Range range = input.type->type.range();
      const auto span = static_cast<std::uint64_t>(range.max - range.min + 1);
      std::int64_t code = range.min + static_cast<std::int64_t>(random() % span);
      if (row == 2) code = random() % 2 == 0 ? range.min : range.max;
      x[i] = static_cast<double>(code) * to_double(input.type->type.scale);
    } else if (row == 2) {
      x[i] = random() % 2 == 0 ? 1e6 : -1e6;
    } else if (row == 3) {
      x[i] = 0;
    } else if (row % 2 == 0) {
      x[i] = static_cast<double>(static_cast<float>(normal(random)));
    } else {
      x[i] = (static_cast<double>(random() % 129) - 64) / 16;
    }
  }
  return x;
}

std::string text_of(const Error& error) {
  return fmt::format("E{:04} {}", static_cast<int>(error.code()), error.detail());
}

/// One entry for each element.
std::vector<Rational> spread(const lower::Value& value, const std::vector<Rational>& entries) {
  if (entries.size() == 1) return entries;
  std::vector<Rational> all;
  for (std::int64_t e = 0; e < value.elements(); ++e) all.push_back(entries[value.grouping.of(e)]);
  return all;
}

std::optional<std::vector<BigInt>> codes_of(const golden::Reals& reals, const lower::Value& value,
                                            Outcome& outcome) {
  std::int64_t bad = -1;
  auto codes =
      golden::codes_of(reals, spread(value, value.scale), spread(value, value.offset), bad);
  if (!codes) {
    const std::int64_t e = bad % value.elements();
    const auto known = reals.exact.find(bad);
    outcome.fault = fmt::format(
        "{} element {} is {}: off the grid {} code + {}", value.name, bad,
        known == reals.exact.end()
            ? fmt::format("{} +- {}", reals.value[bad],
                          reals.error.empty() ? 0 : reals.error[static_cast<std::size_t>(bad)])
            : to_string(known->second),
        to_string(value.scale_of(e)), to_string(value.offset_of(e)));
  }
  return codes;
}

/// Every tensor of one row again over plain rationals.
void check_rationals(const graph::Graph& graph, const std::vector<Tensor<double>>& inputs,
                     Outcome& outcome) {
  std::vector<graph::ValueId> all;
  for (const graph::Node& node : graph.nodes) all.push_back(node.outputs[0]);
  golden::Evaluator evaluator(graph);
  const auto fast = evaluator.run(inputs, all);
  std::vector<golden::Given> given;
  for (std::size_t k = 0; k < graph.inputs.size(); ++k) {
    const graph::ValueId id = graph.inputs[k].value;
    Tensor<Rational> row(graph.value(id).shape);
    for (std::int64_t e = 0; e < row.size(); ++e) row[e] = exact(inputs[k][row.size() + e]);
    given.push_back({id, std::move(row)});
  }
  const auto slow = golden::evaluate_exact(graph, given, all);
  for (std::size_t k = 0; k < all.size(); ++k) {
    if (!slow[k]) continue;
    const std::int64_t n = slow[k]->size();
    const std::int64_t first = fast[k].value.size() == n ? 0 : n;  // a constant has one row
    for (std::int64_t e = 0; e < n; ++e) {
      const Rational away = (*slow[k])[e] - exact(fast[k].value[first + e]);
      const double bound =
          fast[k].error.empty() ? 0 : fast[k].error[static_cast<std::size_t>(first + e)];
      ++outcome.reals;
      if (std::isfinite(bound) && abs(away) > exact(bound)) {
        outcome.fault = fmt::format("golden: {} element {} is {} by rationals, {} +- {} by doubles",
                                    graph.value(all[k]).name, e, to_double((*slow[k])[e]),
                                    fast[k].value[first + e], bound);
        return;
      }
    }
  }
}

void check_integers(const graph::Graph& graph, const std::vector<Tensor<double>>& inputs,
                    Outcome& outcome) {
  const lower::IntegerGraph integers = lower::lower(graph);
  lower::verify(integers);
  std::vector<lower::ValueId> named;
  std::vector<graph::ValueId> tensors;
  for (std::size_t i = 0; i < integers.values.size(); ++i) {
    if (!integers.values[i].is_graph_tensor) continue;
    named.push_back(static_cast<lower::ValueId>(i));
    tensors.push_back(graph.find(integers.values[i].name));
    if (tensors.back() == graph::kNone ||
        integers.values[i].shape != graph.value(tensors.back()).shape) {
      outcome.fault = "no such tensor in the graph: " + integers.values[i].name;
      return;
    }
  }
  golden::Evaluator evaluator(graph);
  std::vector<double> spacing;
  for (const lower::ValueId id : named) {
    spacing.push_back(golden::least_spacing(integers.value(id).scale, integers.value(id).offset));
  }
  const auto reals = evaluator.run(inputs, tensors, spacing);
  std::vector<Tensor<std::int64_t>> ports;
  std::vector<std::vector<BigInt>> expected;
  for (std::size_t k = 0; k < named.size(); ++k) {
    auto codes = codes_of(reals[k], integers.value(named[k]), outcome);
    if (!codes) return;
    expected.push_back(std::move(*codes));
  }
  for (const lower::ValueId input : integers.inputs) {
    for (std::size_t k = 0; k < named.size(); ++k) {
      if (named[k] == input) {
        ports.emplace_back(Shape{kRows, integers.value(input).elements()},
                           std::vector<std::int64_t>(expected[k].begin(), expected[k].end()));
      }
    }
  }
  const auto executed = lower::execute_wide(integers, ports, named);
  for (std::size_t k = 0; k < named.size(); ++k) {
    const lower::Value& value = integers.value(named[k]);
    for (std::size_t i = 0; i < expected[k].size(); ++i) {
      const auto e = static_cast<std::int64_t>(i) % value.elements();
      ++outcome.codes;
      if (executed[k].data[i] == expected[k][i] && value.range_of(e).contains(expected[k][i])) {
        continue;
      }
      outcome.fault = fmt::format("{} row {} element {}: integer graph {}, golden {}, range {}",
                                  value.name, static_cast<std::int64_t>(i) / value.elements(), e,
                                  to_string(executed[k].data[i]), to_string(expected[k][i]),
                                  to_string(value.range_of(e)));
      return;
    }
  }
  for (const lower::ValueId output : integers.outputs) {
    if (!integers.value(output).is_graph_tensor) {
      outcome.fault = "an output that is no tensor of the graph: " + integers.value(output).name;
    }
  }
}

}  // namespace

Outcome check_network(Network& network, std::uint64_t seed) {
  Outcome outcome;
  std::mt19937_64 random(seed);
  const char* at = "import";
  try {
    const graph::Graph graph =
        importer::parse_model(network.made.bytes(), "random.onnx", network.options);
    std::vector<Tensor<double>> inputs;
    for (const graph::GraphInput& input : graph.inputs) {
      inputs.push_back(rows_of(graph, input, random));
    }
    at = "golden";
    if (seed % 4 == 0) check_rationals(graph, inputs, outcome);
    if (!outcome.fault.empty()) return outcome;
    at = "lower";
    check_integers(graph, inputs, outcome);
  } catch (const Error& error) {
    outcome.refused = fmt::format("{}: {}", at, text_of(error));
  } catch (const std::exception& error) {
    outcome.fault = fmt::format("{}: {}", at, error.what());
  }
  return outcome;
}

}  // namespace nib::random
