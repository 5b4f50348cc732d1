// Readers of convolutions, channels first and channels last.
#include <fmt/format.h>

#include <algorithm>

#include "nib/import/builder.h"
#include "nib/import/window.h"

namespace nib::importer {
namespace {

/// The rank, and that weights and bias do not depend on an input.
void check_operands(NodeReader& node) {
  const Shape &x = node.shape(0), &w = node.shape(1);
  if (x.size() < 3) {
    node.fail(ErrorCode::E307, fmt::format("{} has no spatial axis", to_string(x)));
  }
  if (w.size() != x.size()) {
    node.fail(ErrorCode::E307,
              fmt::format("weights of shape {} for {}", to_string(w), to_string(x)));
  }
  if (x.size() > 4) {
    node.fail(ErrorCode::E309, fmt::format("{} spatial axes", x.size() - 2),
              "nib has convolutions of one and of two spatial axes");
  }
  for (std::size_t i = 1; i < 3; ++i) {
    if (node.has(i) && node.facts(i).varies) {
      node.fail(ErrorCode::E308, i == 1 ? "the weights are computed" : "the bias is computed");
    }
  }
}

std::int64_t groups_of(NodeReader& node) {
  const std::int64_t groups = node.attribute("group", std::int64_t{1});
  if (groups < 1 || groups > kMaxElements) {
    node.fail(ErrorCode::E306, fmt::format("group is {}", groups));
  }
  return groups;
}

void read_conv_of(NodeReader& node, bool channels_last) {
  node.arity(2, 3);
  check_operands(node);
  graph::Conv op;
  op.channels_last = channels_last;
  op.groups = groups_of(node);
  op.window = conv_window(node, spatial_of(node.shape(0), channels_last),
                          spatial_of(node.shape(1), channels_last));
  node.emit(std::move(op), node.inputs());
}

void read_conv(NodeReader& node) { read_conv_of(node, false); }
void read_conv_last(NodeReader& node) { read_conv_of(node, true); }

/// Pads that give the wanted output lengths; what is odd goes to the end for SAME_UPPER.
void fit_output(NodeReader& node, graph::ConvTranspose& op, const Shape& spatial,
                const std::vector<std::int64_t>& wanted, bool upper) {
  graph::Window& window = op.window;
  if (wanted.size() != window.rank()) {
    node.fail(ErrorCode::E306, fmt::format("output_shape has {} entries for {} spatial axes",
                                           wanted.size(), window.rank()));
  }
  for (std::size_t i = 0; i < window.rank(); ++i) {
    const std::int64_t full =
        window.strides[i] * (spatial[i] - 1) + op.output_padding[i] + window.extent(i);
    if (wanted[i] < 1 || wanted[i] > full) {
      node.fail(ErrorCode::E306,
                fmt::format("an output length of {} of at most {}", wanted[i], full));
    }
    const std::int64_t total = full - wanted[i];
    window.pads_begin[i] = upper ? total / 2 : total - total / 2;
    window.pads_end[i] = total - window.pads_begin[i];
  }
}

void read_conv_transpose(NodeReader& node) {
  node.arity(2, 3);
  check_operands(node);
  const Shape spatial = spatial_of(node.shape(0), false);
  graph::ConvTranspose op;
  op.groups = groups_of(node);
  op.window = bare_window(node, spatial.size(), spatial_of(node.shape(1), false));
  read_pads(node, op.window);
  op.output_padding = node.per_axis("output_padding", spatial.size());
  if (op.output_padding.empty()) op.output_padding.assign(spatial.size(), 0);
  for (std::size_t i = 0; i < spatial.size(); ++i) {
    const std::int64_t extra = op.output_padding[i];
    if (extra < 0 || extra >= std::max(op.window.strides[i], op.window.dilations[i])) {
      node.fail(ErrorCode::E306, fmt::format("output_padding has the entry {}", extra));
    }
  }
  const std::string mode = node.text("auto_pad").value_or("NOTSET");
  const bool upper = mode == "SAME_UPPER", same = upper || mode == "SAME_LOWER";
  if (!same && mode != "VALID" && mode != "NOTSET") {
    node.fail(ErrorCode::E306, "auto_pad is " + in_quotes(mode));
  }
  const auto wanted = node.list("output_shape");
  if (wanted && !wanted->empty()) {
    fit_output(node, op, spatial, *wanted, upper);
  } else if (same) {
    Shape lengths = spatial;
    for (std::size_t i = 0; i < lengths.size(); ++i) lengths[i] *= op.window.strides[i];
    fit_output(node, op, spatial, lengths, upper);
  } else if (mode == "VALID") {
    op.window.pads_begin.assign(spatial.size(), 0);
    op.window.pads_end.assign(spatial.size(), 0);
  }
  node.emit(std::move(op), node.inputs());
}

}  // namespace

const std::vector<OpEntry>& conv_readers() {
  static const std::vector<OpEntry> kTable = {
      {"", "Conv", read_conv},
      {"channels_last", "Conv", read_conv_last},
      {"", "ConvTranspose", read_conv_transpose},
  };
  return kTable;
}

}  // namespace nib::importer
