// Conformance vectors, made from the specification by exact rationals (recipes/conformance_vectors
// .py): golden gives these values, and so does the integer graph.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "nib/base/error.h"
#include "nib/golden/golden.h"
#include "nib/import/import.h"
#include "nib/lower/lower.h"
#include "nib/num/port_type.h"
#include "vectors.h"

namespace nib::random {
namespace {

constexpr char kPath[] = NIB_TESTS_DIR "/golden_text/conformance_vectors.txt";

std::string title(const Vector& vector) {
  return fmt::format("{} {}", vector.kind, fmt::join(vector.parameters, " "));
}

/// The inputs are on the grid of s16.6, so that everything of the quantiser lies behind the port.
graph::Graph graph_of(const Vector& vector, std::int64_t n) {
  importer::Options options;
  options.input_types.push_back({"", graph::InputType{parse_port_type("s16.6").value(), {}}});
  return importer::parse_model(network_of(vector, n).bytes(), "vector.onnx", options);
}

Tensor<double> row_of(const std::vector<Rational>& x) {
  Tensor<double> row({1, static_cast<std::int64_t>(x.size())});
  for (std::size_t i = 0; i < x.size(); ++i) row.data[i] = to_double(x[i]);
  return row;
}

/// Elements where golden differs from the vector.
int wrong_in_golden(const graph::Graph& graph, const Vector& vector, const Tensor<double>& row) {
  golden::Evaluator evaluator(graph);
  const Tensor<double> inputs[] = {row};
  // Eighths, since not every number is a whole one.
  const double spacing[] = {to_double(abs(vector.unit)) / 8};
  const auto reals = evaluator.run(inputs, graph.outputs, spacing);
  std::int64_t bad = -1;
  const Rational scale[] = {Rational(vector.unit / 8)}, offset[] = {vector.offset};
  const auto codes = golden::codes_of(reals[0], scale, offset, bad);
  if (!codes) return 1;
  int wrong = 0;
  for (std::size_t i = 0; i < codes->size(); ++i) {
    wrong += vector.numbers[i] * 8 == to_rational((*codes)[i]) ? 0 : 1;
  }
  return wrong;
}

/// Elements where the integer graph differs from the vector.
int wrong_in_integers(const graph::Graph& graph, const Vector& vector,
                      const std::vector<Rational>& x) {
  const lower::IntegerGraph integers = lower::lower(graph);
  const lower::Value& in = integers.value(integers.inputs[0]);
  const lower::Value& out = integers.value(integers.outputs[0]);
  Tensor<std::int64_t> codes({1, static_cast<std::int64_t>(x.size())});
  for (std::int64_t e = 0; e < codes.size(); ++e) {
    const Rational code = (x[static_cast<std::size_t>(e)] - in.offset_of(e)) / in.scale_of(e);
    REQUIRE(code.get_den() == 1);
    codes[e] = to_int64(code.get_num()).value();
  }
  const auto y = lower::execute(integers, {codes}, {integers.outputs[0]});
  int wrong = 0;
  for (std::int64_t e = 0; e < codes.size(); ++e) {
    const Rational value =
        out.scale_of(e) * to_rational(y[0].data[static_cast<std::size_t>(e)]) + out.offset_of(e);
    const Rational expected =
        vector.numbers[static_cast<std::size_t>(e)] * vector.unit + vector.offset;
    wrong += value == expected ? 0 : 1;
  }
  return wrong;
}

TEST_CASE("conformance vectors: golden and the integer graph give what the specification says") {
  const Vectors vectors = read_vectors(kPath);
  const Tensor<double> row = row_of(vectors.x);
  std::map<std::string, int> counts;
  int lowered = 0;
  for (const Vector& vector : vectors.quantisers) {
    const graph::Graph graph = graph_of(vector, row.size());
    const int wrong = wrong_in_golden(graph, vector, row);
    CHECK_MESSAGE(wrong == 0, title(vector) << ": " << wrong << " wrong in golden");
    ++counts[vector.kind];
    try {
      const int other = wrong_in_integers(graph, vector, vectors.x);
      CHECK_MESSAGE(other == 0, title(vector) << ": " << other << " wrong in the integer graph");
      ++lowered;
    } catch (const Error& error) {
      FAIL_CHECK(title(vector) << ": " << error.what());
    }
  }
  CHECK(counts.size() == 8);
  MESSAGE(fmt::format("{} quantisers on {} inputs each, {} as integers", vectors.quantisers.size(),
                      row.size(), lowered));
}

}  // namespace
}  // namespace nib::random
