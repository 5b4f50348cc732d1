// Arrays of wired-in constants inside of streams: planned by the unrolled engine, each once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "nib/arith/target.h"
#include "nib/plan/plan.h"
#include "nib/plan/stream_unit.h"

namespace nib::plan {

/// Where an array stands, and what its pipeline is cut for.
struct ArrayPlace {
  std::string network, layer, source_file, sha256;
  arith::Target target;
  double clock_mhz = 0;
};

/// The arrays of designs that differ in their folds alone.
class ConstArrays {
 public:
  /// Plans the array that `unit` needs, and sets its sum's bits and latency.
  void complete(stream::ConstMvu& unit, const ArrayPlace& place);
  /// Nonzero digits of all weights of all arrays planned so far: the work that was done.
  [[nodiscard]] std::int64_t digits() const { return digits_; }

 private:
  using Key = std::tuple<std::string, int, std::vector<std::int64_t>>;
  std::map<Key, std::shared_ptr<const Plan>> known_;
  std::int64_t digits_ = 0;
};

}  // namespace nib::plan
