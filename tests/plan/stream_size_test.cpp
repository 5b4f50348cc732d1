// Latency, interval, certificates and depths of streaming networks.
#include "nib/plan/stream_size.h"

#include <doctest/doctest.h>

#include "nib/plan/stream_unit.h"

namespace nib::plan::stream {
namespace {

const Format kLane{1, 4, Kind::kUnsigned};

Mvu matrix(int columns, int rows, int pe) {
  Mvu u;
  u.format = kLane;
  u.columns = columns;
  u.rows = rows;
  u.pe = pe;
  u.acc_bits = 4;  // only times matter here
  u.weights.assign(static_cast<std::size_t>(rows * columns), 1);
  return u;
}

/// Two paths of unlike length that meet: a window and a matrix beside a queue.
struct Block {
  Design design;
  Frames frames;
  int skip = 0;
};

Block residual(int size, int channels, std::int64_t skip_depth) {
  Block block;
  Design& d = block.design;
  const int in = add_source(d, "in", kLane);
  const std::vector<int> paths = add_unit(d, "fork", Fork{kLane, {{3, 0}, {skip_depth, 1}}}, {in});
  block.skip = paths[1];
  const Axis axis{size, 3, 1, 1, 1, 1};
  const Window w{axis, axis, channels, false, false};
  const int windows =
      add_unit(d, "window", WindowUnit{kLane, w, 0, least_ring(w) + 4, {6, 0}}, {paths[0]})[0];
  const int sums = add_unit(d, "mvu", matrix(9 * channels, channels, 1), {windows})[0];
  const Threshold codes{{1, 4, Kind::kSigned}, 1, 1, {0}, 4, 0, false, false, {6, 0}};
  const int path = add_unit(d, "codes", codes, {sums})[0];
  const Add add{kLane, kLane, 4, Kind::kUnsigned, 1, 1, 0, {6, 0}};
  add_sink(d, add_unit(d, "add", add, {path, paths[1]})[0]);
  block.frames = {{std::int64_t{size} * size * channels}, {std::int64_t{size} * size * channels}};
  return block;
}

TEST_CASE("a chain's latency and interval are those of its parts") {
  Design d;
  const int in = add_source(d, "in", kLane);
  Mvu u = matrix(6, 4, 1);
  u.queue = {5, 0};
  add_sink(d, add_unit(d, "mvu", u, {in})[0]);
  const Frames frames{{6}, {4}};
  CHECK(steps_of_a_frame(d.network, frames) == std::vector<std::int64_t>{24});
  CHECK(least_interval(d.network, frames) == 24);
  const Timing t = measure(d.network, frames);
  CHECK(t.live);
  CHECK(t.settled);
  CHECK(t.latency == 23 + 3 + 1);
  CHECK(t.cycles == 24 * t.frames);
  CHECK(t.events == 12 * (t.first_state + t.frames));  // idle steps in a row are one
}

TEST_CASE("a stream that goes straight through begins and ends its frames") {
  Design d;
  const int straight = add_source(d, "straight", kLane), in = add_source(d, "in", kLane);
  add_sink(d, straight);
  add_sink(d, add_unit(d, "slice", Boundary{kLane, Boundary::End::kInside, 1}, {in})[0]);
  // The words of `straight` go in cycles 0 to 4, those of `in` come out in cycles 2 to 6.
  const Timing t = measure(d.network, {{5, 5}, {5, 5}});
  CHECK(t.live);
  CHECK(t.latency == 6);
}

TEST_CASE("paths that meet need a queue as long as the other path, or they wait for ever") {
  const Block shallow = residual(5, 2, 2);
  CHECK_FALSE(measure(shallow.design.network, shallow.frames).live);
  const Block deep = residual(5, 2, 40);
  const Timing t = measure(deep.design.network, deep.frames);
  CHECK(t.live);
  CHECK(t.settled);
  CHECK(t.cycles == t.frames * 25 * 2 * 9 * 2);
}

TEST_CASE("a paced run keeps the pace, and says so where it cannot") {
  const Block block = residual(4, 1, 40);
  const std::int64_t least = least_interval(block.design.network, block.frames);
  CHECK(least == 16 * 9);
  const Timing slow = measure(block.design.network, block.frames, {least + 10, 50});
  CHECK(slow.settled);
  CHECK(slow.cycles == slow.frames * (least + 10));
  const Timing fast = measure(block.design.network, block.frames, {least - 10, 50});
  CHECK(fast.settled);
  CHECK(fast.cycles == fast.frames * least);
}

/// Smallest number of bits that keeps the interval, by trying all depths up to `most`.
std::int64_t exhaustive(const Network& network, const Frames& frames, std::int64_t interval,
                        std::int64_t most) {
  std::vector<std::int64_t> depths;
  for (const Channel& c : network.channels) depths.push_back(c.depth);
  std::int64_t best = -1;
  const auto total = [&] {
    std::int64_t sum = 0;
    for (std::size_t c = 1; c < depths.size(); ++c) sum += depths[c] * network.channels[c].bits;
    return sum;
  };
  for (std::size_t c = 1; c < depths.size(); ++c) depths[c] = 1;
  for (;;) {
    if (best < 0 || total() < best) {
      const Timing t = measure(with_depths(network, depths), frames);
      if (t.settled && t.cycles <= interval * t.frames) best = total();
    }
    std::size_t c = 1;
    while (c < depths.size() && depths[c] == most) depths[c++] = 1;
    if (c == depths.size()) return best;
    ++depths[c];
  }
}

TEST_CASE("sizing is minimal in every channel, and here the least of all") {
  // fork -> (wide -> narrow) and (queue) -> concat: the queues hold each other's words.
  Design d;
  const int in = add_source(d, "in", kLane);
  const std::vector<int> paths = add_unit(d, "fork", Fork{kLane, {{2, 1}, {2, 1}}}, {in});
  const int wide = add_unit(d, "wide", Width{kLane, 3, 3, {2, 1}}, {paths[0]})[0];
  const int narrow = add_unit(d, "narrow", Width{{3, 4, Kind::kUnsigned}, 1, 3, {2, 1}}, {wide})[0];
  add_sink(d, add_unit(d, "concat", Concat{kLane, 3, 3, {2, 1}}, {narrow, paths[1]})[0]);
  const Frames frames{{3}, {6}};
  const SizeGoal goal{6, 0, 6, 60, {}};
  const Sizing sizing = size_channels(d.network, frames, goal);
  CHECK(sizing.timing.settled);
  CHECK(sizing.timing.cycles <= 6 * sizing.timing.frames);
  CHECK(sizing.bits >= sizing.least_bits);
  CHECK(sizing.bits == exhaustive(d.network, frames, 6, 6));
  CHECK(sizing.least_bits == sizing.bits);  // proven by branch and bound
  for (std::size_t c = 1; c < sizing.depths.size(); ++c) {
    CHECK((sizing.tight[c] != Tight::kFloor) == (sizing.depths[c] > 1));
  }
}

TEST_CASE("a network without a queue to size is sized") {
  Design d;
  const int in = add_source(d, "in", kLane);
  add_sink(d, add_unit(d, "slice", Boundary{kLane, Boundary::End::kInside, 1}, {in})[0]);
  const SizeGoal goal{5, 0, 4, 60, fixed_channels(d)};
  const Sizing sizing = size_channels(d.network, {{5}, {5}}, goal);
  CHECK(sizing.reached);
  CHECK(sizing.least_bits == sizing.bits);
}

TEST_CASE("a block of a residual network is sized, with its ring, and proven") {
  const Block block = residual(6, 2, 2);
  const std::int64_t interval = least_interval(block.design.network, block.frames);
  const Sizing sizing = size_channels(block.design.network, block.frames, {interval, 0, 4, 60, {}});
  CHECK(sizing.timing.live);
  CHECK(sizing.timing.cycles == interval * sizing.timing.frames);
  const auto skip = static_cast<std::size_t>(block.skip);
  CHECK(sizing.depths[skip] > 14);
  CHECK(sizing.tight[skip] != Tight::kFloor);
  std::vector<std::int64_t> less = sizing.depths;
  --less[skip];
  const Timing t = measure(with_depths(block.design.network, less), block.frames);
  CHECK((!t.live || t.cycles > interval * t.frames));
  // Keeping the latency of unlimited queues may cost more, never less.
  const Timing open = measure(
      with_depths(block.design.network, std::vector<std::int64_t>(sizing.depths.size(), 400)),
      block.frames);
  const Sizing fast =
      size_channels(block.design.network, block.frames, {interval, open.latency, 4, 60, {}});
  CHECK(fast.reached);
  CHECK(fast.timing.latency <= open.latency);
  CHECK(fast.bits >= sizing.least_bits);
  CHECK_FALSE(
      size_channels(block.design.network, block.frames, {interval - 1, 0, 1, 60, {}}).reached);
}

TEST_CASE("depths go back into units and network alike") {
  Block block = residual(6, 2, 2);
  Design& d = block.design;
  const std::int64_t interval = least_interval(d.network, block.frames);
  const Sizing sizing =
      size_channels(d.network, block.frames, {interval, 0, 2, 60, fixed_channels(d)});
  set_depths(d, sizing.depths);
  CHECK(std::get<Fork>(d.units[0].spec).queues[1].depth ==
        sizing.depths[static_cast<std::size_t>(block.skip)]);
  CHECK(std::get<WindowUnit>(d.units[1].spec).words == sizing.depths[3]);
  // The network that the units describe is the one that was measured.
  Design again;
  again.network.name = d.network.name;
  add_source(again, "in", kLane);
  for (const Unit& unit : d.units) add_unit(again, unit.name, unit.spec, unit.inputs);
  for (const int sink : d.network.sinks) add_sink(again, sink);
  CHECK(to_text(again.network) == to_text(d.network));
  const Timing t = measure(again.network, block.frames);
  CHECK(t.cycles == interval * t.frames);
}

}  // namespace
}  // namespace nib::plan::stream
