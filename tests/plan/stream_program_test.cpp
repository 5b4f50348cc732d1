// Programs of streaming units: loop nests, window tables, texts, refusals.
#include "nib/plan/stream_program.h"

#include <doctest/doctest.h>

#include <functional>

#include "nib/base/check.h"
#include "nib/plan/stream_unit.h"

namespace nib::plan::stream {
namespace {

std::vector<Step> list(const std::vector<std::pair<int, int>>& pairs) {
  std::vector<Step> steps;
  for (const auto& [takes, makes] : pairs) {
    steps.push_back({static_cast<std::uint8_t>(takes), static_cast<std::uint8_t>(makes)});
  }
  return steps;
}

TEST_CASE("loop nests count, unroll and print what they hold") {
  const Loop nest = sequence({repeat(2, {once(1, 0)}), once(1, 1),
                              repeat(3, {sequence({repeat(2, {once(0, 0)}), once(0, 1)})})});
  CHECK(steps(nest) == 12);
  CHECK(unroll(nest) == list({{1, 0},
                              {1, 0},
                              {1, 1},
                              {0, 0},
                              {0, 0},
                              {0, 1},
                              {0, 0},
                              {0, 0},
                              {0, 1},
                              {0, 0},
                              {0, 0},
                              {0, 1}}));
  CHECK(to_text(nest) == "2 ( 1/0 ) 1/1 3 ( 2 ( 0/0 ) 0/1 )");
  CHECK(unroll(sequence_of(unroll(nest))) == unroll(nest));
  CHECK(steps(sequence({repeat(0, {once(1, 1)}), once(1, 0)})) == 1);
}

std::vector<Step> program_of(const Spec& spec) { return unroll(contract(spec).program); }

TEST_CASE("units publish the programs that their modules' heads state") {
  const Format in{2, 4, Kind::kUnsigned};
  Mvu mvu;
  mvu.format = in;
  mvu.rows = 3;
  mvu.columns = 3;
  mvu.pe = 2;
  CHECK(mvu.sf() == 2);
  CHECK(mvu.nf() == 2);
  CHECK(program_of(mvu) == list({{1, 0}, {1, 1}, {0, 0}, {0, 1}}));
  mvu.input_stationary = true;
  CHECK(program_of(mvu) == list({{1, 0}, {0, 0}, {1, 1}, {0, 1}}));
  // 7 lanes as 3 + 3 + 1 become 2 + 2 + 2 + 1.
  CHECK(program_of(Width{{3, 1}, 2, 7, {}}) == list({{1, 1}, {1, 1}, {0, 1}, {1, 1}}));
  CHECK(program_of(Width{{1, 1}, 3, 3, {}}) == list({{1, 0}, {1, 0}, {1, 1}}));
  CHECK(program_of(Width{{3, 1}, 1, 3, {}}) == list({{1, 1}, {0, 1}, {0, 1}}));
  CHECK(program_of(Concat{in, 1, 2, {}}) == list({{1, 1}, {2, 1}, {2, 1}}));
  // 3 x 3 pixels, windows of 2 x 2: the last row and column are dropped.
  CHECK(program_of(Pool{in, false, 4, 3, 3, 1, 2, 2, {}}) ==
        list({{1, 0}, {1, 0}, {1, 0}, {1, 0}, {1, 1}, {1, 0}, {1, 0}, {1, 0}, {1, 0}}));
  CHECK(program_of(Upsample{in, 1, 2, 2, 2, {}}) ==
        list({{1, 1}, {1, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {0, 1}}));
  CHECK(program_of(Argmax{in, 5, {}}) == list({{1, 0}, {1, 0}, {1, 1}}));
}

TEST_CASE("a window's reader needs and releases what the contract says") {
  // 3 x 3 windows over 4 x 4 pixels, padding 1: the corners of row 0 and 1 of windows are clamped
  // to row 0 both, so that row 0 of windows releases nothing.
  Window w{{4, 3, 1, 1, 1, 1}, {4, 3, 1, 1, 1, 1}, 1, false, false};
  const WindowTable table = window_table(w);
  CHECK(w.rows.positions() == 4);
  CHECK(table.need.size() == 144);
  CHECK(table.need[4] == 0);
  CHECK(table.need[0] == -1);
  CHECK(table.release[35] == 0);       // end of the first row of windows
  CHECK(table.release[36 + 17] == 1);  // window (1, 1) done: the corner of (1, 2) is pixel (0, 1)
  CHECK(table.release[71] == 4);       // end of row 1
  CHECK(table.release[143] == 16);
  CHECK(least_ring(w) == 11);
  w.release_rows = true;
  CHECK(window_table(w).release[36 + 17] == 0);
  CHECK(window_table(w).release[71] == 4);
  CHECK(least_ring(w) == 12);
  // A stride that skips pixels: they are released at the end of the frame, written or not.
  const Window skips{{1, 1, 1, 1, 0, 0}, {5, 1, 3, 1, 0, 0}, 2, false, false};
  CHECK(window_table(skips).need == std::vector<std::int32_t>{0, 1, 6, 7});
  CHECK(window_table(skips).release == std::vector<std::int32_t>{0, 6, 6, 10});
}

TEST_CASE("channel order and depthwise order read the same words") {
  const Window tap_outer{{3, 2, 1, 1, 0, 0}, {2, 2, 1, 1, 0, 0}, 2, false, false};
  Window channel_outer = tap_outer;
  channel_outer.channel_outer = true;
  const auto first_window = [](const Window& w) {
    std::vector<std::int32_t> need = window_table(w).need;
    need.resize(8);
    return need;
  };
  CHECK(first_window(tap_outer) == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(first_window(channel_outer) == std::vector<std::int32_t>{0, 2, 4, 6, 1, 3, 5, 7});
}

bool fails(const std::function<void()>& act) {
  try {
    act();
  } catch (const InternalError&) {
    return true;
  }
  return false;
}

TEST_CASE("a window that reads nothing but padding is refused") {
  // Taps at rows -2 and 1 of a single row.
  const Axis axis{1, 2, 3, 3, 2, 2};
  CHECK_FALSE(axis.touches());
  CHECK(Axis{1, 3, 1, 1, 1, 1}.touches());
  const Window w{axis, {1, 1, 1, 1, 0, 0}, 1, false, false};
  CHECK(fails([&] { static_cast<void>(contract(WindowUnit{{1, 4}, w, 0, 4, {}})); }));
}

TEST_CASE("a network that is not closed is refused") {
  Design design;
  const Format f{1, 4, Kind::kUnsigned};
  const int source = add_source(design, "in", f);
  const int out = add_unit(design, "fifo", Fifo{f, {3, 0}}, {source})[0];
  CHECK(fails([&] { check(design.network); }));
  add_sink(design, out);
  CHECK_FALSE(fails([&] { check(design.network); }));
  CHECK(fails([&] { add_unit(design, "other", Fifo{{2, 4}, {3, 0}}, {out}); }));
  Network masks = design.network;
  masks.processes[0].program = once(2, 1);
  CHECK(fails([&] { check(masks); }));
  Network twice = design.network;
  twice.sinks.push_back(out);
  CHECK(fails([&] { check(twice); }));
}

TEST_CASE("a network's text holds everything that times it") {
  Design design;
  design.network.name = "net";
  const Format f{1, 4, Kind::kUnsigned};
  const int source = add_source(design, "in", f);
  const Window w{{2, 1, 1, 1, 0, 0}, {3, 3, 2, 1, 1, 1}, 1, false, true};
  const int windows = add_unit(design, "window", WindowUnit{f, w, 0, 5, {4, 4}}, {source})[0];
  const int out = add_unit(design, "slice", Boundary{f, Boundary::End::kInside, 1}, {windows})[0];
  add_sink(design, out);
  CHECK(to_text(design.network) ==
        "network net\n"
        "channel in depth 1 lat 0 b 1 bits 4 stream\n"
        "channel window_ring depth 5 lat 0 b 1 bits 4 ring\n"
        "channel window depth 4 lat 1 b 2 bits 4 stream\n"
        "channel slice depth 2 lat 0 b 1 bits 4 stream\n"
        "source 0\n"
        "sink 3\n"
        "process window_writer hold 0 in 0 out 1 program 1/1 end\n"
        "process window hold 0 in  out 2 program 12 ( 0/1 ) end\n"
        "reader 1 rows 2 1 1 1 0 0 columns 3 3 2 1 1 1 fold 1 channel_outer 0 release_rows 1\n"
        "process slice hold 1 in 2 out 3 program 1/1 end\n");
}

TEST_CASE("tables are packed from the lowest bit up") {
  Bits bits;
  bits.append(5, 3);
  bits.append(-2, 4);
  CHECK(bits.literal() == "7'h75");
  bits.append(-1, 70);
  CHECK(bits.size() == 77);
  CHECK(bits.literal() == "77'h1ffffffffffffffffff5");
}

}  // namespace
}  // namespace nib::plan::stream
