// The models that nib makes itself read back as what they were made from.
#include <doctest/doctest.h>

#include "nib/base/check.h"
#include "nib/base/file.h"
#include "nib/import/import.h"

using namespace nib;

TEST_CASE("a MAC array reads back as one Gemm") {
  const Tensor<double> weights({3, 2}, {1, -2, 0.1, 4, 5e-300, 6});
  const std::vector<double> bias = {7, 0.3, -9};
  const std::string bytes = importer::mac_array_model(weights, bias);
  const graph::Graph graph = importer::parse_model(bytes, "mac_array.onnx");
  CHECK(graph::dump(graph) ==
        "graph mac_array (ONNX without quantisers)\n"
        "input x 1x2\n"
        "y 1x3 = gemm(x, weights:const 3x2, bias:const 3) alpha 1, beta 1, B'\n"
        "output y 1x3\n");
  CHECK(graph.nodes[0].name == "mac_array");
  CHECK(graph::as_reals(*graph.value(graph.find("weights")).constant) == weights);
  CHECK(graph::as_reals(*graph.value(graph.find("bias")).constant).data == bias);
  CHECK(importer::mac_array_model(weights, bias) == bytes);
}

TEST_CASE("a MAC array without bias has two operands") {
  const std::string bytes = importer::mac_array_model(Tensor<double>({1, 1}, {3}), {});
  const graph::Graph graph = importer::parse_model(bytes, "mac_array.onnx");
  REQUIRE(graph.nodes.size() == 1);
  CHECK(graph.nodes[0].inputs.size() == 2);
}

TEST_CASE("a threshold unit reads back as one MultiThreshold") {
  const Tensor<double> thresholds({2, 3}, {-1, 0.5, 0.1, 4, 5, 1e-20});
  const std::string bytes = importer::threshold_model(thresholds);
  const graph::Graph graph = importer::parse_model(bytes, "threshold_unit.onnx");
  CHECK(graph::dump(graph) ==
        "graph threshold_unit (FINN)\n"
        "input x 1x2\n"
        "y 1x2 : UINT2 = multi_threshold(x, thresholds:const 2x3) scale 1, bias 0, "
        "channel axis 1\n"
        "output y 1x2\n");
  CHECK(graph.nodes[0].name == "threshold_unit");
  CHECK(graph::as_reals(*graph.value(graph.find("thresholds")).constant) == thresholds);
}

TEST_CASE("shapes that make no array are our own fault") {
  CHECK_THROWS_AS((void)importer::mac_array_model(Tensor<double>({4}), {}), InternalError);
  CHECK_THROWS_AS((void)importer::mac_array_model(Tensor<double>({4, 2}), {1}), InternalError);
  CHECK_THROWS_AS((void)importer::threshold_model(Tensor<double>({4, 0})), InternalError);
}
