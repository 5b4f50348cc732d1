// Inside plan: matrices on codes become matrices on lanes, and the units that multiply by them.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/plan/stream_builder.h"
#include "nib/plan/stream_chain.h"

namespace nib::plan {

/// y[r] = sum over c of weights[r, c] * code[c] + bias[r].
struct Matrix {
  std::int64_t rows = 0, columns = 0;
  std::vector<std::int64_t> weights, bias;
};

/// Turns the weights into those of lanes and takes out what the rows have in common, and the sign
/// where `negated`; what is left to do with each row's sum. `plain`: a matrix on codes without a
/// bias is left alone.
[[nodiscard]] std::vector<Affine> on_lanes(Matrix& matrix, const Carried& x,
                                           const std::vector<char>& negated, bool plain);

/// Column of the matrix at each lane of a vector of `x`, -1 for filler: `taps` groups of the
/// channels, each group in words of its own.
[[nodiscard]] std::vector<std::int32_t> columns_of(const Carried& x, std::int64_t taps);

/// Multiplies whole vectors of x, one a word, by constants that are wired in. `rows`: ranges of the
/// lanes' sums. The order of the result is left to the caller.
[[nodiscard]] Carried wired(StreamBuilder& builder, const Carried& x, const Matrix& matrix,
                            const std::vector<Range>& rows);

/// Multiplies vectors of x, whose lanes meet the matrix' columns as `column_of` says. `rows`:
/// ranges of the lanes' sums. The order of the result is left to the caller.
[[nodiscard]] Carried multiplied(StreamBuilder& builder, const Carried& x,
                                 const std::vector<std::int32_t>& column_of, const Matrix& matrix,
                                 std::vector<Affine>& sums, const std::vector<Range>& rows);

/// The depthwise kernels matrix [channels][taps] on words (channel group, tap) of x, which has
/// `channels` channels.
[[nodiscard]] Carried depthwise(StreamBuilder& builder, const Carried& x, const Matrix& kernels,
                                const std::vector<Range>& rows);

/// The greatest value of each window of x, its windows side by side.
[[nodiscard]] stream::Pool pool_of(const stream::Window& window, const Carried& x);

}  // namespace nib::plan
