// A build folder appears whole or not at all, and nothing of the user's is lost.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/emit/emit.h"
#include "scratch.h"

namespace nib::emit {
namespace {

namespace fs = std::filesystem;
using testing::Scratch;
using testing::spill;
using testing::tree;

const Files kFiles{{"rtl/a.sv", "module a; endmodule\n"},
                   {"manifest.json", "{\"generator\": \"nib 0.1.0\"}\n"}};
const Files kOther{{"rtl/b.sv", "module b; endmodule\n"},
                   {"manifest.json", "{\"generator\": \"nib 0.1.0\"}\n"}};

/// The error's number, 0 where nothing is thrown.
int code_of(const fs::path& folder, const Files& files, bool force) {
  try {
    write_folder(folder, files, force);
  } catch (const Error& error) {
    return static_cast<int>(error.code());
  }
  return 0;
}

}  // namespace

TEST_CASE("a new folder is written, with the folders above it") {
  const Scratch scratch;
  write_folder(scratch / "x/y/out", kFiles, false);
  CHECK(tree(scratch.path()) ==
        std::map<std::string, std::string>{{"x", "<folder>"},
                                           {"x/y", "<folder>"},
                                           {"x/y/out", "<folder>"},
                                           {"x/y/out/rtl", "<folder>"},
                                           {"x/y/out/rtl/a.sv", kFiles[0].text},
                                           {"x/y/out/manifest.json", kFiles[1].text}});
  // The user's mask rules the permissions, as for any folder.
  fs::create_directory(scratch / "plain");
  CHECK(fs::status(scratch / "x/y/out").permissions() ==
        fs::status(scratch / "plain").permissions());
}

TEST_CASE("a folder of nib is replaced whole: old files go") {
  const Scratch scratch;
  write_folder(scratch / "out/", kFiles, false);
  spill(scratch / "out/sim/obj_dir/junk", "x");
  write_folder(scratch / "out", kOther, false);
  CHECK(tree(scratch.path()) ==
        std::map<std::string, std::string>{{"out", "<folder>"},
                                           {"out/rtl", "<folder>"},
                                           {"out/rtl/b.sv", kOther[0].text},
                                           {"out/manifest.json", kOther[1].text}});
}

TEST_CASE("an empty folder is taken") {
  const Scratch scratch;
  fs::create_directory(scratch / "out");
  CHECK(code_of(scratch / "out", kFiles, false) == 0);
  CHECK(tree(scratch / "out").count("rtl/a.sv") == 1);
}

TEST_CASE("folder_bad: another's folder needs force") {
  const Scratch scratch;
  spill(scratch / "out/thesis.tex", "years of work");
  for (const char* manifest : {"", "{}", "not json", R"({"generator": "other 1"})"}) {
    if (*manifest != 0) spill(scratch / "out/manifest.json", manifest);
    const auto before = tree(scratch.path());
    CHECK(code_of(scratch / "out", kFiles, false) == 103);
    CHECK(tree(scratch.path()) == before);
  }
  CHECK(code_of(scratch / "out", kFiles, true) == 0);
  CHECK(tree(scratch.path()).count("out/thesis.tex") == 0);
}

TEST_CASE("folder_bad: a file is never replaced, force or not") {
  const Scratch scratch;
  spill(scratch / "out", "a file");
  for (const bool force : {false, true}) {
    CHECK(code_of(scratch / "out", kFiles, force) == 103);
    CHECK(code_of(scratch / "out/below", kFiles, force) == 102);
  }
  CHECK(tree(scratch.path()) == std::map<std::string, std::string>{{"out", "a file"}});
}

TEST_CASE("folder_bad: the current folder, those above it and the root stay") {
  const Scratch scratch;
  fs::create_directories(scratch / "a/b");
  const fs::path before = fs::current_path();
  fs::current_path(scratch / "a/b");
  CHECK(code_of(".", kFiles, true) == 103);
  CHECK(code_of("..", kFiles, true) == 103);
  CHECK(code_of(scratch / "a", kFiles, true) == 103);
  CHECK(code_of("/", kFiles, true) == 103);
  CHECK(code_of("", kFiles, true) == 102);
  CHECK(code_of("../c", kFiles, true) == 0);
  fs::current_path(before);
  CHECK(fs::exists(scratch / "a/b"));
}

TEST_CASE("a link is followed to a folder, and stays a link") {
  const Scratch scratch;
  write_folder(scratch / "real", kFiles, false);
  fs::create_directory_symlink(scratch / "real", scratch / "link");
  write_folder(scratch / "link", kOther, false);
  CHECK(fs::is_symlink(scratch / "link"));
  CHECK(tree(scratch / "real").count("rtl/b.sv") == 1);
  CHECK(tree(scratch / "real").count("rtl/a.sv") == 0);
}

TEST_CASE("folder_bad: links to nothing, to themselves, to a file") {
  const Scratch scratch;
  fs::create_symlink(scratch / "nowhere", scratch / "dangling");
  fs::create_symlink(scratch / "loop", scratch / "loop");
  spill(scratch / "file", "text");
  fs::create_symlink(scratch / "file", scratch / "to_file");
  const auto before = tree(scratch.path());
  for (const bool force : {false, true}) {
    CHECK(code_of(scratch / "dangling", kFiles, force) == 102);
    CHECK(code_of(scratch / "loop", kFiles, force) == 102);
    CHECK(code_of(scratch / "to_file", kFiles, force) == 103);
  }
  CHECK(tree(scratch.path()) == before);
}

TEST_CASE("links inside an old folder are removed, not followed") {
  const Scratch scratch;
  spill(scratch / "precious/file", "keep");
  write_folder(scratch / "out", kFiles, false);
  fs::create_directory_symlink(scratch / "precious", scratch / "out/link");
  write_folder(scratch / "out", kOther, false);
  CHECK(testing::slurp(scratch / "precious/file") == "keep");
  CHECK(!fs::exists(scratch / "out/link"));
}

TEST_CASE("folder_bad: a place where nothing can be made") {
  CHECK(code_of("/proc/nib_out", kFiles, true) == 102);
  CHECK(code_of("/proc/self/nib/out", kFiles, true) == 102);
  const Scratch scratch;
  CHECK(code_of(scratch / std::string(300, 'x'), kFiles, false) == 102);
  CHECK(code_of(scratch / ("new/" + std::string(300, 'x')), kFiles, false) == 102);
  CHECK(tree(scratch.path()).empty());
}

TEST_CASE("folder_bad: an unwritable parent") {
  if (::geteuid() == 0) {
    MESSAGE("skipped: root may write everywhere");
    return;
  }
  const Scratch scratch;
  fs::create_directory(scratch / "locked");
  fs::permissions(scratch / "locked", fs::perms::owner_read | fs::perms::owner_exec);
  CHECK(code_of(scratch / "locked/out", kFiles, true) == 102);
  fs::permissions(scratch / "locked", fs::perms::owner_all);
  CHECK(tree(scratch.path()).size() == 1);
}

TEST_CASE("folder_bad: a write that fails half-way leaves the old folder and nothing else") {
  const Scratch scratch;
  write_folder(scratch / "out", kFiles, false);
  const auto before = tree(scratch.path());
  const Files large{{"rtl/a.sv", "short"}, {"rtl/b.sv", std::string(100000, 'x')}};
  // The limit holds for a whole process: a child's.
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const bool old_stands = code_of(scratch / "out", large, false) == 102;
    const bool new_stands = code_of(scratch / "p/q/new", large, false) == 102;
    ::_exit(old_stands && new_stands ? 0 : 1);
  }
  REQUIRE(child > 0);
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(tree(scratch.path()) == before);
}

TEST_CASE("a file outside of the folder and two files of one name are our own faults") {
  const Scratch scratch;
  for (const char* path : {"../x", "/tmp/x", "a/../../x", ""}) {
    CAPTURE(path);
    CHECK_THROWS_AS(write_folder(scratch / "out", {{path, "x"}}, false), InternalError);
  }
  CHECK_THROWS_AS(write_folder(scratch / "out", {{"a", "1"}, {"./a", "2"}}, false), InternalError);
  CHECK(tree(scratch.path()).empty());
}

TEST_CASE("two writers at once: one whole folder, nothing left over") {
  const Scratch scratch;
  constexpr int kRounds = 20;
  const auto write = [&](const Files& files) {
    for (int k = 0; k < kRounds; ++k) {
      try {
        write_folder(scratch / "out", files, false);
      } catch (const Error&) {
        // Losing the race is reported; it may not harm.
      }
    }
  };
  std::thread other([&] { write(kOther); });
  write(kFiles);
  other.join();
  const auto left = tree(scratch / "out");
  CHECK(left.count("rtl/a.sv") + left.count("rtl/b.sv") == 1);
  CHECK(left.count("manifest.json") == 1);
}

}  // namespace nib::emit
