// Equal blocks have equal operations in equal order.
#include "nib/plan/kernels.h"

#include <utility>

#include "nib/base/check.h"

namespace nib::plan {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

void Kernels::begin(std::string name, const std::vector<std::int64_t>& inputs,
                    const std::vector<std::int64_t>& outputs) {
  Block block;
  block.name = std::move(name);
  block.inputs.assign(inputs.begin(), inputs.end());
  block.outputs.assign(outputs.begin(), outputs.end());
  layer_.blocks.push_back(std::move(block));
  first_ = layer_.operations.size();
}

void Kernels::end() {
  const auto number = static_cast<std::int32_t>(layer_.blocks.size()) - 1;
  const auto [found, fresh] =
      known_.try_emplace(signature(), Kernel{static_cast<std::int32_t>(known_.size()), twins_});
  layer_.blocks.back().kernel = found->second.number;
  std::int32_t twin = found->second.first_twin;
  for (std::size_t i = first_; i < layer_.operations.size(); ++i) {
    Operation& op = layer_.operations[i];
    if (op.kind == Operation::Kind::kInput) continue;  // other blocks may read it as well
    op.block = number;
    op.twin = twin++;
  }
  if (fresh) twins_ = twin;
}

// What the block's operations compute, with inputs, outputs and operations counted from its own
// first ones.
Kernels::Signature Kernels::signature() const {
  const Block& block = layer_.blocks.back();
  std::map<std::int64_t, std::int64_t> input, output, local;
  for (std::size_t i = 0; i < block.inputs.size(); ++i) {
    if (block.inputs[i] >= 0) input.emplace(block.inputs[i], static_cast<std::int64_t>(i));
  }
  for (std::size_t i = 0; i < block.outputs.size(); ++i) {
    output.emplace(block.outputs[i], static_cast<std::int64_t>(i));
  }
  Signature text;
  const auto term = [&](const arith::Term& t) {
    std::int64_t node = -1;
    if (t.node >= 0) {
      const Operation& from = layer_.operations[at(t.node)];
      node = from.kind == Operation::Kind::kInput ? -2 - input.at(from.index) : local.at(t.node);
      text.insert(text.end(), {from.range.min, from.range.max});
    }
    text.insert(text.end(), {node, t.shift, t.negative ? 1 : 0});
  };
  const auto add = [&](std::int64_t i) {
    const Operation& op = layer_.operations[at(i)];
    text.insert(text.end(), {static_cast<std::int64_t>(op.kind), static_cast<std::int64_t>(op.role),
                             op.constant, op.step, op.limits.min, op.limits.max, op.range.min,
                             op.range.max, op.output < 0 ? -1 : output.at(op.output)});
    for (const arith::Term* t : {&op.a, &op.b, &op.c}) term(*t);
    local.emplace(i, static_cast<std::int64_t>(local.size()));
  };
  for (std::size_t i = first_; i < layer_.operations.size(); ++i) {
    if (layer_.operations[i].kind != Operation::Kind::kInput) add(static_cast<std::int64_t>(i));
  }
  for (const std::int64_t e : block.outputs) {
    const std::int32_t driver = layer_.drivers[at(e)];
    std::int64_t node = -1;
    if (driver >= 0) {
      const Operation& op = layer_.operations[at(driver)];
      node = op.kind == Operation::Kind::kInput ? -2 - input.at(op.index) : local.at(driver);
    }
    text.push_back(node);
  }
  return text;
}

}  // namespace nib::plan
