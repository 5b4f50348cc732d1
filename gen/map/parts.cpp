// Cutting by output blocks, with shared terms in parts of their own.
#include "nib/map/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "nib/base/check.h"

namespace nib::map {
namespace {

using Kind = plan::Operation::Kind;
using Role = plan::Operation::Role;

constexpr std::int32_t kNobody = -1;
constexpr std::int32_t kSeveral = -2;
constexpr int kBodyLines = kModuleLines - 40;  // ports, header

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// About how many lines the operation takes.
int lines_of(const LayerSignals& signals, std::int32_t i) {
  const plan::Operation& op = signals.op(i);
  if (op.kind == Kind::kConstant) return 0;
  int lines = op.kind == Kind::kInput ? 1 : 2;
  lines += signals.depth(i) * 2;
  if (op.role == Role::kAcc) {
    lines += 1 + static_cast<int>(signals.form_text(i, 40).size()) / 90;
  }
  if (op.kind == Kind::kStep) {
    const arith::StepCircuit& circuit = signals.layer().steps[at(op.step)];
    if (std::holds_alternative<arith::Comparators>(circuit.form)) {
      lines += static_cast<int>(circuit.steps.levels.size()) * 2;
    } else if (std::holds_alternative<arith::Table>(circuit.form)) {
      lines += static_cast<int>(circuit.steps.domain.max - circuit.steps.domain.min) / 12 + 2;
    } else {
      lines += 2;
    }
  }
  return lines;
}

class Cutter {
 public:
  explicit Cutter(const LayerSignals& signals) : signals_(signals) {
    const auto count = static_cast<std::int32_t>(signals.layer().operations.size());
    for (std::int32_t i = 0; i < count; ++i) {
      lines_.push_back(lines_of(signals, i));
      total_ += lines_.back();
    }
    for (std::size_t e = 0; e < signals.layer().drivers.size(); ++e) {
      if (signals.layer().output.elements[e].bits > 0) {
        outputs_.push_back(static_cast<std::int64_t>(e));
      }
    }
    // Outputs of one block share terms.
    std::stable_sort(outputs_.begin(), outputs_.end(),
                     [&](std::int64_t a, std::int64_t b) { return block_of(a) < block_of(b); });
  }

  std::vector<Part> run() {
    const auto outputs = static_cast<int>(outputs_.size());
    int blocks = (total_ + kBodyLines - 1) / kBodyLines;
    if (blocks <= 1 || outputs <= 1) {
      assign(1);
      return parts(1);
    }
    for (blocks = std::min(blocks, outputs);; ++blocks) {
      assign(blocks);
      if (blocks == outputs || largest_block(blocks) <= kBodyLines) break;
    }
    return parts(blocks);
  }

