// Readers of the QONNX and FINN quantisers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nib/import/builder.h"
#include "nib/import/parameters.h"

namespace nib::importer {
namespace {

void read_quant(NodeReader& node) {
  node.arity(4, 4);
  graph::Quant op;
  op.scale = scale_of(node, 1);
  op.zero_point = zero_point_of(node, 2);
  op.bits = bits_of(node, 3);
  const std::string kind = node.raw().op_type;
  if (!node.has_attribute("signed"))
    node.builder().count_note(kind + " without signed: taken as 1");
  op.is_signed = node.flag("signed", true);
  if (!node.has_attribute("narrow"))
    node.builder().count_note(kind + " without narrow: taken as 0");
  op.narrow = node.flag("narrow", false);
  if (const auto mode = node.text("rounding_mode")) {
    const auto rounding = rounding_from(*mode);
    if (!rounding) node.fail(ErrorCode::E405, in_quotes(*mode));
    op.rounding = *rounding;
  } else {
    node.builder().count_note(kind + " without rounding_mode: taken as ROUND");
  }
  if (!op.is_signed && op.narrow &&
      std::any_of(op.bits.data.begin(), op.bits.data.end(), [](double b) { return b == 1; })) {
    node.builder().count_note(kind + " of 1 bit, unsigned and narrow: its code is always 0");
  }
  node.emit(std::move(op), {node.in(0)});
  node.set_type(ElementType::kFloat);
}

void read_bipolar_quant(NodeReader& node) {
  node.arity(2, 2);
  node.emit(graph::BipolarQuant{scale_of(node, 1)}, {node.in(0)});
  node.set_type(ElementType::kFloat);
}

/// Exactness.md, settled point 7: the layout rules; without one axis 1, for rank 3 only where its
/// length fits, else the last axis.
int channel_axis(NodeReader& node, const Shape& x, std::int64_t rows) {
  const auto rank = x.size();
  if (rank == 0) node.fail(ErrorCode::E307, "a scalar has no channels");
  const int last = static_cast<int>(rank) - 1;
  if (const auto layout = node.text("data_layout"); layout && !layout->empty()) {
    const std::size_t channel = layout->find('C');
    const bool known = *layout == "NC" || *layout == "NCHW" || *layout == "NHWC" ||
                       *layout == "NCW" || *layout == "NWC";
    if (!known) node.fail(ErrorCode::E306, "data_layout is " + in_quotes(*layout));
    if (layout->size() == rank) return static_cast<int>(channel);
    if (rank == 2) return 1;  // FINN leaves NHWC on the dense layers behind a Flatten
    node.fail(ErrorCode::E306,
              fmt::format("data_layout is {} for {}", in_quotes(*layout), to_string(x)));
  }
  if (rank == 1) return 0;
  if (rank == 3 && x[1] != rows) return last;
  if (rank == 3 && x[2] == rows && rows != 1) {
    node.builder().count_note(
        "MultiThreshold without data_layout on two axes of equal length: channels taken on axis 1 "
        "(qonnx's own executor takes the last axis); data_layout NWC names the other");
  }
  return 1;
}

void read_multi_threshold(NodeReader& node) {
  node.arity(2, 2);
  const auto out_type = node.text("out_dtype");
  graph::MultiThreshold op;
  op.out_scale = node.attribute("out_scale", 1.0);
  op.out_bias = node.attribute("out_bias", 0.0);
  const Shape rows = node.shape(1);
  if (!node.is_constant(1)) node.fail(ErrorCode::E406, "the thresholds are computed");
  if (rows.size() != 2) {
    node.fail(ErrorCode::E406, fmt::format("the thresholds have shape {}", to_string(rows)));
  }
  const Tensor<double> thresholds = node.reals(1, "the thresholds");
  if (thresholds.size() == 0) node.fail(ErrorCode::E406, "there is no threshold");
  for (std::int64_t i = 0; i < thresholds.size(); ++i) {
    if (!std::isfinite(thresholds[i])) {
      node.fail(ErrorCode::E406, fmt::format("a threshold is {} at element {}", thresholds[i], i));
    }
  }
  op.channel_axis = channel_axis(node, node.shape(0), rows[0]);
  const graph::ValueId out = node.emit(op, {node.in(0), node.in(1)});
  node.set_type(ElementType::kFloat);
  if (out_type) node.builder().graph.value(out).datatype = *out_type;
}

}  // namespace

const std::vector<OpEntry>& quant_readers() {
  static const std::vector<OpEntry> kTable = {
      {"qonnx", "Quant", read_quant},
      {"qonnx", "IntQuant", read_quant},
      {"qonnx", "BipolarQuant", read_bipolar_quant},
      {"qonnx", "MultiThreshold", read_multi_threshold},
  };
  return kTable;
}

}  // namespace nib::importer
