// Readers of operators that select, repeat or pad along axes.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "nib/import/builder.h"
#include "nib/import/take.h"

namespace nib::importer {
namespace {

using Lengths = std::vector<std::int64_t>;

bool is_batch(const NodeReader& node, int axis) {
  return node.builder().graph.batched && node.facts(0).batch_axis == axis;
}

[[noreturn]] void fail_batch(const NodeReader& node, int axis) {
  node.fail(ErrorCode::E215, fmt::format("it selects on axis {}, the batch", axis));
}

struct SliceOf {
  std::int64_t start = 0, end = 0, step = 1;
};

/// True where the slice keeps every row of a batch of any length.
bool keeps_all_rows(const NodeReader& node, const SliceOf& slice) {
  const std::int64_t rows = node.builder().file_batch;
  const std::int64_t most = rows > 0 ? rows : std::numeric_limits<std::int32_t>::max();
  return slice.step == 1 && slice.start == 0 && slice.end >= most;
}

AxisIndex slice_axis(const NodeReader& node, const SliceOf& slice, std::int64_t length) {
  if (slice.step == 0) node.fail(ErrorCode::E306, "a step of 0");
  if (length == 0) return {};
  // Backwards, a start in front of the axis is its first element, and an end there lets it in.
  const bool back = slice.step < 0;
  const auto clamp = [&](std::int64_t i, std::int64_t least) {
    const std::int64_t at = i < 0 ? std::max(i, -length - 1) + length : i;
    return std::clamp(at, least, back ? length - 1 : length);
  };
  const std::int64_t step = std::clamp(slice.step, -length - 1, length + 1);
  const std::int64_t first = clamp(slice.start, 0), last = clamp(slice.end, back ? -1 : 0);
  std::vector<std::int32_t> index;
  for (std::int64_t i = first; back ? i > last : i < last; i += step) {
    index.push_back(static_cast<std::int32_t>(i));
  }
  return index;
}

void read_slice(NodeReader& node) {
  Lengths starts, ends, axes, steps;
  bool has_axes = false;
  if (node.opset() >= 10) {
    node.arity(3, 5);
    starts = node.integers(1, "starts");
    ends = node.integers(2, "ends");
    has_axes = node.has(3);
    if (has_axes) axes = node.integers(3, "axes");
    if (node.has(4)) steps = node.integers(4, "steps");
  } else {
    node.arity(1, 1);
    starts = node.list("starts").value_or(Lengths{});
    ends = node.list("ends").value_or(Lengths{});
    if (const auto given = node.list("axes")) {
      has_axes = true;
      axes = *given;
    }
  }
  if (!has_axes) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), std::int64_t{0});
  }
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    node.fail(ErrorCode::E306, "starts, ends, axes and steps differ in length");
  }
  const Shape x = node.shape(0);
  Selection selection(x.size());
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const int axis = node.axis(axes[i], x.size());
    const auto at = static_cast<std::size_t>(axis);
    if (selection.axes[at]) node.fail(ErrorCode::E306, "an axis is named twice");
    const SliceOf slice{starts[i], ends[i], steps[i]};
    if (is_batch(node, axis) && !keeps_all_rows(node, slice)) fail_batch(node, axis);
    selection.axes[at] = slice_axis(node, slice, x[at]);
  }
  emit_selection(node, std::move(selection));
}

/// Lengths of the parts: stated, or equal ones of which the last may be shorter.
Lengths split_lengths(NodeReader& node, std::int64_t length, std::size_t parts) {
  std::optional<Lengths> stated;
  if (node.opset() >= 13) {
    node.arity(1, 2, kMaxPorts);
    if (node.has(1)) stated = node.integers(1, "the lengths of the parts");
  } else {
    node.arity(1, 1, kMaxPorts);
    stated = node.list("split");
  }
  const auto count = static_cast<std::int64_t>(parts);
  const std::int64_t outputs = node.attribute("num_outputs", count);
  if (outputs != count) {
    node.fail(ErrorCode::E306, fmt::format("num_outputs is {} of {}", outputs, count));
  }
  if (stated && !stated->empty()) {
    std::int64_t left = length;
    for (const std::int64_t part : *stated) {
      if (part < 0 || part > left) {
        node.fail(ErrorCode::E306, fmt::format("a part of {} of {} elements", part, left));
      }
      left -= part;
    }
    if (left != 0 || stated->size() != parts) {
      node.fail(ErrorCode::E307, fmt::format("{} parts that sum up to {} of {} elements",
                                             stated->size(), length - left, length));
    }
    return *stated;
  }
  const bool uneven = node.opset() >= 18;
  if (!uneven && length % count != 0) {
    node.fail(ErrorCode::E307, fmt::format("{} elements in {} equal parts", length, count));
  }
  const std::int64_t part = (length + count - 1) / count;
  Lengths out;
  for (std::int64_t left = length; out.size() < parts; left -= part) {
    out.push_back(std::clamp(left, std::int64_t{0}, part));
  }
  return out;
}

