// Directed, user-given and random vectors.
#include "nib/sim/vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "nib/base/error.h"
#include "nib/num/npy.h"

namespace nib::sim {
namespace {

constexpr std::size_t kMaxSingleElements = 256;  ///< elements that get rows of their own
constexpr std::int64_t kTieRows = 32;            ///< of them kept
constexpr std::int64_t kChunkRows = 2048;        ///< evaluated at once

BigInt nearest_zero(const Element& e) { return std::clamp(BigInt(0), e.range.min, e.range.max); }

/// Appends the rows of `codes` to the vectors' words.
void append(Vectors& vectors, const Manifest& manifest, const CodeRows& rows) {
  const auto pack = [&](const std::vector<PortWord>& ports,
                        const std::vector<std::vector<BigInt>>& codes,
                        std::vector<PackedRows>& packed) {
    packed.resize(ports.size());
    for (std::size_t k = 0; k < ports.size(); ++k) {
      const Word& word = ports[k].word;
      packed[k].pieces = pieces_of(word.width);
      packed[k].data.resize(static_cast<std::size_t>(vectors.count + rows.rows) *
                            static_cast<std::size_t>(packed[k].pieces));
      std::size_t i = 0;
      for (std::int64_t r = 0; r < rows.rows; ++r) {
        const std::span<std::uint32_t> row = packed[k].row(vectors.count + r);
        for (const Element& e : word.elements) put_code(row, e, codes[k][i++]);
      }
    }
  };
  pack(manifest.inputs, rows.inputs, vectors.inputs);
  pack(manifest.outputs, rows.outputs, vectors.outputs);
  vectors.count += rows.rows;
}

void append_codes(Vectors& vectors, Oracle& oracle, const Manifest& manifest,
                  const std::vector<std::int64_t>& codes) {
  if (codes.empty()) return;
  append(vectors, manifest, oracle.evaluate(oracle.values_of(codes), false));
}

/// A figure that falls whenever a row meets a rounding tie, or comes closer to one than any before.
double closeness(const golden::Evaluator& evaluator) {
  double sum = 0;
  for (const golden::Tie& tie : evaluator.ties()) {
    sum += std::min(tie.distance, 1.0) - static_cast<double>(tie.exact_ties);
  }
  return sum;
}

/// Random rows that meet ties, or come closer to one than all rows before them.
void append_tie_rows(Vectors& vectors, Oracle& oracle, const Manifest& manifest, Random& random,
                     std::int64_t candidates) {
  std::int64_t kept = 0;
  double best = closeness(oracle.evaluator());
  for (std::int64_t i = 0; i < candidates && kept < kTieRows; ++i) {
    std::vector<std::int64_t> codes;
    append_random_row(oracle.elements(), random, codes);
    const CodeRows rows = oracle.evaluate(oracle.values_of(codes), false);
    const double now = closeness(oracle.evaluator());
    if (now < best) {
      append(vectors, manifest, rows);
      ++kept;
    }
    best = now;
  }
}

/// The user's arrays, one per input, as reals with equally many rows.
std::vector<Tensor<double>> user_arrays(const Manifest& manifest, const VerifyOptions& options) {
  std::vector<Tensor<double>> arrays;
  for (const auto& input : options.inputs) {
    const std::string& name = input.first;
    const bool known = std::any_of(manifest.inputs.begin(), manifest.inputs.end(),
                                   [&](const PortWord& p) { return p.name == name; });
    if (!known && !(name.empty() && manifest.inputs.size() == 1)) {
      fail(ErrorCode::E105, fmt::format("the build has no input \"{}\"", name), {},
           "--input NAME=FILE once for each input");
    }
  }
  for (const PortWord& port : manifest.inputs) {
    auto found = options.inputs.find(port.name);
    if (found == options.inputs.end()) found = options.inputs.find("");
    if (found == options.inputs.end()) {
      fail(ErrorCode::E105, fmt::format("no array for input \"{}\"", port.name), {},
           "--input NAME=FILE once for each input");
    }
    Tensor<double> array = to_reals(read_npy(found->second));
    const auto n = static_cast<std::int64_t>(port.word.elements.size());
    const std::int64_t rows = array.shape.empty() ? 0 : array.shape[0];
    if (array.shape.empty() || rows == 0 || array.size() != rows * n) {
      fail(ErrorCode::E105,
           fmt::format("{} has shape {}, input {} takes {} elements a row", found->second.string(),
                       to_string(array.shape), port.name, n));
    }
    if (!arrays.empty() && arrays[0].shape[0] != rows) {
      fail(ErrorCode::E105, "the arrays have different numbers of rows");
    }
    arrays.push_back(Tensor<double>(Shape{rows, n}, std::move(array.data)));
  }
  return arrays;
}

/// Rows first .. first + count - 1.
Tensor<double> slice(const Tensor<double>& array, std::int64_t first, std::int64_t count) {
  const std::int64_t n = array.shape[1];
  const auto begin = array.data.begin() + first * n;
  return Tensor<double>(Shape{count, n}, std::vector<double>(begin, begin + count * n));
}

void append_user(Vectors& vectors, Oracle& oracle, const Manifest& manifest,
                 const VerifyOptions& options) {
  const std::vector<Tensor<double>> arrays = user_arrays(manifest, options);
  const std::int64_t rows = arrays[0].shape[0];
  for (std::int64_t first = 0; first < rows; first += kChunkRows) {
    std::vector<Tensor<double>> part;
    for (const auto& array : arrays) {
      part.push_back(slice(array, first, std::min(kChunkRows, rows - first)));
    }
    append(vectors, manifest, oracle.evaluate(part, false));
  }
  vectors.user = rows;
}

}  // namespace

std::vector<std::int64_t> directed_codes(const std::vector<Element>& elements) {
  std::vector<std::int64_t> codes;
  const auto row = [&](auto code_of) {
    for (std::size_t i = 0; i < elements.size(); ++i) codes.push_back(code_of(elements[i], i));
  };
  row([](const Element& e, std::size_t) { return e.range.min; });
  row([](const Element& e, std::size_t) { return e.range.max; });
  row([](const Element& e, std::size_t) { return nearest_zero(e); });
  for (const std::size_t odd : {std::size_t{0}, std::size_t{1}}) {
    row([&](const Element& e, std::size_t i) { return i % 2 == odd ? e.range.max : e.range.min; });
  }
  const std::size_t step = elements.size() / kMaxSingleElements + 1;
  for (std::size_t k = 0; k < elements.size(); k += step) {
    if (elements[k].range.is_constant()) continue;
    row([&](const Element& e, std::size_t i) {
      return i == k ? BigInt(e.range.min) : nearest_zero(e);
    });
    row([&](const Element& e, std::size_t i) {
      return i == k ? BigInt(e.range.max) : nearest_zero(e);
    });
  }
  return codes;
}

void append_random_row(const std::vector<Element>& elements, Random& random,
                       std::vector<std::int64_t>& codes) {
  const std::uint64_t mode = random.next() % 8;
  const int shrink = mode == 6 ? static_cast<int>(random.next() % 6) + 1 : 0;
  for (const Element& e : elements) {
    if (mode == 7) {
      const std::uint64_t pick = random.next() % 4;
      codes.push_back(pick == 0   ? BigInt(e.range.min)
                      : pick == 1 ? e.range.max
                      : pick == 2 ? nearest_zero(e)
                                  : BigInt(random.in(e.range)));
      continue;
    }
    const BigInt zero = nearest_zero(e);
    const Range range{zero + ((e.range.min - zero) >> shrink),
                      zero + ((e.range.max - zero) >> shrink)};
    codes.push_back(random.in(range));
  }
}

Vectors make_vectors(Oracle& oracle, const Manifest& manifest, const VerifyOptions& options,
                     const VectorBudget& budget) {
  Vectors vectors;
  Random random(options.seed * 0x100000001B3U + 17);
  std::vector<std::int64_t> directed = directed_codes(oracle.elements());
  const std::size_t most = static_cast<std::size_t>(budget.directed) * oracle.elements().size();
  if (directed.size() > most) directed.resize(most);
  append_codes(vectors, oracle, manifest, directed);
  append_tie_rows(vectors, oracle, manifest, random, budget.tie_candidates);
  vectors.directed = vectors.count;
  if (!options.inputs.empty()) append_user(vectors, oracle, manifest, options);
  const std::int64_t rows = options.random.value_or(budget.random);
  for (std::int64_t done = 0; done < rows; done += kChunkRows) {
    std::vector<std::int64_t> codes;
    const std::int64_t count = std::min(kChunkRows, rows - done);
    for (std::int64_t i = 0; i < count; ++i) append_random_row(oracle.elements(), random, codes);
    append_codes(vectors, oracle, manifest, codes);
  }
  vectors.rounded_inputs = oracle.evaluator().rounded_inputs();
  vectors.summary = fmt::format("{} directed, {} given, {} random", vectors.directed, vectors.user,
                                vectors.count - vectors.directed - vectors.user);
  return vectors;
}

}  // namespace nib::sim
