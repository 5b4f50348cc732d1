// Hostile models: selections and resizing.
#include <functional>
#include <limits>

#include "hostile_models.h"

namespace nib::testing {
namespace {

std::string model(const std::function<void(ModelMaker&)>& make, std::int64_t opset = 13,
                  const Dims& x = {-1, 4}) {
  ModelMaker made = x_to_y(opset, x);
  make(made);
  return made.bytes();
}

std::string resize(float scale, const char* mode = "nearest",
                   const char* transform = "asymmetric") {
  return model([&](ModelMaker& made) {
    made.reals("s", {2}, {1, scale});
    made.node("Resize", {"x", "", "s"}, {"y"})
        .set("mode", mode)
        .set("coordinate_transformation_mode", transform);
  });
}

std::string pad(const Dims& pads, const char* mode = "constant") {
  return model([&](ModelMaker& made) {
    made.integers("p", {static_cast<std::int64_t>(pads.size())}, pads);
    made.node("Pad", {"x", "p"}, {"y"}).set("mode", mode);
  });
}

std::string slice(const Dims& start, const Dims& end, const Dims& step) {
  return model([&](ModelMaker& made) {
    made.integers("s", {static_cast<std::int64_t>(start.size())}, start);
    made.integers("e", {static_cast<std::int64_t>(end.size())}, end);
    made.integers("a", {1}, {1});
    made.integers("t", {1}, step);
    made.node("Slice", {"x", "s", "e", "a", "t"}, {"y"});
  });
}

}  // namespace

HostileModels hostile_selections() {
  HostileModels out;
  add(out, "a slice by steps of 0", ErrorCode::E306, slice({0}, {4}, {0}));
  add(out, "a slice with two starts", ErrorCode::E306, slice({0, 0}, {4}, {1}));
  add(out, "a slice of nothing", ErrorCode::E307, slice({3}, {1}, {1}));
  add(out, "a slice by steps of -2^63 of nothing", ErrorCode::E307,
      slice({0}, {3}, {std::numeric_limits<std::int64_t>::min()}));
  add(out, "a split that does not sum up", ErrorCode::E307, model([](ModelMaker& made) {
        made.integers("p", {2}, {1, 2});
        made.node("Split", {"x", "p"}, {"y", "z"}).set("axis", 1);
      }));
  add(out, "a split into negative parts", ErrorCode::E306, model([](ModelMaker& made) {
        made.integers("p", {2}, {-1, 5});
        made.node("Split", {"x", "p"}, {"y", "z"}).set("axis", 1);
      }));
  add(out, "a split of the batch", ErrorCode::E215, model([](ModelMaker& made) {
        made.integers("p", {2}, {1, 0});
        made.node("Split", {"x", "p"}, {"y", "z"});
      }));
  add(out, "pads of the batch", ErrorCode::E215, pad({1, 0, 0, 0}));
  add(out, "a pad of 2^40", ErrorCode::E306, pad({0, 1LL << 40, 0, 0}));
  add(out, "a crop beyond the tensor", ErrorCode::E306, pad({0, -5, 0, 0}));
  add(out, "a crop of everything", ErrorCode::E307, pad({0, -2, 0, -2}));
  add(out, "three pads", ErrorCode::E306, pad({0, 0, 0}));
  add(out, "an unknown mode of Pad", ErrorCode::E306, pad({0, 1, 0, 1}, "mirror"));
  add(out, "a padding of infinity", ErrorCode::E217, model([](ModelMaker& made) {
        made.integers("p", {4}, {0, 1, 0, 0});
        made.reals("v", {}, {-std::numeric_limits<float>::infinity()});
        made.node("Pad", {"x", "p", "v"}, {"y"});
      }));
  add(out, "a Gather of data beyond the end", ErrorCode::E306, model([](ModelMaker& made) {
        made.integers("i", {1}, {4});
        made.node("Gather", {"x", "i"}, {"y"}).set("axis", 1);
      }));
  add(out, "a Gather by computed indices", ErrorCode::E308, model([](ModelMaker& made) {
        made.node("ArgMax", {"x"}, {"i"}).set("axis", 1);
        made.node("Gather", {"x", "i"}, {"y"}).set("axis", 1);
      }));
  add(out, "a tile of 2^25 times", ErrorCode::E207, model([](ModelMaker& made) {
        made.integers("r", {2}, {1, 1 << 25});
        made.node("Tile", {"x", "r"}, {"y"});
      }));
  add(out, "an expansion that does not broadcast", ErrorCode::E307, model([](ModelMaker& made) {
        made.integers("s", {2}, {1, 3});
        made.node("Expand", {"x", "s"}, {"y"});
      }));
  add(out, "a resize by 0", ErrorCode::E306, resize(0));
  add(out, "a resize by NaN", ErrorCode::E306, resize(std::numeric_limits<float>::quiet_NaN()));
  add(out, "a resize to nothing", ErrorCode::E307, resize(0.125F));
  add(out, "a huge resize", ErrorCode::E306, resize(1e30F));
  add(out, "a linear resize", ErrorCode::E309, resize(2, "linear"));
  add(out, "a resize that crops", ErrorCode::E309, resize(2, "nearest", "tf_crop_and_resize"));
  add(out, "a resize by nothing", ErrorCode::E306,
      model([](ModelMaker& made) { made.node("Resize", {"x"}, {"y"}); }));
  add(out, "a resize of opset 10 between elements", ErrorCode::E309,
      model(
          [](ModelMaker& made) {
            made.reals("s", {2}, {1, 0.75F});
            made.node("Resize", {"x", "s"}, {"y"});
          },
          10));
  add(out, "blocks of 0", ErrorCode::E306,
      model([](ModelMaker& made) { made.node("DepthToSpace", {"x"}, {"y"}); }, 13, {-1, 4, 2, 2}));
  add(out, "blocks that do not divide", ErrorCode::E307,
      model([](ModelMaker& made) { made.node("SpaceToDepth", {"x"}, {"y"}).set("blocksize", 3); },
            13, {-1, 4, 2, 2}));
  add(out, "Im2Col by steps of 0", ErrorCode::E306,
      model(
          [](ModelMaker& made) {
            made.node("Im2Col", {"x"}, {"y"}, kQonnx)
                .set("stride", Dims{0, 1})
                .set("kernel_size", Dims{2, 2});
          },
          13, {-1, 4, 4, 2}));
  return out;
}

}  // namespace nib::testing
