// Stage by stage: logic, then the registers behind it.
#include "nib/map/part_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <utility>

#include "nib/base/check.h"
#include "nib/map/part_ports.h"
#include "nib/map/step_text.h"
#include "nib/map/words.h"

namespace nib::map {
namespace {

using Kind = plan::Operation::Kind;
using Role = plan::Operation::Role;

constexpr rtl::Type kBit{1, false};

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// Short delay lines stay registers: a shift register LUT is slow at both ends.
std::string attributes_of(const LayerSignals& signals, const Part& part) {
  const bool lines = std::any_of(part.operations.begin(), part.operations.end(),
                                 [&](std::int32_t i) { return signals.depth(i) > 1; });
  return lines ? "shreg_extract = \"no\"" : "";
}

// Writes one part.
class PartWriter {
 public:
  PartWriter(const LayerSignals& signals, const Part& part)
      : signals_(signals), part_(part), steps_(signals, part.operations) {}

  rtl::Module run(std::string name, std::string header) {
    module_.name = std::move(name);
    module_.header = std::move(header);
    module_.attributes = attributes_of(signals_, part_);
    ports();
    inputs();
    imports();
    for (const rtl::Item& item : steps_.declarations()) module_.items.push_back(item);
    stages();
    results();
    dropped();
    return std::move(module_);
  }

 private:
  const plan::Layer& layer() const { return signals_.layer(); }

  void ports() {
    using rtl::Direction;
    if (has_registers(signals_, part_)) {
      module_.ports.push_back(rtl::Port{Direction::kInput, "clk_i", kBit, {}});
    }
    for (std::size_t k = 0; k < layer().operands.size(); ++k) {
      const PortWord word = port_word(signals_, part_, k);
      if (word.width == 0) continue;
      module_.ports.push_back(rtl::Port{Direction::kInput, layer().operands[k].name + "_i",
                                        rtl::Type{word.width, false}, span_text(word)});
    }
    if (!part_.imports.empty()) {
      module_.ports.push_back(rtl::Port{Direction::kInput, "s_i",
                                        rtl::Type{width_of(signals_, part_.imports), false},
                                        "shared terms"});
    }
    if (!part_.outputs.empty()) {
      const std::string first = std::to_string(part_.outputs.front());
      const std::string last = std::to_string(part_.outputs.back());
      std::string comment = part_.outputs.size() == 1
                                ? fmt::format("y{}", first)
                                : fmt::format("{{y{}, ..., y{}}}", last, first);
      module_.ports.push_back(rtl::Port{Direction::kOutput, "y_o",
                                        rtl::Type{output_width(layer(), part_.outputs), false},
                                        std::move(comment)});
    }
    if (!part_.exports.empty()) {
      module_.ports.push_back(rtl::Port{Direction::kOutput, "s_o",
                                        rtl::Type{width_of(signals_, part_.exports), false},
                                        "shared terms"});
    }
  }
  std::string span_text(const PortWord& word) const {
    const std::string& first = signals_.base(word.operations.front());
    if (word.operations.size() == 1) return first;
    return fmt::format("{{{}, ..., {}}}", signals_.base(word.operations.back()), first);
  }

  void add(rtl::Item item) { module_.items.push_back(std::move(item)); }

  // Declares names, those of one type together.
  void declare(const std::vector<std::pair<std::string, rtl::Type>>& names) {
    std::vector<rtl::Net> nets;
    for (const auto& [name, type] : names) {
      const rtl::Type wanted = type;
      auto found = std::find_if(nets.begin(), nets.end(),
                                [&](const rtl::Net& n) { return n.type == wanted; });
      if (found == nets.end()) {
        nets.push_back(rtl::Net{{}, type, {}, false});
        found = nets.end() - 1;
      }
      found->names.push_back(name);
    }
    for (rtl::Net& net : nets) add(std::move(net));
  }

  void inputs() {
    for (std::size_t k = 0; k < layer().operands.size(); ++k) {
      const PortWord word = port_word(signals_, part_, k);
      if (word.width == 0) continue;
      const rtl::Expr port =
          rtl::ref(layer().operands[k].name + "_i", rtl::Type{word.width, false});
      add(rtl::Section{});
      std::vector<std::pair<std::string, rtl::Type>> names;
      for (const std::int32_t i : word.operations) {
        names.emplace_back(signals_.name(i, 0), type_of(signals_.op(i)));
      }
      declare(names);
      for (std::size_t j = 0; j < names.size(); ++j) {
        const rtl::Type type = names[j].second;
        add(rtl::Assign{
            rtl::ref(names[j].first, type), gather({Field{port, word.lsb[j], type.width}}), {}});
      }
    }
  }
  void imports() {
    if (part_.imports.empty()) return;
    add(rtl::Section{"Shared terms, from the modules before."});
    const rtl::Expr port = rtl::ref("s_i", rtl::Type{width_of(signals_, part_.imports), false});
    std::vector<std::pair<std::string, rtl::Type>> names;
    for (const auto& [i, delay] : part_.imports) {
      names.emplace_back(signals_.name(i, delay), type_of(signals_.op(i)));
    }
    declare(names);
    int lsb = 0;
    for (const auto& [name, type] : names) {
      add(rtl::Assign{rtl::ref(name, type), gather({Field{port, lsb, type.width}}), {}});
      lsb += type.width;
    }
  }

