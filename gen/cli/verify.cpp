// nib verify: judges a build folder.
#include "nib/sim/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "nib/base/error.h"
#include "nib/cli/command.h"
#include "nib/cli/values.h"
#include "nib/emit/manifest.h"

namespace nib::cli {
namespace {

struct Options {
  std::string folder, random, seed = "1", threads = "2", config_file;
  std::vector<std::string> inputs;
  bool prove = false, systemc = false, round_input = false, json = false;
};

sim::VerifyOptions checked(const Options& options) {
  sim::VerifyOptions out;
  for (const std::string& text : options.inputs) {
    const auto [name, file] = parse_named_file("--input", text);
    if (!out.inputs.emplace(name, file).second) {
      fail(ErrorCode::E802, fmt::format("--input is \"{}\": the input is given twice", text));
    }
  }
  if (!options.random.empty()) {
    out.random = parse_whole("--random", options.random, 0, 1'000'000'000);
  }
  out.seed = static_cast<std::uint64_t>(
      parse_whole("--seed", options.seed, 0, std::numeric_limits<std::int64_t>::max()));
  out.threads = static_cast<int>(parse_whole("--threads", options.threads, 1, 1024));
  out.prove = options.prove;
  out.systemc = options.systemc;
  out.round_input = options.round_input;
  return out;
}

std::string as_text(const Options& options, const sim::VerifyResult& result) {
  std::string text;
  for (const sim::Check& check : result.checks) {
    text += fmt::format("{}  {}{}\n", check.passed ? "ok  " : "FAIL", check.name,
                        check.detail.empty() ? "" : ": " + check.detail);
  }
  return text + fmt::format("{}: {}, {} vectors, {} cycles\n", options.folder,
                            result.passed ? "passed" : "FAILED", result.vectors, result.cycles);
}

int run(const Options& options, Console& console) {
  sim::VerifyOptions verify = checked(options);
  sim::VerifyResult result;
  {
    Progress progress(0);
    progress.step("verifying");
    verify.progress = [&](const std::string& what) { progress.note(what); };
    result = sim::verify(options.folder, verify);
  }
  console.print(options.json ? emit::pretty_json(result.json) : as_text(options, result));
  return result.passed ? kOk : kVerificationFailed;
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "verify", "Check a build: every vector and cycle of its RTL against the golden model");
  command->add_option("DIR", options->folder, "Folder that nib build or nib make wrote")
      ->required();
  command
      ->add_option("--input", options->inputs,
                   "Vectors to run as well, as [NAME=]X.npy; once per input")
      ->type_name("X.npy")
      ->allow_extra_args(false);
  command
      ->add_option("--random", options->random,
                   "Random vectors; default 10000, or as many as 2 million cycles take")
      ->type_name("N");
  command->add_option("--seed", options->seed, "Seed of the random vectors; default 1")
      ->type_name("S");
  command->add_flag("--round-input", options->round_input,
                    "Round input values that the input type cannot represent");
  command->add_flag("--prove", options->prove,
                    "Prove linear forms, ranges and register depths on Yosys' netlist");
  command->add_flag("--sc", options->systemc, "Run the SystemC bench and pipeline model as well");
  command->add_option("--threads", options->threads, "Processes at a time; default 2")
      ->type_name("N");
  command->add_option("--config", options->config_file, "JSON file of options; typed ones win")
      ->type_name("FILE.json");
  command->add_flag("--json", options->json, "Print the result as JSON");
  command->footer(
      "Exit code: 0 passed, 1 a check failed, 2 it could not be run.\n\n"
      "Examples:\n"
      "  nib verify jets\n"
      "  nib verify jets --input jets.npy --random 0\n"
      "  nib verify jets --random 100000 --seed 7 --prove");
  command->callback([options, &action] {
    action = [options](Console& console) { return run(*options, console); };
  });
}

}  // namespace nib::cli
