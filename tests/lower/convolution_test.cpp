// Convolutions, poolings, reductions, selections: the integer graph against golden.
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <random>

#include "compare.h"
#include "graph_maker.h"

using namespace nib;
using namespace nib::testing;

namespace {

/// A stream of test numbers.
class Numbers {
 public:
  explicit Numbers(unsigned seed) : engine_(seed) {}
  std::int64_t whole(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(engine_);
  }
  std::vector<double> reals(std::int64_t n, double peak, double grid) {
    std::vector<double> values;
    std::uniform_real_distribution<double> real(-peak, peak);
    for (; n > 0; --n) values.push_back(std::floor(real(engine_) / grid) * grid);
    return values;
  }

 private:
  std::mt19937 engine_;
};

graph::Window window(Shape kernel, Shape strides = {}, Shape begin = {}, Shape end = {},
                     Shape dilations = {}) {
  graph::Window w;
  const std::size_t rank = kernel.size();
  w.kernel = std::move(kernel);
  w.strides = strides.empty() ? Shape(rank, 1) : std::move(strides);
  w.dilations = dilations.empty() ? Shape(rank, 1) : std::move(dilations);
  w.pads_begin = begin.empty() ? Shape(rank, 0) : std::move(begin);
  w.pads_end = end.empty() ? w.pads_begin : std::move(end);
  w.ceil_extra.assign(rank, 0);
  return w;
}

using Body = std::function<graph::ValueId(GraphMaker&, graph::ValueId, Numbers&)>;

/// Lowers in(shape) -> body -> out and a quantised copy, and compares all tensors on random rows.
void check(const Shape& shape, const std::string& type, const Body& body, bool quantised = true) {
  for (const bool behind : {false, true}) {
    if (behind && !quantised) continue;
    GraphMaker maker("window");
    Numbers numbers(5);
    graph::ValueId x = maker.input("in", shape, type);
    x = body(maker, x, numbers);
    if (behind) x = maker.node(quant(0.375, 5, true, Rounding::kHalfEven, 0), {x});
    const graph::Graph graph = maker.finish({x});
    CHECK(compare(graph, random_inputs(graph, 20, 3)) > 0);
  }
}

graph::ValueId conv(GraphMaker& m, graph::ValueId x, Numbers& n, graph::Window w,
                    std::int64_t outputs, std::int64_t groups = 1, bool last = false,
                    bool bias = true) {
  const Shape& in = m.shape(x);
  const std::int64_t own = (last ? in.back() : in[1]) / groups;
  Shape shape{outputs};
  if (!last) shape.push_back(own);
  shape.insert(shape.end(), w.kernel.begin(), w.kernel.end());
  if (last) shape.push_back(own);
  const auto weights = m.constant(shape, n.reals(element_count(shape), 2, 0.25));
  graph::Conv op{std::move(w), groups, last};
  if (!bias) return m.node(op, {x, weights});
  return m.node(op, {x, weights, m.constant({outputs}, n.reals(outputs, 3, 0.0625))});
}

/// A tensor whose channels have scales and zero points of their own, behind a quantiser.
graph::ValueId uneven(GraphMaker& m, graph::ValueId x, double zero, std::size_t axis = 1) {
  graph::Quant op = quant(1, 4, true, Rounding::kFloor, zero);
  const std::int64_t channels = m.shape(x)[axis];
  Shape shape(m.shape(x).size() - axis, 1);
  shape[0] = channels;
  op.scale = Tensor<double>(shape);
  for (std::int64_t c = 0; c < channels; ++c) op.scale[c] = c % 2 == 0 ? 0.5 : -0.75;
  return m.node(op, {x});
}

}  // namespace

