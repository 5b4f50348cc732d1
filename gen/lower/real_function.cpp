// Real functions of one code in closed form.
#include "nib/lower/real_function.h"

#include <algorithm>
#include <utility>

#include "nib/base/check.h"
#include "nib/lower/rational_gcd.h"

namespace nib::lower {
namespace {

using Kind = ScalarOp::Kind;

/// The smallest integer of [low, high + 1] that is >= x.
BigInt clamped_ceil(const Surd& x, const BigInt& low, const BigInt& high) {
  BigInt at(x.ceil());
  if (at <= low) return low;
  return at > high ? high + 1 : at;
}

/// The pieces under construction, with the domain's last value.
struct Builder {
  std::vector<Piece> pieces;
  BigInt last = 0;

  [[nodiscard]] BigInt end_of(std::size_t i) const {
    return i + 1 < pieces.size() ? pieces[i + 1].start - 1 : last;
  }

  void affine(const Surd& a, const Surd& b) {
    for (Piece& piece : pieces) {
      piece.a *= a;
      piece.b = piece.b * a + b;
    }
  }

  /// Where the function is below `limit` (above it, if `upper`) it becomes factor * f + constant.
  void bend(const Surd& limit, bool upper, const Surd& factor, const Surd& constant) {
    std::vector<Piece> result;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const Piece& piece = pieces[i];
      const BigInt end = end_of(i);
      const Piece bent{piece.start, piece.a * factor, piece.b * factor + constant};
      const int slope = piece.a.sign();
      if (slope == 0) {
        const int side = (piece.b - limit).sign();
        result.push_back((upper ? side > 0 : side < 0) ? bent : piece);
        continue;
      }
      // a x + b crosses the limit at (limit - b) / a; on the crossing both forms are equal.
      const Surd crossing = (limit - piece.b) * piece.a.inverse();
      const BigInt split = clamped_ceil(crossing, piece.start, end);
      const bool bent_first = (slope > 0) != upper;
      if (split > piece.start) result.push_back(bent_first ? bent : piece);
      if (split <= end) {
        result.push_back(bent_first ? piece : bent);
        result.back().start = split;
      }
    }
    pieces = std::move(result);
  }
};

}  // namespace

std::optional<Surd> evaluate(const RealFunction& function, const BigInt& x) {
  std::optional<Surd> value = Rational(function.scale * to_rational(x) + function.offset);
  for (const ScalarOp& op : function.ops) {
    value = apply(op, *value);
    if (!value) return std::nullopt;
  }
  return value;
}

bool same_function(const RealFunction& a, const RealFunction& b) {
  return a.domain == b.domain && a.scale == b.scale && a.offset == b.offset &&
         std::equal(a.ops.begin(), a.ops.end(), b.ops.begin(), b.ops.end(),
                    [](const ScalarOp& x, const ScalarOp& y) {
                      return x.kind == y.kind && x.function == y.function &&
                             x.exponent == y.exponent && x.has_low == y.has_low &&
                             x.has_high == y.has_high && x.a == y.a && x.b == y.b;
                    });
}

Enclosure enclose(const RealFunction& function, std::size_t ops, const BigInt& x, int bits) {
  std::optional<Surd> value = Rational(function.scale * to_rational(x) + function.offset);
  Surd last = *value;
  std::size_t i = 0;
  for (; i < ops; ++i) {
    value = apply(function.ops[i], last);
    if (!value) break;
    last = std::move(*value);
  }
  Enclosure bounds(last, bits);
  for (; i < ops; ++i) bounds = apply(function.ops[i], bounds);
  return bounds;
}

bool is_piecewise_linear(const RealFunction& function) {
  return std::all_of(function.ops.begin(), function.ops.end(),
                     [](const ScalarOp& op) { return is_piecewise_linear(op); });
}

std::vector<Piece> pieces_of(const RealFunction& function) {
  Builder builder{{{function.domain.min, function.scale, function.offset}}, function.domain.max};
  const Surd zero{Rational(0)};
  for (const ScalarOp& op : function.ops) {
    switch (op.kind) {
      case Kind::kAffine:
        builder.affine(op.a, op.b);
        break;
      case Kind::kLeaky:
        builder.bend(zero, false, op.a, zero);
        break;
      case Kind::kClip:
        if (op.has_low) builder.bend(op.a, false, zero, op.a);
        if (op.has_high) builder.bend(op.b, true, zero, op.b);
        break;
      case Kind::kPower:
      case Kind::kUnary:
        NIB_CHECK(false, "a piecewise linear function");
    }
  }
  return std::move(builder.pieces);
}

std::optional<Tabulated> tabulate(const RealFunction& function, std::int64_t limit) {
  const auto& [min, max] = function.domain;
  if (max - min >= limit) return std::nullopt;
  std::vector<Rational> values;
  for (BigInt x = min; x <= max; ++x) {
    const auto value = evaluate(function, x);
    if (!value || !value->is_rational()) return std::nullopt;
    values.push_back(value->rational());
  }
  // The grid: offset is a value, scale the greatest step that all differences are multiples of.
  Tabulated table;
  table.offset = values[0];
  Rational grid = 0;
  for (const Rational& value : values) grid = gcd_of(grid, Rational(value - values[0]));
  if (sgn(grid) != 0) table.scale = grid;
  const Rational from_zero = values[0] / table.scale;
  if (from_zero.get_den() == 1) table.offset = 0;  // the grid holds zero: code 0 means 0
  table.steps.domain = function.domain;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Rational code = (values[i] - table.offset) / table.scale;
    NIB_CHECK(code.get_den() == 1, "a value on the grid");
    const auto level = to_int64(code.get_num());
    if (!level) return std::nullopt;
    if (i == 0) {
      table.steps.levels.push_back(*level);
    } else if (*level != table.steps.levels.back()) {
      table.steps.thresholds.push_back(min + static_cast<std::int64_t>(i));
      table.steps.levels.push_back(*level);
    }
  }
  return table;
}

}  // namespace nib::lower
