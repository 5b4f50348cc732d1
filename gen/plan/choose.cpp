// Trees of comparisons.
#include "nib/plan/choose.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "nib/base/check.h"

namespace nib::plan {
namespace {

using Kind = Operation::Kind;
using Role = Operation::Role;

arith::Term whole(std::int32_t operation) { return arith::Term{operation, 0, false}; }

}  // namespace

Chooser::Order Chooser::order(std::int32_t a, std::int32_t b) const {
  if (a == b || builder_.range(a).min >= builder_.range(b).max) return Order::kFirst;
  if (builder_.range(a).max < builder_.range(b).min) return Order::kSecond;
  return Order::kOpen;
}

std::int32_t Chooser::at_least(std::int32_t a, std::int32_t b, std::int32_t output) {
  Operation op;
  op.kind = Kind::kAtLeast;
  op.a = whole(a);
  op.b = whole(b);
  op.range = Range{0, 1};
  op.role = Role::kAtLeast;
  op.output = output;
  return builder_.append(std::move(op));
}

std::int32_t Chooser::select(std::int32_t c, std::int32_t a, std::int32_t b, Role role,
                             std::int32_t output) {
  if (a == b) return a;
  Operation op;
  op.kind = Kind::kSelect;
  op.c = whole(c);
  op.a = whole(a);
  op.b = whole(b);
  op.range = hull(builder_.range(a), builder_.range(b));
  op.role = role;
  op.output = output;
  return builder_.append(std::move(op));
}

std::vector<Chooser::Entry> Chooser::numbered(const std::vector<std::int32_t>& entries) {
  std::vector<Entry> result;
  for (const std::int32_t value : entries) {
    const auto i = static_cast<std::int64_t>(result.size());
    result.push_back(Entry{value, builder_.constant(i, i)});
  }
  return result;
}

Signal Chooser::maximum(const std::vector<std::int32_t>& entries, std::int32_t output) {
  BigInt least = builder_.range(entries.at(0)).min;
  for (const std::int32_t x : entries) least = std::max(least, builder_.range(x).min);
  std::vector<std::int32_t> round;
  bool limited = false;  // by a constant
  for (const std::int32_t x : entries) {
    limited = limited || builder_.range(x).is_constant();
    if (builder_.range(x).max > least) round.push_back(x);
  }
  if (round.empty()) return Signal{{-1, 0, false}, least, Range{least, least}};
  while (round.size() > 1) {
    std::vector<std::int32_t> next;
    for (std::size_t i = 0; i + 1 < round.size(); i += 2) {
      const std::int32_t a = round[i], b = round[i + 1];
      const Order known = order(a, b);
      if (known != Order::kOpen) {
        next.push_back(known == Order::kFirst ? a : b);
        continue;
      }
      const Range both{std::max(builder_.range(a).min, builder_.range(b).min),
                       std::max(builder_.range(a).max, builder_.range(b).max)};
      next.push_back(select(at_least(a, b, output), a, b, Role::kMax, output));
      builder_.limit(next.back(), both);
    }
    if (round.size() % 2 != 0) next.push_back(round.back());
    round = std::move(next);
  }
  const Signal largest = builder_.signal(round.front());
  if (!limited) return largest;
  return builder_.clamp(largest, Range{least, largest.range.max}, output);
}

std::int32_t Chooser::argmax(const std::vector<std::int32_t>& entries, std::int32_t output) {
  std::vector<Entry> round = numbered(entries);
  while (round.size() > 1) {
    std::vector<Entry> next;
    const bool last = round.size() == 2;
    for (std::size_t i = 0; i + 1 < round.size(); i += 2) {
      const Entry& a = round[i];
      const Entry& b = round[i + 1];
      const Order known = order(a.value, b.value);
      if (known != Order::kOpen) {
        next.push_back(known == Order::kFirst ? a : b);
        continue;
      }
      const std::int32_t c = at_least(a.value, b.value, output);
      Entry winner;
      if (!last) {
        winner.value = select(c, a.value, b.value, Role::kMax, output);
        Range r = builder_.range(winner.value);
        r.min = std::max(builder_.range(a.value).min, builder_.range(b.value).min);
        builder_.limit(winner.value, r);
      }
      winner.place = select(c, a.place, b.place, last ? Role::kOutput : Role::kIndex, output);
      next.push_back(winner);
    }
    if (round.size() % 2 != 0) next.push_back(round.back());
    round = std::move(next);
  }
  return round.front().place;
}

std::vector<std::int32_t> Chooser::top(const std::vector<std::int32_t>& entries, std::int64_t k,
                                       bool values, const std::vector<std::int32_t>& outputs) {
  const auto wanted = static_cast<std::size_t>(k);
  NIB_CHECK(wanted <= entries.size() && outputs.size() == wanted, "at most all entries");
  std::vector<std::vector<Entry>> round;
  for (const Entry& e : numbered(entries)) round.push_back({e});
  while (round.size() > 1) {
    std::vector<std::vector<Entry>> next;
    for (std::size_t i = 0; i + 1 < round.size(); i += 2) {
      next.push_back(merge(round[i], round[i + 1], wanted, outputs[0]));
    }
    if (round.size() % 2 != 0) next.push_back(round.back());
    round = std::move(next);
  }
  std::vector<std::int32_t> result;
  for (std::size_t r = 0; r < wanted; ++r) {
    const Entry& e = round.front()[r];
    const Signal x = builder_.signal(values ? e.value : e.place);
    result.push_back(builder_.drive(x, outputs[r]));
  }
  return result;
}

// Entry r of the result: among the first r + 1 are the t first ones of a, where t counts the i with
// a[i] >= b[r - i] (true for a run of i from 0 on); it is the later one of a[t - 1] and b[r - t].
std::vector<Chooser::Entry> Chooser::merge(const std::vector<Entry>& a, const std::vector<Entry>& b,
                                           std::size_t k, std::int32_t output) {
  constexpr std::int32_t kYes = -2, kNo = -3;
  std::vector<std::int32_t> known(a.size() * b.size(), -1);
  const auto before = [&](std::size_t i, std::size_t j) {  // a[i] stands before b[j]
    if (i >= a.size()) return kNo;
    if (j >= b.size()) return kYes;
    std::int32_t& c = known[i * b.size() + j];
    if (c != -1) return c;
    const Order ranges = order(a[i].value, b[j].value);
    c = ranges == Order::kFirst    ? kYes
        : ranges == Order::kSecond ? kNo
                                   : at_least(a[i].value, b[j].value, output);
    return c;
  };
  const auto either = [&](std::int32_t c, const Entry& x, const Entry& y) {
    if (c == kYes) return x;
    if (c == kNo) return y;
    return Entry{select(c, x.value, y.value, Role::kMax, output),
                 select(c, x.place, y.place, Role::kIndex, output)};
  };
  std::vector<Entry> result;
  for (std::size_t r = 0; r < std::min(k, a.size() + b.size()); ++r) {
    const auto last_of = [&](std::size_t t) {
      if (t == 0) return b[r];
      if (t == r + 1) return a[r];
      return either(before(t - 1, r - t), b[r - t], a[t - 1]);
    };
    // t lies where both lists are long enough.
    const std::size_t low = r + 1 > b.size() ? r + 1 - b.size() : 0;
    std::size_t t = std::min(r + 1, a.size());
    Entry chosen = last_of(t);
    while (t-- > low) chosen = either(before(t, r - t), chosen, last_of(t));
    result.push_back(chosen);
  }
  return result;
}

}  // namespace nib::plan
