// Random activations, arithmetic, rearrangements, selections and branches.
#include <algorithm>
#include <numeric>

#include "network_maker.h"

namespace nib::random {

bool NetworkMaker::reduce(Value& x) {
  if (x.rank() < 3) return false;
  Value y = like(x, "reduced");
  const int axis = static_cast<int>(whole(1, x.rank() - 1));
  const bool keep = chance(50);
  const char* op = of<const char*>({"ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"});
  const bool by_input = opset_ >= (std::string(op) == "ReduceSum" ? 13 : 18);
  if (by_input) {
    node(op, {x.name, stored_integers({axis})}, y.name).set("keepdims", keep ? 1 : 0);
  } else {
    node(op, {x.name}, y.name).set("axes", Dims{axis}).set("keepdims", keep ? 1 : 0);
  }
  if (keep) {
    y.shape[static_cast<std::size_t>(axis)] = 1;
  } else {
    y.shape.erase(y.shape.begin() + axis);
    y.last = false;
  }
  x = y;
  return true;
}

bool NetworkMaker::rearrange(Value& x) {
  Value y = like(x, "moved", 0);
  const std::int64_t count = element_count(x.shape);
  switch (whole(0, 5)) {
    case 0:
      node("Flatten", {x.name}, y.name);
      y.shape = {1, count};
      y.last = false;
      break;
    case 1: {
      if (x.rank() < 3) return false;
      Dims perm(x.shape.size());
      std::iota(perm.begin(), perm.end(), std::int64_t{0});
      std::swap(perm[1], perm[static_cast<std::size_t>(whole(2, x.rank() - 1))]);
      for (std::size_t i = 0; i < perm.size(); ++i) {
        y.shape[i] = x.shape[static_cast<std::size_t>(perm[i])];
      }
      node("Transpose", {x.name}, y.name).set("perm", perm);
      y.last = x.rank() == 4 && perm[3] == static_cast<std::int64_t>(x.channel_axis());
      break;
    }
    case 2: {  // the same elements in another shape
      Shape shape = {1, count};
      for (std::int64_t d = 2; d <= 6; ++d) {
        if (count % d == 0 && chance(40)) {
          shape = {1, d, count / d};
          break;
        }
      }
      Dims target = shape;
      if (chance(50)) target.back() = -1;
      target[0] = of<std::int64_t>({0, 0, 1});
      if (target[0] == 1) target[0] = 0;
      node("Reshape", {x.name, stored_integers(target)}, y.name);
      y.shape = shape;
      y.last = false;
      break;
    }
    case 3: {
      if (opset_ < 13 || x.rank() > 3) return false;
      const std::int64_t axis = whole(1, x.rank());
      node("Unsqueeze", {x.name, stored_integers({axis})}, y.name);
      y.shape.insert(y.shape.begin() + axis, 1);
      y.last = false;
      break;
    }
    case 4: {
      const auto one = std::find(x.shape.begin() + 1, x.shape.end(), 1);
      if (opset_ < 13 || one == x.shape.end() || x.rank() < 3) return false;
      const std::int64_t axis = one - x.shape.begin();
      node("Squeeze", {x.name, stored_integers({axis})}, y.name);
      y.shape.erase(y.shape.begin() + axis);
      y.last = false;
      break;
    }
    default:
      node("Identity", {x.name}, y.name);
  }
  x = y;
  return true;
}

bool NetworkMaker::select(Value& x) {
  Value y = like(x, "part", 0);
  const auto axis = static_cast<std::size_t>(whole(1, x.rank() - 1));
  const std::int64_t n = x.shape[axis];
  const auto a = static_cast<std::int64_t>(axis);
  switch (whole(0, 4)) {
    case 0: {
      if (n < 2) return false;
      const bool back = chance(25);
      const std::int64_t step = whole(1, 2), start = whole(0, n - 1);
      node("Slice",
           {x.name, stored_integers({back ? start : start}),
            stored_integers({back ? -n - 1 : (chance(50) ? n : 9999)}), stored_integers({a}),
            stored_integers({back ? -step : step})},
           y.name);
      y.shape[axis] = back ? start / step + 1 : (n - start + step - 1) / step;
      break;
    }
    case 1: {
      Dims index = integers(whole(1, 4), -n, n - 1);
      node("Gather", {x.name, stored_integers(index)}, y.name).set("axis", static_cast<int>(axis));
      y.shape[axis] = static_cast<std::int64_t>(index.size());
      break;
    }
    case 2: {
      const std::string mode = of<std::string>({"constant", "constant", "edge", "reflect"});
      const std::int64_t most = mode == "reflect" ? std::min<std::int64_t>(2, n - 1) : 2;
      const std::int64_t begin = whole(0, most), end = whole(0, most);
      Dims pads(2 * x.shape.size(), 0);
      pads[axis] = begin;
      pads[axis + x.shape.size()] = end;
      Names inputs = {x.name, stored_integers(pads)};
      if (mode == "constant" && chance(40)) inputs.push_back(stored({}, {real(3, 1)}));
      node("Pad", inputs, y.name).set("mode", mode.c_str());
      y.shape[axis] = n + begin + end;
      break;
    }
    case 3: {
      if (element_count(x.shape) > 100) return false;
      Dims repeats(x.shape.size(), 1);
      repeats[axis] = 2;
      node("Tile", {x.name, stored_integers(repeats)}, y.name);
      y.shape[axis] = 2 * n;
      break;
    }
    default: {
      if (n != 1) return false;
      Dims target(x.shape.size(), 1);
      target[axis] = whole(2, 3);
      node("Expand", {x.name, stored_integers(target)}, y.name);
      y.shape[axis] = target[axis];
    }
  }
  x = y;
  return true;
}

bool NetworkMaker::resize(Value& x) {
  if (x.rank() < 3 || x.last || element_count(x.shape) > 100) return false;
  Value y = like(x, "resized", 0);
  if (x.rank() == 4 && chance(35)) {
    const std::int64_t c = x.channels(), h = x.shape[2], w = x.shape[3];
    if (c % 4 == 0) {
      node("DepthToSpace", {x.name}, y.name)
          .set("blocksize", 2)
          .set("mode", of<const char*>({"DCR", "CRD"}));
      y.shape = {1, c / 4, 2 * h, 2 * w};
    } else if (h % 2 == 0 && w % 2 == 0) {
      node("SpaceToDepth", {x.name}, y.name).set("blocksize", 2);
      y.shape = {1, 4 * c, h / 2, w / 2};
    } else {
      return false;
    }
    x = y;
    return true;
  }
  Names inputs = {x.name, ""};
  std::vector<float> factors(x.shape.size(), 1);
  Dims sizes = x.shape;
  const bool by_sizes = batch_ <= 1 && chance(40);
  for (std::size_t i = 2; i < x.shape.size(); ++i) {
    factors[i] = of<float>({1, 2, 2, 1.5F});
    sizes[i] = by_sizes ? whole(1, 6)
                        : static_cast<std::int64_t>(factors[i] * static_cast<float>(x.shape[i]));
  }
  if (opset_ < 13) inputs[1] = stored({0}, {});
  if (by_sizes) {
    if (opset_ < 13) {
      inputs.push_back(stored({0}, {}));
    } else {
      inputs.push_back("");
    }
    inputs.push_back(stored_integers(sizes));
  } else {
    inputs.push_back(stored({x.rank()}, factors));
  }
  node("Resize", inputs, y.name)
      .set("mode", "nearest")
      .set("coordinate_transformation_mode",
           of<const char*>({"asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"}))
      .set("nearest_mode",
           of<const char*>({"floor", "round_prefer_floor", "round_prefer_ceil", "ceil"}));
  y.shape = sizes;
  x = y;
  return true;
}

bool NetworkMaker::activate(Value& x) {
  Value y = like(x, "act");
  const char* op =
      of<const char*>({"Relu", "Relu", "Relu", "LeakyRelu", "Clip", "Neg", "Abs", "Sign", "Floor",
                       "Ceil", "Round", "PRelu", "HardSigmoid", "HardSwish"});
  const std::string name = op;
  Names inputs = {x.name};
  if (name == "HardSwish" && opset_ < 14) return false;
  if (name == "Clip") {
    inputs.push_back(chance(80) ? stored({}, {-std::abs(real(3, 2))}) : "");
    inputs.push_back(stored({}, {std::abs(real(4, 2))}));
  }
  if (name == "PRelu") {
    Dims slopes(x.shape.size() - 1, 1);
    slopes[x.channel_axis() - 1] = x.channels();
    inputs.push_back(stored(slopes, reals(x.channels(), 3, 3)));
  }
  auto made = node(op, inputs, y.name);
  if (name == "LeakyRelu") made.set("alpha", of<float>({0.125F, 0.1F, 0.1015625F, -0.5F}));
  if (name == "HardSigmoid") made.set("alpha", of<float>({0.2F, 0.25F})).set("beta", 0.5F);
  x = y;
  return true;
}

/// A function of no exact values: a quantiser has to follow.
bool NetworkMaker::smooth(Value& x) {
  Value y = like(x, "smooth");
  node(of<const char*>({"Sigmoid", "Tanh", "Elu", "Softsign", "Softplus", "Selu", "Erf"}), {x.name},
       y.name);
  x = quantise(y);
  return true;
}

bool NetworkMaker::arithmetic(Value& x) {
  Value y = like(x, "sum");
  const char* op = of<const char*>({"Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"});
  const std::string name = op;
  const bool per = chance(50);
  const std::int64_t n = per ? x.channels() : 1;
  std::vector<float> values = reals(n, 3, 2);
  if (name == "Div") {
    for (float& one : values) one = of<float>({0.5F, 2, 3, -1, 0.3F, 0.75F});
  }
  if (name == "Mul" && !powers_of_two_) {
    for (float& one : values) one *= scale();
  }
  if (name == "Pow") values.assign(static_cast<std::size_t>(n), 2);
  const Dims dims = per ? along_channels(x) : Dims{};
  std::string c = stored(dims, values);
  if ((name == "Add" || name == "Sub" || name == "Mul") && chance(30)) c = computed(c, dims);
  const bool turned = name != "Div" && name != "Pow" && chance(30);
  node(op, turned ? Names{c, x.name} : Names{x.name, c}, y.name);
  x = y;
  return true;
}

bool NetworkMaker::batch_norm(Value& x) {
  if (x.rank() < 2) return false;
  Value y = like(x, "norm");
  const std::int64_t n = x.channels();
  std::vector<float> variance;
  for (std::int64_t i = 0; i < n; ++i) variance.push_back(of<float>({0.25F, 1, 2.25F, 0.7F, 3}));
  auto made = node("BatchNormalization",
                   {x.name, stored({n}, reals(n, 3, 2)), stored({n}, reals(n, 4, 2)),
                    stored({n}, reals(n, 4, 2)), stored({n}, variance)},
                   y.name, x.last ? "qonnx.custom_op.channels_last" : "");
  if (chance(50)) made.set("epsilon", 0.001F);
  x = quantise(y);
  return true;
}

/// With an earlier tensor of the same shape.
bool NetworkMaker::join(Value& x) {
  std::vector<Value> fit;
  for (const Value& other : earlier_) {
    if (other.name != x.name && other.shape == x.shape && other.last == x.last) {
      fit.push_back(other);
    }
  }
  if (fit.empty()) return false;
  const Value other = of(fit);
  Value y = like(x, "join");
  if (chance(30) && element_count(x.shape) < 120) {
    const auto axis = static_cast<std::size_t>(whole(1, x.rank() - 1));
    node("Concat", chance(50) ? Names{x.name, other.name} : Names{other.name, x.name}, y.name)
        .set("axis", static_cast<int>(axis));
    y.shape[axis] *= 2;
    y.loose = x.loose;
    x = y;
    return true;
  }
  const char* op = of<const char*>({"Add", "Add", "Add", "Sub", "Sum", "Max", "Min", "Mean"});
  node(op, chance(50) ? Names{x.name, other.name} : Names{other.name, x.name}, y.name);
  x = y;
  return true;
}

/// Two parts along the channels, added or joined the other way round.
bool NetworkMaker::split(Value& x) {
  const std::size_t axis = x.channel_axis();
  const std::int64_t n = x.shape[axis];
  if (n < 2) return false;
  const std::string a = fresh("part"), b = fresh("part");
  const bool halves = n % 2 == 0 && chance(50);
  const std::int64_t first = halves ? n / 2 : whole(1, n - 1);
  network_.operators.emplace_back("Split");
  auto made = opset_ >= 13 ? network_.made.node(
                                 "Split", {x.name, stored_integers({first, n - first})}, {a, b})
                           : network_.made.node("Split", {x.name}, {a, b});
  made.set("axis", static_cast<int>(axis));
  if (opset_ < 13) made.set("split", Dims{first, n - first});
  Value y = like(x, "joined", 0);
  if (halves && chance(50)) {
    node("Add", {a, b}, y.name);
    y.shape[axis] = first;
    y.loose = x.loose + 1;
  } else {
    node("Concat", {b, a}, y.name).set("axis", static_cast<int>(axis));
  }
  x = y;
  return true;
}

}  // namespace nib::random
