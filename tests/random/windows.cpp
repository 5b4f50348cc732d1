// Random products, convolutions and pools.
#include <algorithm>

#include "network_maker.h"

namespace nib::random {

/// Attributes of a window over `spatial` and the lengths that come out; never nothing.
void NetworkMaker::set_window(testing::NodeMaker& made, const Shape& spatial, Shape& out, bool pool,
                              const Shape& kernel) {
  const std::size_t rank = spatial.size();
  Dims strides, begin, end, dilations;
  const bool dilated = !pool && chance(20);
  const bool same = chance(25);
  out.clear();
  for (std::size_t i = 0; i < rank; ++i) {
    const std::int64_t k = kernel[i];
    strides.push_back(std::min(k, whole(1, 2)));
    dilations.push_back(dilated && (k - 1) * 2 + 1 <= spatial[i] ? 2 : 1);
    begin.push_back(pool ? whole(0, k / 2) : whole(0, 2));
    end.push_back(pool ? whole(0, k / 2) : whole(0, 2));
    if (pool && begin[i] >= k) begin[i] = 0;
    const std::int64_t extent = dilations[i] * (k - 1) + 1;
    out.push_back(same ? (spatial[i] + strides[i] - 1) / strides[i]
                       : (spatial[i] + begin[i] + end[i] - extent) / strides[i] + 1);
  }
  made.set("kernel_shape", Dims(kernel)).set("strides", strides);
  if (same) {
    made.set("auto_pad", of<const char*>({"SAME_UPPER", "SAME_LOWER"}));
  } else if (chance(80) || std::count(begin.begin(), begin.end(), 0) < static_cast<long>(rank) ||
             std::count(end.begin(), end.end(), 0) < static_cast<long>(rank)) {
    Dims pads = begin;
    pads.insert(pads.end(), end.begin(), end.end());
    made.set("pads", pads);
  }
  if (dilated) made.set("dilations", dilations);
}

bool NetworkMaker::dense(Value& x) {
  const std::int64_t k = x.shape.back(), n = whole(1, 6);
  if (k > 64) return false;
  Value y = like(x, "dense");
  y.shape.back() = n;
  if (x.rank() != 2 || chance(50)) {
    const bool left = x.rank() == 2 && chance(8);
    if (left) {
      const std::string t = fresh("wt");
      node("Transpose", {weights({n, k}, 0)}, t);
      node("MatMul", {x.name, t}, y.name);
    } else {
      node("MatMul", {x.name, weights({k, n}, 1)}, y.name);
    }
    if (chance(50)) {
      const Value z = like(y, "biased", 0);
      node("Add", {y.name, bias(n)}, z.name);
      y = z;
    }
    x = y;
    return true;
  }
  const bool transposed = chance(50);
  Names inputs = {x.name, transposed ? weights({n, k}, 0) : weights({k, n}, 1)};
  if (chance(70)) inputs.push_back(bias(n));
  auto made = node("Gemm", inputs, y.name);
  if (transposed) made.set("transB", 1);
  if (chance(20)) made.set("alpha", 0.5F);
  if (chance(20)) made.set("beta", 2.0F);
  x = y;
  return true;
}

bool NetworkMaker::convolve(Value& x) {
  if (x.rank() < 3 || x.last) return false;
  const std::int64_t c = x.channels();
  const std::int64_t groups = chance(30) ? c : c % 2 == 0 && chance(20) ? 2 : 1;
  const std::int64_t o = groups * whole(1, groups == 1 ? 5 : 2);
  const Shape spatial = spatial_of(x);
  Shape kernel, out;
  for (const std::int64_t n : spatial) kernel.push_back(whole(1, std::min<std::int64_t>(3, n)));
  Dims dims = {o, c / groups};
  dims.insert(dims.end(), kernel.begin(), kernel.end());
  Names inputs = {x.name, weights(dims, 0)};
  if (chance(50)) inputs.push_back(bias(o));
  Value y = like(x, "conv");
  auto made = node("Conv", inputs, y.name);
  set_window(made, spatial, out, false, kernel);
  if (groups != 1) made.set("group", groups);
  y.shape = {1, o};
  y.shape.insert(y.shape.end(), out.begin(), out.end());
  x = y;
  return true;
}

bool NetworkMaker::convolve_last(Value& x) {
  if (x.rank() != 4 || !x.last) return false;
  const std::int64_t c = x.channels(), groups = chance(30) ? c : 1;
  const std::int64_t o = groups * whole(1, groups == 1 ? 5 : 2);
  const Shape spatial = spatial_of(x);
  Shape kernel, out;
  for (const std::int64_t n : spatial) kernel.push_back(whole(1, std::min<std::int64_t>(3, n)));
  Names inputs = {x.name, weights({o, kernel[0], kernel[1], c / groups}, 0)};
  if (chance(50)) inputs.push_back(bias(o));
  Value y = like(x, "conv");
  auto made = node("Conv", inputs, y.name, "qonnx.custom_op.channels_last");
  set_window(made, spatial, out, false, kernel);
  if (groups != 1) made.set("group", groups);
  y.shape = {1, out[0], out[1], o};
  x = y;
  return true;
}

bool NetworkMaker::transposed_convolution(Value& x) {
  if (x.rank() < 3 || x.last || element_count(x.shape) > 80) return false;
  const std::int64_t c = x.channels(), groups = chance(20) ? c : 1, o = groups * whole(1, 3);
  Dims dims = {c, o / groups}, kernel, strides, pads, extra;
  Value y = like(x, "deconv");
  y.shape = {1, o};
  for (const std::int64_t n : spatial_of(x)) {
    kernel.push_back(whole(1, 3));
    strides.push_back(whole(1, 2));
    pads.push_back(kernel.back() > 1 && n > 1 ? whole(0, 1) : 0);
    extra.push_back(whole(0, strides.back() - 1));
    y.shape.push_back(strides.back() * (n - 1) + extra.back() + kernel.back() - 2 * pads.back());
    if (y.shape.back() < 1) return false;
  }
  dims.insert(dims.end(), kernel.begin(), kernel.end());
  Dims both = pads;
  both.insert(both.end(), pads.begin(), pads.end());
  Names inputs = {x.name, weights(dims, 1)};
  if (chance(50)) inputs.push_back(bias(o));
  auto made = node("ConvTranspose", inputs, y.name);
  made.set("kernel_shape", kernel).set("strides", strides).set("pads", both);
  made.set("output_padding", extra);
  if (groups != 1) made.set("group", groups);
  x = y;
  return true;
}

/// Codes in, an integer or quantised operator, reals out again.
bool NetworkMaker::quantised_operator(Value& x) {
  if (x.last || (x.rank() != 2 && x.rank() != 4)) return false;
  const std::string q = fresh("codes"), s = stored({}, {scale()});
  const int type = chance(50) ? 3 : 2;
  const auto zero_of = [&](int kind) {
    return stored_codes({}, kind, {chance(40) ? 0 : whole(kind == 3 ? -20 : 0, 20)});
  };
  const std::string zero = zero_of(type);
  node("QuantizeLinear", {x.name, s, zero}, q);
  const std::int64_t c = x.channels(), o = whole(1, 4);
  const Shape spatial = x.rank() == 4 ? spatial_of(x) : Shape{};
  Shape kernel, out;
  for (const std::int64_t n : spatial) kernel.push_back(whole(1, std::min<std::int64_t>(3, n)));
  Dims dims = x.rank() == 2 ? Dims{c, o} : Dims{o, c};
  dims.insert(dims.end(), kernel.begin(), kernel.end());
  const std::string w = stored_codes(dims, 3, integers(element_count(dims), -9, 9));
  Value y = like(x, "qop");
  y.shape = x.rank() == 2 ? Shape{1, o} : Shape{1, o};
  if (chance(50)) {  // quantised: the output's scale is part of the operator
    const std::string ys = stored({}, {scale() * 16}), yz = zero_of(type), codes = fresh("codes");
    const bool per = chance(40);
    const std::string ws = stored(per ? Dims{o} : Dims{}, scales(per ? o : 1));
    const std::string wz =
        stored_codes(per ? Dims{o} : Dims{}, 3, Dims(static_cast<std::size_t>(per ? o : 1), 0));
    Names inputs = {q, s, zero, w, ws, wz, ys, yz};
    if (x.rank() == 4 && chance(50)) inputs.push_back(stored_codes({o}, 6, integers(o, -99, 99)));
    auto made = node(x.rank() == 2 ? "QLinearMatMul" : "QLinearConv", inputs, codes);
    if (x.rank() == 4) set_window(made, spatial, out, false, kernel);
    node("DequantizeLinear", {codes, ys, yz}, y.name);
    y.loose = 0;
  } else {
    const std::string sums = fresh("sums"), cast = fresh("cast");
    Names inputs = {q, w};
    if (chance(70)) inputs.push_back(zero);
    auto made = node(x.rank() == 2 ? "MatMulInteger" : "ConvInteger", inputs, sums);
    if (x.rank() == 4) set_window(made, spatial, out, false, kernel);
    node("Cast", {sums}, cast).set("to", 1);
    node("Mul", {cast, stored({}, {scale()})}, y.name);
  }
  y.shape.insert(y.shape.end(), out.begin(), out.end());
  x = y;
  return true;
}

bool NetworkMaker::max_pool(Value& x) {
  if (x.rank() < 3) return false;
  const Shape spatial = spatial_of(x);
  Shape kernel, out;
  for (const std::int64_t n : spatial) kernel.push_back(whole(1, std::min<std::int64_t>(3, n)));
  Value y = like(x, "pool", 0);
  auto made = node("MaxPool", {x.name}, y.name, x.last ? "qonnx.custom_op.channels_last" : "");
  set_window(made, spatial, out, true, kernel);
  y.shape = {1};
  if (!x.last) y.shape.push_back(x.channels());
  y.shape.insert(y.shape.end(), out.begin(), out.end());
  if (x.last) y.shape.push_back(x.channels());
  x = y;
  return true;
}

bool NetworkMaker::average_pool(Value& x) {
  if (x.rank() < 3 || x.last) return false;
  Value y = like(x, "mean");
  y.shape = {1, x.channels()};
  if (chance(40)) {
    node(of<const char*>({"GlobalAveragePool", "GlobalMaxPool"}), {x.name}, y.name);
    y.shape.resize(x.shape.size(), 1);
    x = y;
    return true;
  }
  const Shape spatial = spatial_of(x);
  Shape kernel, out;
  for (const std::int64_t n : spatial) kernel.push_back(whole(1, std::min<std::int64_t>(3, n)));
  auto made = node("AveragePool", {x.name}, y.name);
  set_window(made, spatial, out, true, kernel);
  made.set("count_include_pad", static_cast<int>(whole(0, 1)));
  y.shape.insert(y.shape.end(), out.begin(), out.end());
  x = y;
  return true;
}

}  // namespace nib::random
