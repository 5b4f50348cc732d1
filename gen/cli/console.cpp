// What a command prints.
#include "nib/cli/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "nib/base/error.h"

namespace nib::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kQuiet = std::chrono::seconds(1);
constexpr auto kTick = std::chrono::milliseconds(200);

}  // namespace

void Console::print(std::string_view text) {
  if (!closed_) check(std::fwrite(text.data(), 1, text.size(), out_) == text.size());
}

void Console::flush() {
  if (!closed_) check(std::fflush(out_) == 0);
}

void Console::check(bool written) {
  if (written) return;
  closed_ = true;
  const int error = errno;
  if (error != EPIPE) fail(ErrorCode::E102, fmt::format("standard output: {}", strerror(error)));
}

Progress::Progress(int steps, std::FILE* err)
    : steps_(steps),
      err_(err),
      terminal_(::isatty(::fileno(err)) == 1),
      begin_(Clock::now()),
      watcher_([this] { watch(); }) {}

Progress::~Progress() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  watcher_.join();
  wipe();
}

void Progress::step(std::string text) {
  const std::lock_guard lock(mutex_);
  ++step_;
  text_ = std::move(text);
}

void Progress::note(std::string text) {
  const std::lock_guard lock(mutex_);
  step_ = std::max(step_, 1);
  text_ = std::move(text);
}

void Progress::watch() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kTick, [this] { return done_; })) {
    const auto now = Clock::now();
    if (now - begin_ < kQuiet || text_.empty()) continue;
    show(std::chrono::duration<double>(now - begin_).count());
  }
}

void Progress::show(double seconds) {
  if (!terminal_) {
    if (text_ == shown_) return;
    shown_ = text_;
    fmt::print(err_, "{} ...\n", text_);
    return;
  }
  constexpr int kWidth = 24;
  std::string bar;
  if (steps_ > 0) {
    const int filled = kWidth * std::clamp(step_ - 1, 0, steps_) / steps_;
    bar = fmt::format("[{:#<{}}{:.<{}}] ", "", filled, "", kWidth - filled);
  }
  fmt::print(err_, "\r\x1b[K{}{}, {:.0f} s", bar, text_.substr(0, 40), seconds);
  std::fflush(err_);
  drawn_ = true;
}

void Progress::wipe() {
  if (!drawn_) return;
  fmt::print(err_, "\r\x1b[K");
  std::fflush(err_);
}

}  // namespace nib::cli
