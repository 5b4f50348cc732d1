// Dense, sparse, or masks of bits.
#include "nib/emit/emulator_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "nib/emit/emulator_text.h"

namespace nib::emit {
namespace {

/// NAME, or where its group begins in it.
std::string grouped(const std::string& name, const EmulatorMatrix& m, std::size_t per_row) {
  if (m.groups == 1) return name;
  return fmt::format("{} + group * {}", name,
                     static_cast<std::size_t>(m.rows() / m.groups) * per_row);
}

/// Weights of -1, 0, 1 on codes of a few bits: masks of 64 weights a word.
bool write_masks(const EmulatorMatrix& m, const std::string& id, EmulatorProduct& product) {
  const int planes = std::max(bits_for(m.codes), 1);
  const auto inputs = static_cast<std::size_t>(m.columns());
  const auto outputs = static_cast<std::size_t>(m.rows());
  const Range weights = range_of(m.weights.data);
  if (planes > 8 || is_wide(m.sums()) || weights.min < -1 || weights.max > 1) return false;
  const std::size_t per_row = (inputs + 63) / 64;
  std::vector<std::uint64_t> plus(outputs * per_row), minus(outputs * per_row);
  bool full = true;
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < inputs; ++i) {
      const std::int64_t w = m.weights.data[o * inputs + i];
      const std::uint64_t bit = std::uint64_t{1} << (i % 64);
      if (w > 0) plus[o * per_row + i / 64] |= bit;
      if (w < 0) minus[o * per_row + i / 64] |= bit;
      full = full && w != 0;
    }
  }
  product.tables += words("kPlus" + id, plus);
  const std::string parameters =
      fmt::format("<{}, {}, {}>", per_row, planes, is_signed(m.codes) ? "true" : "false");
  const std::string plus_text = grouped("kPlus" + id, m, per_row);
  if (full) {
    product.call = fmt::format("detail::signs{}({}", parameters, plus_text);
  } else {
    product.tables += words("kMinus" + id, minus);
    product.call = fmt::format("detail::masks{}({}, {}", parameters, plus_text,
                               grouped("kMinus" + id, m, per_row));
  }
  return true;
}

void write_sparse(const EmulatorMatrix& m, const std::string& id, EmulatorProduct& product) {
  const std::int64_t outputs = m.rows(), inputs = m.columns();
  std::vector<std::int64_t> weights;
  std::vector<std::uint32_t> begin, index;
  for (std::int64_t o = 0; o < outputs; ++o) {
    begin.push_back(static_cast<std::uint32_t>(weights.size()));
    for (std::int64_t i = 0; i < inputs; ++i) {
      const std::int64_t w = m.weights[o * inputs + i];
      if (w == 0) continue;
      weights.push_back(w);
      index.push_back(static_cast<std::uint32_t>(i));
    }
  }
  begin.push_back(static_cast<std::uint32_t>(weights.size()));
  if (weights.empty()) weights.push_back(0), index.push_back(0);  // no empty arrays in C++
  product.tables += integers("kWeights" + id, weights) + unsigned_32("kIndex" + id, index) +
                    unsigned_32("kBegin" + id, begin);
  product.call =
      fmt::format("detail::sparse(kWeights{0}, kIndex{0}, {1}", id, grouped("kBegin" + id, m, 1));
}

}  // namespace

Range EmulatorMatrix::sums() const {
  Range sums{0, 0};
  for (std::int64_t o = 0; o < rows(); ++o) {
    const BigInt& b = bias[static_cast<std::size_t>(o)];
    Range low_high = hull({0, 0}, {b, b});
    for (std::int64_t i = 0; i < columns(); ++i) {
      const std::int64_t w = weights[o * columns() + i];
      if (w == 0) continue;
      const Range part = hull({0, 0}, codes * w);
      low_high = low_high + Range{part.min * 2, part.max * 2};  // twice: bit planes overshoot
    }
    sums = hull(sums, low_high);
  }
  return sums;
}

EmulatorProduct write_product(const EmulatorMatrix& matrix, const std::string& id) {
  const std::int64_t all = matrix.weights.size();
  const std::int64_t nonzero =
      all - std::count(matrix.weights.data.begin(), matrix.weights.data.end(), 0);
  EmulatorProduct product;
  product.tables = fmt::format("// {} x {} weights, {} of them nonzero.\n", matrix.rows(),
                               matrix.columns(), nonzero);
  product.tables += integers("kBias" + id, matrix.bias);
  if (nonzero * 3 < all) {
    write_sparse(matrix, id, product);
  } else if (!write_masks(matrix, id, product)) {
    product.tables += integers("kWeights" + id, matrix.weights.data);
    product.call =
        fmt::format("detail::dense({}",
                    grouped("kWeights" + id, matrix, static_cast<std::size_t>(matrix.columns())));
  }
  product.call += ", " + grouped("kBias" + id, matrix, 1);
  return product;
}

}  // namespace nib::emit
