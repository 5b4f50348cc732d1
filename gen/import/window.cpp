// The sliding windows of convolutions and pools, from the attributes of ONNX.
#include "nib/import/window.h"

#include <fmt/format.h>

#include <algorithm>

namespace nib::importer {
namespace {

using graph::Window;

/// Largest kernel, stride, dilation or pad; no sum of products of them overflows.
constexpr std::int64_t kMost = std::int64_t{1} << 20;

std::vector<std::int64_t> lengths(NodeReader& node, std::string_view name, std::size_t rank) {
  std::vector<std::int64_t> out =
      node.list(name).value_or(std::vector<std::int64_t>(rank, std::int64_t{1}));
  if (out.empty()) out.assign(rank, 1);
  if (out.size() != rank) {
    node.fail(ErrorCode::E306,
              fmt::format("{} has {} entries for {} spatial axes", name, out.size(), rank));
  }
  for (const std::int64_t x : out) {
    if (x < 1 || x > kMost) node.fail(ErrorCode::E306, fmt::format("{} has the entry {}", name, x));
  }
  return out;
}

/// Pads so that the output has ceil(in / stride) elements, the odd one at the end or the start.
void pad_same(Window& window, const Shape& spatial, bool upper) {
  for (std::size_t i = 0; i < window.rank(); ++i) {
    const std::int64_t in = spatial[i], stride = window.strides[i];
    const std::int64_t out = (in + stride - 1) / stride;
    const std::int64_t total =
        std::max(std::int64_t{0}, (out - 1) * stride + window.extent(i) - in);
    window.pads_begin[i] = upper ? total / 2 : total - total / 2;
    window.pads_end[i] = total - window.pads_begin[i];
  }
}

void read_padding(NodeReader& node, Window& window, const Shape& spatial) {
  read_pads(node, window);
  const std::string mode = node.text("auto_pad").value_or("NOTSET");
  if (mode.empty() || mode == "NOTSET") return;
  const Window given = window;
  if (mode == "VALID") {
    window.pads_begin.assign(window.rank(), 0);
    window.pads_end.assign(window.rank(), 0);
  } else if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    pad_same(window, spatial, mode == "SAME_UPPER");
  } else {
    node.fail(ErrorCode::E306, "auto_pad is " + in_quotes(mode));
  }
  const auto is_zero = [](std::int64_t pad) { return pad == 0; };
  const bool stated = !std::all_of(given.pads_begin.begin(), given.pads_begin.end(), is_zero) ||
                      !std::all_of(given.pads_end.begin(), given.pads_end.end(), is_zero);
  if (stated && (given.pads_begin != window.pads_begin || given.pads_end != window.pads_end)) {
    node.fail(ErrorCode::E306, "pads contradict auto_pad, which is " + mode);
  }
}

/// ceil_mode: one more window where elements are left over, but none that starts in the padding
/// at the end.
void round_up(Window& window, const Shape& spatial) {
  for (std::size_t i = 0; i < window.rank(); ++i) {
    const std::int64_t stride = window.strides[i], extent = window.extent(i);
    const std::int64_t start_limit = spatial[i] + window.pads_begin[i];
    const std::int64_t total = start_limit + window.pads_end[i];
    // Less than a stride is missing: the only window reaches beyond the end.
    if (total - extent + stride - 1 < 0) continue;  // the shape rule says so
    std::int64_t count = (total - extent + stride - 1) / stride + 1;
    count = std::min(count, (start_limit - 1) / stride + 1);
    const std::int64_t needed = (count - 1) * stride + extent;
    if (needed > total) {
      window.ceil_extra[i] = needed - total;
    } else if (total >= extent && (total - extent) / stride + 1 > count) {
      window.pads_end[i] = std::max(std::int64_t{0}, needed - start_limit);
    }
  }
}

}  // namespace

Shape spatial_of(const Shape& x, bool channels_last) {
  if (x.size() < 3) return {};
  return channels_last ? Shape(x.begin() + 1, x.end() - 1) : Shape(x.begin() + 2, x.end());
}

void read_pads(NodeReader& node, Window& window) {
  const std::size_t rank = window.rank();
  window.pads_begin.assign(rank, 0);
  window.pads_end.assign(rank, 0);
  const auto pads = node.list("pads");
  if (!pads || pads->empty()) return;
  if (pads->size() != 2 * rank) {
    node.fail(ErrorCode::E306,
              fmt::format("pads has {} entries for {} spatial axes", pads->size(), rank));
  }
  for (std::size_t i = 0; i < 2 * rank; ++i) {
    const std::int64_t pad = (*pads)[i];
    if (pad < 0 || pad > kMost) {
      node.fail(ErrorCode::E306, fmt::format("pads has the entry {}", pad));
    }
    (i < rank ? window.pads_begin[i] : window.pads_end[i - rank]) = pad;
  }
}

Window bare_window(NodeReader& node, std::size_t rank, const std::optional<Shape>& kernel) {
  Window window;
  const bool stated = node.has_attribute("kernel_shape");
  if (!stated && !kernel) node.fail(ErrorCode::E306, "no kernel_shape");
  window.kernel = lengths(node, "kernel_shape", rank);
  if (kernel) {
    if (stated && window.kernel != *kernel) {
      node.fail(ErrorCode::E307, fmt::format("kernel_shape is {}, the weights have {}",
                                             to_string(Shape(window.kernel)), to_string(*kernel)));
    }
    window.kernel = *kernel;
  }
  window.strides = lengths(node, "strides", rank);
  window.dilations = lengths(node, "dilations", rank);
  window.pads_begin.assign(rank, 0);
  window.pads_end.assign(rank, 0);
  window.ceil_extra.assign(rank, 0);
  return window;
}

Window conv_window(NodeReader& node, const Shape& spatial, const Shape& kernel) {
  Window window = bare_window(node, spatial.size(), kernel);
  read_padding(node, window, spatial);
  return window;
}

Window pool_window(NodeReader& node, const Shape& spatial) {
  Window window = bare_window(node, spatial.size(), std::nullopt);
  read_padding(node, window, spatial);
  if (node.flag("ceil_mode", false)) round_up(window, spatial);
  return window;
}

bool has_empty_window(const Window& window, const Shape& spatial) {
  for (std::size_t i = 0; i < window.rank(); ++i) {
    const std::int64_t total =
        spatial[i] + window.pads_begin[i] + window.pads_end[i] + window.ceil_extra[i];
    const std::int64_t step = window.dilations[i];
    for (std::int64_t start = -window.pads_begin[i];
         start + window.pads_begin[i] + window.extent(i) <= total; start += window.strides[i]) {
      // The first element of the window that is not before the input.
      const std::int64_t k = start >= 0 ? 0 : (-start + step - 1) / step;
      if (k >= window.kernel[i] || start + k * step >= spatial[i]) return true;
    }
  }
  return false;
}

}  // namespace nib::importer
