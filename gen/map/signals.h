// Inside map: names, types and linear forms of a layer's signals.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "nib/plan/plan.h"
#include "nib/rtl/expr.h"
#include "nib/rtl/names.h"

namespace nib::map {

/// All bits of an operand.
inline constexpr int kAllBits = std::numeric_limits<int>::max();

/// Coefficients by input operation, ascending.
using LinearForm = std::vector<std::pair<std::int32_t, std::int64_t>>;

/// Width and sign of a net for `range`; a constant 0 takes one bit.
[[nodiscard]] rtl::Type type_of(const Range& range);
/// The declared type of an operation.
[[nodiscard]] rtl::Type type_of(const plan::Operation& op);

/// |value| modulo 2^width, for sums that are taken modulo their width.
[[nodiscard]] rtl::Expr modular_literal(const BigInt& value, rtl::Type type);

/// What every module of one layer agrees on.
class LayerSignals {
 public:
  explicit LayerSignals(const plan::Layer& layer);

  [[nodiscard]] const plan::Layer& layer() const { return *layer_; }
  [[nodiscard]] const plan::Operation& op(std::int32_t i) const {
    return layer_->operations[static_cast<std::size_t>(i)];
  }
  /// Registers behind the operation.
  [[nodiscard]] int depth(std::int32_t i) const { return depth_[static_cast<std::size_t>(i)]; }
  /// The name of operation i after `delay` registers: acc0_d (acc0 where it has none), acc0_q,
  /// acc0_q2.
  [[nodiscard]] std::string name(std::int32_t i, int delay) const;
  [[nodiscard]] const std::string& base(std::int32_t i) const {
    return base_[static_cast<std::size_t>(i)];
  }
  /// The value of operation i in stage `stage`, in its own type; constants are literals.
  [[nodiscard]] rtl::Expr at_stage(std::int32_t i, int stage) const;

  /// "x0 + 4*x1", at most `terms` of it. Only for sums (kAdd over inputs and sums).
  [[nodiscard]] std::string form_text(std::int32_t i, std::size_t terms) const;
  [[nodiscard]] bool is_linear(std::int32_t i) const {
    return !forms_[static_cast<std::size_t>(i)].empty();
  }
  /// True where the short name of a shared term says it all ("s_x0_p4x1").
  [[nodiscard]] bool named_by_form(std::int32_t i) const {
    return by_form_[static_cast<std::size_t>(i)] != 0;
  }
  /// The names that are taken in every module of the layer.
  [[nodiscard]] const rtl::NameTable& names() const { return names_; }

 private:
  void find_forms();
  void name_all();
  std::string wanted_name(std::int32_t i, int& shared, std::vector<int>& parts);
  std::string short_name(const LinearForm& form) const;

  const plan::Layer* layer_;
  std::vector<int> depth_;
  std::vector<std::string> base_;
  std::vector<LinearForm> forms_;
  std::vector<BigInt> offsets_;
  std::vector<char> by_form_;
  std::vector<std::pair<std::int32_t, std::int32_t>> cover_;  // elements that an ArgMax node saw
  rtl::NameTable names_;
};

}  // namespace nib::map
