// Building and running Verilated benches.
#include "nib/sim/harness.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <numeric>
#include <system_error>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/sim/words.h"

namespace nib::sim {
namespace {

namespace fs = std::filesystem;

/// Verilator's C++ name of a port: it keeps "__" for itself.
std::string mangled(const std::string& name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size() && name[i + 1] == '_') {
      text += "___05F";
      ++i;
    } else if (name[i] == '$') {
      text += "__024";
    } else {
      text += name[i];
    }
  }
  return text;
}

/// Ports that Verilator's header declares: C++ name and width in bits.
std::map<std::string, int> declared_ports(const std::string& header) {
  std::map<std::string, int> ports;
  std::size_t at = 0;
  while ((at = header.find("    VL_", at)) != std::string::npos) {
    std::array<char, 1024> name{};
    int msb = 0, lsb = 0;
    const std::size_t open = header.find("(&", at);
    const std::size_t end = header.find('\n', at);
    at += 7;
    if (open == std::string::npos || open > end) continue;
    const std::string call = header.substr(open + 2, end - open - 2);
    if (std::sscanf(call.c_str(), "%1023[^,],%d,%d", name.data(), &msb, &lsb) == 3) {
      ports[name.data()] = msb - lsb + 1;
    }
  }
  return ports;
}

/// The Verilator runtime that was compiled with nib: in the build tree or beside the command.
fs::path prebuilt_runtime() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path here = self.parent_path();
  for (const char* place : {"sim", "../sim", "../lib/nib", "lib/nib"}) {
    const fs::path file = here / place / "libnib_verilated.a";
    if (fs::is_regular_file(file, error)) return fs::weakly_canonical(file, error);
  }
  return {};
}

std::vector<std::string> compile_flags(const std::string& root, BenchKind kind) {
  std::vector<std::string> flags{"-std=c++17",
                                 "-w",
                                 "-I.",
                                 "-I" + root + "/include",
                                 "-I" + root + "/include/vltstd",
                                 "-DVERILATOR=1",
                                 "-DVM_COVERAGE=0",
                                 "-DVM_TRACE=0",
                                 "-DVM_TRACE_FST=0",
                                 "-DVM_TRACE_VCD=0",
                                 "-faligned-new",
                                 "-fcf-protection=none"};
  if (kind == BenchKind::kSystemC) {
    flags[0] = "-std=c++20";
    flags.insert(flags.end(), {"-DVM_SC=1", "-DSC_DISABLE_API_VERSION_CHECK"});
  } else {
    flags.emplace_back("-DVM_SC=0");
  }
  return flags;
}

const char* bench_file(BenchKind kind) {
  switch (kind) {
    case BenchKind::kFlow:
      return "flow_bench.cpp";
    case BenchKind::kStream:
      return "stream_bench.cpp";
    case BenchKind::kSystemC:
      return "sc_bench.cpp";
    case BenchKind::kAxis:
      return "axis_bench.cpp";
  }
  return "";
}

}  // namespace

std::string compiler() {
  const char* cxx = std::getenv("CXX");
  return cxx != nullptr && *cxx != '\0' ? cxx : "g++";
}

std::string object_cache() {
  const char* given = std::getenv("OBJCACHE");
  if (given != nullptr) return given;
  return find_program("ccache").empty() ? "" : "ccache";
}

int pieces_of(const std::vector<DutPort>& ports) {
  return std::accumulate(ports.begin(), ports.end(), 0,
                         [](int sum, const DutPort& p) { return sum + pieces_of(p.width); });
}

std::string verilator_root() { return first_line({"verilator", "--getenv", "VERILATOR_ROOT"}); }

Bench::Bench(Dut dut, BenchKind kind, int threads)
    : dut_(std::move(dut)), kind_(kind), threads_(std::max(threads, 1)) {}

void Bench::verilate() {
  require_program("verilator", "verilator");
  require_program(compiler(), "g++");
  std::vector<std::string> command{"verilator",    kind_ == BenchKind::kSystemC ? "--sc" : "--cc",
                                   "--Mdir",       folder().string(),
                                   "--prefix",     "Vdut",
                                   "--top-module", dut_.top,
                                   "--assert",     "--x-assign",
                                   "unique",       "--x-initial",
                                   "unique",       "--output-split",
                                   "20000",        "--output-split-cfuncs",
                                   "500"};
  // What stands around a streaming design is written to be as clean as the design.
  if (kind_ != BenchKind::kAxis) {
    command.insert(command.end(), {"-Wno-fatal", "-Wno-lint", "-Wno-style"});
  }
  command.insert(command.end(), dut_.sources.begin(), dut_.sources.end());
  const Outcome outcome = nib::sim::run(command, fs::absolute(dut_.folder));
  link_tables();
  if (outcome.status != 0)
    throw Fault{"verilator refuses the design:\n" + shortened(outcome.output)};
  // The plain bench has checked the same ports of a SystemC bench before.
  if (kind_ != BenchKind::kSystemC) check_ports();
}

