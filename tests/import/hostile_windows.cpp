// Hostile models: windows of convolutions and pools, reductions.
#include <functional>

#include "hostile_models.h"

namespace nib::testing {
namespace {

/// y = Conv(x, w) over x (N, 4, 8, 8).
std::string conv(const std::function<void(NodeMaker&)>& change, const Dims& w = {2, 4, 3, 3}) {
  ModelMaker made = x_to_y(13, {-1, 4, 8, 8});
  made.filled("w", w, 1);
  NodeMaker node = made.node("Conv", {"x", "w"}, {"y"}).named("the_conv");
  if (change) change(node);
  return made.bytes();
}

std::string pool(const char* op, const std::function<void(NodeMaker&)>& change,
                 const Dims& x = {-1, 4, 8, 8}) {
  ModelMaker made = x_to_y(13, x);
  NodeMaker node = made.node(op, {"x"}, {"y"}).named("the_pool");
  change(node);
  return made.bytes();
}

}  // namespace

HostileModels hostile_windows() {
  const auto set = [](const char* name, const Dims& values) {
    return conv([&](NodeMaker& node) { node.set(name, values); });
  };
  HostileModels out;
  add(out, "strides of 0", ErrorCode::E306, set("strides", {0, 0}));
  add(out, "a negative stride", ErrorCode::E306, set("strides", {1, -1}));
  add(out, "three strides", ErrorCode::E306, set("strides", {1, 1, 1}));
  add(out, "a dilation of 0", ErrorCode::E306, set("dilations", {1, 0}));
  add(out, "a dilation of 2^62", ErrorCode::E306, set("dilations", {1, 1LL << 62}));
  add(out, "a dilation beyond the input", ErrorCode::E307, set("dilations", {1, 9}));
  add(out, "negative pads", ErrorCode::E306, set("pads", {0, -1, 0, 0}));
  add(out, "pads of 2^62", ErrorCode::E306, set("pads", {0, 1LL << 62, 0, 1LL << 62}));
  add(out, "pads that make a huge output", ErrorCode::E207,
      set("pads", {1 << 20, 1 << 20, 1 << 20, 1 << 20}));
  add(out, "pads of one axis", ErrorCode::E306, set("pads", {1, 1}));
  add(out, "a kernel that is not that of the weights", ErrorCode::E307,
      set("kernel_shape", {3, 5}));
  add(out, "a kernel of 0", ErrorCode::E306, set("kernel_shape", {0, 3}));
  add(out, "an unknown auto_pad", ErrorCode::E306,
      conv([](NodeMaker& node) { node.set("auto_pad", "SAME"); }));
  add(out, "pads beside auto_pad", ErrorCode::E306, conv([](NodeMaker& node) {
        node.set("auto_pad", "SAME_UPPER").set("pads", Dims{2, 2, 0, 0});
      }));
  add(out, "groups that do not divide", ErrorCode::E307,
      conv([](NodeMaker& node) { node.set("group", 3); }));
  add(out, "no group", ErrorCode::E306, conv([](NodeMaker& node) { node.set("group", 0); }));
  add(out, "weights of rank 8", ErrorCode::E307, conv({}, {1, 1, 1, 1, 1, 1, 1, 1}));
  add(out, "weights for 3 of 4 channels", ErrorCode::E307, conv({}, {2, 3, 3, 3}));
  add(out, "a kernel larger than the input", ErrorCode::E307, conv({}, {2, 4, 9, 9}));
  add(out, "a convolution of three axes", ErrorCode::E309, [] {
    ModelMaker made = x_to_y(13, {-1, 1, 4, 4, 4});
    made.filled("w", {1, 1, 2, 2, 2}, 1);
    made.node("Conv", {"x", "w"}, {"y"});
    return made.bytes();
  }());
  add(out, "a convolution by computed weights", ErrorCode::E308, [] {
    ModelMaker made = x_to_y(13, {-1, 1, 4, 4});
    made.node("Conv", {"x", "x"}, {"y"});
    return made.bytes();
  }());
  add(out, "a pool without a kernel", ErrorCode::E306, pool("MaxPool", [](NodeMaker&) {}));
  add(out, "a window of padding alone", ErrorCode::E309, pool("MaxPool", [](NodeMaker& node) {
        node.set("kernel_shape", Dims{2, 2}).set("pads", Dims{2, 0, 0, 0});
      }));
  add(out, "a pool of a matrix", ErrorCode::E307,
      pool("AveragePool", [](NodeMaker& node) { node.set("kernel_shape", Dims{}); }, {-1, 4}));
  add(out, "a reduction of the batch", ErrorCode::E215,
      pool("ReduceMean", [](NodeMaker& node) { node.set("axes", Dims{0}); }));
  add(out, "a reduction that names an axis twice", ErrorCode::E306,
      pool("ReduceMax", [](NodeMaker& node) {
        node.set("axes", Dims{1, -3});
      }));
  return out;
}

}  // namespace nib::testing
