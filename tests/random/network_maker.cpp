// Choices, the order of operators, inputs and outputs.
#include "network_maker.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "nib/num/port_type.h"

namespace nib::random {

namespace {

constexpr std::int64_t kMostElements = 400;

}  // namespace

NetworkMaker::NetworkMaker(std::uint64_t seed)
    : random_(seed * 0x9e3779b97f4a7c15ULL + 1),
      dialect_(static_cast<Dialect>(whole(0, 5))),
      powers_of_two_(chance(50)),
      opset_(static_cast<int>(of<std::int64_t>({11, 13, 13, 14, 17, 18, 21}))),
      network_{ModelMaker(opset_), {}, {}} {
  network_.made.import(testing::kQonnx, 1).import("qonnx.custom_op.channels_last", 1);
}

std::int64_t NetworkMaker::whole(std::int64_t low, std::int64_t high) {
  // Not std::uniform_int_distribution: a seed means the same network with every library.
  return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
}

float NetworkMaker::scale() {
  if (powers_of_two_ || chance(30)) {
    return static_cast<float>(std::ldexp(1, static_cast<int>(whole(-4, 1))));
  }
  return static_cast<float>(whole(50, 1500)) / 1000.0F;
}

float NetworkMaker::real(int bits, int point) {
  const std::int64_t most = std::int64_t{1} << bits;
  return static_cast<float>(std::ldexp(static_cast<double>(whole(-most, most)), -point));
}

std::vector<float> NetworkMaker::reals(std::int64_t count, int bits, int point) {
  std::vector<float> out;
  for (; count > 0; --count) out.push_back(real(bits, point));
  return out;
}

std::vector<float> NetworkMaker::scales(std::int64_t count) {
  std::vector<float> out;
  for (; count > 0; --count) out.push_back(scale());
  return out;
}

Dims NetworkMaker::integers(std::int64_t count, std::int64_t low, std::int64_t high) {
  Dims out;
  for (; count > 0; --count) out.push_back(whole(low, high));
  return out;
}

std::string NetworkMaker::fresh(const char* stem) { return testing::numbered(stem, number_++); }

std::string NetworkMaker::stored(const Dims& dims, std::vector<float> values) {
  const std::string name = fresh("c");
  network_.made.reals(name, dims, values);
  return name;
}

std::string NetworkMaker::stored_integers(const Dims& values) {
  const std::string name = fresh("i");
  network_.made.integers(name, {static_cast<std::int64_t>(values.size())}, values);
  return name;
}

std::string NetworkMaker::stored_codes(const Dims& dims, int type, const Dims& values) {
  const std::string name = fresh("k");
  network_.made.codes(name, dims, type, values);
  return name;
}

testing::NodeMaker NetworkMaker::node(const char* op, const Names& inputs,
                                      const std::string& output, const char* domain) {
  network_.operators.emplace_back(op);
  return network_.made.node(op, inputs, {output}, domain);
}

Dims NetworkMaker::along_channels(const Value& x) const {
  Dims dims(x.shape.size(), 1);
  dims[x.channel_axis()] = x.channels();
  return dims;
}

const char* NetworkMaker::qonnx_domain() {
  return of<const char*>({"qonnx.custom_op.general", "qonnx.custom_op.general", "onnx.brevitas",
                          "finn.custom_op.general", ""});
}

Shape NetworkMaker::spatial_of(const Value& x) const {
  if (x.last) return Shape(x.shape.begin() + 1, x.shape.end() - 1);
  return Shape(x.shape.begin() + 2, x.shape.end());
}

NetworkMaker::Value NetworkMaker::like(const Value& x, const char* stem, int loose) {
  Value y = x;
  y.name = fresh(stem);
  y.loose = x.loose + loose;
  return y;
}

NetworkMaker::Value NetworkMaker::input() {
  Value x;
  x.name = fresh("in");
  switch (whole(0, 4)) {
    case 0:
    case 1:
      x.shape = {1, whole(1, 8)};
      break;
    case 2:
      x.shape = {1, whole(1, 4), whole(2, 8)};
      break;
    default:
      x.shape = {1, whole(1, 4), whole(2, 6), whole(2, 6)};
  }
  if (x.rank() == 4 && chance(25)) {
    x.last = true;
    std::swap(x.shape[1], x.shape[3]);
  }
  Dims dims = x.shape;
  batch_ = of<std::int64_t>({-1, -1, -1, 1, 3});
  dims[0] = batch_;
  network_.made.input(x.name, dims);
  if (chance(25)) {
    const auto type = parse_port_type(of<std::string>({"s5.2", "u4.0", "s6.-1", "u3.5", "s8.4"}));
    network_.options.input_types.push_back({x.name, graph::InputType{type.value(), {}}});
    return x;
  }
  if (chance(10)) {  // a rearrangement stands in front of the quantiser
    Value y = like(x, "flat");
    y.shape = {1, element_count(x.shape)};
    y.last = false;
    node("Flatten", {x.name}, y.name).set("axis", 1);
    x = y;
  }
  return quantise(x);
}

void NetworkMaker::step(Value& x) {
  using Grow = bool (NetworkMaker::*)(Value&);
  static constexpr Grow kGrow[] = {&NetworkMaker::dense,
                                   &NetworkMaker::dense,
                                   &NetworkMaker::convolve,
                                   &NetworkMaker::convolve,
                                   &NetworkMaker::convolve_last,
                                   &NetworkMaker::convolve_last,
                                   &NetworkMaker::max_pool,
                                   &NetworkMaker::average_pool,
                                   &NetworkMaker::reduce,
                                   &NetworkMaker::rearrange,
                                   &NetworkMaker::rearrange,
                                   &NetworkMaker::select,
                                   &NetworkMaker::select,
                                   &NetworkMaker::resize,
                                   &NetworkMaker::activate,
                                   &NetworkMaker::activate,
                                   &NetworkMaker::smooth,
                                   &NetworkMaker::arithmetic,
                                   &NetworkMaker::arithmetic,
                                   &NetworkMaker::batch_norm,
                                   &NetworkMaker::join,
                                   &NetworkMaker::join,
                                   &NetworkMaker::split,
                                   &NetworkMaker::transposed_convolution,
                                   &NetworkMaker::quantised_operator};
  for (int tries = 0; tries < 40; ++tries) {
    Grow grow = kGrow[whole(0, static_cast<std::int64_t>(std::size(kGrow)) - 1)];
    if (dialect_ == Dialect::kOperators && chance(35)) grow = &NetworkMaker::quantised_operator;
    if ((this->*grow)(x)) return;
  }
}

void NetworkMaker::finish(Value x) {
  Names outputs;
  if (chance(60) && x.loose > 0) x = quantise(x);
  if (x.rank() >= 2 && chance(15)) {
    const int axis = x.rank() - 1;
    const bool top = chance(50) && x.shape.back() > 1;
    const std::string y = fresh("top"), index = fresh("index");
    if (top) {
      const std::string k = stored_integers({whole(1, x.shape.back())});
      network_.operators.emplace_back("TopK");
      network_.made.node("TopK", {x.name, k}, {y, index}).set("axis", axis);
      if (chance(30)) outputs.push_back(y);
    } else {
      node(chance(80) ? "ArgMax" : "ArgMin", {x.name}, index)
          .set("axis", axis)
          .set("keepdims", chance(50) ? 1 : 0);
    }
    outputs.push_back(index);
  } else if (chance(8)) {
    const std::string y = fresh("y");
    node("Softmax", {x.name}, y).set("axis", x.rank() - 1);
    outputs.push_back(y);
  } else {
    outputs.push_back(x.name);
  }
  if (chance(10) && !earlier_.empty()) {
    const std::string also = of(earlier_).name;
    if (also != outputs[0] && also != "in0") outputs.push_back(also);
  }
  for (const std::string& output : outputs) network_.made.output(output);
}

Network NetworkMaker::make() {
  Value x = input();
  earlier_.push_back(x);
  for (std::int64_t steps = whole(1, 9); steps > 0; --steps) {
    step(x);
    if (element_count(x.shape) > kMostElements) break;
    if (x.loose > 3 || (x.loose > 0 && chance(45))) x = quantise(x);
    if (chance(40)) earlier_.push_back(x);
    if (chance(8)) {  // goes on from an earlier tensor
      const Value back = of(earlier_);
      if (back.name != x.name) earlier_.push_back(x);
      x = back;
    }
  }
  if (x.name == "in0") x = quantise(x);
  finish(x);
  return std::move(network_);
}

}  // namespace nib::random
