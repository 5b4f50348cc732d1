// The logic between linear signals and an output, as a small program that runs on numbers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nib/sim/linear.h"

namespace nib::sim {

/// A signal that the program reads: set before each run.
struct ProgramLeaf {
  Source signal;  ///< kVariable or kCell; index is not used
  LinearForm form;
  int width = 0;
};

/// The words start, start + 1, ..., start + length modulo 2^width: what a signal may be where a sum
/// runs over an interval. length >= 2^width - 1: any word.
struct CyclicInterval {
  std::uint64_t start = 0, length = 0;
};

/// Straight-line evaluation of a cone of cells. Words of up to 64 bits.
class Program {
 public:
  /// Decides where the cone ends: true for signals that are leaves whatever they are.
  using IsLeaf = std::function<bool(const Source&)>;

  /// The cone of `output`, back to linear signals (or what `is_leaf` names). Throws Fault where a
  /// cell is unknown, undriven or too wide.
  Program(LinearView& view, const Bits& output, const IsLeaf& is_leaf = {});

  [[nodiscard]] const std::vector<ProgramLeaf>& leaves() const { return leaves_; }
  /// The output's bits for leaf values in the order of leaves() (taken modulo their widths). False
  /// where an undefined bit is read.
  [[nodiscard]] bool run(const std::vector<std::int64_t>& leaves, std::uint64_t& output);
  /// The output's bits where they are shown to be the same, and defined, for all leaf values in the
  /// intervals; nullopt where this is not shown (it may be so all the same).
  [[nodiscard]] std::optional<std::uint64_t> run_over(const std::vector<CyclicInterval>& leaves);
  [[nodiscard]] std::size_t steps() const { return steps_.size(); }
  /// Cells of the cone.
  [[nodiscard]] const std::vector<int>& cells() const { return cells_; }

 private:
  /// Bits of slots put side by side.
  struct Piece {
    int slot = 0, lsb = 0, length = 0, position = 0;
  };
  struct Operand {
    std::vector<Piece> pieces;
    std::uint64_t constant = 0;
    int width = 0;
    bool undefined = false;
  };
  struct Step {
    const Cell* cell = nullptr;
    Operand a, b, s;
    std::vector<Operand> choices;  ///< of kPmux; bits of wide tables stay in the cell
    int slot = 0, width = 0;
  };

  int slot_of(const Source& source);
  Operand operand(const Bits& bits);
  Step step_of(const Cell& cell);
  [[nodiscard]] std::uint64_t gather(const Operand& operand) const;
  [[nodiscard]] std::uint64_t evaluate(const Step& step, bool& defined) const;
  [[nodiscard]] std::uint64_t shifted(const Step& step, bool& defined) const;
  [[nodiscard]] CyclicInterval gather_over(const Operand& operand) const;
  [[nodiscard]] CyclicInterval evaluate_over(const Step& step, bool& defined);
  [[nodiscard]] CyclicInterval chosen_over(const Step& step, CyclicInterval select,
                                           bool& defined) const;

  LinearView& view_;
  IsLeaf is_leaf_;
  std::map<std::pair<bool, int>, int> slots_;
  std::vector<ProgramLeaf> leaves_;
  std::vector<int> leaf_slots_;
  std::vector<Step> steps_;
  std::vector<int> cells_;
  Operand output_;
  std::vector<std::uint64_t> values_;
  std::vector<CyclicInterval> intervals_;  ///< by slot, of run_over
  std::vector<int> widths_;                ///< by slot
};

}  // namespace nib::sim