  void stages() {
    int first = layer().output_stage;
    for (const std::int32_t i : part_.operations) first = std::min(first, signals_.op(i).stage);
    for (int s = first; s <= layer().output_stage; ++s) {
      logic(s);
      registers(s);
    }
  }

  void logic(int stage) {
    std::vector<std::int32_t> now;
    for (const std::int32_t i : part_.operations) {
      const plan::Operation& op = signals_.op(i);
      const bool named = op.kind != Kind::kInput && op.kind != Kind::kConstant;
      if (named && op.stage == stage) now.push_back(i);
    }
    if (now.empty()) return;
    // Shared terms first, then output by output; both keep the topological order.
    std::stable_sort(now.begin(), now.end(), [&](std::int32_t a, std::int32_t b) {
      return signals_.op(a).output < signals_.op(b).output;
    });
    add(rtl::Section{layer().latency_cycles == 0
                         ? std::string("Logic.")
                         : fmt::format("Stage {}.", stage - layer().start_stage)});
    for (const std::int32_t i : now) operation(i);
  }

  void operation(std::int32_t i) {
    const plan::Operation& op = signals_.op(i);
    const rtl::Type type = type_of(op);
    const bool spelt = op.role == Role::kAcc && signals_.is_linear(i);
    std::string comment = fmt::format("in {}", to_string(op.range));
    if (type.width < type_of(op.range).width) comment += fmt::format(", modulo 2^{}", type.width);
    if (spelt) {
      add(rtl::Comment{fmt::format("{} = {}", signals_.base(i), signals_.form_text(i, 40))});
    } else if (signals_.is_linear(i)) {
      comment = fmt::format("{}, {}", signals_.form_text(i, 6), comment);
    }
    std::vector<rtl::Item> before;
    rtl::Expr value = expression(i, before);
    for (rtl::Item& item : before) add(std::move(item));
    add(rtl::net(signals_.name(i, 0), type, std::move(comment)));
    add(rtl::Assign{rtl::ref(signals_.name(i, 0), type), std::move(value), {}});
  }

  // Operation i in that stage; `bits` of it are read.
  rtl::Expr read(std::int32_t i, int stage, int bits = kAllBits) {
    rtl::Expr value = signals_.at_stage(i, stage);
    if (const auto* name = std::get_if<rtl::Ref>(&value.node)) {
      auto& entry = reads_.try_emplace(name->name, value, 0).first->second;
      entry.second = std::max(entry.second, std::min(bits, value.type.width));
    }
    return value;
  }

  rtl::Expr expression(std::int32_t i, std::vector<rtl::Item>& before) {
    const plan::Operation& op = signals_.op(i);
    const rtl::Type type = type_of(op);
    if (op.kind != Kind::kAdd) {
      const bool selects = op.kind == Kind::kSelect;
      const int bits = selects ? type.width : steps_.operand_bits(i);
      for (const arith::Term* t : {&op.a, &op.b, &op.c}) {
        if (t->node >= 0) read(t->node, op.stage, bits);
      }
    }
    switch (op.kind) {
      case Kind::kInput:
      case Kind::kConstant:
        break;
      case Kind::kAdd:
        return sum(op, type);
      case Kind::kStep:
      case Kind::kClamp:
        return steps_.value(i, before);
      case Kind::kAtLeast:
        return at_least(op);
      case Kind::kSelect:
        return rtl::ternary(signals_.at_stage(op.c.node, op.stage),
                            rtl::cast(signals_.at_stage(op.a.node, op.stage), type.width),
                            rtl::cast(signals_.at_stage(op.b.node, op.stage), type.width));
    }
    NIB_CHECK(false, "an operation with a value");
    return {};
  }

