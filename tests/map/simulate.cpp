// The bench: one module with all designs in it, one C++ main that drives them.
#include "simulate.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <set>

namespace nib::test {
namespace {

int width_of(const plan::Word& word) { return std::max(1, word.width); }
int words_of(const plan::Word& word) { return (width_of(word) + 31) / 32; }

std::string port(const char* side, const char* end, std::size_t count, std::size_t k) {
  return count == 1 ? fmt::format("{}_data_{}", side, end)
                    : fmt::format("{}{}_data_{}", side, k, end);
}

std::string bench_sv(const std::vector<Case>& cases) {
  std::string ports = "  input logic clk_i,\n  input logic rst_i,\n  input logic valid_i";
  std::string body;
  for (std::size_t d = 0; d < cases.size(); ++d) {
    const plan::Plan& p = cases[d].plan;
    body += fmt::format("  {} u_{} (\n    .clk_i,\n", cases[d].design.top, d);
    if (p.goal.reset) body += "    .rst_i,\n";
    for (std::size_t k = 0; k < p.inputs.size(); ++k) {
      ports += fmt::format(",\n  input logic [{}:0] d{}_in{}", width_of(p.inputs[k]) - 1, d, k);
      body += fmt::format("    .{}(d{}_in{}),\n", port("in", "i", p.inputs.size(), k), d, k);
    }
    for (std::size_t k = 0; k < p.outputs.size(); ++k) {
      ports += fmt::format(",\n  output logic [{}:0] d{}_out{}", width_of(p.outputs[k]) - 1, d, k);
      body += fmt::format("    .{}(d{}_out{}),\n", port("out", "o", p.outputs.size(), k), d, k);
    }
    ports += fmt::format(",\n  output logic d{}_valid", d);
    body += fmt::format("    .in_valid_i(valid_i),\n    .out_valid_o(d{}_valid)\n  );\n", d);
  }
  return "// All designs of one test.\nmodule bench (\n" + ports + "\n);\n" + body +
         "  logic unused_rst;\n  assign unused_rst = rst_i;\nendmodule : bench\n";
}

std::string main_cpp(const std::vector<Case>& cases, std::size_t vectors) {
  std::string text = R"(#include <cstdint>
#include <cstdio>
#include <deque>
#include <fstream>
#include <vector>
#include "Vbench.h"
#include "verilated.h"
using Words = std::vector<uint32_t>;
template <class T> void put(T& p, const uint32_t* w) {
  p = static_cast<T>(sizeof(T) > 4 ? (uint64_t{w[1]} << 32 | w[0]) : w[0]);
}
template <std::size_t N> void put(VlWide<N>& p, const uint32_t* w) {
  for (std::size_t i = 0; i < N; ++i) p[i] = w[i];
}
template <class T> bool same(const T& p, const uint32_t* w) {
  return static_cast<uint64_t>(p) == (sizeof(T) > 4 ? (uint64_t{w[1]} << 32 | w[0]) : w[0]);
}
template <std::size_t N> bool same(const VlWide<N>& p, const uint32_t* w) {
  for (std::size_t i = 0; i < N; ++i) if (p[i] != w[i]) return false;
  return true;
}
struct Slot { bool valid; std::size_t vector; };
int faults = 0;
void wrong(int d, long cycle, const char* what) {
  if (++faults < 20) std::printf("design %d, cycle %ld: %s\n", d, cycle, what);
}
int main() {
  std::ifstream file("vectors.bin", std::ios::binary);
  Vbench top;
)";
  text += fmt::format("  constexpr std::size_t kVectors = {};\n", vectors);
  std::string load, drive, check;
  int latest = 0;
  for (std::size_t d = 0; d < cases.size(); ++d) {
    const plan::Plan& p = cases[d].plan;
    latest = std::max(latest, p.latency_cycles);
    int ins = 0, outs = 0;
    check += fmt::format(
        "    {{ const Slot s = {} == 0 ? now : q{}[{}];\n"
        "      if ((top.d{}_valid != 0) != s.valid) wrong({}, c, \"valid\");\n",
        p.latency_cycles, d, std::max(0, p.latency_cycles - 1), d, d);
    for (std::size_t k = 0; k < p.inputs.size(); ++k) {
      drive += fmt::format(
          "    for (auto& w : junk) w = noise();\n"
          "    {{ Words x(in{0}.begin() + i * {1} + {2}, in{0}.begin() + i * {1} + "
          "{2} + {3});\n      if (!v) for (auto& w : x) w = noise();\n"
          "      x.resize({3} + 1); x[{3} - 1] &= {4}u; put(top.d{0}_in{5}, "
          "x.data()); }}\n",
          d, "@I@", ins, words_of(p.inputs[k]),
          width_of(p.inputs[k]) % 32 == 0 ? 0xffffffffU : (1U << (width_of(p.inputs[k]) % 32)) - 1,
          k);
      ins += words_of(p.inputs[k]);
    }
    for (std::size_t k = 0; k < p.outputs.size(); ++k) {
      check += fmt::format(
          "      {{ Words y(out{0}.begin() + s.vector * @O@ + {1}, out{0}.begin() "
          "+ s.vector * @O@ + {1} + {2}); y.resize({2} + 1);\n"
          "        if (s.valid && !same(top.d{0}_out{3}, y.data())) wrong({0}, c, "
          "\"data\"); }}\n",
          d, outs, words_of(p.outputs[k]), k);
      outs += words_of(p.outputs[k]);
    }
    check += "    }\n";
    const auto replace = [](std::string& s, const std::string& from, int to) {
      for (std::size_t at = s.find(from); at != std::string::npos; at = s.find(from)) {
        s.replace(at, from.size(), std::to_string(to));
      }
    };
    replace(drive, "@I@", ins);
    replace(check, "@O@", outs);
    load += fmt::format(
        "  Words in{0}(kVectors * {1}), out{0}(kVectors * {2});\n"
        "  file.read(reinterpret_cast<char*>(in{0}.data()), in{0}.size() * 4);\n"
        "  file.read(reinterpret_cast<char*>(out{0}.data()), out{0}.size() * 4);\n"
        "  std::deque<Slot> q{0}({3}, Slot{{false, 0}});\n",
        d, ins, outs, std::max(1, p.latency_cycles));
  }
  text += load;
  text += R"(  if (!file) { std::printf("no vectors\n"); return 2; }
  uint32_t state = 1; Words junk(4);
  auto noise = [&] { state = state * 1664525u + 1013904223u; return state ^ (state >> 15); };
  std::size_t next = 0;
  for (long c = 0; next < kVectors || c < 40; ++c) {
    // Full rate for a while, then gaps.
    const bool v = next < kVectors && (c < 64 || (noise() >> 9) % 3 != 0);
    const bool rst = c == 100;
    const std::size_t i = next < kVectors ? next : 0;
    const Slot now{v, i};
    top.valid_i = v; top.rst_i = rst;
)" + drive +
          "    top.clk_i = 0; top.eval();\n" + check + "    top.clk_i = 1; top.eval();\n";
  for (std::size_t d = 0; d < cases.size(); ++d) {
    text += fmt::format("    q{0}.push_front(now); q{0}.pop_back();\n", d);
    if (cases[d].plan.goal.reset) {
      text += fmt::format("    if (rst) for (auto& s : q{}) s.valid = false;\n", d);
    }
  }
  return text + R"(    if (v) ++next;
  }
  std::printf(faults == 0 ? "all equal\n" : "%d faults\n", faults);
  return faults == 0 ? 0 : 1;
}
)";
}

