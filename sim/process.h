// Running tools and keeping their files in a folder that goes away.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nib::sim {

/// A new folder below TMPDIR (else /tmp), removed with all it holds at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What a program left behind.
struct Outcome {
  int status = -1;     ///< exit code; 128 + signal where it was killed; 127 where it is missing
  std::string output;  ///< standard output and error together, as far as 1 MiB
};

/// Runs `arguments` (the program first, looked up in PATH) in `folder`; no shell. Waits for it.
[[nodiscard]] Outcome run(const std::vector<std::string>& arguments,
                          const std::filesystem::path& folder);
/// The same for several command lines, at most `jobs` at once; outcomes in order.
[[nodiscard]] std::vector<Outcome> run_all(const std::vector<std::vector<std::string>>& commands,
                                           const std::filesystem::path& folder, int jobs);

/// The program in PATH, or an empty path.
[[nodiscard]] std::filesystem::path find_program(const std::string& name);
/// E0905 where `name` is not in PATH; `package` is its Debian package.
void require_program(const std::string& name, const std::string& package);
/// First line that `arguments` print, E0906 where they fail: versions.
[[nodiscard]] std::string first_line(const std::vector<std::string>& arguments);
/// A program's output, cut to its first lines, for an error or a check.
[[nodiscard]] std::string shortened(const std::string& output, int lines = 8);

}  // namespace nib::sim
