// Loop nests: building, counting, unrolling, text; tables of window readers.
#include "nib/plan/stream_program.h"

#include <fmt/format.h>

#include <algorithm>

#include "nib/base/check.h"

namespace nib::plan::stream {
namespace {

void unroll_into(const Loop& loop, std::vector<Step>& out) {
  for (std::int64_t i = 0; i < loop.count; ++i) {
    if (loop.body.empty()) out.push_back(loop.step);
    for (const Loop& inner : loop.body) unroll_into(inner, out);
  }
}

/// Pixel that stands first in the frame's order among those that windows from (oy, ox) on need.
std::int64_t corner(const Window& w, int oy, int ox) {
  const auto row_of = [&](int y) { return std::max(0, y * w.rows.stride - w.rows.before); };
  const bool alone = oy + 1 == w.rows.positions() || row_of(oy + 1) > row_of(oy);
  const int column =
      alone && !w.release_rows ? std::max(0, ox * w.columns.stride - w.columns.before) : 0;
  return std::int64_t{row_of(oy)} * w.columns.size + column;
}

}  // namespace

bool Axis::touches() const {
  for (int i = 0; i < positions() * kernel; ++i) {
    const int place = i / kernel * stride + i % kernel * dilation - before;
    if (place >= 0 && place < size) return true;
  }
  return false;
}

Loop once(unsigned takes, unsigned makes) {
  return {1, {static_cast<std::uint8_t>(takes), static_cast<std::uint8_t>(makes)}, {}};
}

Loop repeat(std::int64_t count, std::vector<Loop> body) {
  NIB_CHECK(count >= 0 && !body.empty(), "a loop repeats something");
  if (body.size() == 1 && body[0].count == 1) {
    Loop only = std::move(body[0]);
    only.count = count;
    return only;
  }
  return {count, {}, std::move(body)};
}

Loop sequence(std::vector<Loop> body) {
  std::erase_if(body, [](const Loop& loop) { return loop.count == 0; });
  return repeat(1, std::move(body));
}

Loop sequence_of(const std::vector<Step>& list) {
  std::vector<Loop> body;
  for (const Step& step : list) {
    if (!body.empty() && body.back().step == step) {
      ++body.back().count;
    } else {
      body.push_back({1, step, {}});
    }
  }
  return sequence(std::move(body));
}

std::int64_t steps(const Loop& loop) {
  std::int64_t sum = loop.body.empty() ? 1 : 0;
  for (const Loop& inner : loop.body) sum += steps(inner);
  return loop.count * sum;
}

std::int64_t words_of_a_pass(const Loop& loop, unsigned takes, unsigned makes) {
  std::int64_t sum = 0;
  if (loop.body.empty()) sum = ((loop.step.takes & takes) | (loop.step.makes & makes)) != 0 ? 1 : 0;
  for (const Loop& inner : loop.body) sum += words_of_a_pass(inner, takes, makes);
  return loop.count * sum;
}

std::vector<Step> unroll(const Loop& loop) {
  std::vector<Step> out;
  out.reserve(static_cast<std::size_t>(steps(loop)));
  unroll_into(loop, out);
  return out;
}

WindowTable window_table(const Window& w) {
  const int oh = w.rows.positions(), ow = w.columns.positions();
  const int kh = w.rows.kernel, kw = w.columns.kernel;
  WindowTable table;
  table.need.reserve(static_cast<std::size_t>(w.steps()));
  std::int64_t released = 0;
  for (int window = 0; window < oh * ow; ++window) {
    const int y0 = window / ow * w.rows.stride - w.rows.before;
    const int x0 = window % ow * w.columns.stride - w.columns.before;
    for (int i = 0; i < kh * kw * w.fold; ++i) {
      const int tap = w.channel_outer ? i % (kh * kw) : i / w.fold;
      const int c = w.channel_outer ? i / (kh * kw) : i % w.fold;
      const int y = y0 + tap / kw * w.rows.dilation, x = x0 + tap % kw * w.columns.dilation;
      const bool inside = y >= 0 && x >= 0 && y < w.rows.size && x < w.columns.size;
      table.need.push_back(inside ? (y * w.columns.size + x) * w.fold + c : -1);
      table.release.push_back(static_cast<std::int32_t>(released));
    }
    const int next = window + 1;
    released = next == oh * ow ? w.frame_words()
               : w.release_rows && next % ow != 0
                   ? released
                   : std::max(released, corner(w, next / ow, next % ow) * w.fold);
    table.release.back() = static_cast<std::int32_t>(released);
  }
  return table;
}

std::int64_t least_ring(const Window& window) {
  const WindowTable table = window_table(window);
  std::int64_t least = 1, released = 0;
  for (std::size_t n = 0; n < table.need.size(); ++n) {
    if (table.need[n] >= 0) least = std::max(least, table.need[n] + 1 - released);
    released = table.release[n];
  }
  return least;
}

std::string to_text(const Loop& loop) {
  std::string body;
  for (const Loop& inner : loop.body) {
    body += fmt::format("{}{}", body.empty() ? "" : " ", to_text(inner));
  }
  if (loop.body.empty()) body = fmt::format("{}/{}", loop.step.takes, loop.step.makes);
  return loop.count == 1 ? body : fmt::format("{} ( {} )", loop.count, body);
}

}  // namespace nib::plan::stream