void read_split(NodeReader& node) {
  if (node.raw().inputs.empty() || !node.has(0)) node.fail(ErrorCode::E303, "input 0 is absent");
  const Shape x = node.shape(0);
  const int axis = node.axis(node.attribute("axis", std::int64_t{0}), x.size());
  const auto at = static_cast<std::size_t>(axis);
  const std::size_t parts = node.raw().outputs.size();
  const Lengths lengths = split_lengths(node, x[at], parts);
  if (is_batch(node, axis) && parts > 1) fail_batch(node, axis);
  std::int64_t first = 0;
  for (std::size_t part = 0; part < parts; ++part) {
    if (node.used(part)) {
      std::vector<std::int32_t> index(static_cast<std::size_t>(lengths[part]));
      std::iota(index.begin(), index.end(), static_cast<std::int32_t>(first));
      Selection selection(x.size());
      selection.axes[at] = std::move(index);
      emit_selection(node, std::move(selection), part);
    }
    first += lengths[part];
  }
}

/// Gather by constant indices.
void read_gather(NodeReader& node) {
  node.arity(2, 2);
  const Shape x = node.shape(0);
  const int axis = node.axis(node.attribute("axis", std::int64_t{0}), x.size());
  const auto at = static_cast<std::size_t>(axis);
  const auto* given = std::get_if<Tensor<std::int64_t>>(&node.constant(1, "the index"));
  if (given == nullptr) node.fail(ErrorCode::E306, "the index must be of integers");
  if (x.size() + given->shape.size() > kMaxRank + 1) {
    node.fail(ErrorCode::E207, "a tensor of too many axes");
  }
  if (is_batch(node, axis)) fail_batch(node, axis);
  std::vector<std::int32_t> index = index_list(node, given->size());
  for (const std::int64_t i : given->data) {
    const std::int64_t from = i < 0 ? i + x[at] : i;
    if (from < 0 || from >= x[at]) {
      node.fail(ErrorCode::E306, fmt::format("index {} of {} elements", i, x[at]));
    }
    index.push_back(static_cast<std::int32_t>(from));
  }
  Shape out(x.begin(), x.begin() + axis);
  out.insert(out.end(), given->shape.begin(), given->shape.end());
  out.insert(out.end(), x.begin() + axis + 1, x.end());
  Selection selection(x.size());
  selection.axes[at] = std::move(index);
  emit_selection(node, std::move(selection), 0, out);
}

enum class Padding { kConstant, kEdge, kReflect, kWrap };

Padding padding_of(NodeReader& node) {
  const std::string mode = node.text("mode").value_or("constant");
  if (mode == "constant") return Padding::kConstant;
  if (mode == "edge") return Padding::kEdge;
  if (mode == "reflect") return Padding::kReflect;
  if (mode == "wrap") return Padding::kWrap;
  node.fail(ErrorCode::E306, "mode is " + in_quotes(mode));
}

/// Which element stands at `i`, which may lie outside of 0 .. length - 1.
std::int64_t padded_at(std::int64_t i, std::int64_t length, Padding padding) {
  if (i >= 0 && i < length) return i;
  const auto wrapped = [i](std::int64_t period) {
    const std::int64_t rest = i % period;
    return rest < 0 ? rest + period : rest;
  };
  switch (padding) {
    case Padding::kConstant:
      return -1;
    case Padding::kEdge:
      return i < 0 ? 0 : length - 1;
    case Padding::kReflect: {
      if (length == 1) return 0;
      const std::int64_t at = wrapped(2 * (length - 1));
      return at < length ? at : 2 * (length - 1) - at;
    }
    case Padding::kWrap:
      return wrapped(length);
  }
  return -1;
}

