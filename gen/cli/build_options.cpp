// The options that all builds share.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "nib/arith/board.h"
#include "nib/base/error.h"
#include "nib/cli/command.h"
#include "nib/cli/values.h"

namespace nib::cli {
namespace {

constexpr double kLowestMhz = 0.001, kHighestMhz = 5000;
constexpr std::int64_t kMostCycles = 1000;
constexpr std::int64_t kMostThreads = 1024;
constexpr std::int64_t kMostPortBits = 1 << 16;

void check_choice(const char* option, const std::string& text,
                  const std::vector<std::string>& choices) {
  for (const std::string& choice : choices) {
    if (text == choice) return;
  }
  fail(ErrorCode::E802,
       fmt::format("{} is \"{}\": not one of {}", option, text, fmt::join(choices, ", ")));
}

/// What only a pipeline has: a streaming design has its ends, its reset and its queues.
void check_streaming(const BuildOptions& options) {
  const char* streaming = options.style == "streaming" ? "--style streaming" : "--plan";
  if (options.style == "unrolled") fail(ErrorCode::E803, "--style unrolled and --plan");
  const auto refuse = [&](bool given, const char* option, const char* hint) {
    if (given) fail(ErrorCode::E803, fmt::format("{} and {}", streaming, option), {}, hint);
  };
  refuse(!options.latency.empty(), "--latency",
         "more lanes (--plan) make a streaming design faster");
  refuse(options.wrap == "axis", "--wrap axis", "a streaming design has AXI4-Stream ends anyway");
  refuse(options.reset, "--reset", "a streaming design has a synchronous reset anyway");
  constexpr const char* kPipeline = "registers at chosen places belong to --style unrolled";
  refuse(options.input_register, "--input-register", kPipeline);
  refuse(options.output_register, "--output-register", kPipeline);
  refuse(!options.extra_registers.empty(), "--extra-register", kPipeline);
  if (options.plan_file.empty()) return;
  constexpr const char* kPinned = "the folds of the plan are taken as they are";
  refuse(options.objective != "latency", "--objective", kPinned);
  for (const std::string& budget : options.budgets) {
    refuse(!budget.starts_with("bram36="), "--budget", kPinned);
  }
}

/// --objective and --budget. `target` is where what is not said comes from.
plan::FoldGoal fold_goal(const BuildOptions& options, const arith::Target& target) {
  plan::FoldGoal wish;
  if (options.objective == "interval") wish.objective = plan::Objective::kInterval;
  std::set<std::string> seen;
  for (const std::string& budget : options.budgets) {
    const auto at = budget.find('=');
    const std::string cell = budget.substr(0, at);
    if (!seen.insert(cell).second) fail(ErrorCode::E803, "two times --budget " + cell + "=N");
    const std::string number = at == std::string::npos ? "" : budget.substr(at + 1);
    const auto most = [&](std::int64_t least, std::int64_t there) {
      return static_cast<double>(parse_whole("--budget " + cell, number, least, there));
    };
    if (cell == "lut") {
      wish.luts = most(1, target.lut) / target.lut;
    } else if (cell == "bram36") {
      wish.blocks = most(0, target.bram36) / target.bram36;
    } else if (cell == "dsp") {
      wish.multipliers = most(0, target.dsp) / target.dsp;
    } else if (cell == "port-bits") {
      wish.port_bits = static_cast<int>(most(1, kMostPortBits));
    } else {
      fail(ErrorCode::E802, fmt::format("--budget is \"{}\": not one of lut=N, bram36=N, dsp=N, "
                                        "port-bits=N",
                                        budget));
    }
  }
  wish.strict = !options.budgets.empty();
  return wish;
}

}  // namespace

void add_build_options(CLI::App& command, BuildOptions& options, bool network) {
  command.add_option("-o,--output", options.folder, "Folder to write; replaced as a whole")
      ->type_name("DIR")
      ->required();
  command.add_option("--target", options.target, "Device (nib targets); default xcvu13p-2")
      ->type_name("T");
  command.add_option("--board", options.board, "Board (nib targets) instead of a device")
      ->type_name("B");
  command
      .add_option("--clock-mhz", options.clock_mhz,
                  "Clock that the pipeline is cut for; default: the target's")
      ->type_name("F");
  command
      .add_option("--latency", options.latency,
                  "Latency in cycles instead of a clock; the clock follows")
      ->type_name("CYCLES");
  if (network) {
    command
        .add_option("--style", options.style,
                    "unrolled (one pipeline), streaming (folded) or auto (as it fits)")
        ->type_name("STYLE");
    command
        .add_option("--plan", options.plan_file,
                    "Folds of a streaming design, as a build's plan.json holds them")
        ->type_name("FILE.json");
    command
        .add_option("--objective", options.objective,
                    "What folds of a streaming design are chosen for: latency or interval")
        ->type_name("O");
    command
        .add_option("--budget", options.budgets,
                    "Cells that folds may take: lut=N, bram36=N, dsp=N or, of an input word, "
                    "port-bits=N; repeatable")
        ->type_name("CELL=N")
        ->allow_extra_args(false);
  }
  command.add_option("--name", options.name, "Prefix of every module")->type_name("ID");
  command.add_option("--wrap", options.wrap, "none, or axis: AXI4-Stream ends around the core")
      ->type_name("WRAP");
  command.add_flag("--input-register", options.input_register, "One more register on every input");
  command.add_flag("--output-register", options.output_register,
                   "One more register on every output");
  if (network) {
    command
        .add_option("--extra-register", options.extra_registers,
                    "One more register behind this layer; repeatable")
        ->type_name("LAYER")
        ->allow_extra_args(false);
  }
  command.add_flag("--reset", options.reset, "Synchronous reset rst_i on valid (for ASICs)");
  command
      .add_option("--depth-excess", options.depth_excess,
                  "Adder levels beyond the minimum that sharing may cost; -1: no bound")
      ->type_name("N");
  command.add_option("--threads", options.threads, "Threads to use; the result is the same")
      ->type_name("N");
  command.add_flag("--force", options.force, "Replace a folder that nib did not write");
  command.add_option("--config", options.config_file, "JSON file of options; typed ones win")
      ->type_name("FILE.json");
  command.add_flag("--json", options.json, "Print the facts as JSON");
}

BuildSetup check_build_options(const BuildOptions& options) {
  if (!options.clock_mhz.empty() && !options.latency.empty()) {
    fail(ErrorCode::E803, "--clock-mhz and --latency");
  }
  if (!options.target.empty() && !options.board.empty()) {
    fail(ErrorCode::E803, "--target and --board");
  }
  check_choice("--style", options.style, {"auto", "unrolled", "streaming"});
  check_choice("--objective", options.objective, {"latency", "interval"});
  check_choice("--wrap", options.wrap, {"none", "axis"});
  if (options.style == "streaming" || !options.plan_file.empty()) check_streaming(options);
  if (!options.name.empty()) check_name("--name", options.name);

  plan::Goal goal;
  goal.threads = static_cast<int>(parse_whole("--threads", options.threads, 1, kMostThreads));
  if (!options.clock_mhz.empty()) {
    goal.clock_mhz = parse_real("--clock-mhz", options.clock_mhz, kLowestMhz, kHighestMhz);
  }
  if (!options.latency.empty()) {
    goal.latency_cycles =
        static_cast<int>(parse_whole("--latency", options.latency, 0, kMostCycles));
  }
  goal.input_register = options.input_register;
  goal.output_register = options.output_register;
  goal.extra_registers = options.extra_registers;
  goal.reset = options.reset;
  goal.wrap_axis = options.wrap == "axis";
  goal.depth_excess = static_cast<int>(parse_whole("--depth-excess", options.depth_excess, -1, 32));
  if (!options.board.empty()) {
    const arith::Board& board = arith::find_board(options.board);
    if (!goal.clock_mhz && !goal.latency_cycles) goal.clock_mhz = board.clock_mhz;
    const arith::Target& device = arith::find_target(board.target);
    return {device, goal, fold_goal(options, device)};
  }
  const std::string& name = options.target;
  const arith::Target& device = arith::find_target(name.empty() ? kDefaultTarget : name);
  return {device, goal, fold_goal(options, device)};
}

std::string effective_config(const BuildOptions& options, const BuildSetup& setup,
                             const std::string& more) {
  nlohmann::ordered_json config = nlohmann::ordered_json::parse(more);
  config["target"] = setup.target.name;
  if (!options.board.empty()) config["board"] = options.board;
  if (setup.goal.clock_mhz.has_value()) config["clock-mhz"] = *setup.goal.clock_mhz;
  if (setup.goal.latency_cycles.has_value()) config["latency"] = *setup.goal.latency_cycles;
  if (!options.name.empty()) config["name"] = options.name;
  config["wrap"] = options.wrap;
  config["input-register"] = options.input_register;
  config["output-register"] = options.output_register;
  config["reset"] = options.reset;
  config["depth-excess"] = setup.goal.depth_excess;
  return config.dump();
}

}  // namespace nib::cli
