// Random graphs: the integer graph against the plain rational evaluation of golden, tensor by
// tensor.
#include <doctest/doctest.h>

#include "nib/base/error.h"
#include "nib/golden/golden.h"
#include "nib/lower/lower.h"
#include "random_graphs.h"

using namespace nib;
using namespace nib::testing;

namespace {

/// Values of the graph's input that give all kinds of codes: for typed inputs on their grid.
Tensor<Rational> random_row(RandomGraph& random, const graph::Graph& graph) {
  const graph::GraphInput& input = graph.inputs.at(0);
  Tensor<Rational> row(graph.value(input.value).shape);
  for (Rational& x : row.data) {
    if (input.type) {
      const Range range = input.type->type.range();
      x = input.type->type.scale * to_rational(random.whole(range.min, range.max));
    } else {
      x = Rational(random.whole(-64, 64), 16);
      x.canonicalize();
    }
  }
  return row;
}

struct Tally {
  std::int64_t graphs = 0, compared = 0, undecided = 0, refused = 0;
};

void compare(RandomGraph& random, const graph::Graph& graph, const lower::IntegerGraph& integers,
             Tally& tally) {
  std::vector<lower::ValueId> values;
  std::vector<graph::ValueId> tensors;
  for (std::size_t i = 0; i < integers.values.size(); ++i) {
    if (!integers.values[i].is_graph_tensor) continue;
    values.push_back(static_cast<lower::ValueId>(i));
    tensors.push_back(graph.find(integers.values[i].name));
    REQUIRE(tensors.back() != graph::kNone);
  }
  const auto input_tensor = graph.find(integers.value(integers.inputs[0]).name);
  REQUIRE(input_tensor != graph::kNone);
  for (int trial = 0; trial < 4; ++trial) {
    const std::vector<golden::Given> given{{graph.inputs[0].value, random_row(random, graph)}};
    // The codes on the port: those of the input's tensor.
    const std::vector<graph::ValueId> port{input_tensor};
    const auto reals = golden::evaluate_exact(graph, given, port);
    REQUIRE(reals[0].has_value());
    const lower::Value& in = integers.value(integers.inputs[0]);
    Tensor<std::int64_t> codes({1, in.elements()});
    for (std::int64_t e = 0; e < in.elements(); ++e) {
      const Rational code = ((*reals[0])[e] - in.offset_of(e)) / in.scale_of(e);
      REQUIRE(code.get_den() == 1);
      codes[e] = to_int64(code.get_num()).value();
    }
    const auto executed = lower::execute(integers, {codes}, values);
    const auto expected = golden::evaluate_exact(graph, given, tensors);
    for (std::size_t k = 0; k < values.size(); ++k) {
      const lower::Value& value = integers.value(values[k]);
      if (!expected[k]) {
        ++tally.undecided;
        continue;
      }
      for (std::int64_t e = 0; e < value.elements(); ++e) {
        const std::int64_t code = executed[k][e];
        REQUIRE(value.range_of(e).contains(code));
        const Rational real = value.scale_of(e) * to_rational(code) + value.offset_of(e);
        REQUIRE_MESSAGE(real == (*expected[k])[e], value.name << " element " << e);
        ++tally.compared;
      }
    }
  }
}

Tally run(unsigned first, unsigned count, bool exact_batch_norm) {
  Tally tally;
  for (unsigned seed = first; seed < first + count; ++seed) {
    CAPTURE(seed);
    RandomGraph random(seed);
    const graph::Graph graph = random.make(exact_batch_norm);
    ++tally.graphs;
    try {
      const lower::IntegerGraph integers = lower::lower(graph);
      compare(random, graph, integers, tally);
    } catch (const Error& error) {
      ++tally.refused;
      const std::string text = error.what();
      INFO(text);
      // Only what has no integer form may be refused.
      REQUIRE((error.code() == ErrorCode::E502 || error.code() == ErrorCode::E503 ||
               error.code() == ErrorCode::E505));
    }
  }
  return tally;
}

}  // namespace

TEST_CASE("random graphs with rational batch norms equal the rational evaluation") {
  const Tally tally = run(1000, 400, true);
  MESSAGE(tally.graphs << " graphs, " << tally.refused << " refused, " << tally.compared
                       << " codes compared");
  CHECK(tally.compared > 5000);
  CHECK(tally.refused < tally.graphs / 5);
}

TEST_CASE("random graphs with irrational batch norms equal the rational evaluation") {
  const Tally tally = run(9000, 400, false);
  MESSAGE(tally.graphs << " graphs, " << tally.refused << " refused, " << tally.compared
                       << " codes compared, " << tally.undecided << " tensors irrational");
  CHECK(tally.compared > 5000);
  CHECK(tally.refused < tally.graphs / 5);
}
