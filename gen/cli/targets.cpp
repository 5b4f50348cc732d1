// nib targets: the devices and boards that nib knows.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "nib/arith/board.h"
#include "nib/arith/target.h"
#include "nib/cli/command.h"
#include "nib/emit/manifest.h"
#include "nib/emit/text_template.h"

namespace nib::cli {
namespace {

std::string as_json() {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const arith::Target& t : arith::targets()) {
    nlohmann::ordered_json boards = nlohmann::ordered_json::array();
    for (const arith::Board& board : arith::boards()) {
      if (board.target == t.name) boards.push_back(board.name);
    }
    list.push_back({{"name", t.name},
                    {"part", t.part},
                    {"family", t.family},
                    {"default_clock_mhz", t.default_clock_mhz},
                    {"lut", t.lut},
                    {"ff", t.ff},
                    {"bram36", t.bram36},
                    {"dsp", t.dsp},
                    {"boards", boards},
                    {"source", t.source}});
  }
  return emit::pretty_json(list.dump());
}

std::string as_text() {
  std::string text = fmt::format("{:<14}{:<24}{:<14}{:>6}{:>10}{:>10}{:>8}{:>7}\n", "target",
                                 "part", "family", "MHz", "LUT", "FF", "BRAM36", "DSP");
  for (const arith::Target& t : arith::targets()) {
    text += fmt::format("{:<14}{:<24}{:<14}{:>6}{:>10}{:>10}{:>8}{:>7}\n", t.name, t.part, t.family,
                        emit::decimal(t.default_clock_mhz), t.lut, t.ff, t.bram36, t.dsp);
  }
  text += fmt::format("\n{:<14}{:<24}{:<14}{:>6}\n", "board", "", "target", "MHz");
  for (const arith::Board& b : arith::boards()) {
    text += fmt::format("{:<14}{:<24}{:<14}{:>6}\n", b.name, b.title, b.target,
                        emit::decimal(b.clock_mhz));
  }
  return text;
}

}  // namespace

void add_targets(CLI::App& app, Action& action) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("targets", "List the devices and boards that nib knows");
  command->add_flag("--json", *json, "Print as JSON");
  command->footer(
      "Examples:\n"
      "  nib targets\n"
      "  nib targets --json");
  command->callback([json, &action] {
    action = [json](Console& console) {
      console.print(*json ? as_json() : as_text());
      return static_cast<int>(kOk);
    };
  });
}

}  // namespace nib::cli
