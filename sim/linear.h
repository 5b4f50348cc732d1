// Symbolic words: integer linear forms over the elements of cut words, with exact intervals.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nib/num/range.h"
#include "nib/sim/manifest.h"
#include "nib/sim/netlist.h"

namespace nib::sim {

/// An element of a cut word: what linear forms are over.
struct Variable {
  int word = 0, element = 0;  ///< index into the prover's words, and in the word
  Element type;
  Range range;  ///< codes that it takes (inputs: by the manifest; layers: as proven)
};

/// sum of coefficient * variable + constant; terms by variable, no zero coefficients.
struct LinearForm {
  std::vector<std::pair<int, BigInt>> terms;
  BigInt constant = 0;
  Range range;  ///< exact over the box of the variables' ranges
};

/// a * x + b * y + c; nullopt where numbers have over kMaxExactBits.
[[nodiscard]] std::optional<LinearForm> combine(const LinearForm& x, const BigInt& a,
                                                const LinearForm& y, const BigInt& b,
                                                const BigInt& c,
                                                const std::vector<Variable>& variables);
/// True where two forms are equal modulo 2^bits for all values of the variables.
[[nodiscard]] bool congruent(const LinearForm& x, const LinearForm& y, int bits);

/// Where a bit comes from, registers passed through.
struct Source {
  enum class Kind { kConstant, kVariable, kCell, kOpen };
  Kind kind = Kind::kOpen;
  bool value = false;  ///< of a constant
  int id = 0;          ///< variable or cell
  int index = 0;       ///< bit of it
  friend bool operator==(const Source&, const Source&) = default;
};

/// How a word shorter than its use is continued.
enum class Extension { kNone, kSigned, kUnsigned };

/// Linear forms of the signals between cut words.
class LinearView {
 public:
  LinearView(const Netlist& netlist, const std::vector<Variable>& variables)
      : netlist_(netlist), variables_(variables) {}

  /// Bits of words that count as variables from now on, as (variable, bit of it); earlier results
  /// are forgotten. A net may be in several variables: the first stands for it where it is alone.
  using Places = std::map<Bit, std::vector<std::pair<int, int>>>;
  void cut(Places places);

  [[nodiscard]] Source source(Bit bit) const;
  /// Of every bit; where nets are in several variables, those that cover the longest runs.
  [[nodiscard]] std::vector<Source> sources(const Bits& bits) const;
  /// Form of a signal: bit i of it is bit i of form mod 2^width. nullptr: not linear.
  [[nodiscard]] const LinearForm* form(const Source& signal);
  /// Value of `bits` as an operand that is read `width` bits wide.
  [[nodiscard]] std::optional<LinearForm> operand(const Bits& bits, int width, bool is_signed);
  /// The exact value of `bits` (kSigned, kUnsigned), or modulo 2^size (kNone).
  [[nodiscard]] std::optional<LinearForm> value(const Bits& bits, Extension extension);

  /// Words that were continued although their value does not fit: "x.sv:3 holds [-9, 8] in 4 bits".
  [[nodiscard]] const std::vector<std::string>& narrow() const { return narrow_; }
  [[nodiscard]] const Netlist& netlist() const { return netlist_; }
  [[nodiscard]] const std::vector<Variable>& variables() const { return variables_; }

 private:
  struct Run;
  /// The net behind `bit`, registers passed through, up to the first that is a variable's.
  [[nodiscard]] Bit behind_registers(Bit bit) const;
  [[nodiscard]] std::vector<Run> runs(const Bits& bits) const;
  [[nodiscard]] std::optional<LinearForm> run_value(const Run& run, bool top, Extension extension);
  [[nodiscard]] std::optional<LinearForm> cell_form(const Cell& cell);

  const Netlist& netlist_;
  const std::vector<Variable>& variables_;
  Places places_;
  std::map<std::pair<bool, int>, std::optional<LinearForm>> forms_;  ///< (is a cell, id)
  std::vector<std::string> narrow_;
};

}  // namespace nib::sim