 private:
  std::int32_t block_of(std::int64_t output) const {
    return signals_.op(signals_.layer().drivers[at(output)]).block;
  }
  // owner_: the one block that needs an operation, or several.
  void assign(int blocks) {
    owner_.assign(lines_.size(), kNobody);
    const std::size_t count = outputs_.size();
    for (std::size_t k = 0; k < count; ++k) {
      need(signals_.layer().drivers[at(outputs_[k])],
           static_cast<std::int32_t>(k * at(blocks) / count));
    }
    for (std::size_t i = lines_.size(); i-- > 0;) {
      if (owner_[i] == kNobody) continue;
      const plan::Operation& op = signals_.op(static_cast<std::int32_t>(i));
      for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
        if (t->node >= 0) need(t->node, owner_[i]);
      }
    }
  }
  void need(std::int32_t i, std::int32_t who) {
    std::int32_t& o = owner_[at(i)];
    o = o == kNobody || o == who ? who : kSeveral;
  }
  int largest_block(int blocks) const {
    std::vector<int> sum(at(blocks), 0);
    std::vector<std::set<std::int32_t>> foreign(at(blocks));
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (owner_[i] < 0) continue;
      sum[at(owner_[i])] += lines_[i];
      note_foreign(static_cast<std::int32_t>(i), foreign[at(owner_[i])]);
    }
    for (std::size_t b = 0; b < sum.size(); ++b) sum[b] += import_lines(foreign[b].size());
    return *std::max_element(sum.begin(), sum.end());
  }
  // Operands of i that several blocks need.
  void note_foreign(std::int32_t i, std::set<std::int32_t>& foreign) const {
    const plan::Operation& op = signals_.op(i);
    for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
      if (t->node >= 0 && owner_[at(t->node)] == kSeveral) foreign.insert(t->node);
    }
  }
  // A declaration shared by some, an assignment each.
  static int import_lines(std::size_t count) { return static_cast<int>(count + count / 4); }

  std::vector<Part> parts(int blocks) {
    std::vector<Part> result;
    part_of_.assign(lines_.size(), -1);
    if (blocks > 1) shared_parts(result);
    const std::size_t first = result.size();
    for (int b = 0; b < blocks; ++b) {
      result.emplace_back();
      if (blocks > 1) result.back().suffix = fmt::format("b{}", b);
    }
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (owner_[i] < 0 || part_of_[i] >= 0) continue;
      part_of_[i] = static_cast<std::int32_t>(first + at(owner_[i]));
      result[at(part_of_[i])].operations.push_back(static_cast<std::int32_t>(i));
    }
    for (std::size_t k = 0; k < outputs_.size(); ++k) {
      result[first + k * at(blocks) / outputs_.size()].outputs.push_back(outputs_[k]);
    }
    for (Part& part : result) std::sort(part.outputs.begin(), part.outputs.end());
    connect(result);
    return result;
  }

  // What several blocks need, in topological order. Inputs need no home unless registers follow.
  void shared_parts(std::vector<Part>& result) {
    int lines = 0;
    std::set<std::int32_t> foreign;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (owner_[i] != kSeveral) continue;
      const auto op = static_cast<std::int32_t>(i);
      if (signals_.op(op).kind == Kind::kConstant) continue;
      if (signals_.op(op).kind == Kind::kInput && signals_.depth(op) == 0) continue;
      note_foreign(op, foreign);
      // Some leave again through the port, about six to a line.
      const int total = lines + lines_[i] + import_lines(foreign.size()) + lines / 15;
      if (result.empty() || total > kBodyLines) {
        foreign.clear();
        result.emplace_back();
        result.back().suffix = fmt::format("s{}", result.size() - 1);
        lines = 0;
      }
      lines += lines_[i];
      part_of_[i] = static_cast<std::int32_t>(result.size() - 1);
      result.back().operations.push_back(op);
    }
  }

  void connect(std::vector<Part>& all) {
    for (std::size_t p = 0; p < all.size(); ++p) {
      for (const std::int32_t i : all[p].operations) {
        const plan::Operation& op = signals_.op(i);
        if (op.kind == Kind::kInput) all[p].inputs.insert(i);
        for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
          if (t->node >= 0) tap(all, p, t->node, op.stage);
        }
      }
      for (const std::int64_t e : all[p].outputs) {
        tap(all, p, signals_.layer().drivers[at(e)], signals_.layer().output_stage);
      }
    }
  }
  void tap(std::vector<Part>& all, std::size_t reader, std::int32_t i, int stage) {
    const plan::Operation& op = signals_.op(i);
    if (op.kind == Kind::kConstant) return;
    const int delay = stage - op.stage;
    if (op.kind == Kind::kInput && delay == 0) {
      all[reader].inputs.insert(i);
      return;
    }
    const std::int32_t home = part_of_[at(i)];
    NIB_CHECK(home >= 0, "every operation has a home");
    if (at(home) == reader) return;
    NIB_CHECK(at(home) < reader, "parts read earlier parts only");
    all[reader].imports.insert(Tap{i, delay});
    all[at(home)].exports.insert(Tap{i, delay});
  }

  const LayerSignals& signals_;
  std::vector<int> lines_;
  int total_ = 0;
  std::vector<std::int64_t> outputs_;
  std::vector<std::int32_t> owner_, part_of_;
};

}  // namespace

std::vector<Part> cut(const LayerSignals& signals) { return Cutter(signals).run(); }

}  // namespace nib::map
