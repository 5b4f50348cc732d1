// Compiling and running the SystemC model.
#include "nib/sim/stream_model.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/sim/harness.h"
#include "nib/sim/manifest.h"
#include "nib/sim/words.h"

namespace nib::sim {

StreamModel::StreamModel(const std::filesystem::path& folder, const std::filesystem::path& network)
    : network_(std::filesystem::absolute(file_inside(folder, network.string()))) {
  const auto number = [](const std::string& text) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) {
      fail(ErrorCode::E902, fmt::format("the network names an end \"{}\"", text));
    }
    return value;
  };
  std::istringstream text(nib::read_file(network_));
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string what, name, key;
    words >> what >> name;
    if (what == "source") sources_.push_back(number(name));
    if (what == "sink") sinks_.push_back(number(name));
    if (what != "channel") continue;
    std::int64_t depth = 0;
    words >> key >> depth;
    names_.push_back(name);
    depths_.push_back(depth);
    rings_.push_back(line.ends_with(" ring") ? 1 : 0);
  }
}

void StreamModel::compile() {
  require_program(compiler(), "g++");
  nib::write_file(temp_.path() / "bench.cpp", resource("sim/bench/stream_sc_bench.cpp"));
  nib::write_file(temp_.path() / "sc_stream.h", resource("sim/bench/sc_stream.h"));
  std::vector<std::string> compile;
  if (const std::string cache = object_cache(); !cache.empty()) compile.push_back(cache);
  compile.insert(compile.end(),
                 {compiler(), "-std=c++20", "-O1", "-w", "-I.", "-DSC_DISABLE_API_VERSION_CHECK",
                  "-c", "-o", "bench.o", "bench.cpp"});
  for (const auto& command :
       {compile,
        std::vector<std::string>{compiler(), "-o", "bench", "bench.o", "-lsystemc", "-pthread"}}) {
    const Outcome outcome = nib::sim::run(command, temp_.path());
    if (outcome.status == 0) continue;
    fail(ErrorCode::E906, fmt::format("the SystemC model (libsystemc-dev) cannot be built:\n{}",
                                      shortened(outcome.output)));
  }
}

ModelRun StreamModel::run(const std::vector<std::uint32_t>& plan) {
  write_pieces(temp_.path() / "plan.bin", plan);
  const Outcome outcome = nib::sim::run(
      {"./bench", network_.string(), "plan.bin", "log.bin", "occupancy.txt"}, temp_.path());
  if (outcome.status != 0) {
    fail(ErrorCode::E906, fmt::format("the SystemC model stopped with {}:\n{}", outcome.status,
                                      shortened(outcome.output)));
  }
  ModelRun result;
  result.channels = channels();
  const std::string bytes = nib::read_file(temp_.path() / "log.bin", std::uintmax_t{8} << 30);
  result.log.assign(bytes.begin(), bytes.end());
  if (result.log.size() != plan.size() * channels()) {
    fail(ErrorCode::E906, "the SystemC model stopped early");
  }
  std::istringstream occupancy(nib::read_file(temp_.path() / "occupancy.txt"));
  for (std::int64_t peak = 0, sum = 0; occupancy >> peak >> sum;) {
    result.peak.push_back(peak);
    result.total.push_back(sum);
  }
  return result;
}

}  // namespace nib::sim
