// Pictures as inputs of published classifiers.
//   image_vectors PICTURES ROWS FACTOR ADDEND SHAPE OUT.npy
// PICTURES: a .npy array rows x height x width x channels, or the digits of an IDX file (.gz).
// A pixel p becomes p / 255 * FACTOR + ADDEND or, where FACTOR is "codes", the integer p + ADDEND.
// SHAPE: nchw (channels first), nhwc (as stored).
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "../support/idx.h"
#include "nib/base/file.h"
#include "nib/num/npy.h"

namespace {

nib::Tensor<double> pictures(const std::string& path) {
  if (!path.ends_with(".gz")) return nib::to_reals(nib::read_npy(path));
  const nib::test::IdxArray idx = nib::test::read_idx_gz(path);
  nib::Tensor<double> digits({static_cast<std::int64_t>(idx.data.size()) / (28 * 28), 28, 28, 1});
  digits.data.assign(idx.data.begin(), idx.data.end());
  return digits;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const nib::Tensor<double> all = pictures(argv[1]);
  const std::int64_t rows = std::strtoll(argv[2], nullptr, 10);
  const bool codes = std::string(argv[3]) == "codes";
  const double factor = codes ? 255 : std::strtod(argv[3], nullptr),
               addend = std::strtod(argv[4], nullptr);
  const bool first = std::string(argv[5]) == "nchw";
  if (all.shape.size() != 4 || rows > all.shape[0]) return 2;
  const std::int64_t height = all.shape[1], width = all.shape[2], channels = all.shape[3];
  const std::int64_t pixels = height * width;
  nib::Tensor<double> out(first ? nib::Shape{rows, channels, height, width}
                                : nib::Shape{rows, height, width, channels});
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t k = 0; k < pixels * channels; ++k) {
      const std::int64_t to = first ? k % channels * pixels + k / channels : k;
      out[row * pixels * channels + to] = all[row * pixels * channels + k] / 255 * factor + addend;
    }
  }
  if (codes) {
    nib::Tensor<std::int64_t> integers(out.shape);
    for (std::size_t k = 0; k < out.data.size(); ++k) {
      integers.data[k] = std::llround(out.data[k]);
    }
    nib::write_file(argv[6], nib::npy_bytes(integers));
    return 0;
  }
  nib::write_file(argv[6], nib::npy_bytes(out));
  return 0;
}
