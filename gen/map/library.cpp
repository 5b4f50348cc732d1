// The library modules of a design.
#include "nib/map/library.h"

#include <fmt/format.h>

#include <string_view>

#include "nib/base/file.h"

namespace nib::map {
namespace {

std::string path_of(const std::string& module) { return fmt::format("{}.sv", module); }

/// The library modules that a module instantiates: a line of "nib_name #(" or "nib_name u_name (".
std::set<std::string> instances(std::string_view text) {
  std::set<std::string> found;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t ink = line.find_first_not_of(' ');
    if (ink == std::string_view::npos || !line.substr(ink).starts_with("nib_")) continue;
    line.remove_prefix(ink);
    const std::size_t blank = line.find(' ');
    if (blank != std::string_view::npos) found.emplace(line.substr(0, blank));
  }
  return found;
}

class Library {
 public:
  void add(const std::string& module) {
    if (!seen_.insert(module).second) return;
    const std::string_view text = resource("rtl_templates/" + path_of(module));
    for (const std::string& needed : instances(text)) add(needed);
    files_.push_back(SourceFile{"rtl/" + path_of(module), std::string(text)});
  }
  std::vector<SourceFile> take() { return std::move(files_); }

 private:
  std::set<std::string> seen_;
  std::vector<SourceFile> files_;
};

}  // namespace

std::vector<SourceFile> library_files(const std::set<std::string>& used) {
  Library library;
  for (const std::string& module : used) library.add(module);
  return library.take();
}

}  // namespace nib::map
