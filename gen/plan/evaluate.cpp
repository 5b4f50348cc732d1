// The plan as a model: its own operations on integers, in the widths that the RTL declares.
#include <algorithm>
#include <cstddef>

#include "nib/base/check.h"
#include "nib/plan/plan.h"

namespace nib::plan {
namespace {

using Kind = Operation::Kind;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

class Run {
 public:
  Run(const Plan& plan, const std::vector<std::int64_t>& codes) : plan_(plan) {
    std::size_t next = 0;
    for (const Word& word : plan.inputs) {
      inputs_.emplace_back();
      for (const Element& e : word.elements) {
        NIB_CHECK(next < codes.size(), "a code for every input element");
        inputs_.back().push_back(e.bits > 0 ? BigInt(codes[next]).wrapped(e.bits, e.is_signed)
                                            : e.range.min);
        ++next;
      }
    }
    NIB_CHECK(next == codes.size(), "no more codes than input elements");
  }

  std::vector<BigInt> operator()() {
    for (const Layer& layer : plan_.layers) run(layer);
    std::vector<BigInt> result;
    for (std::size_t k = 0; k < plan_.outputs.size(); ++k) {
      for (std::size_t e = 0; e < plan_.outputs[k].elements.size(); ++e) {
        const Element& element = plan_.outputs[k].elements[e];
        result.push_back(element.bits > 0 ? read(plan_.output_sources[k][e]) : element.range.min);
      }
    }
    return result;
  }

 private:
  const BigInt& read(const Source& s) const {
    return s.word < 0 ? inputs_[at(-1 - s.word)][at(s.element)] : words_[at(s.word)][at(s.element)];
  }

  void run(const Layer& layer) {
    std::vector<BigInt> x(layer.operations.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Operation& op = layer.operations[i];
      x[i] = value(layer, op, x).wrapped(op.width, is_signed(op.range));
    }
    words_.emplace_back();
    for (std::size_t e = 0; e < layer.drivers.size(); ++e) {
      const std::int32_t d = layer.drivers[e];
      const Element& element = layer.output.elements[e];
      const bool present = d >= 0 && element.bits > 0;
      words_.back().push_back(present ? x[at(d)].wrapped(element.bits, element.is_signed)
                                      : BigInt(0));
    }
  }

  static BigInt term(const arith::Term& t, const std::vector<BigInt>& x) {
    const BigInt shifted = x[at(t.node)] << t.shift;
    return t.negative ? -shifted : shifted;
  }

  BigInt value(const Layer& layer, const Operation& op, const std::vector<BigInt>& x) const {
    switch (op.kind) {
      case Kind::kInput:
        return read(layer.operands[at(op.word)].sources[at(op.index)]);
      case Kind::kConstant:
        return op.constant;
      case Kind::kAdd:
        return term(op.a, x) + (op.b.node < 0 ? BigInt(0) : term(op.b, x)) + op.constant;
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
  std::vector<std::vector<BigInt>> inputs_, words_;
};

}  // namespace

std::vector<BigInt> evaluate_wide(const Plan& plan, const std::vector<std::int64_t>& codes) {
  return Run(plan, codes)();
}

std::vector<std::int64_t> evaluate(const Plan& plan, const std::vector<std::int64_t>& codes) {
  const std::vector<BigInt> result = evaluate_wide(plan, codes);
  return {result.begin(), result.end()};
}

}  // namespace nib::plan
