// Input arrays, input types, codes, emulation of files.
#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "net.h"
#include "nib/base/error.h"
#include "nib/golden/emulate.h"
#include "nib/golden/golden.h"

namespace nib {
namespace {

using graph::ValueId;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// y = 3 x, with or without an input type.
graph::Graph triple(std::int64_t width, std::optional<graph::InputType> type = std::nullopt) {
  test::Net net;
  const ValueId x = net.input({1, width}, std::move(type));
  return net.finish({net.add(graph::Mul{}, {x, net.scalar(3)})});
}

std::string message_of(const graph::Graph& graph, const Tensor<double>& x,
                       golden::Options options = {}) {
  try {
    golden::Evaluator evaluator(graph, options);
    (void)evaluator.run(std::span(&x, 1), graph.outputs);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

bool says(const std::string& message, std::string_view part) {
  INFO(message);
  return message.find(part) != std::string::npos;
}

TEST_CASE("shapes of input arrays") {
  const auto graph = triple(2);
  golden::Evaluator evaluator(graph);
  const Tensor<double> rows(Shape{3, 2}, {1, 2, 3, 4, 5, 6});
  const auto y = evaluator.run(std::span(&rows, 1), graph.outputs);
  CHECK(y[0].value.shape == Shape{3, 2});
  CHECK(y[0].value.data == std::vector<double>{3, 6, 9, 12, 15, 18});
  CHECK(y[0].error.empty());
  CHECK(says(message_of(graph, Tensor<double>(Shape{3, 3})), "E0105"));
  CHECK(says(message_of(graph, Tensor<double>(Shape{2})), "E0105"));
  const Tensor<double> none(Shape{0, 2});
  CHECK(evaluator.run(std::span(&none, 1), graph.outputs)[0].value.shape == Shape{0, 2});
}

TEST_CASE("arrays whose axes stand in another order, or without a batch axis") {
  test::Net net;
  const ValueId x = net.input({1, 3, 8, 5});
  const auto graph = net.finish({net.add(graph::Mul{}, {x, net.scalar(3)})});
  const auto message = [&](Shape shape) { return message_of(graph, Tensor<double>(shape)); };
  CHECK(says(message({2, 8, 5, 3}), "x.transpose(0, 3, 1, 2) fits"));
  CHECK(says(message({2, 3, 5, 8}), "x.transpose(0, 1, 3, 2) fits"));
  CHECK(says(message({2, 5, 3, 8}), "x.transpose(0, 2, 3, 1) fits"));
  CHECK(says(message({3, 8, 5}), "x[np.newaxis]"));
  for (const Shape& other : {Shape{2, 8, 5, 4}, Shape{2, 3, 8}, Shape{8, 5, 3}, Shape{120}}) {
    CHECK(says(message(other), "arrays are batch first"));
  }
}

TEST_CASE("values that are not finite") {
  const std::string message =
      message_of(triple(2), Tensor<double>(Shape{2, 2}, {1, 2, kInfinity, 0}));
  CHECK(says(message, "E0106"));
  CHECK(says(message, "element 2"));
}

TEST_CASE("values that an input type cannot represent") {
  const graph::InputType type{PortType{true, 4, Rational(1, 4)}, {}};
  const auto graph = triple(2, type);
  CHECK(message_of(graph, Tensor<double>(Shape{1, 2}, {1.75, -2})) == "no error");
  const std::string message = message_of(graph, Tensor<double>(Shape{1, 2}, {0, 0.3}));
  CHECK(says(message, "E0107"));
  CHECK(says(message, "element 1"));
  CHECK(says(message_of(graph, Tensor<double>(Shape{1, 2}, {2, 0})), "E0107"));
  golden::Evaluator evaluator(graph, {.float32_order = false, .round_input = true});
  // A tie to even, a plain rounding, two clipped values, two that fit.
  const Tensor<double> x(Shape{3, 2}, {0.125, 0.3, 9, -9, 0.25, 0});
  const auto y = evaluator.run(std::span(&x, 1), graph.outputs);
  CHECK(y[0].value.data == std::vector<double>{0, 0.75, 5.25, -6, 0.75, 0});
  CHECK(evaluator.rounded_inputs() == 4);
}

TEST_CASE("ranges per element") {
  const graph::InputType type{PortType{true, 4, Rational(1)}, {{-1, 1}, {0, 7}}};
  const auto graph = triple(2, type);
  CHECK(message_of(graph, Tensor<double>(Shape{1, 2}, {-1, 7})) == "no error");
  CHECK(says(message_of(graph, Tensor<double>(Shape{1, 2}, {2, 7})), "E0107"));
}

TEST_CASE("a scale that is no dyadic fraction") {
  const graph::InputType type{PortType{false, 8, Rational(1, 255)}, {}};
  test::Net net;
  const ValueId x = net.input({1, 2}, type);
  // 255 x / 2 is a tie for every odd code.
  const ValueId y = net.add(graph::Mul{}, {x, net.scalar(127.5)});
  const auto graph = net.finish({net.add(test::quant(1, 0, 8), {y})});
  CHECK(says(message_of(graph, Tensor<double>(Shape{1, 2}, {0, 3.0 / 255})), "E0107"));
  golden::Evaluator evaluator(graph, {.float32_order = false, .round_input = true});
  const Tensor<double> rows(Shape{1, 2}, {3.0 / 255, 5.0 / 255});
  CHECK(evaluator.run(std::span(&rows, 1), graph.outputs)[0].value.data ==
        std::vector<double>{2, 2});
  CHECK(evaluator.ties()[0].exact_ties == 2);
  CHECK(evaluator.ties()[0].decided_exactly == 2);
}

TEST_CASE("codes on a grid, and values that are off it") {
  const Rational scale[] = {Rational(1, 255)}, offset[] = {Rational(0)};
  std::int64_t bad = -1;
  golden::Reals reals{Tensor<double>(Shape{2}, {3.0 / 255, 1.0}), {0x1p-50, 0x1p-50}};
  CHECK(golden::codes_of(reals, scale, offset, bad) == std::vector<BigInt>{3, 255});
  reals.error.clear();  // now the first value is claimed to be exact, and it is no 255th
  CHECK_FALSE(golden::codes_of(reals, scale, offset, bad).has_value());
  CHECK(bad == 0);
  const Rational eighth[] = {Rational(1, 8), Rational(-1, 4)}, shift[] = {Rational(1), Rational(0)};
  CHECK(golden::codes_of({Tensor<double>(Shape{1, 2}, {1.25, 2}), {}}, eighth, shift, bad) ==
        std::vector<BigInt>{2, -8});
  CHECK_FALSE(
      golden::codes_of({Tensor<double>(Shape{1, 2}, {1.25, 2.01}), {}}, eighth, shift, bad));
  CHECK(bad == 1);
}

golden::EmulateRequest request_of(Tensor<double> x, std::string name = {}) {
  golden::EmulateRequest request;
  NpyArray array;
  array.reals = std::move(x);
  request.inputs.push_back({std::move(name), std::move(array), "x.npy"});
  return request;
}

std::string emulate_message(const graph::Graph& graph, const golden::EmulateRequest& request) {
  try {
    (void)golden::emulate(graph, request);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("emulate: values, tensors and names") {
  test::Net net;
  const ValueId x = net.input({1, 2, 1});
  const ValueId q = net.add(test::quant(0.5, 0, 4), {x});
  const auto graph = net.finish({net.add(graph::Reshape{}, {q}, {1, 2})});
  golden::EmulateRequest request = request_of(Tensor<double>(Shape{2, 2}, {0.25, 1, 9, -0.1}));
  request.tensors = {graph.value(q).name};
  const auto result = golden::emulate(graph, request);
  CHECK(result.rows == 2);
  const NpyArray y = parse_npy(result.outputs.at(0));
  CHECK_FALSE(y.is_integer);
  CHECK(y.reals.shape == Shape{2, 2});
  CHECK(y.reals.data == std::vector<double>{0, 1, 3.5, 0});
  CHECK(parse_npy(result.tensors.at(0)).reals.shape == Shape{2, 2, 1});
  CHECK(says(golden::ties_text(result.ties), graph.value(q).name));
  request.tensors = {"nowhere"};
  CHECK(says(emulate_message(graph, request), "E0218"));
  CHECK(says(emulate_message(graph, request_of(Tensor<double>(Shape{1, 2}), "other")), "E0216"));
  CHECK(says(emulate_message(graph, {}), "E0216"));
  CHECK(
      says(emulate_message(graph, request_of(Tensor<double>(Shape{1, 1}, {kInfinity}))), "x.npy"));
}

TEST_CASE("emulate: integers of the ports") {
  const graph::InputType type{PortType{false, 8, Rational(1, 255)}, {}};
  test::Net net;
  const ValueId x = net.input({1, 2}, type);
  const auto graph = net.finish({net.add(test::quant(0.5, 0, 4), {x})});
  golden::EmulateRequest request = request_of(Tensor<double>(Shape{1, 2}, {255, 3}));
  request.input_words = {{{Rational(1, 255)}, {Rational(0)}}};
  request.output_words = {{{Rational(1, 2)}, {Rational(0)}}};
  const auto result = golden::emulate(graph, request);
  const NpyArray y = parse_npy(result.outputs.at(0));
  CHECK(y.is_integer);
  CHECK(y.integers.data == std::vector<std::int64_t>{2, 0});
  CHECK(result.rounded_inputs == 0);
  request.inputs[0].array.reals.data[0] = 256;
  CHECK(says(emulate_message(graph, request), "E0107"));
  request.inputs[0].array.reals.data[0] = 0.5;
  CHECK(says(emulate_message(graph, request), "E0104"));
}

TEST_CASE("float32 in graph order is compared by codes") {
  // 2^24 + 1 is no float32: the sum loses the one, and the code with it.
  test::Net net;
  const ValueId x = net.input({1, 2});
  const ValueId sum = net.add(graph::MatMul{}, {x, net.constant({2, 1}, {16777216, 1})});
  const ValueId rest = net.add(graph::Sub{}, {sum, net.scalar(16777216)});
  const auto graph = net.finish({net.add(test::quant(1, 0, 4), {rest})});
  golden::EmulateRequest request = request_of(Tensor<double>(Shape{2, 2}, {1, 0, 1, 1}));
  request.options.float32_order = true;
  const auto result = golden::emulate(graph, request);
  CHECK(parse_npy(result.outputs.at(0)).reals.data == std::vector<double>{0, 1});
  REQUIRE(result.differences.size() == 1);
  CHECK(result.differences[0].row == 1);
  CHECK(result.differences[0].exact == 1);
  CHECK(result.differences[0].float32 == 0);
  CHECK(result.differences[0].tie_distance == 0.5);
  CHECK(says(golden::differences_text(result.differences), "1 quantised values differ"));
}

}  // namespace
}  // namespace nib
