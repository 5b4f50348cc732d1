// Readers of pools and reductions.
#include <fmt/format.h>

#include <algorithm>

#include "nib/import/builder.h"
#include "nib/import/window.h"

namespace nib::importer {
namespace {

Shape pooled_axes(NodeReader& node, bool channels_last) {
  const Shape& x = node.shape(0);
  if (x.size() < 3) {
    node.fail(ErrorCode::E307, fmt::format("{} has no spatial axis", to_string(x)));
  }
  if (x.size() > 4) {
    node.fail(ErrorCode::E309, fmt::format("{} spatial axes", x.size() - 2),
              "nib has pools of one and of two spatial axes");
  }
  return spatial_of(x, channels_last);
}

void need_elements(NodeReader& node, const graph::Window& window, const Shape& spatial) {
  if (has_empty_window(window, spatial)) {
    node.fail(ErrorCode::E309, "a window holds nothing but padding", "use smaller pads");
  }
}

void read_max_pool_of(NodeReader& node, bool channels_last) {
  node.arity(1, 1, 2);
  node.ignore("storage_order");
  const Shape spatial = pooled_axes(node, channels_last);
  graph::MaxPool op{pool_window(node, spatial), channels_last};
  need_elements(node, op.window, spatial);
  node.emit(std::move(op), {node.in(0)});
}

void read_max_pool(NodeReader& node) { read_max_pool_of(node, false); }
void read_max_pool_last(NodeReader& node) { read_max_pool_of(node, true); }

void read_average_pool(NodeReader& node) {
  node.arity(1, 1);
  const Shape spatial = pooled_axes(node, false);
  graph::AveragePool op;
  op.window = pool_window(node, spatial);
  op.count_include_pad = node.flag("count_include_pad", false);
  need_elements(node, op.window, spatial);
  node.emit(std::move(op), {node.in(0)});
}

void read_global(NodeReader& node, graph::ReduceKind kind) {
  node.arity(1, 1);
  const Shape& x = node.shape(0);
  if (x.size() < 3) {
    node.fail(ErrorCode::E307, fmt::format("{} has no spatial axis", to_string(x)));
  }
  graph::Reduce op{kind, {}, true};
  for (std::size_t i = 2; i < x.size(); ++i) op.axes.push_back(static_cast<int>(i));
  node.emit(std::move(op), {node.in(0)});
}

void read_global_average(NodeReader& node) { read_global(node, graph::ReduceKind::kMean); }
void read_global_max(NodeReader& node) { read_global(node, graph::ReduceKind::kMax); }

/// Axes are an attribute until opset 17 (of ReduceSum until 12), an input from then on.
void read_reduce(NodeReader& node, graph::ReduceKind kind, std::int64_t input_since) {
  const bool as_input = node.opset() >= input_since;
  node.arity(1, as_input ? 2 : 1);
  std::vector<std::int64_t> axes;
  if (!as_input) {
    axes = node.list("axes").value_or(axes);
  } else if (node.has(1)) {
    axes = node.integers(1, "axes");
  }
  const bool keep = node.flag("keepdims", true);
  const bool nothing = as_input && node.flag("noop_with_empty_axes", false) && axes.empty();
  if (nothing) {
    reshape_to(node, node.shape(0), node.facts(0).batch_axis);
    return;
  }
  const std::size_t rank = node.shape(0).size();
  graph::Reduce op{kind, {}, keep};
  for (const std::int64_t axis : axes) op.axes.push_back(node.axis(axis, rank));
  if (axes.empty()) {
    for (std::size_t i = 0; i < rank; ++i) op.axes.push_back(static_cast<int>(i));
  }
  std::sort(op.axes.begin(), op.axes.end());
  if (std::adjacent_find(op.axes.begin(), op.axes.end()) != op.axes.end()) {
    node.fail(ErrorCode::E306, "an axis is named twice");
  }
  if (kind == graph::ReduceKind::kMean && !is_float(node.facts(0).type)) {
    node.fail(ErrorCode::E309, "a mean of integers truncates", "cast to float before it");
  }
  node.emit(std::move(op), {node.in(0)});
}

void read_mean(NodeReader& node) { read_reduce(node, graph::ReduceKind::kMean, 18); }
void read_sum(NodeReader& node) { read_reduce(node, graph::ReduceKind::kSum, 13); }
void read_max(NodeReader& node) { read_reduce(node, graph::ReduceKind::kMax, 18); }
void read_min(NodeReader& node) { read_reduce(node, graph::ReduceKind::kMin, 18); }

/// QONNX: sums of k x k integers, shifted so that they fit obits.
void read_quant_avg_pool(NodeReader& node) {
  node.arity(1, 1);
  node.ignore("signed");
  const std::string layout = node.text("data_layout").value_or("NCHW");
  const Shape& x = node.shape(0);
  if ((layout != "NCHW" && layout != "NHWC") || x.size() != 4) {
    node.fail(ErrorCode::E306,
              fmt::format("data_layout is {} for {}", in_quotes(layout), to_string(x)));
  }
  const auto number = [&](std::string_view name, std::int64_t most) {
    const std::int64_t value = node.attribute(name, std::int64_t{0});
    if (value < 1 || value > most) node.fail(ErrorCode::E306, fmt::format("{} is {}", name, value));
    return value;
  };
  const std::int64_t kernel = number("kernel", 1 << 10), stride = number("stride", 1 << 20);
  const std::int64_t ibits = number("ibits", 32), obits = number("obits", 64);
  graph::QuantAvgPool op;
  op.channels_last = layout == "NHWC";
  op.window = {{kernel, kernel}, {stride, stride}, {1, 1}, {0, 0}, {0, 0}, {0, 0}};
  std::int64_t largest = ((std::int64_t{1} << ibits) - 1) * kernel * kernel;
  std::int64_t bits = 0;
  for (; largest != 0; largest >>= 1) ++bits;
  op.shift = static_cast<int>(std::max(std::int64_t{0}, bits - obits));
  node.emit(std::move(op), {node.in(0)});
}

}  // namespace

const std::vector<OpEntry>& pool_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "MaxPool", read_max_pool},
      {"channels_last", "MaxPool", read_max_pool_last},
      {"qonnx", "MaxPoolNHWC", read_max_pool_last},
      {"", "AveragePool", read_average_pool},
      {"", "GlobalAveragePool", read_global_average},
      {"", "GlobalMaxPool", read_global_max},
      {"", "ReduceMean", read_mean},
      {"", "ReduceSum", read_sum},
      {"", "ReduceMax", read_max},
      {"", "ReduceMin", read_min},
      {"qonnx", "QuantAvgPool2d", read_quant_avg_pool},
  };
  return kTable;
}

}  // namespace nib::importer
