// Inside map: step circuits and clamps as functions, tables and expressions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nib/map/signals.h"
#include "nib/rtl/module.h"

namespace nib::map {

/// clamp(v >> shift, low, high) * sign + base on a word of one type; ties to even: see
/// arith::BitDrop.
struct ClipKey {
  int shift = 0;
  BigInt low = 0, high = 0;
  bool negate = false;
  BigInt base = 0;
  int width = 0, out_width = 0;
  bool is_signed = false, out_signed = false;
  bool half_even = false;
  friend auto operator<=>(const ClipKey&, const ClipKey&) = default;
};

/// The functions and tables that the operations of one module share.
class StepText {
 public:
  /// Looks at all `operations` (steps and clamps among them) first, so that equal functions are
  /// one.
  StepText(const LayerSignals& signals, const std::vector<std::int32_t>& operations);

  /// Localparams and functions, to stand before the logic.
  [[nodiscard]] const std::vector<rtl::Item>& declarations() const { return declarations_; }
  /// How many low bits of its operand operation i reads.
  [[nodiscard]] int operand_bits(std::int32_t i) const;
  /// The value of operation i (kStep or kClamp) in its own type. What it needs before (a product)
  /// is appended to `items`.
  [[nodiscard]] rtl::Expr value(std::int32_t i, std::vector<rtl::Item>& items) const;

 private:
  struct Clip {
    std::string name;
    bool below = false, above = false;  // which limits are in reach
    bool is_clamp = false;
  };
  struct ClipUse {
    ClipKey key;
    Range range;       // of the word that is clipped
    rtl::Type type{};  ///< of the argument: as many of the low bits as are read
  };
  [[nodiscard]] static bool leaves_below(const ClipUse& use);
  [[nodiscard]] static bool leaves_above(const ClipUse& use);
  [[nodiscard]] std::optional<ClipUse> clip_of(std::int32_t i) const;
  void note(std::int32_t i);
  void name_clips();
  void declare_clip(const ClipKey& key, const Clip& clip);
  void declare_levels(std::int32_t step, const plan::Operation& op, rtl::Type argument);
  void declare_table(std::int32_t step, const plan::Operation& op, rtl::Type argument);
  [[nodiscard]] rtl::Expr clipped_word(std::int32_t i, std::vector<rtl::Item>& items) const;

  const LayerSignals& signals_;
  rtl::NameTable names_;
  std::map<ClipKey, Clip> clips_;
  std::map<std::int32_t, std::string> named_steps_;  // comparators, cases: function of the step
  std::map<std::int32_t, std::string> tables_;       // localparam of the step
  std::map<std::int32_t, std::string> products_;     // net of the operation
  std::vector<rtl::Item> declarations_;
};

}  // namespace nib::map
