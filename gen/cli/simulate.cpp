// nib simulate: the cycle model of a streaming build.
#include "nib/sim/simulate.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "nib/cli/command.h"
#include "nib/cli/values.h"
#include "nib/emit/manifest.h"

namespace nib::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string folder, frames, config_file;
  bool json = false;
};

std::string interval_text(const sim::SimulateResult& r) {
  if (r.period_cycles == 0) return "not seen: one frame";
  if (r.period_frames == 1) return fmt::format("{} cycles", r.period_cycles);
  return fmt::format("{} cycles for every {} frames", r.period_cycles, r.period_frames);
}

std::string as_text(const sim::SimulateResult& r, const std::string& folder) {
  std::string text = fmt::format("{}: {} frames in {} cycles, both ends at full rate\n", folder,
                                 r.frames, r.cycles);
  text += fmt::format("  latency   {} cycles, planned {}\n", r.latency, r.planned_latency);
  text += fmt::format("  interval  {}, planned {}\n", interval_text(r), r.planned_cycles);
  std::size_t width = 6;
  for (const sim::StreamUse& s : r.streams) width = std::max(width, s.name.size());
  text += fmt::format("  {:<{}}  depth   peak    mean   busy  blocked  empty\n", "stream", width);
  for (const sim::StreamUse& s : r.streams) {
    const auto percent = [&](std::int64_t cycles) {
      return 100.0 * static_cast<double>(cycles) / static_cast<double>(r.cycles);
    };
    text += fmt::format("  {:<{}} {:>6} {:>6} {:>7.1f}", s.name, width, s.depth, s.peak, s.mean);
    text += s.is_ring ? "  ring\n"
                      : fmt::format(" {:>5.1f}% {:>7.1f}% {:>5.1f}%\n", percent(s.words),
                                    percent(s.blocked), percent(s.empty));
  }
  return text;
}

std::string as_json(const sim::SimulateResult& r, const std::string& folder) {
  Json j{{"folder", folder},
         {"as_planned", r.as_planned},
         {"frames", r.frames},
         {"cycles", r.cycles},
         {"latency_cycles", r.latency}};
  j["interval"] = {{"cycles", r.period_cycles}, {"frames", r.period_frames}};
  j["planned"] = {{"latency_cycles", r.planned_latency}, {"interval_cycles", r.planned_cycles}};
  j["streams"] = Json::array();
  for (const sim::StreamUse& s : r.streams) {
    Json use{{"name", s.name}, {"depth", s.depth}, {"peak", s.peak}};
    use["mean"] = std::round(s.mean * 1000) / 1000;
    if (s.is_ring) {
      use["ring"] = true;
    } else {
      use["words"] = s.words;
      use["blocked"] = s.blocked;
      use["empty"] = s.empty;
    }
    j["streams"].push_back(std::move(use));
  }
  return emit::pretty_json(j.dump());
}

int run(const Options& options, Console& console) {
  sim::SimulateOptions simulate;
  if (!options.frames.empty()) {
    simulate.frames = parse_whole("--frames", options.frames, 1, 1'000'000);
  }
  sim::SimulateResult result;
  {
    Progress progress(0);
    progress.step("simulating");
    simulate.progress = [&](const std::string& what) { progress.note(what); };
    result = sim::simulate(options.folder, simulate);
  }
  console.print(options.json ? as_json(result, options.folder) : as_text(result, options.folder));
  return result.as_planned ? kOk : kVerificationFailed;
}

}  // namespace

void add_simulate(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "simulate", "Run the cycle model of a streaming build: latency, interval, queues");
  command->add_option("DIR", options->folder, "Folder that nib build wrote")->required();
  command->add_option("--frames", options->frames, "Frames; default: two periods")->type_name("N");
  command->add_option("--config", options->config_file, "JSON file of options; typed ones win")
      ->type_name("FILE.json");
  command->add_flag("--json", options->json, "Print the facts as JSON");
  command->footer(
      "The model (SystemC) knows the design's processes and channels alone, not its RTL.\n"
      "Exit code: 0 as planned, 1 not as planned, 2 it could not be run.\n\n"
      "Examples:\n"
      "  nib simulate kws\n"
      "  nib simulate kws --frames 100 --json");
  command->callback([options, &action] {
    action = [options](Console& console) { return run(*options, console); };
  });
}

}  // namespace nib::cli