/// Paths of tables begin in the build folder; the bench runs in its own.
void Bench::link_tables() const {
  const fs::path tables = fs::absolute(dut_.folder) / "tables";
  if (fs::is_directory(tables) && !fs::exists(folder() / "tables")) {
    fs::create_directory_symlink(tables, folder() / "tables");
  }
}

void Bench::check_ports() {
  std::map<std::string, int> found = declared_ports(nib::read_file(folder() / "Vdut.h"));
  if (dut_.reset_optional && found.count(mangled(dut_.reset)) == 0) dut_.reset.clear();
  const auto expect = [&](const std::string& name, int width) {
    if (name.empty()) return;
    const auto port = found.find(mangled(name));
    if (port == found.end()) throw Fault{fmt::format("{} has no port {}", dut_.top, name)};
    if (port->second != width) {
      throw Fault{fmt::format("port {} of {} is {} bits wide, the manifest says {}", name, dut_.top,
                              port->second, width)};
    }
    found.erase(port);
  };
  for (const auto* name : {&dut_.clock, &dut_.reset, &dut_.in_valid, &dut_.in_ready,
                           &dut_.out_valid, &dut_.out_ready}) {
    expect(*name, 1);
  }
  for (const auto* list : {&dut_.inputs, &dut_.outputs, &dut_.monitors}) {
    for (const DutPort& port : *list) expect(port.name, port.width);
  }
  for (const auto* list : {&dut_.sources_of_beats, &dut_.sinks_of_beats}) {
    for (const DutEnd& end : *list) {
      for (const auto* name : {&end.valid, &end.ready, &end.last}) expect(*name, 1);
      expect(end.data, end.width);
    }
  }
  if (!found.empty()) {
    throw Fault{fmt::format("{} has a port that the manifest does not name: {}", dut_.top,
                            found.begin()->first)};
  }
}

/// Tables of numbers and switches over the ends.
std::string Bench::axis_adapter() const {
  const auto table = [](const char* name, const std::vector<DutEnd>& ends, auto number) {
    std::string text = fmt::format("constexpr int {}[] = {{", name);
    for (const DutEnd& end : ends) text += fmt::format("{}, ", number(end));
    return text + "};\n";
  };
  const auto cases = [](const std::vector<DutEnd>& ends, auto statement) {
    std::string text = "  switch (port) {\n";
    for (std::size_t i = 0; i < ends.size(); ++i) {
      text += fmt::format("    case {}: {}\n", i, statement(ends[i]));
    }
    return text + "    default: break;\n  }\n";
  };
  const auto pieces = [](const DutEnd& e) { return pieces_of(e.width); };
  const auto& in = dut_.sources_of_beats;
  const auto& out = dut_.sinks_of_beats;
  std::string text = fmt::format("constexpr int kSources = {}, kSinks = {}, kMonitorPieces = {};\n",
                                 in.size(), out.size(), pieces_of(dut_.monitors));
  text += table("kSourcePieces", in, pieces) + table("kSinkPieces", out, pieces);
  text += table("kSourceBeats", in, [](const DutEnd& e) { return e.beats; });
  text += fmt::format("inline void clock(Vdut& d, bool level) {{ d.{} = level; }}\n",
                      mangled(dut_.clock));
  text += fmt::format("inline void reset(Vdut& d, bool level) {{ d.{} = level; }}\n",
                      mangled(dut_.reset));
  text += "inline void offer(Vdut& d, int port, bool valid, bool last, const std::uint32_t* w) {\n";
  text += cases(in, [](const DutEnd& e) {
    return fmt::format("d.{} = valid; d.{} = last; nib_bench::load(d.{}, w, {}); return;",
                       mangled(e.valid), mangled(e.last), mangled(e.data), e.width);
  });
  text += "}\ninline bool source_ready(const Vdut& d, int port) {\n";
  text += cases(in, [](const DutEnd& e) { return fmt::format("return d.{};", mangled(e.ready)); });
  text += "  return false;\n}\ninline void accept(Vdut& d, int port, bool ready) {\n";
  text += cases(
      out, [](const DutEnd& e) { return fmt::format("d.{} = ready; return;", mangled(e.ready)); });
  text += "}\ninline std::uint32_t sink(const Vdut& d, int port, std::uint32_t* w) {\n";
  text += cases(out, [](const DutEnd& e) {
    return fmt::format("nib_bench::store(d.{}, w, {}); return (d.{} & 1U) | (d.{} & 1U) << 1;",
                       mangled(e.data), pieces_of(e.width), mangled(e.valid), mangled(e.last));
  });
  text += "  return 0;\n}\ninline void monitor(const Vdut& d, std::uint32_t* w) {\n";
  int at = 0;
  for (const DutPort& p : dut_.monitors) {
    text += fmt::format("  nib_bench::store(d.{}, w + {}, {});\n", mangled(p.name), at,
                        pieces_of(p.width));
    at += pieces_of(p.width);
  }
  if (dut_.monitors.empty()) text += "  (void)d;\n  (void)w;\n";
  return text + "}\n}  // namespace nib_dut\n";
}

