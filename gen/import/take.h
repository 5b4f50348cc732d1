// Selections along axes: what Slice, Split, Gather, Pad, Tile, Expand and Resize have in common.
#pragma once

#include <optional>

#include "nib/import/builder.h"

namespace nib::importer {

/// The indices of one axis, -1 for the fill value; none: the axis is taken as it is.
using AxisIndex = std::optional<std::vector<std::int32_t>>;

/// One entry per axis of the first input.
struct Selection {
  std::vector<AxisIndex> axes;
  double fill = 0;

  explicit Selection(std::size_t rank) : axes(rank) {}
};

/// A list of `count` indices, not filled yet; refuses one that is too long. Errors: E0207, E0307.
[[nodiscard]] std::vector<std::int32_t> index_list(const NodeReader& node, std::int64_t count);

/// The output number `output` is the selection from the first input: a constant, or a Take; where
/// it selects all, the input as it is. `shape`, if given, is its shape in the end (a Reshape
/// follows). Errors: E0207, E0307.
void emit_selection(NodeReader& node, Selection selection, std::size_t output = 0,
                    const std::optional<Shape>& shape = {});

/// `selection` applied to the value `from`, as a node of our own.
[[nodiscard]] graph::ValueId step_selection(NodeReader& node, std::string_view suffix,
                                            Selection selection, graph::ValueId from);

}  // namespace nib::importer
