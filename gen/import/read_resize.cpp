// Readers of nearest resizing, of blocks moved between depth and space, and of Im2Col.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nib/import/builder.h"
#include "nib/import/take.h"

namespace nib::importer {
namespace {

using graph::ValueId;

/// How an output position becomes an input position, and that an index.
struct Sampling {
  std::string transform = "half_pixel";
  std::string nearest = "round_prefer_floor";
};

/// One axis: its lengths and what an output step is worth, as out / in.
struct Axis {
  std::int64_t in = 1, out = 1;
  double scale = 1;         ///< the float32 value, or out / in
  bool by_lengths = false;  ///< the scale is out / in exactly
};

/// Position in the input of output element i. Lengths have at most 25 bits and float32 scales 24:
/// floors and ties of the double are those of the exact quotient.
double position(const NodeReader& node, const Axis& axis, const Sampling& sampling,
                std::int64_t i) {
  const auto in = static_cast<double>(axis.in), out = static_cast<double>(axis.out);
  const auto unscaled = [&](double at) {
    return axis.by_lengths ? at * in / out : at / axis.scale;
  };
  const auto x = static_cast<double>(i);
  if (sampling.transform == "asymmetric") return unscaled(x);
  if (sampling.transform == "half_pixel") return unscaled(x + 0.5) - 0.5;
  if (sampling.transform == "half_pixel_symmetric") {
    // in / 2 (1 - out / (in scale)) + (x + 0.5) / scale - 0.5, on one fraction.
    return axis.by_lengths ? unscaled(x + 0.5) - 0.5
                           : (in * axis.scale + 2 * x + 1 - out) / (2 * axis.scale) - 0.5;
  }
  if (sampling.transform == "pytorch_half_pixel") {
    return axis.out > 1 ? unscaled(x + 0.5) - 0.5 : 0;
  }
  if (sampling.transform == "align_corners") {
    return axis.out == 1 ? 0 : x * (in - 1) / (out - 1);
  }
  if (sampling.transform == "tf_half_pixel_for_nn") return unscaled(x + 0.5);
  node.fail(ErrorCode::E309, "coordinate_transformation_mode is " + in_quotes(sampling.transform));
}

std::int64_t nearest_index(const NodeReader& node, double at, const Sampling& sampling) {
  const auto whole = [](double x) { return static_cast<std::int64_t>(x); };
  if (sampling.nearest == "round_prefer_floor") return whole(std::ceil(at - 0.5));
  if (sampling.nearest == "round_prefer_ceil") return whole(std::floor(at + 0.5));
  if (sampling.nearest == "floor") return whole(std::floor(at));
  if (sampling.nearest == "ceil") return whole(std::ceil(at));
  node.fail(ErrorCode::E306, "nearest_mode is " + in_quotes(sampling.nearest));
}

void need_nearest(NodeReader& node) {
  const std::string mode = node.text("mode").value_or("nearest");
  if (mode != "nearest") {
    node.fail(ErrorCode::E309, "mode is " + in_quotes(mode), "nib resizes by nearest elements");
  }
}

void emit_resized(NodeReader& node, const std::vector<Axis>& axes, const Sampling& sampling) {
  const Shape x = node.shape(0);
  Selection selection(x.size());
  for (std::size_t a = 0; a < x.size(); ++a) {
    const Axis& axis = axes[a];
    if (axis.out == axis.in && axis.scale == 1) continue;
    if (axis.out < 1 || axis.in < 1)
      node.fail(ErrorCode::E307, fmt::format("nothing is left of axis {}", a));
    if (node.builder().graph.batched && node.facts(0).batch_axis == static_cast<int>(a)) {
      node.fail(ErrorCode::E215, fmt::format("it resizes axis {}, the batch", a));
    }
    std::vector<std::int32_t> index = index_list(node, axis.out);
    for (std::int64_t i = 0; i < axis.out; ++i) {
      const std::int64_t from = nearest_index(node, position(node, axis, sampling, i), sampling);
      index.push_back(static_cast<std::int32_t>(std::clamp(from, std::int64_t{0}, axis.in - 1)));
    }
    selection.axes[a] = std::move(index);
  }
  emit_selection(node, std::move(selection));
}

/// The output has floor(in * scale) elements, in float32 as executors compute it.
Axis scaled_axis(const NodeReader& node, std::int64_t in, double scale) {
  if (!(scale > 0) || !(scale <= 1 << 20)) {
    node.fail(ErrorCode::E306, fmt::format("a scale of {}", scale));
  }
  const float length = std::floor(static_cast<float>(in) * static_cast<float>(scale));
  if (length > static_cast<float>(kMaxElements)) {
    node.fail(ErrorCode::E207, fmt::format("an axis of length {}", length));
  }
  return {in, static_cast<std::int64_t>(length), scale, false};
}

std::vector<Axis> axes_by_scales(NodeReader& node, const std::vector<double>& scales,
                                 const std::vector<int>& which) {
  const Shape& x = node.shape(0);
  if (scales.size() != which.size()) {
    node.fail(ErrorCode::E306, fmt::format("{} scales for {} axes", scales.size(), which.size()));
  }
  std::vector<Axis> out;
  for (const std::int64_t length : x) out.push_back({length, length, 1, false});
  for (std::size_t i = 0; i < which.size(); ++i) {
    const auto a = static_cast<std::size_t>(which[i]);
    out[a] = scaled_axis(node, x[a], scales[i]);
  }
  return out;
}

std::vector<Axis> axes_by_sizes(NodeReader& node, const std::vector<std::int64_t>& sizes,
                                const std::vector<int>& which) {
  const Shape& x = node.shape(0);
  if (sizes.size() != which.size()) {
    node.fail(ErrorCode::E306, fmt::format("{} sizes for {} axes", sizes.size(), which.size()));
  }
  std::vector<Axis> out;
  for (const std::int64_t length : x) out.push_back({length, length, 1, false});
  for (std::size_t i = 0; i < which.size(); ++i) {
    const auto a = static_cast<std::size_t>(which[i]);
    std::int64_t size = sizes[i];
    if (node.facts(0).batch_axis == which[i] && node.builder().graph.batched) {
      const std::int64_t rows = node.builder().file_batch;
      if (rows > 1 && size != rows) {
        node.fail(ErrorCode::E215, fmt::format("it resizes axis {}, the batch", a));
      }
      if (size == rows) size = x[a];
    }
    if (size < 1 || size > kMaxElements) {
      node.fail(ErrorCode::E306, fmt::format("a size of {}", size));
    }
    out[a] = {x[a], size, static_cast<double>(size) / static_cast<double>(x[a]), true};
  }
  return out;
}

/// Opset 10 and Upsample: asymmetric, rounded down; between elements ONNX says nothing for a
/// shrinking axis.
void read_upsample(NodeReader& node) {
  need_nearest(node);
  std::vector<double> scales;
  if (node.opset() >= 9) {
    node.arity(2, 2);
    scales = node.reals(1, "the scales").data;
  } else {
    node.arity(1, 1);
    const auto list = node.floats("scales");
    if (!list) node.fail(ErrorCode::E306, "no scales");
    scales = *list;
  }
  std::vector<int> which;
  for (std::size_t a = 0; a < node.shape(0).size(); ++a) which.push_back(static_cast<int>(a));
  const std::vector<Axis> axes = axes_by_scales(node, scales, which);
  for (const Axis& axis : axes) {
    if (axis.scale < 1 && std::floor(1 / axis.scale) * axis.scale != 1) {
      node.fail(ErrorCode::E309, fmt::format("a scale of {} in opset {}", axis.scale, node.opset()),
                "which elements it takes is not defined: use opset 11 or later");
    }
  }
  emit_resized(node, axes, {"asymmetric", "floor"});
}

void read_resize(NodeReader& node) {
  if (node.opset() < 11) {
    read_upsample(node);
    return;
  }
  node.arity(1, 4);
  need_nearest(node);
  for (const char* name :
       {"cubic_coeff_a", "exclude_outside", "extrapolation_value", "antialias"}) {
    node.ignore(name);
  }
  const std::string policy = node.text("keep_aspect_ratio_policy").value_or("stretch");
  if (policy != "stretch") {
    node.fail(ErrorCode::E309, "keep_aspect_ratio_policy is " + in_quotes(policy));
  }
  Sampling sampling;
  sampling.transform = node.text("coordinate_transformation_mode").value_or(sampling.transform);
  sampling.nearest = node.text("nearest_mode").value_or(sampling.nearest);
  std::vector<int> which;
  const std::size_t rank = node.shape(0).size();
  if (const auto axes = node.list("axes"); axes && !axes->empty()) {
    for (const std::int64_t axis : *axes) which.push_back(node.axis(axis, rank));
  } else {
    for (std::size_t a = 0; a < rank; ++a) which.push_back(static_cast<int>(a));
  }
  const auto given = [&](std::size_t i) {
    return node.has(i) && element_count(graph::shape_of(node.constant(i, "scales or sizes"))) > 0;
  };
  if (given(2) == given(3)) node.fail(ErrorCode::E306, "scales or sizes: one of them is needed");
  emit_resized(node,
               given(2) ? axes_by_scales(node, node.reals(2, "the scales").data, which)
                        : axes_by_sizes(node, node.integers(3, "the sizes"), which),
               sampling);
}

std::int64_t block_size(NodeReader& node) {
  const std::int64_t block = node.attribute("blocksize", std::int64_t{0});
  if (block < 1 || block > kMaxElements) {
    node.fail(ErrorCode::E306, fmt::format("blocksize is {}", block));
  }
  const Shape& x = node.shape(0);
  if (x.size() != 4) node.fail(ErrorCode::E307, fmt::format("{} has not 4 axes", to_string(x)));
  return block;
}

void emit_blocks(NodeReader& node, const Shape& split, std::vector<int> perm, const Shape& out) {
  const int batch = node.facts(0).batch_axis;
  const ElementType type = node.facts(0).type;
  if (batch > 0) node.fail(ErrorCode::E215, fmt::format("it mixes axis {}, the batch", batch));
  const ValueId apart = node.step("split", graph::Reshape{}, {node.in(0)}, split, batch);
  const ValueId moved = node.step("moved", graph::Transpose{std::move(perm)}, {apart});
  node.emit(graph::Reshape{}, {moved}, out, batch);
  node.set_type(type);
}

void read_depth_to_space(NodeReader& node) {
  node.arity(1, 1);
  const std::int64_t b = block_size(node);
  const Shape x = node.shape(0);
  const std::string mode = node.text("mode").value_or("DCR");
  if (mode != "DCR" && mode != "CRD") node.fail(ErrorCode::E306, "mode is " + in_quotes(mode));
  if (b > 1 << 12 || x[1] % (b * b) != 0) {
    node.fail(ErrorCode::E307, fmt::format("{} channels in blocks of {} x {}", x[1], b, b));
  }
  const std::int64_t depth = x[1] / (b * b);
  const Shape out = {x[0], depth, x[2] * b, x[3] * b};
  if (mode == "DCR") {
    emit_blocks(node, {x[0], b, b, depth, x[2], x[3]}, {0, 3, 4, 1, 5, 2}, out);
  } else {
    emit_blocks(node, {x[0], depth, b, b, x[2], x[3]}, {0, 1, 4, 2, 5, 3}, out);
  }
}

void read_space_to_depth(NodeReader& node) {
  node.arity(1, 1);
  const std::int64_t b = block_size(node);
  const Shape x = node.shape(0);
  if (x[2] % b != 0 || x[3] % b != 0) {
    node.fail(ErrorCode::E307, fmt::format("{} in blocks of {} x {}", to_string(x), b, b));
  }
  const Shape split = {x[0], x[1], x[2] / b, b, x[3] / b, b};
  emit_blocks(node, split, {0, 3, 5, 1, 2, 4}, {x[0], x[1] * b * b, x[2] / b, x[3] / b});
}

/// The windows of one axis of Im2Col, one after the other.
struct Im2ColAxis {
  std::int64_t kernel = 1, stride = 1, begin = 0, end = 0, dilation = 1, count = 0;
  std::vector<std::int32_t> index;
};

void index_windows(NodeReader& node, Im2ColAxis& axis, std::int64_t length) {
  constexpr std::int64_t kMost = 1 << 20;
  for (const std::int64_t x : {axis.kernel, axis.stride, axis.dilation}) {
    if (x < 1 || x > kMost) node.fail(ErrorCode::E306, fmt::format("a kernel or step of {}", x));
  }
  for (const std::int64_t x : {axis.begin, axis.end}) {
    if (x < 0 || x > kMost) node.fail(ErrorCode::E306, fmt::format("a pad of {}", x));
  }
  const std::int64_t extent = axis.dilation * (axis.kernel - 1) + 1;
  const std::int64_t room = length + axis.begin + axis.end - extent;
  if (room < 0) node.fail(ErrorCode::E307, fmt::format("a window of {} on {}", extent, length));
  axis.count = room / axis.stride + 1;
  axis.index = index_list(node, axis.count * axis.kernel);
  for (std::int64_t o = 0; o < axis.count; ++o) {
    for (std::int64_t k = 0; k < axis.kernel; ++k) {
      const std::int64_t at = o * axis.stride - axis.begin + k * axis.dilation;
      axis.index.push_back(at < 0 || at >= length ? -1 : static_cast<std::int32_t>(at));
    }
  }
}

/// QONNX: (N, H, W, C) to (N, rows, columns, kernel rows x kernel columns x C).
void read_im2col(NodeReader& node) {
  node.arity(1, 1);
  node.ignore("input_shape");
  node.ignore("depthwise");  // changes what reads the result, not the result
  const Shape x = node.shape(0);
  if (x.size() != 4) node.fail(ErrorCode::E307, fmt::format("{} has not 4 axes", to_string(x)));
  const auto kernel = node.per_axis("kernel_size", 2), stride = node.per_axis("stride", 2);
  const auto pads = node.per_axis("pad_amount", 4), dilations = node.per_axis("dilations", 2);
  if (kernel.empty() || stride.empty()) node.fail(ErrorCode::E306, "no kernel_size or no stride");
  Im2ColAxis axes[2];
  for (std::size_t a = 0; a < 2; ++a) {
    axes[a].kernel = kernel[a];
    axes[a].stride = stride[a];
    if (!pads.empty()) {
      axes[a].begin = pads[a];
      axes[a].end = pads[a + 2];
    }
    if (!dilations.empty()) axes[a].dilation = dilations[a];
    index_windows(node, axes[a], x[a + 1]);
  }
  Selection selection(4);
  if (const RawAttribute* fill = node.take("pad_value")) {
    const auto* whole = std::get_if<std::int64_t>(&fill->value);
    selection.fill =
        whole != nullptr ? static_cast<double>(*whole) : node.attribute("pad_value", 0.0);
  }
  for (std::size_t a = 0; a < 2; ++a) selection.axes[a + 1] = std::move(axes[a].index);
  const ValueId taken = step_selection(node, "windows", std::move(selection), node.in(0));
  const Shape split = {x[0], axes[0].count, axes[0].kernel, axes[1].count, axes[1].kernel, x[3]};
  const int batch = node.facts(0).batch_axis;
  const ValueId apart = node.step("split", graph::Reshape{}, {taken}, split, batch);
  const ValueId moved = node.step("moved", graph::Transpose{{0, 1, 3, 2, 4, 5}}, {apart});
  node.emit(graph::Reshape{}, {moved},
            {x[0], axes[0].count, axes[1].count, axes[0].kernel * axes[1].kernel * x[3]}, batch);
}

}  // namespace

const std::vector<OpEntry>& resize_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "Resize", read_resize},
      {"", "Upsample", read_upsample},
      {"", "DepthToSpace", read_depth_to_space},
      {"", "SpaceToDepth", read_space_to_depth},
      {"qonnx", "Im2Col", read_im2col},
  };
  return kTable;
}

}  // namespace nib::importer
