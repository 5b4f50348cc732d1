// Random quantisers, weights and biases, by dialect.
#include <algorithm>
#include <cmath>

#include "network_maker.h"

namespace nib::random {

namespace {

const std::vector<const char*>& modes() {
  static const std::vector<const char*> kModes = {"ROUND",   "ROUND",    "ROUND", "HALF_EVEN",
                                                  "CEIL",    "FLOOR",    "UP",    "DOWN",
                                                  "HALF_UP", "HALF_DOWN"};
  return kModes;
}

}  // namespace

NetworkMaker::Value NetworkMaker::quantise(const Value& x) {
  Value y;
  switch (dialect_ == Dialect::kMixed ? static_cast<Dialect>(whole(0, 4)) : dialect_) {
    case Dialect::kQcdq:
      y = pair(x, true);
      break;
    case Dialect::kQdq:
    case Dialect::kOperators:
      y = pair(x, false);
      break;
    case Dialect::kThresholds:
      y = chance(70) ? threshold(x) : quant(x);
      break;
    case Dialect::kQonnx:
    case Dialect::kMixed:
      switch (whole(0, 11)) {
        case 0:
          y = bipolar(x);
          break;
        case 1:
          y = truncate(quant(x));
          break;
        case 2:
          y = minifloat(x);
          break;
        default:
          y = quant(x);
      }
  }
  y.loose = 0;
  return y;
}

NetworkMaker::Value NetworkMaker::quant(const Value& x) {
  const Value y = like(x, "q");
  const Dims channels = along_channels(x);
  const bool per_scale = chance(25), per_bits = chance(15);
  std::vector<float> s = scales(per_scale ? x.channels() : 1), b;
  if (chance(6)) {
    for (float& one : s) one = -one;
  }
  for (std::int64_t i = 0; i < (per_bits ? x.channels() : 1); ++i) {
    b.push_back(static_cast<float>(per_bits ? whole(0, 6) : whole(1, 8)));
  }
  const float zero = chance(75) ? 0 : chance(50) ? static_cast<float>(whole(-3, 3)) : real(3, 1);
  node(of<const char*>({"Quant", "Quant", "IntQuant"}),
       {x.name, stored(per_scale ? channels : of<Dims>({{}, {1}}), s), stored({}, {zero}),
        stored(per_bits ? channels : of<Dims>({{}, {1}}), b)},
       y.name, qonnx_domain())
      .set("signed", static_cast<int>(whole(0, 1)))
      .set("narrow", chance(30) && b[0] > 1 ? 1 : 0)
      .set("rounding_mode", of(modes()));
  return y;
}

NetworkMaker::Value NetworkMaker::bipolar(const Value& x) {
  const Value y = like(x, "sign");
  const bool per = chance(20);
  node("BipolarQuant",
       {x.name, stored(per ? along_channels(x) : Dims{}, scales(per ? x.channels() : 1))}, y.name,
       qonnx_domain());
  return y;
}

NetworkMaker::Value NetworkMaker::threshold(const Value& x) {
  const Value y = like(x, "level");
  const std::int64_t rows = chance(50) ? 1 : x.channels(), levels = whole(1, 9);
  std::vector<float> t = reals(rows * levels, 5, 2);
  if (chance(80)) {
    for (std::int64_t r = 0; r < rows; ++r) {
      std::sort(t.begin() + r * levels, t.begin() + (r + 1) * levels);
    }
  }
  auto made = node("MultiThreshold", {x.name, stored({rows, levels}, t)}, y.name,
                   of<const char*>({"qonnx.custom_op.general", "finn.custom_op.general"}));
  made.set("out_dtype", "INT4").set("out_scale", scale()).set("out_bias", real(3, 1));
  if (x.rank() == 4) made.set("data_layout", x.last ? "NHWC" : "NCHW");
  if (x.rank() == 3) made.set("data_layout", "NCW");
  return y;
}

NetworkMaker::Value NetworkMaker::truncate(const Value& x) {
  const Value y = like(x, "trunc");
  const float s = scale();
  const std::string in = stored({}, {s});
  const std::string zero = stored({}, {static_cast<float>(chance(70) ? 0 : whole(-4, 4))});
  const int out = static_cast<int>(whole(2, 6));
  if (chance(50)) {
    node("Trunc", {x.name, in, zero, stored({}, {8}), stored({}, {static_cast<float>(out)})},
         y.name, qonnx_domain())
        .set("rounding_mode", of(modes()));
    return y;
  }
  const float wider = static_cast<float>(std::ldexp(s, static_cast<int>(whole(-1, 4))));
  std::vector<float> b;
  const bool per = chance(25);
  for (std::int64_t i = 0; i < (per ? x.channels() : 1); ++i) {
    b.push_back(static_cast<float>(whole(2, 6)));
  }
  node(of<const char*>({"Trunc", "TruncQuant"}),
       {x.name, in, zero, stored({}, {8}), stored({}, {wider}),
        stored(per ? along_channels(x) : Dims{}, b)},
       y.name, qonnx_domain())
      .set("rounding_mode", of(modes()))
      .set("signed", static_cast<int>(whole(0, 1)))
      .set("narrow", static_cast<int>(whole(0, 1)));
  return y;
}

NetworkMaker::Value NetworkMaker::minifloat(const Value& x) {
  const Value y = like(x, "float");
  const auto e = static_cast<int>(whole(1, 4)), m = static_cast<int>(whole(0, 3));
  node("FloatQuant",
       {x.name, stored({}, {scale()}), stored({}, {static_cast<float>(e)}),
        stored({}, {static_cast<float>(m)}), stored({}, {static_cast<float>((1 << (e - 1)) - 1)}),
        stored({}, {chance(50) ? 448.0F : 6.0F})},
       y.name, qonnx_domain())
      .set("has_inf", 0)
      .set("has_nan", static_cast<int>(whole(0, 1)))
      .set("has_subnormal", 1)
      .set("saturation", 1)
      .set("rounding_mode", of(modes()));
  return y;
}

/// QuantizeLinear, perhaps Clip, DequantizeLinear.
NetworkMaker::Value NetworkMaker::pair(const Value& x, bool with_clip) {
  const std::string q = fresh("codes");
  const Value y = like(x, "dq");
  const bool wide = !with_clip && opset_ >= 21 && chance(20);
  const bool is_signed = chance(60);
  const int type = wide ? (is_signed ? 5 : 4) : (is_signed ? 3 : 2);
  const bool per = opset_ >= 13 && chance(20);
  const Dims size = per ? Dims{x.channels()} : Dims{};
  const std::int64_t count = per ? x.channels() : 1;
  const std::string s = stored(size, scales(count));
  const std::string zero = stored_codes(size, type,
                                        chance(40) ? Dims(static_cast<std::size_t>(count), 0)
                                                   : integers(count, is_signed ? -20 : 0, 20));
  const auto axis = static_cast<int>(x.channel_axis());
  auto first = node("QuantizeLinear", {x.name, s, zero}, q);
  if (per) first.set("axis", axis);
  std::string codes = q;
  if (with_clip) {
    codes = fresh("clipped");
    const std::int64_t low = is_signed ? whole(-9, -1) : whole(0, 2), high = whole(3, 20);
    if (opset_ >= 12) {
      node("Clip", {q, stored_codes({}, type, {low}), stored_codes({}, type, {high})}, codes);
    } else {
      codes = q;
    }
  }
  auto second = node("DequantizeLinear", {codes, s, zero}, y.name);
  if (per) second.set("axis", axis);
  return y;
}

std::string NetworkMaker::weights(const Dims& dims, std::size_t output_axis) {
  const std::int64_t count = element_count(dims), outputs = dims[output_axis];
  const bool per = chance(40);
  Dims along(dims.size(), 1);
  along[output_axis] = outputs;
  const std::string w = fresh("w");
  const int kind = static_cast<int>(whole(0, 4));
  if (kind == 0) return stored(dims, reals(count, 3, static_cast<int>(whole(0, 3))));
  if (kind <= 2 && opset_ >= 13 &&
      (dialect_ == Dialect::kQdq || dialect_ == Dialect::kQcdq || dialect_ == Dialect::kOperators ||
       dialect_ == Dialect::kMixed)) {
    const Dims size = per ? Dims{outputs} : Dims{};
    const std::int64_t n = per ? outputs : 1;
    const std::string zero = stored_codes(
        size, 3, chance(70) ? Dims(static_cast<std::size_t>(n), 0) : integers(n, -3, 3));
    auto made =
        node("DequantizeLinear",
             {stored_codes(dims, 3, integers(count, -7, 7)), stored(size, scales(n)), zero}, w);
    if (per) made.set("axis", static_cast<int>(output_axis));
    return w;
  }
  if (kind == 3 && chance(40)) {
    node("BipolarQuant", {stored(dims, reals(count, 3, 3)), stored({}, {scale()})}, w,
         qonnx_domain());
    return w;
  }
  std::vector<float> raw;
  for (std::int64_t i = 0; i < count; ++i)
    raw.push_back(static_cast<float>(whole(-1000, 1000)) / 400);
  node("Quant",
       {stored(dims, raw), stored(per ? along : Dims{}, scales(per ? outputs : 1)), stored({}, {0}),
        stored({}, {static_cast<float>(whole(2, 5))})},
       w, qonnx_domain())
      .set("signed", 1)
      .set("narrow", static_cast<int>(whole(0, 1)))
      .set("rounding_mode", "ROUND");
  return w;
}

std::string NetworkMaker::bias(std::int64_t count) {
  if (dialect_ == Dialect::kQdq && chance(60) && opset_ >= 13) {
    const std::string b = fresh("b");
    node("DequantizeLinear",
         {stored_codes({count}, 6, integers(count, -90, 90)), stored({}, {scale()})}, b);
    return b;
  }
  return stored({count}, reals(count, 6, 4));
}

}  // namespace nib::random