TEST_CASE("convolutions of all shapes") {
  check({1, 3, 7}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    return conv(m, x, n, window({3}, {2}, {2}, {1}, {2}), 4);
  });
  check({1, 2, 5, 6}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    return conv(m, x, n, window({3, 2}, {1, 2}, {1, 0}, {0, 1}), 3);
  });
  check({1, 4, 5, 5}, "u4.1", [](GraphMaker& m, auto x, Numbers& n) {
    return conv(m, x, n, window({3, 3}, {1, 1}, {1, 1}), 6, 2);
  });
  check({1, 4, 5, 5}, "s3.1", [](GraphMaker& m, auto x, Numbers& n) {
    return conv(m, x, n, window({3, 3}, {2, 2}, {1, 1}), 4, 4, false, false);
  });
  check({1, 5, 6, 3}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    return conv(m, x, n, window({2, 3}, {1, 1}, {0, 1}), 4, 1, true);
  });
  check({1, 6, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    return conv(m, x, n, window({3}, {1}, {1}), 8, 4, true);
  });
}

TEST_CASE("padding stands for the real zero, on any grid") {
  for (const double zero : {0.0, 3.0, 0.5, 0.375}) {
    CAPTURE(zero);
    check({1, 3, 4, 4}, "s6.2", [&](GraphMaker& m, auto x, Numbers& n) {
      return conv(m, uneven(m, x, zero), n, window({3, 3}, {1, 1}, {1, 1}), 3);
    });
    check({1, 3, 4, 4}, "s6.2", [&](GraphMaker& m, auto x, Numbers& n) {
      return conv(m, uneven(m, x, zero), n, window({2, 2}), 3, 3);
    });
    // Scales that differ along an axis of positions.
    check({1, 3, 4, 4}, "s6.2", [&](GraphMaker& m, auto x, Numbers& n) {
      return conv(m, uneven(m, x, zero, 2), n, window({3, 3}, {1, 1}, {1, 1}), 2);
    });
    // Constant channels: 0 bits.
    check({1, 3, 4, 4}, "s6.2", [&](GraphMaker& m, auto x, Numbers& n) {
      graph::Quant op = quant(0.5, 4, true, Rounding::kFloor, zero);
      op.bits = Tensor<double>({3, 1, 1}, {4, 0, 3});
      return conv(m, m.node(op, {x}), n, window({3, 3}, {1, 1}, {1, 1}), 2);
    });
  }
}

TEST_CASE("convolutions between affine operators") {
  check({1, 3, 4, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    x = m.node(graph::Mul{}, {x, m.constant({3, 1, 1}, {0.5, 0, -0.25})});
    x = m.node(graph::Add{}, {x, m.constant({3, 1, 1}, {0.125, 1.5, 0})});
    x = conv(m, x, n, window({3, 3}, {1, 1}, {1, 1}), 4);
    x = m.node(graph::Mul{}, {x, m.constant({4, 1, 1}, {0.5, 2, 0.25, 1})});
    return m.node(graph::Add{}, {x, m.constant({1, 4, 1, 1}, {0.5, 2, 0.0625, 1})});
  });
  check({1, 2, 4, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    x = conv(m, x, n, window({3, 3}), 4);
    x = m.node(graph::Relu{}, {x});
    x = conv(m, x, n, window({2, 2}, {1, 1}, {1, 1}), 2);
    return m.node(graph::Reshape{}, {x}, {1, element_count(m.shape(x))});
  });
  check({1, 2, 4, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    const auto a = conv(m, x, n, window({3, 3}, {1, 1}, {1, 1}), 2);
    x = m.node(graph::Add{}, {x, a});
    x = m.node(graph::Transpose{{0, 2, 3, 1}}, {x});
    return conv(m, x, n, window({2, 2}, {2, 2}), 3, 1, true);
  });
}

