// Golden texts: dumps of small graphs, and what the errors of lowering say.
#include <doctest/doctest.h>

#include <functional>

#include "../import/golden_text.h"
#include "graph_maker.h"
#include "nib/base/error.h"
#include "nib/lower/lower.h"

using namespace nib;
using namespace nib::testing;

namespace {

using Id = graph::ValueId;

/// 3 -> 2 with bias, Relu and a 3-bit quantiser, then logits of another grid.
graph::Graph small_mlp() {
  GraphMaker maker("small");
  const Id x = maker.input("x", {1, 3});
  const Id q = maker.node(quant(0.25, 4), {x});
  const Id w = maker.node(quant(0.5, 3), {maker.constant({3, 2}, {1, -0.5, 0.75, 0, -1.5, 1})});
  const Id y = maker.node(graph::MatMul{}, {q, w});
  const Id b = maker.node(graph::Add{}, {y, maker.constant({2}, {0.25, 0.1875})});
  const Id a = maker.node(quant(0.5, 3, false), {maker.node(graph::Relu{}, {b})});
  const Id v = maker.constant({2, 2}, {1, 0.5, 0.25, -3});
  return maker.finish({maker.node(graph::MatMul{}, {a, v})});
}

/// Bipolar codes, a batch norm with a negative and a positive gamma, a dead channel.
graph::Graph binary_net() {
  GraphMaker maker("binary");
  const Id x = maker.input("x", {1, 1, 2, 2});
  const Id flat = maker.node(graph::Reshape{}, {x}, {1, 4});
  const Id s = maker.node(bipolar(1), {flat});
  const Id w =
      maker.node(bipolar(1), {maker.constant({4, 3}, {1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, 1})});
  const Id y = maker.node(graph::MatMul{}, {s, w});
  const Id n =
      maker.node(graph::BatchNormalization{0.5, 1},
                 {y, maker.constant({3}, {1.5, -0.75, 0.001}), maker.constant({3}, {0, 0.25, 5}),
                  maker.constant({3}, {2, -1, 0}), maker.constant({3}, {1.5, 2, 3})});
  return maker.finish({maker.node(bipolar(1), {n})});
}

/// A typed input, codes of several widths (one of no bits), a residual sum, ArgMax.
graph::Graph branches() {
  GraphMaker maker("branches");
  const Id x = maker.input("x", {1, 3}, "s4.1");
  graph::Quant widths = quant(1, 1, true, Rounding::kFloor);
  widths.scale = Tensor<double>({1, 3}, {1, 0.5, 2});
  widths.bits = Tensor<double>({1, 3}, {2, 4, 0});
  const Id a = maker.node(widths, {x});
  const Id w = maker.constant({3, 3}, {1, 0, 2, 0, 1, 0, 5, 5, 5});
  const Id y = maker.node(quant(0.5, 4), {maker.node(graph::MatMul{}, {a, w})});
  const Id z = maker.node(quant(0.75, 3), {y});
  const Id sum = maker.node(graph::Add{}, {y, z});
  const Id relu = maker.node(graph::Relu{}, {sum});
  return maker.finish({relu, maker.node(graph::ArgMax{1, true}, {relu})});
}

/// TFC's tail: a norm by an irrational number, which no port can carry.
graph::Graph irrational_tail() {
  GraphMaker maker("tail");
  const Id x = maker.input("x", {1, 2}, "s4.0");
  const Id y = maker.node(graph::MatMul{}, {x, maker.constant({2, 2}, {1, 2, 3, 4})});
  const Id root = maker.node(graph::Pow{}, {maker.constant({1}, {2}), maker.scalar(0.5)});
  const Id d = maker.node(graph::Div{}, {y, root});
  return maker.finish({maker.node(graph::Add{}, {d, maker.scalar(0.5)})});
}

std::string error_text(const std::function<graph::Graph()>& make) {
  try {
    static_cast<void>(lower::lower(make()));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("dumps of small graphs") {
  std::string text;
  for (const graph::Graph& graph : {small_mlp(), binary_net(), branches(), irrational_tail()}) {
    text += lower::dump(lower::lower(graph)) + "\n";
  }
  check_golden("lower_dump.txt", text);
}

TEST_CASE("lowering gives the same graph every time") {
  CHECK(lower::dump(lower::lower(branches())) == lower::dump(lower::lower(branches())));
}

TEST_CASE("errors say what is wrong and what to try") {
  std::string text;
  const auto add = [&](const std::string& title, const std::function<graph::Graph()>& make) {
    text += title + "\n" + error_text(make) + "\n\n";
  };
  add("no type, no quantiser", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2});
    return maker.finish({maker.node(graph::MatMul{}, {x, maker.constant({2, 1}, {1, 2})})});
  });
  add("two quantisers of one input", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2});
    const Id a = maker.node(quant(1, 4), {x});
    return maker.finish({maker.node(graph::Add{}, {a, maker.node(quant(0.5, 4), {x})})});
  });
  add("a product of two computed tensors", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2}, "s4.0");
    return maker.finish({maker.node(graph::Mul{}, {x, maker.node(graph::Relu{}, {x})})});
  });
  add("a matrix product of two computed tensors", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2, 2}, "s4.0");
    return maker.finish({maker.node(graph::MatMul{}, {x, x})});
  });
  add("a wide leaky relu without a quantiser", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2}, "s16.0");
    return maker.finish({maker.node(graph::LeakyRelu{0.1}, {x})});
  });
  add("an irrational output", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2}, "s4.0");
    const auto p = maker.constant({2}, {1, 2});
    return maker.finish({maker.node(graph::BatchNormalization{1e-5, 1}, {x, p, p, p, p})});
  });
  add("an irrational product", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2}, "s4.0");
    const auto p = maker.constant({2}, {1, 2});
    const Id y = maker.node(graph::BatchNormalization{1e-5, 1}, {x, p, p, p, p});
    return maker.finish({maker.node(graph::MatMul{}, {y, maker.constant({2, 1}, {1, 2})})});
  });
  add("an accumulator that is too wide", [] {
    GraphMaker maker("e");
    Id x = maker.input("x", {1, 2}, "s32.0");
    for (int i = 0; i < 30; ++i) {
      x = maker.node(graph::MatMul{}, {x, maker.constant({2, 2}, {1e12, 3, 5, 1e12})});
    }
    return maker.finish({x});
  });
  add("weights that are too wide", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2}, "s8.0");
    return maker.finish({maker.node(graph::MatMul{}, {x, maker.constant({2, 1}, {1e25, 1})})});
  });
  add("codes that are too wide", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2});
    return maker.finish({maker.node(quant(1, 64), {x})});
  });
  add("a quantiser with too many codes", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2}, "s32.0");
    return maker.finish({maker.node(quant(3, 24), {x})});
  });
  add("a softmax in the middle", [] {
    GraphMaker maker("e");
    const Id x = maker.input("x", {1, 2}, "s4.0");
    return maker.finish({maker.node(quant(0.5, 4), {maker.node(graph::Softmax{1}, {x})})});
  });
  check_golden("lower_errors.txt", text);
}
