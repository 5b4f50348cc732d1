// What the sub-commands share: how they are registered, and the options of a build.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nib/arith/target.h"
#include "nib/cli/console.h"
#include "nib/plan/plan.h"
#include "nib/plan/stream_planner.h"

namespace CLI {
class App;
}

namespace nib::cli {

enum ExitCode : int { kOk = 0, kVerificationFailed = 1, kUserError = 2, kOwnFault = 3 };

/// What a parsed command line wants done; the sub-command that was named sets it.
using Action = std::function<int(Console&)>;

/// Each adds its sub-command to `app`; parsing it sets `action`.
void add_inspect(CLI::App& app, Action& action);
void add_emulate(CLI::App& app, Action& action);
void add_build(CLI::App& app, Action& action);
void add_make(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);
void add_simulate(CLI::App& app, Action& action);
void add_targets(CLI::App& app, Action& action);

/// The target of a build without --target.
inline constexpr const char* kDefaultTarget = "xcvu13p-2";

/// Options that every kind of build takes, as texts until they are checked.
struct BuildOptions {
  std::string folder, target, board, clock_mhz, latency, style = "auto", name, wrap = "none";
  std::string depth_excess = "2", threads = "1", config_file, plan_file, objective = "latency";
  std::vector<std::string> extra_registers, budgets;
  bool input_register = false, output_register = false, reset = false, force = false, json = false;
};

/// `network`: with the options that only a network has a use for (--style, --plan,
/// --objective, --budget, --extra-register).
void add_build_options(CLI::App& command, BuildOptions& options, bool network);

/// The checked options.
struct BuildSetup {
  const arith::Target& target;
  plan::Goal goal;
  plan::FoldGoal fold_goal;
};
/// Errors E0701, E0802, E0803, E0805, E0806.
[[nodiscard]] BuildSetup check_build_options(const BuildOptions& options);

/// The effective configuration as a JSON object: every option that bears on the result. `more`:
/// a JSON object of options of the command itself, which come first.
[[nodiscard]] std::string effective_config(const BuildOptions& options, const BuildSetup& setup,
                                           const std::string& more);

}  // namespace nib::cli
