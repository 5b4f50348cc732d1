// A build folder appears whole or not at all.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/emit/emit.h"
#include "nib/emit/manifest.h"

namespace nib::emit {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_system(const fs::path& path, int error) {
  fail(ErrorCode::E102, fmt::format("{}: {}", path.string(), std::strerror(error)));
}

/// The folder's real place: absolute, links resolved as far as the path exists, no trailing '/'.
fs::path real_place(const fs::path& folder) {
  if (folder.empty()) fail(ErrorCode::E102, "the folder has no name");
  std::error_code error;
  fs::path place;
  try {
    place = fs::weakly_canonical(fs::absolute(folder));
  } catch (const fs::filesystem_error& failed) {
    fail(ErrorCode::E102, folder.string() + ": " + failed.code().message());
  }
  if (!place.has_filename()) place = place.parent_path();
  if (!place.has_filename()) fail(ErrorCode::E103, folder.string() + " is the root folder");
  if (fs::is_symlink(place, error)) {
    fail(ErrorCode::E102, place.string() + " is a link to nothing");
  }
  return place;
}

bool written_by_nib(const fs::path& folder) {
  constexpr std::uintmax_t kLimit = std::uintmax_t{256} << 20;
  try {
    return is_nib_manifest(read_file(folder / "manifest.json", kLimit));
  } catch (const Error&) {
    return false;
  }
}

/// True where `inner` is `outer` or lies below it; both canonical.
bool holds(const fs::path& outer, const fs::path& inner) {
  auto o = outer.begin();
  auto i = inner.begin();
  for (; o != outer.end(); ++o, ++i) {
    if (i == inner.end() || *o != *i) return false;
  }
  return true;
}

/// Throws where an existing `place` must stay. Returns true where a folder is to be replaced.
bool check_replaceable(const fs::path& place, bool force) {
  std::error_code error;
  const fs::file_status status = fs::status(place, error);
  if (!fs::exists(status)) {
    if (error && error != std::errc::no_such_file_or_directory) {
      fail(ErrorCode::E102, place.string() + ": " + error.message());
    }
    return false;
  }
  if (!fs::is_directory(status)) {
    fail(ErrorCode::E103, place.string() + " is not a folder", {},
         "choose another name; --force replaces folders only");
  }
  if (holds(place, fs::current_path(error))) {
    fail(ErrorCode::E103, place.string() + " is the current folder or holds it", {},
         "choose another folder, or run from outside of it");
  }
  const bool empty = fs::is_empty(place, error);
  if (error) fail(ErrorCode::E102, place.string() + ": " + error.message());
  if (!force && !empty && !written_by_nib(place)) fail(ErrorCode::E103, place.string());
  return true;
}

/// What is being made: removed again, newest first, unless release() is reached.
class Undo {
 public:
  ~Undo() {
    std::error_code ignored;
    if (!tree_.empty()) fs::remove_all(tree_, ignored);
    for (auto it = parents_.rbegin(); it != parents_.rend(); ++it) fs::remove(*it, ignored);
  }
  void add_parent(fs::path folder) { parents_.push_back(std::move(folder)); }
  void set_tree(fs::path folder) { tree_ = std::move(folder); }
  void release() {
    parents_.clear();
    tree_.clear();
  }

 private:
  std::vector<fs::path> parents_;
  fs::path tree_;
};

void make_parents(const fs::path& folder, Undo& undo) {
  std::error_code error;
  std::vector<fs::path> missing;
  for (fs::path at = folder; !fs::exists(at, error); at = at.parent_path()) missing.push_back(at);
  for (auto it = missing.rbegin(); it != missing.rend(); ++it) {
    if (::mkdir(it->c_str(), 0777) == 0) {
      undo.add_parent(*it);
    } else if (errno != EEXIST) {
      fail_system(*it, errno);
    }
  }
}

/// A new folder beside `place`, with the permissions that the user's mask gives.
fs::path make_sibling(const fs::path& place) {
  constexpr int kTries = 1000;
  for (int n = 0; n < kTries; ++n) {
    const fs::path sibling = place.parent_path() / fmt::format(".nib-{}-{}", ::getpid(), n);
    if (::mkdir(sibling.c_str(), 0777) == 0) return sibling;
    if (errno != EEXIST) fail_system(place, errno);
  }
  fail(ErrorCode::E102, place.parent_path().string() + " is full of unfinished builds (.nib-*)");
}

void write_files(const fs::path& folder, const Files& files) {
  for (const map::SourceFile& file : files) {
    const fs::path path = fs::path(file.path).lexically_normal();
    NIB_CHECK(path.is_relative() && !path.empty() && *path.begin() != "..",
              "a file outside of the folder: " + file.path);
    NIB_CHECK(!fs::exists(folder / path), "two files of one name: " + file.path);
    write_file(folder / path, file.text);
  }
}

/// Throws unless every folder of the tree lets its entries be removed.
void check_removable(const fs::path& tree) {
  const auto check = [](const fs::path& folder) {
    if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) fail_system(folder, errno);
  };
  check(tree);
  std::error_code error;
  for (fs::recursive_directory_iterator it(tree, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_directory(error) && !it->is_symlink(error)) check(it->path());
  }
  if (error) fail(ErrorCode::E102, tree.string() + ": " + error.message());
}

/// Exchanges two folders in one step; false where the file system cannot do that.
bool exchange(const fs::path& a, const fs::path& b) {
  constexpr unsigned kExchange = 2;  // RENAME_EXCHANGE of linux/fs.h
  return ::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), kExchange) == 0;
}

/// Puts `fresh` where `place` is and returns where the old folder went.
fs::path swap_in(const fs::path& fresh, const fs::path& place) {
  if (exchange(fresh, place)) return fresh;
  const fs::path old = fresh.string() + "-old";
  if (::rename(place.c_str(), old.c_str()) != 0) fail_system(place, errno);
  if (::rename(fresh.c_str(), place.c_str()) != 0) {
    const int error = errno;
    ::rename(old.c_str(), place.c_str());
    fail_system(place, error);
  }
  return old;
}

}  // namespace

void write_folder(const fs::path& folder, const Files& files, bool force) {
  const fs::path place = real_place(folder);
  const bool replace = check_replaceable(place, force);
  Undo undo;
  make_parents(place.parent_path(), undo);
  const fs::path fresh = make_sibling(place);
  undo.set_tree(fresh);
  write_files(fresh, files);
  if (!replace) {
    // An empty folder that has appeared meanwhile is replaced, anything else makes this fail.
    if (::rename(fresh.c_str(), place.c_str()) != 0) fail_system(place, errno);
    undo.release();
    return;
  }
  check_removable(place);
  const fs::path old = swap_in(fresh, place);
  undo.release();
  std::error_code error;
  fs::remove_all(old, error);
  if (error)
    fail(ErrorCode::E102, "the old folder is now " + old.string() + ": " + error.message());
}

}  // namespace nib::emit