std::string Bench::adapter() const {
  const bool sc = kind_ == BenchKind::kSystemC;
  std::string text = "// Ports of the design under test, for the generic benches.\n#pragma once\n";
  text += "#include \"Vdut.h\"\n#include \"nib_ports.h\"\nnamespace nib_dut {\n";
  if (kind_ == BenchKind::kAxis) return text + axis_adapter();
  text += fmt::format("constexpr int kInPieces = {}, kOutPieces = {};\n", pieces_of(dut_.inputs),
                      pieces_of(dut_.outputs));
  if (sc) {
    text += "// X(port, width, first piece)\n#define NIB_INPUTS(X)";
    int at = 0;
    for (const DutPort& p : dut_.inputs) {
      text += fmt::format(" X({}, {}, {})", mangled(p.name), p.width, at);
      at += pieces_of(p.width);
    }
    text += "\n#define NIB_OUTPUTS(X)";
    at = 0;
    for (const DutPort& p : dut_.outputs) {
      text += fmt::format(" X({}, {}, {})", mangled(p.name), p.width, at);
      at += pieces_of(p.width);
    }
    text +=
        fmt::format("\n#define NIB_CLOCK {}\n#define NIB_IN_VALID {}\n#define NIB_OUT_VALID {}\n",
                    mangled(dut_.clock), mangled(dut_.in_valid), mangled(dut_.out_valid));
    if (!dut_.reset.empty()) text += fmt::format("#define NIB_RESET {}\n", mangled(dut_.reset));
    return text + "}\n";
  }
  text += fmt::format("inline void clock(Vdut& d, bool level) {{ d.{} = level; }}\n",
                      mangled(dut_.clock));
  text += "inline void drive(Vdut& d, std::uint32_t flags, const std::uint32_t* w) {\n";
  text += fmt::format("  d.{} = flags & 1U;\n", mangled(dut_.in_valid));
  if (!dut_.reset.empty()) text += fmt::format("  d.{} = flags >> 1 & 1U;\n", mangled(dut_.reset));
  if (!dut_.out_ready.empty()) {
    text += fmt::format("  d.{} = flags >> 2 & 1U;\n", mangled(dut_.out_ready));
  }
  int at = 0;
  for (const DutPort& p : dut_.inputs) {
    text += fmt::format("  nib_bench::load(d.{}, w + {}, {});\n", mangled(p.name), at, p.width);
    at += pieces_of(p.width);
  }
  text += "}\ninline std::uint32_t sample(const Vdut& d, std::uint32_t* w) {\n";
  at = 0;
  for (const DutPort& p : dut_.outputs) {
    text += fmt::format("  nib_bench::store(d.{}, w + {}, {});\n", mangled(p.name), at,
                        pieces_of(p.width));
    at += pieces_of(p.width);
  }
  text += fmt::format("  return (d.{} & 1U)", mangled(dut_.out_valid));
  if (!dut_.in_ready.empty()) text += fmt::format(" | (d.{} & 1U) << 1", mangled(dut_.in_ready));
  return text + ";\n}\n}  // namespace nib_dut\n";
}

