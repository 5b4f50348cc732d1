// What a command prints: results to standard output, progress and errors to standard error.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace nib::cli {

/// Standard output, whose reader may go away. A closed pipe is no error: the rest is dropped. Any
/// other failed write (a full disk) is E0102.
class Console {
 public:
  explicit Console(std::FILE* out = stdout) : out_(out) {}
  void print(std::string_view text);
  /// Writes what is buffered.
  void flush();

 private:
  void check(bool written);

  std::FILE* out_;
  bool closed_ = false;
};

/// Says on standard error what is being done, once it takes more than a second: a bar on a
/// terminal, a plain line elsewhere. Says nothing about anything faster.
class Progress {
 public:
  /// `steps`: how many calls of step() will come; 0 where that is not known.
  explicit Progress(int steps, std::FILE* err = stderr);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Begins the next step: "planning".
  void step(std::string text);
  /// Renames the present step, for work that reports its own parts.
  void note(std::string text);

 private:
  void watch();
  void show(double seconds);
  void wipe();

  const int steps_;
  std::FILE* const err_;
  const bool terminal_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string text_;
  std::string shown_;  ///< step text of the last plain line
  int step_ = 0;
  bool done_ = false;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point begin_;  ///< of the command
  std::thread watcher_;
};

}  // namespace nib::cli