TEST_CASE("transposed convolutions") {
  const auto transposed = [](Shape kernel, Shape strides, Shape begin, Shape end, Shape dilations,
                             Shape extra, std::int64_t groups) {
    return [=](GraphMaker& m, graph::ValueId x, Numbers& n) {
      graph::ConvTranspose op;
      op.window = window(kernel, strides, begin, end, dilations);
      op.output_padding = extra;
      op.groups = groups;
      Shape shape{m.shape(x)[1], 2};
      shape.insert(shape.end(), kernel.begin(), kernel.end());
      const auto w = m.constant(shape, n.reals(element_count(shape), 2, 0.25));
      const auto b = m.constant({2 * groups}, n.reals(2 * groups, 1, 0.125));
      return m.node(op, {uneven(m, x, groups == 1 ? 0.5 : 0), w, b});
    };
  };
  check({1, 2, 4}, "s4.1", transposed({3}, {2}, {1}, {0}, {1}, {1}, 1));
  check({1, 4, 3, 3}, "s4.1", transposed({2, 3}, {2, 2}, {0, 1}, {0, 1}, {1, 1}, {0, 0}, 2));
  check({1, 2, 3, 3}, "s4.1", transposed({2, 2}, {3, 1}, {1, 2}, {2, 0}, {1, 2}, {0, 0}, 1));
  check({1, 2, 5}, "s4.1", transposed({1}, {2}, {2}, {1}, {1}, {1}, 1));
}

TEST_CASE("largest elements of windows") {
  check({1, 3, 5, 5}, "s4.1", [](GraphMaker& m, auto x, Numbers&) {
    return m.node(graph::MaxPool{window({3, 3}, {2, 2}, {1, 1}), false}, {x});
  });
  check({1, 5, 4, 3}, "s4.1", [](GraphMaker& m, auto x, Numbers&) {
    return m.node(graph::MaxPool{window({2, 2}, {2, 2}), true}, {uneven(m, x, 0.5, 3)});
  });
  for (const std::size_t axis : {1, 2}) {
    check({1, 3, 6}, "s4.1", [&](GraphMaker& m, auto x, Numbers&) {
      x = m.node(graph::Relu{}, {uneven(m, x, 1, axis)});
      x = m.node(graph::Mul{}, {x, m.constant({3, 1}, {0.5, 2, 0.25})});
      return m.node(graph::MaxPool{window({2}, {2}, {1}), false}, {x});
    });
  }
  check({1, 3, 6}, "s4.1", [](GraphMaker& m, auto x, Numbers&) {
    x = m.node(graph::Mul{}, {x, m.constant({3, 1}, {0.5, -2, 0})});
    x = m.node(graph::LeakyRelu{-0.5}, {x});
    return m.node(graph::MaxPool{window({2}, {2}), false}, {x});
  });
}

TEST_CASE("means of windows") {
  for (const bool last : {false, true}) {
    for (const bool counted : {false, true}) {
      for (const double zero : {0.0, 0.5}) {
        check({1, 4, 5, 4}, "s4.1", [&](GraphMaker& m, auto x, Numbers&) {
          graph::AveragePool op{window({3, 2}, {2, 2}, {1, 1}, {1, 0}), counted, last};
          op.window.ceil_extra = {0, 1};
          return m.node(op, {uneven(m, x, zero, last ? 3 : 1)});
        });
      }
    }
  }
  check({1, 3, 4, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    x = m.node(graph::AveragePool{window({4, 4}), false, false}, {m.node(graph::Relu{}, {x})});
    x = m.node(graph::Reshape{}, {x}, {1, 3});
    return m.node(graph::MatMul{}, {x, m.constant({3, 2}, n.reals(6, 1, 0.25))});
  });
  check({1, 3, 4, 4}, "s5.0", [](GraphMaker& m, auto x, Numbers&) {
    return m.node(graph::QuantAvgPool{window({2, 2}, {2, 2}), 2, false}, {x});
  });
}

TEST_CASE("reductions over any axes") {
  for (const auto kind : {graph::ReduceKind::kMean, graph::ReduceKind::kSum,
                          graph::ReduceKind::kMax, graph::ReduceKind::kMin}) {
    for (const std::vector<int>& axes :
         {std::vector<int>{2, 3}, {1, 2}, {1}, {2}, {3}, {1, 3}, {1, 2, 3}}) {
      for (const bool keep : {false, true}) {
        check({1, 2, 3, 4}, "s4.1", [&](GraphMaker& m, auto x, Numbers&) {
          x = m.node(graph::Relu{}, {uneven(m, x, 0.5)});
          return m.node(graph::Reduce{kind, axes, keep}, {x});
        });
      }
    }
  }
}