  // Every operand is extended to the width of the sum before anything is added or shifted.
  rtl::Expr sum(const plan::Operation& op, rtl::Type type) {
    const auto term = [&](const arith::Term& t) {
      rtl::Expr x = read(t.node, op.stage, type.width - t.shift);
      return rtl::shift_left(rtl::cast(std::move(x), type.width), t.shift);
    };
    const rtl::Expr constant = modular_literal(abs(op.constant), type);
    const bool offset = std::get<rtl::Literal>(constant.node).value != 0;
    const auto constant_op = op.constant < 0 ? rtl::BinaryOp::kSub : rtl::BinaryOp::kAdd;
    if (op.b.node < 0) {
      if (!op.a.negative) {
        return offset ? rtl::binary(constant_op, term(op.a), constant) : term(op.a);
      }
      if (!offset) return rtl::unary(rtl::UnaryOp::kNegate, term(op.a));
      if (op.constant > 0) return rtl::binary(rtl::BinaryOp::kSub, constant, term(op.a));
      return rtl::binary(rtl::BinaryOp::kSub, rtl::unary(rtl::UnaryOp::kNegate, term(op.a)),
                         constant);
    }
    NIB_CHECK(!(op.a.negative && op.b.negative), "at most one negative term");
    const arith::Term& plus = op.a.negative ? op.b : op.a;
    const arith::Term& other = op.a.negative ? op.a : op.b;
    rtl::Expr value =
        rtl::binary(op.a.negative || op.b.negative ? rtl::BinaryOp::kSub : rtl::BinaryOp::kAdd,
                    term(plus), term(other));
    return offset ? rtl::binary(constant_op, std::move(value), constant) : value;
  }

  rtl::Expr at_least(const plan::Operation& op) const {
    rtl::Expr a = signals_.at_stage(op.a.node, op.stage);
    rtl::Expr b = signals_.at_stage(op.b.node, op.stage);
    const Range both = hull(signals_.op(op.a.node).range, signals_.op(op.b.node).range);
    const rtl::Type type = type_of(both);
    a = rtl::cast(std::move(a), type.width);
    b = rtl::cast(std::move(b), type.width);
    if (type.is_signed) {
      a = as_signed_operand(std::move(a));
      b = as_signed_operand(std::move(b));
    }
    return rtl::binary(rtl::BinaryOp::kGe, std::move(a), std::move(b));
  }
  static rtl::Expr as_signed_operand(rtl::Expr x) {
    if (auto* constant = std::get_if<rtl::Literal>(&x.node)) {
      return rtl::literal(constant->value, rtl::Type{x.type.width, true});
    }
    return rtl::as_signed(std::move(x));
  }

  // Everything that enters a register at the end of `stage`.
  void registers(int stage) {
    std::vector<std::pair<std::string, rtl::Type>> names;
    rtl::AlwaysFf ff;
    ff.clock = "clk_i";
    for (const std::int32_t i : part_.operations) {
      const int delay = stage - signals_.op(i).stage;
      if (delay < 0 || delay >= signals_.depth(i)) continue;
      const rtl::Type type = type_of(signals_.op(i));
      names.emplace_back(signals_.name(i, delay + 1), type);
      ff.registers.emplace_back(rtl::ref(names.back().first, type), read(i, stage));
    }
    if (names.empty()) return;
    const int relative = stage - layer().start_stage;
    add(rtl::Section{fmt::format("Registers between stages {} and {}.", relative, relative + 1)});
    declare(names);
    add(std::move(ff));
  }

  void results() {
    if (!part_.outputs.empty()) {
      std::vector<rtl::Expr> list;
      for (const std::int64_t e : part_.outputs) {
        const int bits = layer().output.elements[at(e)].bits;
        list.push_back(rtl::cast(read(layer().drivers[at(e)], layer().output_stage, bits), bits));
      }
      std::reverse(list.begin(), list.end());
      add(rtl::Section{});
      const int width = output_width(layer(), part_.outputs);
      add(rtl::Assign{rtl::ref("y_o", rtl::Type{width, false}), rtl::concat(std::move(list)), {}});
    }
    if (!part_.exports.empty()) {
      std::vector<rtl::Expr> list;
      for (const auto& [i, delay] : part_.exports) {
        list.push_back(read(i, signals_.op(i).stage + delay));
      }
      std::reverse(list.begin(), list.end());
      add(rtl::Section{});
      const int width = width_of(signals_, part_.exports);
      add(rtl::Assign{rtl::ref("s_o", rtl::Type{width, false}), rtl::concat(std::move(list)), {}});
    }
  }

  // High bits that no sum here has room for: sums are exact modulo their width.
  void dropped() {
    std::vector<Field> fields;
    for (const auto& [name, entry] : reads_) {
      const auto& [value, bits] = entry;
      if (bits >= value.type.width) continue;
      rtl::Expr word = value;
      fields.push_back(Field{std::move(word), bits, value.type.width - bits});
    }
    if (fields.empty()) return;
    add(rtl::Section{"High bits above the sums that read them."});
    add(rtl::net("unused_bits", kBit));
    add(rtl::Assign{
        rtl::ref("unused_bits", kBit), rtl::unary(rtl::UnaryOp::kReduceXor, gather(fields)), {}});
  }

  const LayerSignals& signals_;
  const Part& part_;
  StepText steps_;
  std::map<std::string, std::pair<rtl::Expr, int>> reads_;  // and how many bits are read
  rtl::Module module_;
};

}  // namespace

rtl::Module write_part(const LayerSignals& signals, const Part& part, std::string name,
                       std::string header) {
  return PartWriter(signals, part).run(std::move(name), std::move(header));
}

}  // namespace nib::map
