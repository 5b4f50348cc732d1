// Rows of a Linear and positions of a Conv as one thing.
#include "nib/plan/linear_block.h"

#include <fmt/format.h>

#include <numeric>
#include <variant>

#include "nib/base/check.h"

namespace nib::plan {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

/// first, first + 1, ...
std::vector<std::int64_t> count_from(std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> result(at(count));
  std::iota(result.begin(), result.end(), first);
  return result;
}

}  // namespace

Range LinearBlock::range(const std::vector<Range>& x, std::size_t i) const {
  return inputs[i] == lower::Patches::kOutside ? Range{outside[i], outside[i]} : x[at(inputs[i])];
}

bool LinearBlocks::applies(const lower::Node& node) {
  return std::holds_alternative<lower::Linear>(node.op) ||
         std::holds_alternative<lower::Conv>(node.op);
}

LinearBlocks::LinearBlocks(const lower::IntegerGraph& graph, const lower::Node& node)
    : node_(node) {
  NIB_CHECK(applies(node), "a linear node");
  const lower::Value& y = graph.value(node.output);
  if (const auto* conv = std::get_if<lower::Conv>(&node.op)) {
    patches_.emplace(conv->window, graph.value(node.inputs.at(0)).shape, y.shape);
    spatial_ = conv->window.channels_last ? Shape(y.shape.begin() + 1, y.shape.end() - 1)
                                          : Shape(y.shape.begin() + 2, y.shape.end());
    size_ = at(patches_->images() * conv->groups * patches_->positions());
  } else {
    size_ = at(y.elements() / std::get<lower::Linear>(node.op).weights.shape.at(0));
  }
}

LinearBlock LinearBlocks::operator[](std::size_t block) const {
  const auto b = static_cast<std::int64_t>(block);
  if (const auto* conv = std::get_if<lower::Conv>(&node_.op)) return position(*conv, b);
  return row(std::get<lower::Linear>(node_.op), b);
}

std::string LinearBlocks::name(std::size_t block) const {
  const auto* conv = std::get_if<lower::Conv>(&node_.op);
  if (conv == nullptr) return fmt::format("r{}", block);
  std::int64_t rest = static_cast<std::int64_t>(block);
  std::string text;
  for (std::size_t i = spatial_.size(); i-- > 0; rest /= spatial_[i]) {
    const std::size_t from_last = spatial_.size() - 1 - i;
    const std::string axis =
        from_last < 3 ? std::string(1, "xyz"[from_last]) : fmt::format("a{}_", i);
    const std::string place = fmt::format("{}{}", axis, rest % spatial_[i]);
    text = text.empty() ? place : place + "_" + text;
  }
  if (conv->groups > 1) text = fmt::format("g{}_{}", rest % conv->groups, text);
  if (patches_->images() > 1) text = fmt::format("n{}_{}", rest / conv->groups, text);
  return text;
}

std::string LinearBlocks::text() const {
  const auto* conv = std::get_if<lower::Conv>(&node_.op);
  if (conv == nullptr) return "x<i> is column i of a row";
  const std::int64_t taps = patches_->taps();
  return fmt::format("x<{}c + t> is channel c under tap t of {}, in C order",
                     taps == 1 ? "" : fmt::format("{}", taps), to_string(conv->window.kernel));
}

LinearBlock LinearBlocks::row(const lower::Linear& op, std::int64_t row) const {
  const std::int64_t outs = op.weights.shape[0], ins = op.weights.shape[1];
  LinearBlock block;
  block.outputs = count_from(row * outs, outs);
  block.inputs = count_from(row * ins, ins);
  block.outside.assign(at(ins), 0);
  block.weights = op.weights.data.data();
  block.bias = op.bias.data();
  return block;
}

// Blocks run over images, groups, positions.
LinearBlock LinearBlocks::position(const lower::Conv& op, std::int64_t block) const {
  const std::int64_t position = block % patches_->positions();
  const std::int64_t group = block / patches_->positions() % op.groups;
  const std::int64_t image = block / patches_->positions() / op.groups;
  const std::int64_t outs = patches_->out_channels() / op.groups;
  const std::int64_t ins = patches_->in_channels() / op.groups;
  LinearBlock result;
  for (std::int64_t o = 0; o < outs; ++o) {
    result.outputs.push_back(patches_->output(image, group * outs + o, position));
  }
  for (std::int64_t c = group * ins; c < (group + 1) * ins; ++c) {
    for (std::int64_t tap = 0; tap < patches_->taps(); ++tap) {
      result.inputs.push_back(patches_->input(image, c, position, tap));
      result.outside.push_back(op.padding[at(c)]);
    }
  }
  result.weights = op.weights.data.data() + group * outs * ins * patches_->taps();
  result.bias = op.bias.data() + group * outs;
  return result;
}

std::int64_t LinearBlocks::macs() const {
  std::int64_t columns = 0, rows = 0;
  if (size_ > 0) {
    const LinearBlock first = (*this)[0];
    columns = static_cast<std::int64_t>(first.inputs.size());
    rows = static_cast<std::int64_t>(first.outputs.size());
  }
  return static_cast<std::int64_t>(size_) * rows * columns;
}

LinearProblem linear_problem(const LinearBlock& block, const std::vector<Range>& x,
                             const std::vector<char>& live) {
  const std::size_t ins = block.inputs.size();
  LinearProblem result;
  std::vector<const std::int64_t*> rows;
  for (std::size_t o = 0; o < block.outputs.size(); ++o) {
    if (live[at(block.outputs[o])] == 0) continue;
    result.outputs.push_back(static_cast<std::int32_t>(block.outputs[o]));
    result.bias.push_back(block.bias[o]);
    rows.push_back(block.weights + o * ins);
  }
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < ins; ++i) {
    const Range r = block.range(x, i);
    bool used = false;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const std::int64_t w = rows[k][i];
      if (r.is_constant()) {
        result.bias[k] += w * r.min;
      }
      used = used || w != 0;
    }
    if (!used || r.is_constant()) continue;
    kept.push_back(i);
    result.columns.push_back(Source{0, static_cast<std::int32_t>(block.inputs[i])});
    result.problem.inputs.push_back(r);
  }
  result.problem.matrix = Tensor<std::int64_t>(
      Shape{static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(kept.size())});
  std::size_t cell = 0;
  for (const std::int64_t* row : rows) {
    for (const std::size_t i : kept) result.problem.matrix.data[cell++] = row[i];
  }
  return result;
}

}  // namespace nib::plan
