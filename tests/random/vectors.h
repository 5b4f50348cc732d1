// The vectors of conformance_vectors.py, and the quantisers that they are about as networks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../import/model_maker.h"
#include "nib/num/rational.h"

namespace nib::random {

/// What one quantiser gives: value = number * unit + offset for each input.
struct Vector {
  std::string kind;
  std::vector<std::string> parameters;
  Rational unit, offset;
  std::vector<Rational> numbers;
};

struct Vectors {
  std::vector<Rational> x;
  std::vector<Vector> quantisers;
};

/// Reads tests/golden_text/conformance_vectors.txt.
[[nodiscard]] Vectors read_vectors(const std::string& path);

/// A network in -> y of the shape (1, n) that is this quantiser. NIB_CHECK for an unknown kind.
[[nodiscard]] testing::ModelMaker network_of(const Vector& vector, std::int64_t n);

}  // namespace nib::random
