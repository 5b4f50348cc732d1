// Child processes without a shell, and temporary folders.
#include "nib/sim/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <sstream>
#include <string_view>
#include <system_error>
#include <thread>

#include "nib/base/error.h"

namespace nib::sim {
namespace {

constexpr std::size_t kMaxOutput = std::size_t{1} << 20;

/// Both ends of a pipe that a child started by another thread does not inherit.
void open_pipe(std::array<int, 2>& ends) {
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail(ErrorCode::E906, fmt::format("cannot open a pipe: {}", std::strerror(errno)));
  }
}

/// A simulator's functions keep the words of a whole design on the stack.
void raise_stack_limit() {
  constexpr rlim_t kStack = rlim_t{512} << 20;
  rlimit limit{};
  if (::getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur >= kStack) return;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? kStack : std::min(kStack, limit.rlim_max);
  static_cast<void>(::setrlimit(RLIMIT_STACK, &limit));
}

[[noreturn]] void become(char* const* argv, const char* folder, int output) {
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  raise_stack_limit();
  if (::chdir(folder) == 0) ::execvp(argv[0], argv);
  ::_exit(127);
}

std::string drain(int input) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t n = ::read(input, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    if (text.size() < kMaxOutput) text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace

TempDir::TempDir() {
  const char* base = std::getenv("TMPDIR");
  std::string name = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/nib.XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    fail(ErrorCode::E102, fmt::format("cannot make {}: {}", name, std::strerror(errno)));
  }
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Outcome run(const std::vector<std::string>& arguments, const std::filesystem::path& folder) {
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv;
  for (std::string& text : copies) argv.push_back(text.data());
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  open_pipe(ends);
  const pid_t child = ::fork();
  if (child == 0) become(argv.data(), folder.c_str(), ends[1]);
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    fail(ErrorCode::E906, fmt::format("cannot start {}: {}", arguments[0], std::strerror(errno)));
  }
  Outcome outcome;
  outcome.output = drain(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::vector<Outcome> run_all(const std::vector<std::vector<std::string>>& commands,
                             const std::filesystem::path& folder, int jobs) {
  std::vector<Outcome> outcomes(commands.size());
  std::mutex mutex;
  std::size_t next = 0;
  const auto work = [&] {
    while (true) {
      std::size_t mine = 0;
      {
        const std::lock_guard<std::mutex> lock(mutex);
        if (next == commands.size()) return;
        mine = next++;
      }
      try {
        outcomes[mine] = run(commands[mine], folder);
      } catch (const Error& error) {
        outcomes[mine].output = error.what();
      }
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < jobs; ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return outcomes;
}

std::filesystem::path find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    const std::filesystem::path file = std::filesystem::path(folder) / name;
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

void require_program(const std::string& name, const std::string& package) {
  if (!find_program(name).empty()) return;
  fail(ErrorCode::E905, name + " is not in PATH", {},
       fmt::format("apt-get install {}, or ./dev setup", package));
}

std::string first_line(const std::vector<std::string>& arguments) {
  const Outcome outcome = run(arguments, ".");
  if (outcome.status != 0) {
    fail(ErrorCode::E906, fmt::format("{} ended with {}: {}", arguments[0], outcome.status,
                                      shortened(outcome.output)));
  }
  return outcome.output.substr(0, outcome.output.find('\n'));
}

std::string shortened(const std::string& output, int lines) {
  std::istringstream in(output);
  std::string line, text;
  int count = 0;
  while (std::getline(in, line)) {
    if (count++ == lines) return text + "\n...";
    if (line.size() > 400) line = line.substr(0, 400) + "...";
    text += (text.empty() ? "" : "\n") + line;
  }
  return text;
}

}  // namespace nib::sim