void pack(const plan::Word& word, const std::int64_t* codes, std::string& bytes) {
  std::vector<std::uint32_t> words(static_cast<std::size_t>(words_of(word)), 0);
  for (std::size_t e = 0; e < word.elements.size(); ++e) {
    const plan::Element& element = word.elements[e];
    for (int b = 0; b < element.bits; ++b) {
      const auto bit = static_cast<std::uint32_t>((codes[e] >> b) & 1);
      const int place = element.lsb + b;
      words[static_cast<std::size_t>(place / 32)] |= bit << (place % 32);
    }
  }
  for (const std::uint32_t w : words) {
    for (int k = 0; k < 4; ++k) bytes += static_cast<char>((w >> (8 * k)) & 255U);
  }
}

std::string vectors_of(const std::vector<Case>& cases) {
  std::string bytes;
  for (const Case& c : cases) {
    const auto all = [&](const std::vector<plan::Word>& words,
                         const std::vector<std::vector<std::int64_t>>& vectors) {
      for (const auto& codes : vectors) {
        std::size_t first = 0;
        for (const plan::Word& word : words) {
          pack(word, codes.data() + first, bytes);
          first += word.elements.size();
        }
      }
    };
    all(c.plan.inputs, c.inputs);
    all(c.plan.outputs, c.outputs);
  }
  return bytes;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace

std::string run_command(const std::string& command) {
  std::string output;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return "cannot run " + command;
  std::array<char, 4096> buffer{};
  std::size_t count = 0;
  while ((count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    output.append(buffer.data(), count);
  }
  const int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) output += "\nthe command failed: " + command;
  return output;
}

std::filesystem::path scratch(const std::string& name) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("nib_{}_{}", name, getpid());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

std::string simulate(const std::vector<Case>& cases, const std::filesystem::path& folder) {
  std::string files;
  std::set<std::string> written;
  for (const Case& c : cases) {
    for (const map::SourceFile& f : c.design.files) {
      if (!written.insert(f.path).second) continue;  // library modules
      write(folder / f.path, f.text);
      files += f.path + "\n";
    }
  }
  write(folder / "bench.sv", bench_sv(cases));
  write(folder / "files.f", files + "bench.sv\n");
  write(folder / "vectors.bin", vectors_of(cases));
  write(folder / "main.cpp", main_cpp(cases, cases.front().inputs.size()));
  const std::string enter = fmt::format("cd '{}' && ", folder.string());
  std::string output = run_command(enter +
                                   "OBJCACHE=ccache verilator -Wall --assert --cc --exe --build "
                                   "-CFLAGS -O1 --top-module bench -f files.f main.cpp "
                                   "> build.log; code=$?; grep -A6 '^%' build.log; exit $code");
  if (!output.empty()) return output;
  output = run_command(enter + "./obj_dir/Vbench");
  return output == "all equal\n" ? "" : output;
}

}  // namespace nib::test
