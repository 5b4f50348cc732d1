// Hostile models: QDQ, quantised operators, QONNX's other quantisers.
#include <functional>

#include "hostile_models.h"

namespace nib::testing {
namespace {

std::string model(const std::function<void(ModelMaker&)>& make, std::int64_t opset = 13) {
  ModelMaker made = x_to_y(opset);
  make(made);
  return made.bytes();
}

std::string quantize(const std::vector<float>& scale, int zero_type) {
  return model([&](ModelMaker& made) {
    const auto count = static_cast<std::int64_t>(scale.size());
    made.reals("s", {count}, scale);
    made.codes("z", {1}, zero_type, {0});
    made.node("QuantizeLinear", {"x", "s", "z"}, {"y"}).named("the_quantiser");
  });
}

std::string trunc2(float out_scale, float out_bits) {
  return model([&](ModelMaker& made) {
    for (const char* name : {"s", "z", "in"}) made.filled(name, {}, 4);
    made.reals("t", {}, {out_scale});
    made.reals("out", {}, {out_bits});
    made.node("Trunc", {"x", "s", "z", "in", "t", "out"}, {"y"}, kQonnx);
  });
}

std::string float_quant(float exponent, float largest, int saturation = 1) {
  return model([&](ModelMaker& made) {
    for (const char* name : {"s", "m", "b"}) made.filled(name, {}, 4);
    made.reals("e", {}, {exponent});
    made.reals("top", {}, {largest});
    made.node("FloatQuant", {"x", "s", "e", "m", "b", "top"}, {"y"}, kQonnx)
        .set("saturation", saturation);
  });
}

}  // namespace

HostileModels hostile_dialects() {
  HostileModels out;
  add(out, "a scale of QuantizeLinear that is 0", ErrorCode::E402, quantize({0}, 3));
  add(out, "a negative scale of QuantizeLinear", ErrorCode::E402, quantize({-1}, 3));
  add(out, "three scales for four channels", ErrorCode::E307, quantize({1, 2, 3}, 3));
  add(out, "codes of int32", ErrorCode::E309, quantize({1}, 6));
  add(out, "a computed scale of QuantizeLinear", ErrorCode::E401, model([](ModelMaker& made) {
        made.node("QuantizeLinear", {"x", "x"}, {"y"});
      }));
  add(out, "blocked scales", ErrorCode::E309,
      model(
          [](ModelMaker& made) {
            made.reals("s", {1, 2}, {1, 2});
            made.node("QuantizeLinear", {"x", "s"}, {"y"}).set("block_size", 2);
          },
          21));
  add(out, "dequantised reals", ErrorCode::E309, model([](ModelMaker& made) {
        made.reals("s", {}, {1});
        made.node("DequantizeLinear", {"x", "s"}, {"y"});
      }));
  add(out, "codes and zero point of two types", ErrorCode::E306, model([](ModelMaker& made) {
        made.reals("s", {}, {1});
        made.codes("z", {}, 3, {0});
        made.node("QuantizeLinear", {"x", "s"}, {"q"});
        made.node("DequantizeLinear", {"q", "s", "z"}, {"y"});
      }));
  add(out, "QLinearMatMul of reals", ErrorCode::E309, model([](ModelMaker& made) {
        made.reals("s", {}, {1});
        made.codes("z", {}, 3, {0});
        made.codes("w", {4, 1}, 3, {1, 2, 3, 4});
        made.node("QLinearMatMul", {"x", "s", "z", "w", "s", "z", "s", "z"}, {"y"});
      }));
  add(out, "QLinearConv of seven inputs", ErrorCode::E303, model([](ModelMaker& made) {
        made.node("QLinearConv", {"x", "x", "x", "x", "x", "x", "x"}, {"y"});
      }));
  add(out, "Trunc to a scale that is no shift", ErrorCode::E309, trunc2(12, 4));
  add(out, "Trunc to 63 bits", ErrorCode::E403, trunc2(16, 63));
  add(out, "Trunc to a negative scale", ErrorCode::E309, trunc2(-4, 4));
  add(out, "a minifloat without exponent", ErrorCode::E403, float_quant(0, 448));
  add(out, "a minifloat of half an exponent bit", ErrorCode::E403, float_quant(3.5F, 448));
  add(out, "a largest minifloat of 0", ErrorCode::E306, float_quant(4, 0));
  add(out, "a recurrent cell", ErrorCode::E301,
      model([](ModelMaker& made) { made.node("LSTM", {"x"}, {"y"}); }));
  return out;
}

}  // namespace nib::testing
