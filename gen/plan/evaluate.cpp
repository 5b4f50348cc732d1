// The plan as a model: its own operations on integers, in the widths that the RTL declares.
#include <algorithm>
#include <cstddef>

#include "nib/base/check.h"
#include "nib/plan/plan.h"

namespace nib::plan {
namespace {

using Kind = Operation::Kind;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

// What a net of `bits` bits holds after an assignment of x.
std::int64_t wrapped(std::int64_t x, int bits, bool has_sign) {
  const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  std::uint64_t word = static_cast<std::uint64_t>(x) & mask;
  if (has_sign && ((word >> (bits - 1)) & 1) != 0) word |= ~mask;
  return static_cast<std::int64_t>(word);
}

class Run {
 public:
  Run(const Plan& plan, const std::vector<std::int64_t>& codes) : plan_(plan) {
    std::size_t next = 0;
    for (const Word& word : plan.inputs) {
      inputs_.emplace_back();
      for (const Element& e : word.elements) {
        NIB_CHECK(next < codes.size(), "a code for every input element");
        inputs_.back().push_back(e.bits > 0 ? wrapped(codes[next], e.bits, e.is_signed)
                                            : e.range.min);
        ++next;
      }
    }
    NIB_CHECK(next == codes.size(), "no more codes than input elements");
  }

  std::vector<std::int64_t> operator()() {
    for (const Layer& layer : plan_.layers) run(layer);
    std::vector<std::int64_t> result;
    for (std::size_t k = 0; k < plan_.outputs.size(); ++k) {
      for (std::size_t e = 0; e < plan_.outputs[k].elements.size(); ++e) {
        const Element& element = plan_.outputs[k].elements[e];
        result.push_back(element.bits > 0 ? read(plan_.output_sources[k][e]) : element.range.min);
      }
    }
    return result;
  }

 private:
  std::int64_t read(const Source& s) const {
    return s.word < 0 ? inputs_[at(-1 - s.word)][at(s.element)] : words_[at(s.word)][at(s.element)];
  }

  void run(const Layer& layer) {
    std::vector<std::int64_t> x(layer.operations.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Operation& op = layer.operations[i];
      x[i] = wrapped(value(layer, op, x), op.width, is_signed(op.range));
    }
    words_.emplace_back();
    for (std::size_t e = 0; e < layer.drivers.size(); ++e) {
      const std::int32_t d = layer.drivers[e];
      const Element& element = layer.output.elements[e];
      const bool present = d >= 0 && element.bits > 0;
      words_.back().push_back(present ? wrapped(x[at(d)], element.bits, element.is_signed) : 0);
    }
  }

  static std::int64_t term(const arith::Term& t, const std::vector<std::int64_t>& x) {
    const std::int64_t shifted = x[at(t.node)] * (std::int64_t{1} << t.shift);
    return t.negative ? -shifted : shifted;
  }

  std::int64_t value(const Layer& layer, const Operation& op,
                     const std::vector<std::int64_t>& x) const {
    switch (op.kind) {
      case Kind::kInput:
        return read(layer.operands[at(op.word)].sources[at(op.index)]);
      case Kind::kConstant:
        return op.constant;
      case Kind::kAdd:
        return term(op.a, x) + (op.b.node < 0 ? 0 : term(op.b, x)) + op.constant;
      case Kind::kStep:
        return arith::evaluate(layer.steps[at(op.step)], x[at(op.a.node)]);
      case Kind::kClamp:
        return std::clamp(x[at(op.a.node)], op.limits.min, op.limits.max);
      case Kind::kAtLeast:
        return x[at(op.a.node)] >= x[at(op.b.node)] ? 1 : 0;
      case Kind::kSelect:
        return x[at(op.c.node)] != 0 ? x[at(op.a.node)] : x[at(op.b.node)];
    }
    return 0;
  }

  const Plan& plan_;
  std::vector<std::vector<std::int64_t>> inputs_, words_;
};

}  // namespace

std::vector<std::int64_t> evaluate(const Plan& plan, const std::vector<std::int64_t>& codes) {
  return Run(plan, codes)();
}

}  // namespace nib::plan
