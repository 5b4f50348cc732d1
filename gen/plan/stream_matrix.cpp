// Weights of lanes, their kind and width, accumulators.
#include "nib/plan/stream_matrix.h"

#include <algorithm>
#include <numeric>

#include "nib/base/check.h"
#include "nib/base/error.h"

namespace nib::plan {
namespace {

using stream::Kind;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

int signed_bits(Range r) { return std::max(2, bits_for(hull(r, {-1, 0}))); }

struct WeightKind {
  Kind kind = Kind::kSigned;
  int bits = 1;
};
/// `signs`: weights of -1 and 1 alone may be bipolar.
WeightKind kind_of(const std::vector<std::int64_t>& weights, bool signs) {
  Range range{0, 0};
  for (const std::int64_t w : weights) {
    range = hull(range, {w, w});
    signs = signs && (w == 1 || w == -1);
  }
  if (range.min < 0 && signs) return {Kind::kBipolar, 1};
  if (range.min < 0) return {Kind::kSigned, signed_bits(range)};
  return {Kind::kUnsigned, std::max(1, bits_for(range))};
}

Carried sums_of(const Carried& x, int channel, int lanes, int bits, std::int64_t rows,
                Range range) {
  Carried y;
  y.channel = channel;
  y.format = {lanes, bits, Kind::kSigned, false};
  y.pixels = x.pixels;
  y.channels = rows;
  y.range = range;
  return y;
}

}  // namespace

stream::Pool pool_of(const stream::Window& window, const Carried& x) {
  stream::Pool pool;
  pool.format = x.format;
  pool.bits = x.format.bits;
  pool.rows = window.rows.size;
  pool.columns = window.columns.size;
  pool.kernel_y = window.rows.kernel;
  pool.kernel_x = window.columns.kernel;
  pool.fold = static_cast<int>(x.words());
  return pool;
}

std::vector<Affine> on_lanes(Matrix& matrix, const Carried& x, const std::vector<char>& negated,
                             bool plain) {
  const bool untouched = x.low == 0 && x.span == 1 && !x.bipolar();
  const bool no_bias =
      std::all_of(matrix.bias.begin(), matrix.bias.end(), [](std::int64_t b) { return b == 0; });
  std::vector<Affine> sums(at(matrix.rows));
  if (plain && untouched && no_bias) return sums;
  for (std::int64_t r = 0; r < matrix.rows; ++r) {
    std::int64_t* w = &matrix.weights[at(r * matrix.columns)];
    std::int64_t sum = 0, common = 0;
    for (std::int64_t c = 0; c < matrix.columns; ++c) {
      sum += w[c];
      w[c] *= x.span;
      common = std::gcd(common, w[c]);
    }
    Affine& s = sums[at(r)];
    s.add = matrix.bias[at(r)] + x.low * sum;
    if (x.bipolar()) {  // code = low + span * (lane + 1) / 2
      s.add = 2 * s.add + x.span * sum;
      s.den = 2;
    }
    if (common == 0) common = 1;
    s.num = common;
    if (s.den == 2 && common % 2 == 0 && s.add % 2 == 0) s = {common / 2, s.add / 2, 1};
    if (negated[at(r)] != 0) {
      common = -common;
      s.num = -s.num;
    }
    for (std::int64_t c = 0; c < matrix.columns; ++c) w[c] /= common;
  }
  return sums;
}

std::vector<std::int32_t> columns_of(const Carried& x, std::int64_t taps) {
  std::vector<std::int32_t> columns;
  for (std::int64_t k = 0; k < taps; ++k) {
    for (std::int64_t c = 0; c < x.words() * x.format.lanes; ++c) {
      columns.push_back(c < x.channels ? static_cast<std::int32_t>(k * x.channels + c) : -1);
    }
  }
  return columns;
}

Carried multiplied(StreamBuilder& builder, const Carried& x,
                   const std::vector<std::int32_t>& column_of, const Matrix& matrix,
                   std::vector<Affine>& sums, const std::vector<Range>& rows) {
  const LayerFold& fold = builder.layer().fold;
  const auto fillers = std::count(column_of.begin(), column_of.end(), -1);
  const WeightKind kind = kind_of(matrix.weights, fillers == 0 || x.fill.has_value());
  stream::Mvu unit;
  unit.format = x.format;
  unit.pe = static_cast<int>(std::min<std::int64_t>(fold.pe, matrix.rows));
  unit.rows = static_cast<int>(matrix.rows);
  unit.columns = static_cast<int>(column_of.size());
  unit.weight_kind = kind.kind;
  unit.weight_bits = kind.bits;
  unit.input_stationary = fold.input_stationary;
  const bool bipolar = kind.kind == Kind::kBipolar;
  // Bipolar words cannot be filled up with zeros: a row or column that counts stands there.
  if (bipolar) unit.rows = unit.nf() * unit.pe;
  Range range = rows[0];
  for (std::int64_t r = 0; r < unit.rows; ++r) {
    const std::int64_t row = r < matrix.rows ? r : 0;
    for (const std::int32_t c : column_of) {
      const std::int64_t filler = bipolar ? 1 : 0;
      unit.weights.push_back(c < 0 ? filler : matrix.weights[at(row * matrix.columns + c)]);
    }
    range = hull(range, rows[at(row)]);
  }
  if (bipolar && fillers > 0) {
    const std::int64_t more = fillers * *x.fill;
    range = range + Range{more, more};
    for (Affine& s : sums) s.add -= s.num * more;
  } else if (!bipolar && matrix.rows % unit.pe != 0) {
    range = hull(range, {0, 0});
  }
  unit.acc_bits = signed_bits(range);
  if (unit.acc_bits > 62) fail(ErrorCode::E706, "sums of over 62 bits", builder.layer().name);
  Carried y = sums_of(x, builder.unit("mvu", unit, {x.channel})[0], unit.pe, unit.acc_bits,
                      matrix.rows, range);
  if (!bipolar && !y.full()) y.fill = 0;
  return y;
}

Carried wired(StreamBuilder& builder, const Carried& x, const Matrix& matrix,
              const std::vector<Range>& rows) {
  NIB_CHECK(x.words() == 1 && x.full() && x.channels == matrix.columns, "a vector a word");
  stream::ConstMvu unit;
  unit.format = x.format;
  unit.rows = static_cast<int>(matrix.rows);
  unit.weights = matrix.weights;
  unit.digit = builder.layer().fold.digit;
  Range range = rows[0];
  for (const Range& r : rows) range = hull(range, r);
  builder.complete(unit);
  unit.acc_bits = std::max(signed_bits(range), unit.sum_bits);
  if (unit.acc_bits > 62) fail(ErrorCode::E706, "sums of over 62 bits", builder.layer().name);
  return sums_of(x, builder.unit("const_mvu", unit, {x.channel})[0], unit.rows, unit.acc_bits,
                 matrix.rows, range);
}

Carried depthwise(StreamBuilder& builder, const Carried& x, const Matrix& kernels,
                  const std::vector<Range>& rows) {
  const WeightKind kind = kind_of(kernels.weights, x.full());
  stream::Vvu unit;
  unit.format = x.format;
  unit.channels = static_cast<int>(x.words() * x.format.lanes);
  unit.taps = static_cast<int>(kernels.columns);
  unit.weight_kind = kind.kind;
  unit.weight_bits = kind.bits;
  unit.weights = kernels.weights;
  unit.weights.resize(at(std::int64_t{unit.channels} * unit.taps), 0);
  Range range = rows[0];
  for (const Range& r : rows) range = hull(range, r);
  if (!x.full()) range = hull(range, {0, 0});
  unit.acc_bits = signed_bits(range);
  if (unit.acc_bits > 62) fail(ErrorCode::E706, "sums of over 62 bits", builder.layer().name);
  Carried y = sums_of(x, builder.unit("vvu", unit, {x.channel})[0], x.format.lanes, unit.acc_bits,
                      x.channels, range);
  if (!y.full()) y.fill = 0;
  return y;
}

}  // namespace nib::plan