TEST_CASE("selections and padding") {
  for (const double fill : {0.0, 0.75, -0.3125}) {
    check({1, 2, 4}, "s4.1", [&](GraphMaker& m, auto x, Numbers& n) {
      x = m.node(graph::Take{{{}, {}, {-1, 0, 1, 2, 3, -1, -1}}, fill}, {uneven(m, x, 0)});
      return conv(m, x, n, window({3}), 2);
    });
    check({1, 2, 4}, "s4.1", [&](GraphMaker& m, auto x, Numbers&) {
      x = m.node(graph::Relu{}, {x});
      return m.node(graph::Take{{{}, {1, -1, 0}, {3, -1}}, fill}, {x});
    });
  }
  check({1, 3, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers&) {
    return m.node(graph::Take{{{}, {2, 0, 0}, {}}, 0}, {m.node(graph::Relu{}, {uneven(m, x, 0)})});
  });
  GraphMaker m("raw");
  auto x = m.input("in", {1, 2, 3});
  x = m.node(graph::Mul{}, {x, m.constant({2, 1}, {2, 0.5})});
  x = m.node(graph::Take{{{}, {1, 0}, {2, 1, 0}}, 0}, {x});
  x = m.node(quant(0.25, 5), {x});
  const graph::Graph graph = m.finish({x});
  CHECK(compare(graph, random_inputs(graph, 20, 3)) > 0);
}

TEST_CASE("the best of rows") {
  for (const bool largest : {false, true}) {
    for (const bool values : {false, true}) {
      for (const int axis : {1, 2}) {
        check(
            {1, 4, 3}, "s3.1",
            [&](GraphMaker& m, auto x, Numbers&) {
              return m.node(graph::TopK{axis, 2, largest, values}, {uneven(m, x, 0)});
            },
            values);
      }
    }
  }
}

TEST_CASE("matrices that differ along leading axes, and other products") {
  check({1, 3, 2, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    return m.node(graph::MatMul{}, {x, m.constant({3, 4, 5}, n.reals(60, 1, 0.25))});
  });
  check({1, 3, 2, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    return m.node(graph::MatMul{}, {m.constant({3, 5, 2}, n.reals(30, 1, 0.25)), x});
  });
  check({1, 1, 2, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    return m.node(graph::MatMul{}, {x, m.constant({3, 4, 5}, n.reals(60, 1, 0.25))});
  });
  check({1, 3, 2}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    return m.node(graph::MatMul{}, {uneven(m, x, 0.5), m.constant({2, 2}, n.reals(4, 1, 0.25))});
  });
  check({1, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    graph::Gemm op;
    op.alpha = 0;
    op.beta = -0.5;
    const auto c = m.node(graph::MatMul{}, {x, m.constant({4, 2}, n.reals(8, 1, 0.25))});
    return m.node(op, {x, m.constant({4, 2}, n.reals(8, 1, 0.25)), c});
  });
  check({1, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers& n) {
    graph::Gemm op;
    op.trans_b = true;
    m.graph().batched = false;
    return m.node(op, {m.constant({3, 4}, n.reals(12, 1, 0.25)), x, m.constant({3, 1}, {1, 2, 3})});
  });
}

TEST_CASE("sums of channels of different signs, of zeros, and joins with constants") {
  check({1, 4}, "s4.1", [](GraphMaker& m, auto x, Numbers&) {
    const auto a = m.node(graph::Mul{}, {x, m.constant({4}, {0.5, -2, 0, 1})});
    const auto b = m.node(quant(0.25, 3), {x});
    return m.node(graph::Sub{}, {b, m.node(graph::Add{}, {a, b})});
  });
  check({1, 2, 2}, "s4.1", [](GraphMaker& m, auto x, Numbers&) {
    const auto c = m.constant({1, 1, 2}, {0.375, -3});
    return m.node(graph::Concat{1}, {c, m.node(graph::Relu{}, {x}), uneven(m, x, 0), c});
  });
}
