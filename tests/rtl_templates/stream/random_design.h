// Random streaming designs: every unit, with random parameters, depths and storages.
#pragma once

#include <cstdint>
#include <vector>

#include "nib/num/range.h"
#include "nib/plan/stream_unit.h"

namespace nib::test {

/// What a random design needs to be driven: words of a frame of each source.
struct RandomDesign {
  plan::stream::Design design;
  std::vector<std::int64_t> frame_words;  ///< by source
};

/// The design of a seed, the same on every machine. Some deadlock: models must agree on that too.
/// `large`: frames of up to 24 x 24 pixels instead of 7 x 7.
[[nodiscard]] RandomDesign random_design(std::uint64_t seed, const std::string& name, bool large);

/// Numbers for designs and stimuli.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t next();
  /// From min to max.
  std::int64_t in(std::int64_t min, std::int64_t max) {
    return min + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(max - min + 1));
  }
  int number(int min, int max) { return static_cast<int>(in(min, max)); }
  bool chance(int percent) { return number(1, 100) <= percent; }

 private:
  std::uint64_t seed_, count_ = 0;
};

}  // namespace nib::test
