// Names that say what a signal is, and the linear forms behind them.
#include "nib/map/signals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "nib/base/check.h"

namespace nib::map {
namespace {

using Kind = plan::Operation::Kind;
using Role = plan::Operation::Role;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

LinearForm combined(const LinearForm& a, std::int64_t ka, const LinearForm& b, std::int64_t kb) {
  LinearForm sum;
  auto i = a.begin();
  auto j = b.begin();
  while (i != a.end() || j != b.end()) {
    if (j == b.end() || (i != a.end() && i->first < j->first)) {
      sum.emplace_back(i->first, ka * i->second);
      ++i;
    } else if (i == a.end() || j->first < i->first) {
      sum.emplace_back(j->first, kb * j->second);
      ++j;
    } else {
      const std::int64_t c = ka * i->second + kb * j->second;
      if (c != 0) sum.emplace_back(i->first, c);
      ++i;
      ++j;
    }
  }
  return sum;
}

std::int64_t factor(const arith::Term& t) {
  const std::int64_t k = std::int64_t{1} << t.shift;
  return t.negative ? -k : k;
}

}  // namespace

rtl::Type type_of(const Range& range) {
  return rtl::Type{std::max(1, bits_for(range)), nib::is_signed(range)};
}

rtl::Type type_of(const plan::Operation& op) {
  return rtl::Type{op.width, nib::is_signed(op.range)};
}

rtl::Expr modular_literal(const BigInt& value, rtl::Type type) {
  return rtl::literal(value.wrapped(type.width, false), type);
}

LayerSignals::LayerSignals(const plan::Layer& layer)
    : layer_(&layer), depth_(plan::register_depths(layer)) {
  find_forms();
  name_all();
}

void LayerSignals::find_forms() {
  const auto& ops = layer_->operations;
  forms_.resize(ops.size());
  offsets_.assign(ops.size(), 0);
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const plan::Operation& o = ops[i];
    if (o.kind == Kind::kInput) {
      forms_[i] = {{static_cast<std::int32_t>(i), 1}};
    } else if (o.kind == Kind::kAdd) {
      const arith::Term second = o.above.value_or(o.b);
      const bool alone = second.node < 0;
      const LinearForm& a = forms_[at(o.a.node)];
      const LinearForm none;
      const LinearForm& b = alone ? none : forms_[at(second.node)];
      if (a.empty() || (alone ? o.above.has_value() : b.empty())) continue;
      forms_[i] = combined(a, factor(o.a), b, alone ? 0 : factor(second));
      offsets_[i] = o.constant + factor(o.a) * offsets_[at(o.a.node)] +
                    (alone ? BigInt(0) : factor(second) * offsets_[at(second.node)]);
    }
  }
}

std::string LayerSignals::short_name(const LinearForm& form) const {
  std::string text = "s";
  for (const auto& [input, c] : form) {
    const char* sign = &input == &form.front().first ? (c < 0 ? "_m" : "_") : (c < 0 ? "_m" : "_p");
    text += sign;
    if (std::abs(c) != 1) text += std::to_string(std::abs(c));
    text += base_[at(input)];
  }
  return text;
}

std::string LayerSignals::wanted_name(std::int32_t i, int& shared, std::vector<int>& parts) {
  const plan::Operation& o = op(i);
  const auto covered = [&](const char* what) {
    return fmt::format("{}_{}_{}", what, cover_[at(i)].first, cover_[at(i)].second);
  };
  switch (o.role) {
    case Role::kInput:
      return fmt::format("{}{}", layer_->operands[at(o.word)].name, o.index);
    case Role::kConstant:
      return {};
    case Role::kShared:
      if (!forms_[at(i)].empty() && forms_[at(i)].size() <= 3) {
        std::string name = short_name(forms_[at(i)]);
        by_form_[at(i)] = name.size() <= 28 ? 1 : 0;
        if (by_form_[at(i)] != 0) return name;
      }
      return fmt::format("t{}", shared++);
    case Role::kPart:
      return fmt::format("acc{}_p{}", o.output, parts[at(o.output)]++);
    case Role::kAcc:
      return fmt::format("acc{}", o.output);
    case Role::kBiased:
      return fmt::format("sum{}", o.output);
    case Role::kOutput:
      return fmt::format("y{}", o.output);
    case Role::kAtLeast:
      return covered("ge");
    case Role::kMax:
      return covered("max");
    case Role::kIndex:
      return covered("idx");
  }
  return {};
}

void LayerSignals::name_all() {
  const std::size_t count = layer_->operations.size();
  base_.resize(count);
  by_form_.assign(count, 0);
  cover_.assign(count, {0, 0});
  for (const char* taken : {"clk_i", "y_o", "s_o", "s_i", "unused_bits"}) names_.claim(taken);
  for (const plan::Operand& operand : layer_->operands) names_.claim(operand.name + "_i");
  int shared = 0;
  std::vector<int> parts(layer_->drivers.size(), 0);
  for (std::size_t i = 0; i < count; ++i) {
    const plan::Operation& o = layer_->operations[i];
    if (o.kind == Kind::kInput || o.kind == Kind::kConstant) cover_[i] = {o.index, o.index};
    if (o.kind == Kind::kAtLeast || o.kind == Kind::kSelect) {
      cover_[i] = {std::min(cover_[at(o.a.node)].first, cover_[at(o.b.node)].first),
                   std::max(cover_[at(o.a.node)].second, cover_[at(o.b.node)].second)};
    }
    const std::string wanted = wanted_name(static_cast<std::int32_t>(i), shared, parts);
    if (!wanted.empty()) base_[i] = names_.claim(wanted);
  }
  // The names of registers must not meet other names either.
  for (std::size_t i = 0; i < count; ++i) {
    for (int d = 1; d <= depth_[i]; ++d) names_.claim(name(static_cast<std::int32_t>(i), d));
    if (depth_[i] > 0) names_.claim(name(static_cast<std::int32_t>(i), 0));
  }
}

std::string LayerSignals::name(std::int32_t i, int delay) const {
  const std::string& base = base_[at(i)];
  if (delay == 0) {
    const bool input = op(i).kind == Kind::kInput;
    return depth_[at(i)] > 0 && !input ? fmt::format("{}_d", base) : base;
  }
  return delay == 1 ? fmt::format("{}_q", base) : fmt::format("{}_q{}", base, delay);
}

rtl::Expr LayerSignals::at_stage(std::int32_t i, int stage) const {
  const plan::Operation& o = op(i);
  const rtl::Type type = type_of(o);
  if (o.kind == Kind::kConstant) return rtl::literal(o.constant, type);
  NIB_CHECK(stage >= o.stage && stage - o.stage <= depth_[at(i)], "a register for every stage");
  return rtl::ref(name(i, stage - o.stage), type);
}

std::string LayerSignals::form_text(std::int32_t i, std::size_t terms) const {
  const LinearForm& form = forms_[at(i)];
  std::string text;
  std::size_t shown = 0;
  for (const auto& [input, c] : form) {
    if (shown == terms && form.size() > terms + 1) {
      text += fmt::format(" + ... ({} inputs)", form.size());
      break;
    }
    if (text.empty()) {
      text += c < 0 ? "-" : "";
    } else {
      text += c < 0 ? " - " : " + ";
    }
    const std::int64_t size = std::abs(c);
    if (size != 1) text += fmt::format("{}*", size);
    text += base_[at(input)];
    ++shown;
  }
  const BigInt& offset = offsets_[at(i)];
  if (offset != 0) {
    text += fmt::format(" {} {}", offset < 0 ? "-" : "+", to_string(abs(offset)));
  }
  return text;
}

}  // namespace nib::map
