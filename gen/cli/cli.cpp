// Parses the command line, runs what it names, and turns errors into exit codes.
#include "nib/cli/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <new>
#include <sstream>

#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/base/version.h"
#include "nib/cli/command.h"
#include "nib/cli/config.h"

namespace nib::cli {
namespace {

constexpr std::size_t kHelpColumn = 30;

void say(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fputc('\n', stderr);
}

void set_up(CLI::App& app, Action& action) {
  app.name("nib");
  app.description(
      "Nib - Nanosecond Inference Blocks: quantised ONNX networks to SystemVerilog, bit-exact.");
  app.set_version_flag("--version", "nib " + std::string(kVersion), "Print the version and exit");
  app.get_formatter()->column_width(kHelpColumn);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 ok, 1 verification failed, 2 your error (numbered, E0203), 3 our own "
      "fault.\n\n"
      "Examples:\n"
      "  nib inspect jets.onnx\n"
      "  nib build jets.onnx -o jets --input-type s16.10\n"
      "  nib verify jets");
  add_inspect(app, action);
  add_emulate(app, action);
  add_build(app, action);
  add_make(app, action);
  add_verify(app, action);
  add_simulate(app, action);
  add_targets(app, action);
  // Help without a type column for flags, and the same wording everywhere.
  const auto word = [](CLI::App& command) {
    command.set_help_flag("-h,--help", "Print this help and exit");
  };
  word(app);
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    word(*command);
    for (CLI::App* inner : command->get_subcommands(nullptr)) word(*inner);
  }
}

/// Names a command that there is not: CLI11 would only say that one is missing.
void check_commands(const CLI::App& app, const std::vector<std::string>& args) {
  const CLI::App* command = &app;
  std::string path = "nib";
  for (const std::string& arg : args) {
    const auto all = command->get_subcommands([](const CLI::App*) { return true; });
    if (all.empty() || arg.empty() || arg.front() == '-') return;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const CLI::App* sub) { return sub->get_name() == arg; });
    if (found == all.end()) {
      std::string known;
      for (const CLI::App* sub : all) known += (known.empty() ? "" : ", ") + sub->get_name();
      fail(ErrorCode::E801, fmt::format("{} has no command \"{}\"", path, arg), {},
           "the commands are: " + known);
    }
    command = *found;
    path += " " + arg;
  }
}

/// Parses; returns false where only help or the version was asked for, which is printed.
bool parse(CLI::App& app, std::vector<std::string> args, Console& console) {
  check_commands(app, args);
  try {
    args = apply_config(app, std::move(args));
    std::reverse(args.begin(), args.end());  // CLI11 takes them last first
    app.parse(std::move(args));
    return true;
  } catch (const CLI::Success& asked) {
    std::ostringstream out, ignored;
    app.exit(asked, out, ignored);
    console.print(out.str());
    return false;
  } catch (const CLI::ParseError& error) {
    std::string command = "nib";
    for (const CLI::App* sub = &app; !sub->get_subcommands().empty();) {
      sub = sub->get_subcommands().front();
      command += " " + sub->get_name();
    }
    fail(ErrorCode::E801, error.what(), {}, "see " + command + " --help");
  }
}

int run_checked(const std::vector<std::string>& args) {
  Action action;
  CLI::App app;
  Console console;
  set_up(app, action);
  int code = kOk;
  if (parse(app, args, console)) {
    NIB_CHECK(action != nullptr, "a command sets its action");
    code = action(console);
  }
  console.flush();
  return code;
}

}  // namespace

int run(const std::vector<std::string>& args) {
  try {
    return run_checked(args);
  } catch (const Error& error) {
    say(error.what());
    return kUserError;
  } catch (const std::bad_alloc&) {
    say("error: out of memory");
    return kOwnFault;
  } catch (const std::exception& error) {
    say(std::string("nib's own fault, please report it: ") + error.what());
    return kOwnFault;
  }
}

}  // namespace nib::cli
