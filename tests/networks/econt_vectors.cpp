// The charges of HGCal modules as inputs of the ECON-T encoder.
//   econt_vectors CHARGES.csv ROWS OUT.npy
// CHARGES: a line of 48 trigger cells per module, behind a heading. A cell is divided by the
// largest power of two that does not exceed the module's sum (fastml-science,
// sensor-data-compression) and takes its place in an image of 8 x 8, whose lower right quarter
// stays empty.
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "nib/base/file.h"
#include "nib/num/npy.h"

namespace {

constexpr std::int64_t kCells = 48;

/// Three quarters of 16 cells, each turned by a third of a circle.
std::int64_t place_of(std::int64_t cell) {
  const std::int64_t major = cell % 16 / 4, minor = cell % 4;
  switch (cell / 16) {
    case 0:
      return minor * 8 + 4 + major;  // upper right, column by column
    case 1:
      return (3 - major) * 8 + minor;  // upper left, from the lowest row on
    default:
      return (7 - minor) * 8 + 3 - major;  // lower left, from the right column up
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  std::ifstream file(argv[1]);
  const std::int64_t rows = std::strtoll(argv[2], nullptr, 10);
  nib::Tensor<double> images({rows, 1, 8, 8});
  std::string line;
  std::getline(file, line);
  std::int64_t row = 0;
  for (; row < rows && std::getline(file, line); ++row) {
    std::istringstream fields(line);
    std::uint64_t charge[kCells], sum = 0;
    std::string field;
    for (std::uint64_t& q : charge) {
      if (!std::getline(fields, field, ',')) return 2;
      q = std::strtoull(field.c_str(), nullptr, 10);
      sum += q;
    }
    const auto unit = static_cast<double>(std::bit_floor(sum));
    for (std::int64_t cell = 0; cell < kCells && sum > 0; ++cell) {
      images[row * 64 + place_of(cell)] = static_cast<double>(charge[cell]) / unit;
    }
  }
  if (row != rows) return 2;
  nib::write_file(argv[3], nib::npy_bytes(images));
  return 0;
}