std::vector<std::string> Bench::write_units() const {
  std::vector<std::pair<std::uintmax_t, std::string>> generated;
  std::uintmax_t total = 0;
  for (const auto& entry : fs::directory_iterator(folder())) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".cpp" || name.rfind("Vdut", 0) != 0) continue;
    generated.emplace_back(entry.file_size(), name);
    total += entry.file_size();
  }
  std::sort(generated.rbegin(), generated.rend());
  std::string_view bench = resource(std::string("sim/bench/") + bench_file(kind_));
  nib::write_file(folder() / "bench.cpp", bench);
  nib::write_file(folder() / "nib_ports.h", resource("sim/bench/nib_ports.h"));
  nib::write_file(folder() / "nib_dut.h", adapter());
  // One translation unit per thread, of equal weight; small designs are one unit.
  const std::size_t count = total < 60000 ? 1 : static_cast<std::size_t>(threads_);
  std::vector<std::pair<std::uintmax_t, std::string>> units(count);
  units[0] = {20000, "#include \"bench.cpp\"\n"};
  for (const auto& [size, name] : generated) {
    auto& unit = *std::min_element(units.begin(), units.end());
    unit.first += size;
    unit.second += "#include \"" + name + "\"\n";
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back(fmt::format("unit{}", i));
    nib::write_file(folder() / (names.back() + ".cpp"), units[i].second);
  }
  return names;
}

void Bench::compile() {
  const std::string root = verilator_root();
  const std::vector<std::string> units = write_units();
  std::vector<std::vector<std::string>> commands;
  std::vector<std::string> link{compiler(), "-o", "bench"};
  const auto unit = [&](const std::string& source, const std::string& object, const char* how) {
    std::vector<std::string> command;
    if (const std::string cache = object_cache(); !cache.empty()) command.push_back(cache);
    command.insert(command.end(), {compiler(), how, "-c", "-o", object, source});
    const auto flags = compile_flags(root, kind_);
    command.insert(command.end(), flags.begin(), flags.end());
    commands.push_back(std::move(command));
    link.push_back(object);
  };
  // A streaming design runs for millions of cycles: compiling it better pays.
  const char* level = kind_ == BenchKind::kAxis ? "-Os" : "-O0";
  for (const std::string& name : units) unit(name + ".cpp", name + ".o", level);
  const fs::path runtime = kind_ == BenchKind::kSystemC ? fs::path() : prebuilt_runtime();
  if (runtime.empty()) {
    unit(root + "/include/verilated.cpp", "verilated.o", "-O1");
    unit(root + "/include/verilated_threads.cpp", "verilated_threads.o", "-O1");
  } else {
    link.push_back(runtime.string());
  }
  if (kind_ == BenchKind::kSystemC) link.emplace_back("-lsystemc");
  link.emplace_back("-pthread");
  for (const Outcome& outcome : run_all(commands, folder(), threads_)) {
    if (outcome.status == 0) continue;
    fail(ErrorCode::E906, fmt::format("{} ended with {}:\n{}", compiler(), outcome.status,
                                      shortened(outcome.output)));
  }
  const Outcome outcome = nib::sim::run(link, folder());
  if (outcome.status != 0) {
    fail(ErrorCode::E906, "linking the bench failed:\n" + shortened(outcome.output));
  }
}

void Bench::run(const std::vector<std::string>& arguments, std::uint64_t seed) {
  std::vector<std::string> command{"./bench"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"+verilator+rand+reset+2",
                                 fmt::format("+verilator+seed+{}", seed % 2147483647U + 1)});
  const Outcome outcome = nib::sim::run(command, folder());
  if (outcome.status != 0) {
    throw Fault{fmt::format("the simulation stopped with {}:\n{}", outcome.status,
                            shortened(outcome.output))};
  }
}

void write_pieces(const fs::path& path, const std::vector<std::uint32_t>& pieces) {
  std::string bytes(pieces.size() * 4, '\0');
  std::memcpy(bytes.data(), pieces.data(), bytes.size());
  nib::write_file(path, bytes);
}

std::vector<std::uint32_t> read_pieces(const fs::path& path) {
  const std::string bytes = nib::read_file(path, std::uintmax_t{8} << 30);
  std::vector<std::uint32_t> pieces(bytes.size() / 4);
  std::memcpy(pieces.data(), bytes.data(), pieces.size() * 4);
  return pieces;
}

}  // namespace nib::sim
