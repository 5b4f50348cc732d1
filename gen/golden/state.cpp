// Tensors of a chunk, and what is known exactly of them.
#include "nib/golden/state.h"

#include <algorithm>
#include <cmath>

#include "nib/base/check.h"

namespace nib::golden {

void Block::resize(std::int64_t rows) {
  const auto count = static_cast<std::size_t>(constant ? size : rows * size);
  value.resize(count);
  if (!exact) error.resize(count);
}

State::State(const graph::Graph& g) : graph(g), input_scale(g.values.size()), cone(g) {
  const std::vector<bool> constant = constant_values(graph);
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const graph::Value& value = graph.values[i];
    auto made = std::make_unique<Block>();
    made->shape = value.shape;
    made->size = element_count(value.shape);
    made->constant = constant[i];
    if (value.constant) {
      made->value = graph::as_reals(*value.constant).data;
      made->error.assign(made->value.size(), 0.0);
      settle_constant(*made);
    }
    blocks.push_back(std::move(made));
  }
}

Block& State::temporary(const Shape& shape, bool constant) {
  blocks.push_back(std::make_unique<Block>());
  Block& made = *blocks.back();
  made.shape = shape;
  made.size = element_count(shape);
  made.constant = constant;
  return made;
}

void State::settle_constant(Block& block) {
  block.exact = block.exact || std::all_of(block.error.begin(), block.error.end(),
                                           [](double error) { return error == 0; });
  if (!block.exact) return;
  block.error = {};
  // Of a large constant, the matrix product makes its own.
  constexpr std::int64_t kLargest = 1 << 16;
  if (block.size > kLargest || block.lattice) return;
  Lattice lattice;
  for (const double x : block.value) {
    if (!std::isfinite(x)) return;
    lattice.push_back(multiple_of(x));
  }
  block.lattice = std::move(lattice);
}

bool State::known(graph::ValueId id, std::int64_t row, std::int64_t element, Number& result) const {
  const Block& block = *blocks[static_cast<std::size_t>(id)];
  if (block.value.empty()) return false;
  const Approx x = block.at(row, element);
  if (x.error == 0) {
    result = exact(x.value);
    return true;
  }
  const auto recover = [&](const Rational& unit) {
    // The exact value is a multiple of the unit, and only one lies within the bound.
    const double u = nib::to_double(unit);
    if (!(std::abs(x.value) < std::abs(u) * 0x1p48) || !(x.error < std::abs(u) * 0.25))
      return false;
    const Integer multiple = nib::round(exact(x.value) / unit, Rounding::kHalfEven);
    result = Rational(unit * multiple);
    return true;
  };
  if (const auto& scale = input_scale[static_cast<std::size_t>(id)]) return recover(*scale);
  if (!block.lattice) return false;
  const Unit& unit = (*block.lattice)[static_cast<std::size_t>(element)].unit;
  if (unit.is_zero()) {
    result = Number();
    return true;
  }
  Rational exact_unit(Integer(static_cast<unsigned long>(unit.odd)));
  return recover(scale2(exact_unit, unit.exponent));
}

ExactCone::Source State::source(std::int64_t row) {
  if (row != cone_row) {
    cone.clear();
    cone_row = row;
  }
  return [this, row](graph::ValueId id, std::int64_t element, Number& result) {
    return known(id, row, element, result);
  };
}

void State::forget_rows() {
  cone.clear();
  cone_row = -1;
}

Number State::constant_number(graph::ValueId id, std::int64_t element) {
  NIB_CHECK(block(id).constant, "a constant: " + graph.value(id).name);
  return cone.evaluate(id, element, source(0));
}

}  // namespace nib::golden
