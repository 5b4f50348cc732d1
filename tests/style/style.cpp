// Checks the layout rules of the checkout: columns, ASCII, first lines, include direction,
// prefixes.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kColumns = 100;

/// Layers and the layers that each may include.
const std::map<std::string, std::set<std::string>> kSees = [] {
  const std::set<std::string> num{"base", "num"}, graph{"base", "num", "graph"};
  std::set<std::string> plan{"base", "num", "graph", "lower", "arith", "rtl"};
  std::set<std::string> map = plan;
  map.insert("plan");
  std::set<std::string> emit = map;
  emit.insert("map");
  std::set<std::string> sim = graph;
  sim.insert({"import", "golden"});
  std::set<std::string> cli = emit;
  cli.insert({"emit", "sim", "import", "golden"});
  return std::map<std::string, std::set<std::string>>{
      {"base", {}},     {"num", {"base"}}, {"graph", num}, {"import", graph}, {"golden", graph},
      {"lower", graph}, {"arith", num},    {"rtl", num},   {"plan", plan},    {"map", map},
      {"emit", emit},   {"sim", sim},      {"cli", cli}};
}();

struct Checker {
  fs::path root;
  int faults = 0;

  void fault(const std::string& file, std::size_t line, const std::string& text) {
    fmt::print("{}:{}: {}\n", file, line, text);
    ++faults;
  }

  void check_text(const std::string& file, const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::string& line = lines[i];
      // Tables of prose and recorded messages may be wide; code never.
      const bool recorded = file.starts_with("tests/golden_text/");
      if (line.size() > kColumns && !recorded && !file.ends_with(".md")) {
        fault(file, i + 1, "over 100 columns");
      }
      for (const char c : line) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80 || (byte < 0x20)) {
          fault(file, i + 1, "a character that is not printable ASCII");
          break;
        }
      }
      if (!recorded && !line.empty() && line.back() == ' ') fault(file, i + 1, "trailing blank");
    }
  }

  void check_includes(const std::string& file, const std::vector<std::string>& lines) {
    static const std::regex kInclude("^#include \"nib/([a-z]+)/.*\"");
    std::smatch parts;
    if (!std::regex_search(file, parts, std::regex("^(?:gen/)?([a-z]+)/"))) return;
    const std::string layer = parts[1];
    const auto sees = kSees.find(layer);
    if (sees == kSees.end()) return;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (!std::regex_search(lines[i], parts, kInclude)) continue;
      const std::string other = parts[1];
      if (other != layer && !sees->second.contains(other)) {
        fault(file, i + 1, fmt::format("layer {} may not include {}", layer, other));
      }
    }
  }

  void check_cpp(const std::string& file, const std::vector<std::string>& lines) {
    if (!lines.front().starts_with("// "))
      fault(file, 1, "the first line says what the file is for");
    if (file.ends_with(".h") &&
        std::find(lines.begin(), lines.end(), "#pragma once") == lines.end()) {
      fault(file, 1, "no #pragma once");
    }
    check_includes(file, lines);
    if (file.ends_with(".h") && file.starts_with("gen/")) {
      for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].starts_with("#include <fmt/")) fault(file, i + 1, "fmt in a header");
      }
    }
  }

  void check_sv(const std::string& file, const std::vector<std::string>& lines) {
    if (!lines.front().starts_with("// "))
      fault(file, 1, "the first line says what the file is for");
    const std::string name = fs::path(file).stem();
    bool ends = false;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].find("lint_off") != std::string::npos ||
          lines[i].find("verilator lint") != std::string::npos) {
        fault(file, i + 1, "a lint pragma");
      }
      ends = ends || lines[i] == "endmodule : " + name;
    }
    if (!ends) fault(file, lines.size(), "no \"endmodule : " + name + "\"");
    if (file.starts_with("rtl_templates/") && !name.starts_with("nib_")) {
      fault(file, 1, "a library module without the prefix nib_");
    }
  }

  void check_file(const fs::path& path) {
    const std::string file = fs::relative(path, root).generic_string();
    std::ifstream in(path, std::ios::binary);
    std::stringstream stream;
    stream << in.rdbuf();
    const std::string text = stream.str();
    if (text.empty()) return fault(file, 1, "an empty file");
    if (text.back() != '\n') fault(file, 1, "no newline at the end");
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    check_text(file, lines);
    const std::string extension = path.extension();
    if (extension == ".cpp" || extension == ".h") check_cpp(file, lines);
    if (extension == ".sv") check_sv(file, lines);
  }

  void check_top_level() {
    const std::set<std::string> allowed{
        "CMakeLists.txt", "gen",       "rtl_templates", "sim",     "constraints",       "boards",
        "tests",          "README.md", "dev",           "LICENSE", "CMakePresets.json", "build"};
    for (const auto& entry : fs::directory_iterator(root)) {
      const std::string name = entry.path().filename();
      if (!name.starts_with('.') && !allowed.contains(name)) {
        fault(name, 1, "does not belong at the top level");
      }
    }
  }
};

bool is_text(const fs::path& path) {
  static const std::set<std::string> kText{".cpp", ".h",  ".def", ".sv",   ".svh", ".txt", ".cmake",
                                           ".in",  ".md", ".py",  ".json", ".sh",  ".tcl", ".xdc"};
  return kText.contains(path.extension());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: test_style CHECKOUT\n");
    return 2;
  }
  Checker checker{argv[1]};
  checker.check_top_level();
  std::size_t files = 0;
  for (const char* folder : {"gen", "sim", "rtl_templates", "constraints", "boards", "tests"}) {
    if (!fs::exists(checker.root / folder)) continue;
    std::vector<fs::path> paths;
    for (const auto& entry : fs::recursive_directory_iterator(checker.root / folder)) {
      if (entry.is_regular_file() && is_text(entry.path())) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) checker.check_file(path);
    files += paths.size();
  }
  if (files == 0) checker.fault(argv[1], 1, "no files to check");
  fmt::print("{} files, {} faults\n", files, checker.faults);
  return checker.faults == 0 ? 0 : 1;
}
