// Runs the real command in a folder of its own, and compares texts with golden files.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace nib::cli::testing {

struct Outcome {
  int code = -1;
  std::string out, err;
};

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void spill(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
  REQUIRE(out.good());
}

/// A folder that is removed afterwards; commands run in it.
class Bench {
 public:
  Bench() {
    std::string pattern =
        (std::filesystem::canonical(std::filesystem::temp_directory_path()) / "nib_cli_XXXXXX")
            .string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
    std::filesystem::create_directory(path_ / "work");
  }
  ~Bench() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
    return path_ / "work" / name;
  }
  [[nodiscard]] std::filesystem::path folder() const { return path_ / "work"; }

  /// A shell line; `nib` in it is the command under test.
  Outcome shell(const std::string& line) const {
    const std::string script = "nib() { '" NIB_COMMAND "' \"$@\"; }\ncd '" + folder().string() +
                               "' || exit 99\n" + line + "\n";
    spill(path_ / "script", script);
    const std::string call = "bash '" + (path_ / "script").string() + "' > '" +
                             (path_ / "out").string() + "' 2> '" + (path_ / "err").string() + "'";
    const int status = std::system(call.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, slurp(path_ / "out"),
            slurp(path_ / "err")};
  }
  /// `nib` with arguments in shell syntax.
  Outcome nib(const std::string& arguments) const { return shell("nib " + arguments); }

 private:
  std::filesystem::path path_;
};

/// Compares with tests/golden_text/cli/<name>; NIB_UPDATE_GOLDEN=1 writes it instead.
inline void check_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(NIB_TESTS_DIR) + "/golden_text/cli/" + name;
  if (std::getenv("NIB_UPDATE_GOLDEN") != nullptr) {
    spill(path, text);
    MESSAGE("written: ", path);
    return;
  }
  REQUIRE_MESSAGE(std::filesystem::exists(path), "no golden text ", path);
  CHECK_MESSAGE(slurp(path) == text, name, " is now:\n", text);
}

}  // namespace nib::cli::testing
