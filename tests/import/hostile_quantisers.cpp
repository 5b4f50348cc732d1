// Hostile models: quantisers.
#include <cmath>
#include <functional>

#include "hostile_models.h"

namespace nib::testing {
namespace {

std::string quant(float scale, float zero_point, float bits,
                  const std::function<void(ModelMaker&)>& change = {}) {
  ModelMaker made = x_to_y();
  made.quant("x", "y", scale, zero_point, bits).named("the_quant");
  if (change) change(made);
  return made.bytes();
}

/// Quant whose input `index` is computed from x.
std::string dynamic(int index) {
  return quant(1, 0, 4, [&](ModelMaker& made) {
    made.node("Relu", {"x"}, {"computed"});
    made.graph().mutable_node(0)->set_input(index, std::string("computed"));
  });
}

std::string mode(const char* name) {
  return quant(1, 0, 4, [&](ModelMaker& made) {
    made.graph().mutable_node(0)->mutable_attribute(2)->set_s(std::string(name));
  });
}

std::string thresholds(const Dims& dims, const std::vector<float>& data) {
  ModelMaker made = x_to_y();
  made.reals("t", dims, data);
  made.node("MultiThreshold", {"x", "t"}, {"y"}, kQonnx).named("the_thresholds");
  return made.bytes();
}

}  // namespace

HostileModels hostile_quantisers() {
  const float nan = std::nanf(""), infinite = HUGE_VALF;
  HostileModels out;
  add(out, "a scale that is computed", ErrorCode::E401, dynamic(1));
  add(out, "a zero point that is computed", ErrorCode::E401, dynamic(2));
  add(out, "a bit width that is computed", ErrorCode::E401, dynamic(3));
  add(out, "a scale of 0", ErrorCode::E402, quant(0, 0, 4));
  add(out, "a scale of -0", ErrorCode::E402, quant(-0.0F, 0, 4));
  add(out, "a scale that is NaN", ErrorCode::E402, quant(nan, 0, 4));
  add(out, "a scale that is infinite", ErrorCode::E402, quant(infinite, 0, 4));
  add(out, "one scale of four that is 0", ErrorCode::E402, quant(1, 0, 4, [](ModelMaker& made) {
        auto& scale = *made.graph().mutable_initializer(0);
        scale.add_dims(4);
        scale.clear_float_data();
        for (const float s : {1.0F, 2.0F, 0.0F, 4.0F}) {
          scale.add_float_data(s);
        }
      }));
  add(out, "a bipolar scale of 0", ErrorCode::E402, [] {
    ModelMaker made = x_to_y();
    made.reals("s", {}, {0});
    made.node("BipolarQuant", {"x", "s"}, {"y"}, kQonnx);
    return made.bytes();
  }());
  add(out, "2.5 bits", ErrorCode::E403, quant(1, 0, 2.5F));
  add(out, "-1 bits", ErrorCode::E403, quant(1, 0, -1));
  add(out, "65 bits", ErrorCode::E403, quant(1, 0, 65));
  add(out, "a billion bits", ErrorCode::E403, quant(1, 0, 1e9F));
  add(out, "NaN bits", ErrorCode::E403, quant(1, 0, nan));
  add(out, "a zero point that is NaN", ErrorCode::E404, quant(1, nan, 4));
  add(out, "a zero point that is infinite", ErrorCode::E404, quant(1, -infinite, 4));
  add(out, "stochastic rounding", ErrorCode::E405, mode("STOCHASTIC_ROUND"));
  add(out, "an empty rounding mode", ErrorCode::E405, mode(""));
  add(out, "a scale that is larger than the tensor", ErrorCode::E307,
      quant(1, 0, 4, [](ModelMaker& made) {
        auto& scale = *made.graph().mutable_initializer(0);
        scale.add_dims(3);
        scale.add_dims(1);
        for (int i = 0; i < 2; ++i) scale.add_float_data(1);
      }));
  add(out, "a bit width of shape 3 for 4 elements", ErrorCode::E307,
      quant(1, 0, 4, [](ModelMaker& made) {
        auto& bits = *made.graph().mutable_initializer(2);
        bits.add_dims(3);
        for (int i = 0; i < 2; ++i) bits.add_float_data(1);
      }));
  add(out, "thresholds that are computed", ErrorCode::E406, [] {
    ModelMaker made = x_to_y();
    made.node("MultiThreshold", {"x", "x"}, {"y"}, kQonnx);
    return made.bytes();
  }());
  add(out, "thresholds of rank 1", ErrorCode::E406, thresholds({3}, {1, 2, 3}));
  add(out, "no thresholds", ErrorCode::E406, thresholds({4, 0}, {}));
  add(out, "a threshold that is NaN", ErrorCode::E406, thresholds({1, 2}, {0, nan}));
  add(out, "thresholds for 3 of 4 channels", ErrorCode::E307, thresholds({3, 1}, {0, 1, 2}));
  add(out, "an out_scale that is infinite", ErrorCode::E306, [] {
    ModelMaker made = x_to_y();
    made.reals("t", {1, 1}, {0});
    made.node("MultiThreshold", {"x", "t"}, {"y"}, kQonnx).set("out_scale", HUGE_VALF);
    return made.bytes();
  }());
  return out;
}

}  // namespace nib::testing