void read_pad(NodeReader& node) {
  Lengths pads, axes;
  const Shape x = node.shape(0);
  Selection selection(x.size());
  if (node.opset() >= 11) {
    node.arity(2, 4);
    pads = node.integers(1, "pads");
    if (node.has(2)) selection.fill = node.real(2, "the value of the padding");
    if (node.has(3)) axes = node.integers(3, "axes");
  } else {
    node.arity(1, 1);
    const auto list = node.list(node.opset() < 2 ? "paddings" : "pads");
    if (!list) node.fail(ErrorCode::E306, "no pads");
    pads = *list;
    selection.fill = node.attribute("value", 0.0);
  }
  const Padding padding = padding_of(node);
  if (!node.has(3) || node.opset() < 11) {
    axes.resize(x.size());
    std::iota(axes.begin(), axes.end(), std::int64_t{0});
  }
  if (pads.size() != 2 * axes.size()) {
    node.fail(ErrorCode::E306, fmt::format("{} pads for {} axes", pads.size(), axes.size()));
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const int axis = node.axis(axes[i], x.size());
    const auto at = static_cast<std::size_t>(axis);
    const std::int64_t begin = pads[i], end = pads[i + axes.size()], length = x[at];
    if (begin < -length || end < -length || begin > kMaxElements || end > kMaxElements) {
      node.fail(ErrorCode::E306, fmt::format("pads of {} and {} on {}", begin, end, length));
    }
    if (selection.axes[at]) node.fail(ErrorCode::E306, "an axis is named twice");
    if (begin == 0 && end == 0) continue;
    if (length == 0) node.fail(ErrorCode::E307, "padding around nothing");
    if (is_batch(node, axis)) fail_batch(node, axis);
    std::vector<std::int32_t> index = index_list(node, length + begin + end);
    for (std::int64_t k = -begin; k < length + end; ++k) {
      index.push_back(static_cast<std::int32_t>(padded_at(k, length, padding)));
    }
    selection.axes[at] = std::move(index);
  }
  emit_selection(node, std::move(selection));
}

void read_tile(NodeReader& node) {
  node.arity(2, 2);
  const Lengths repeats = node.integers(1, "the repeats");
  const Shape x = node.shape(0);
  if (repeats.size() != x.size()) {
    node.fail(ErrorCode::E306, fmt::format("{} repeats for {}", repeats.size(), to_string(x)));
  }
  Selection selection(x.size());
  for (std::size_t at = 0; at < x.size(); ++at) {
    if (repeats[at] < 0 || repeats[at] > kMaxElements) {
      node.fail(ErrorCode::E306, fmt::format("{} repeats", repeats[at]));
    }
    if (repeats[at] == 1) continue;
    if (is_batch(node, static_cast<int>(at))) fail_batch(node, static_cast<int>(at));
    std::vector<std::int32_t> index = index_list(node, repeats[at] * x[at]);
    for (std::int64_t i = 0; i < repeats[at] * x[at]; ++i) {
      index.push_back(static_cast<std::int32_t>(i % x[at]));
    }
    selection.axes[at] = std::move(index);
  }
  emit_selection(node, std::move(selection));
}

/// Broadcasting to a shape; axes that come in front are a Reshape of the result.
void read_expand(NodeReader& node) {
  node.arity(2, 2);
  Shape target = node.integers(1, "the shape");
  const Shape x = node.shape(0);
  if (target.size() > kMaxRank) node.fail(ErrorCode::E207, "a shape of too many axes");
  const std::size_t rank = std::max(x.size(), target.size());
  target.insert(target.begin(), rank - target.size(), 1);
  Shape out = x;
  out.insert(out.begin(), rank - x.size(), 1);
  Selection selection(x.size());
  for (std::size_t i = 0; i < rank; ++i) {
    const std::size_t front = rank - x.size();
    const bool batch = i >= front && is_batch(node, static_cast<int>(i - front));
    if (batch && target[i] == node.builder().file_batch) target[i] = 1;
    if (target[i] == out[i] || target[i] == 1) continue;
    if (out[i] != 1 || target[i] < 1) {
      node.fail(ErrorCode::E307,
                fmt::format("{} does not broadcast to {}", to_string(x), to_string(target)));
    }
    if (batch) fail_batch(node, static_cast<int>(i - front));
    if (i < front) node.fail(ErrorCode::E309, "a new axis in front that is longer than 1");
    out[i] = target[i];
    std::vector<std::int32_t> index = index_list(node, target[i]);
    index.assign(static_cast<std::size_t>(target[i]), 0);
    selection.axes[i - front] = std::move(index);
  }
  emit_selection(node, std::move(selection), 0, out);
}

}  // namespace

const std::vector<OpEntry>& select_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "Slice", read_slice}, {"", "Split", read_split}, {"", "Gather", read_gather},
      {"", "Pad", read_pad},     {"", "Tile", read_tile},   {"", "Expand", read_expand},
  };
  return kTable;
}

}  // namespace nib::importer
