// The token model on small networks whose times can be counted by hand.
#include "nib/plan/stream_engine.h"

#include <doctest/doctest.h>

#include <string>

#include "nib/plan/stream_log.h"
#include "nib/plan/stream_unit.h"

namespace nib::plan::stream {
namespace {

const Format kByte{1, 8, Kind::kUnsigned};

/// source -> FIFO of `depth` words -> sink.
Design one_fifo(Queue queue) {
  Design design;
  const int in = add_source(design, "in", kByte);
  add_sink(design, add_unit(design, "fifo", Fifo{kByte, queue}, {in})[0]);
  return design;
}

/// A stream's log as text: v valid, r ready, x both, '.' neither.
std::string picture(const std::vector<std::uint8_t>& row) {
  std::string text;
  for (const std::uint8_t c : row) text.push_back(".vrx"[c]);
  return text;
}

std::vector<std::uint8_t> cycles(const std::string& text) {
  std::vector<std::uint8_t> row;
  for (const char c : text) row.push_back(c == '1' ? 1 : 0);
  return row;
}

TEST_CASE("a queue's room is usable the cycle after a pop") {
  // Depth 1 and b 1: a word is valid the cycle after its step, its room comes two cycles after.
  const Design one = one_fifo({1, 1});
  const Stimulus free{cycles("00000000"), {cycles("11111111")}, {cycles("11111111")}};
  CHECK(picture(token_log(one.network, free)[0]) == "xvxvxvxv");
  CHECK(picture(token_log(one.network, free)[1]) == "rxrxrxrx");
  // Two words run at full rate; from block RAM a word takes a cycle longer and needs a third.
  CHECK(picture(token_log(one_fifo({2, 1}).network, free)[0]) == "xxxxxxxx");
  CHECK(picture(token_log(one_fifo({2, 4}).network, free)[0]) == "xxvxxvxx");
  CHECK(picture(token_log(one_fifo({3, 4}).network, free)[1]) == "rrxxxxxx");
}

TEST_CASE("valid holds until it is taken, at both ends") {
  const Design design = one_fifo({2, 1});
  const Stimulus stalls{cycles("0000000000"), {cycles("0110110000")}, {cycles("0000010011")}};
  const HandshakeLog log = token_log(design.network, stalls);
  CHECK(picture(log[0]) == "rxx.vvx..r");
  CHECK(picture(log[1]) == "..vvvxvvxx");
}

TEST_CASE("the first cycle of reset shows the old state, and nothing of it counts") {
  const Design design = one_fifo({2, 1});
  const Stimulus resets{cycles("00011000"), {cycles("11111110")}, {cycles("11111111")}};
  const HandshakeLog log = token_log(design.network, resets);
  // Quiet in reset: the source raises nothing in it; what it still offers is the old word.
  CHECK(picture(log[0]) == "xxxrrxxr");
  CHECK(picture(log[1]) == "rxxxrrxx");
}

TEST_CASE("a boundary slice is ready from the second live cycle on") {
  Design design;
  const int in = add_source(design, "in", kByte);
  add_sink(design, add_unit(design, "slice", Boundary{kByte, Boundary::End::kInside, 1}, {in})[0]);
  const Stimulus s{cycles("0000110000"), {cycles("1111111111")}, {cycles("1111111111")}};
  CHECK(picture(token_log(design.network, s)[0]) == "vxxxr.vxxx");
}

TEST_CASE("a join's ready waits for the other valid, never for its own") {
  Design design;
  const int a = add_source(design, "a", kByte), b = add_source(design, "b", kByte);
  const Add add{kByte, kByte, 9, Kind::kUnsigned, 1, 1, 0, {4, 1}};
  add_sink(design, add_unit(design, "add", add, {a, b})[0]);
  const Stimulus two{cycles("000000"), {cycles("100000"), cycles("000100")}, {cycles("111111")}};
  const HandshakeLog log = token_log(design.network, two);
  CHECK(picture(log[static_cast<std::size_t>(a)]) == "vvvx..");
  CHECK(picture(log[static_cast<std::size_t>(b)]) == "rrrx..");
}

/// Sources with a fixed number of words, sinks that are always ready.
class Frames final : public Ends {
 public:
  explicit Frames(std::int64_t words) : words_(words) {}
  std::int64_t offer(std::size_t, std::int64_t word, std::int64_t earliest) override {
    return word < words_ ? earliest : kNever;
  }
  std::int64_t accept(std::size_t, std::int64_t earliest) override { return earliest; }

 private:
  std::int64_t words_;
};

TEST_CASE("a folded matrix takes its folds' cycles, and its last word the pipeline's") {
  Design design;
  const Format f{4, 3, Kind::kSigned};
  const int in = add_source(design, "in", f);
  Mvu mvu;
  mvu.format = f;
  mvu.columns = 32;
  mvu.rows = 10;
  mvu.pe = 2;
  mvu.acc_bits = 12;
  mvu.weights.assign(320, 1);
  mvu.queue = {8, 0};
  const int out = add_unit(design, "mvu", mvu, {in})[0];
  add_sink(design, out);
  Frames frames(3 * 8);
  struct Pops final : Recorder {
    std::vector<std::int64_t> at;
    void popped(std::size_t, std::int64_t, std::int64_t when) override { at.push_back(when); }
  } pops;
  Engine engine(design.network, frames, &pops);
  engine.run(1000);
  CHECK(engine.words_taken(static_cast<std::size_t>(out)) == 15);
  CHECK(engine.events() == 3 * 40);
  CHECK(pops.at[4] == 39 + 3 + 1);  // step 39, three stages, one cycle through the queue
  CHECK(pops.at[14] - pops.at[9] == 40);
}

TEST_CASE("a ring of one word too few waits for ever") {
  for (const int missing : {0, 1}) {
    Design design;
    const int in = add_source(design, "in", kByte);
    const Window w{{5, 3, 1, 1, 1, 1}, {6, 3, 1, 1, 1, 1}, 2, false, false};
    const std::int64_t ring = least_ring(w) - missing;
    add_sink(design, add_unit(design, "window", WindowUnit{kByte, w, 0, ring, {4, 0}}, {in})[0]);
    Frames frames(3 * w.frame_words());
    Engine engine(design.network, frames);
    engine.run(100000);
    const std::int64_t words = engine.words_taken(2);
    if (missing == 0) {
      // The reader goes on into the padding of a frame that does not come: row -1, column -1, 0.
      CHECK(words >= 3 * w.steps());
      CHECK(words <= 3 * w.steps() + 8);
    } else {
      CHECK(words < w.steps());
    }
  }
}

}  // namespace
}  // namespace nib::plan::stream
