// Inside plan: one layer under construction, from integer arithmetic to operations.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nib/arith/adder_graph.h"
#include "nib/arith/step_circuit.h"
#include "nib/lower/integer_graph.h"
#include "nib/plan/plan.h"
#include "nib/plan/solutions.h"

namespace nib::plan {

/// +-(operation << shift) + constant: what a row of a matrix is before anything is built for its
/// sign, shift and bias.
struct Signal {
  arith::Term term{-1, 0, false};  ///< node < 0: the constant alone
  BigInt constant = 0;
  Range range;
};

class LayerBuilder {
 public:
  LayerBuilder(Layer& layer, Solutions& solutions) : layer_(layer), solutions_(solutions) {}

  /// Adds an operand of `ranges` elements that come from `sources`.
  void operand(std::string name, const std::vector<Range>& ranges,
               const std::vector<Source>& sources);
  [[nodiscard]] Range operand_range(std::int32_t word, std::int64_t element) const {
    return ranges_[static_cast<std::size_t>(word)][static_cast<std::size_t>(element)];
  }
  /// The operation of an operand's element (created once); a constant where it is one.
  std::int32_t input(std::int32_t word, std::int64_t element);
  /// `place`: the element that it stands for, in names.
  std::int32_t constant(const BigInt& value, std::int64_t place = 0);

  /// Rows of `matrix` over elements of operand `word` (columns in `elements`), plus bias. `outputs`
  /// names the output element of each row.
  std::vector<Signal> linear(const Tensor<std::int64_t>& matrix, const std::vector<Source>& columns,
                             const std::vector<BigInt>& bias,
                             const std::vector<std::int32_t>& outputs);
  Signal signal(std::int32_t operation) const;
  Signal step(const Signal& x, const lower::StepFunction& f, std::int32_t output);
  Signal clamp(const Signal& x, Range limits, std::int32_t output);
  /// An operation of the output's own that carries exactly this value.
  std::int32_t drive(const Signal& x, std::int32_t output);

  std::int32_t append(Operation op);
  [[nodiscard]] Range range(std::int32_t operation) const;
  /// Notes that the operation stays within `r`.
  void limit(std::int32_t operation, Range r);

 private:
  std::int32_t materialise(const Signal& x, Operation::Role role, std::int32_t output);

  Layer& layer_;
  Solutions& solutions_;
  std::vector<std::vector<std::int32_t>> inputs_;  // operation of each operand's element
  std::vector<std::vector<Range>> ranges_;
  std::map<const arith::StepCircuit*, std::int32_t> step_index_;
};

}  // namespace nib::plan
