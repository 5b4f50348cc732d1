// --config FILE.json.
#include "nib/cli/config.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/cli/strict_json.h"

namespace nib::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uintmax_t kMaxConfigBytes = std::uintmax_t{16} << 20;

/// The value that follows `option` in `args`, as "--option value" or "--option=value"; the last.
std::optional<std::string> value_of(const std::vector<std::string>& args,
                                    const std::string& option) {
  std::optional<std::string> value;
  for (std::size_t k = 0; k < args.size(); ++k) {
    if (args[k].starts_with(option + "=")) value = args[k].substr(option.size() + 1);
    if (args[k] == option && k + 1 < args.size()) value = args[k + 1];
  }
  return value;
}

/// True where `args` gives the option, by any of its names.
bool given(const std::vector<std::string>& args, const CLI::Option& option) {
  const auto matches = [&](const std::string& arg) {
    for (const std::string& name : option.get_lnames()) {
      if (arg == "--" + name || arg.starts_with("--" + name + "=")) return true;
    }
    for (const std::string& name : option.get_snames()) {
      if (arg.starts_with("-" + name) && !arg.starts_with("--")) return true;
    }
    return false;
  };
  return std::any_of(args.begin(), args.end(), matches);
}

/// The sub-command that `args` names.
const CLI::App& command_of(const CLI::App& app, const std::vector<std::string>& args) {
  const CLI::App* command = &app;
  for (const std::string& arg : args) {
    const auto subs =
        command->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == arg; });
    if (subs.empty()) break;
    command = subs.front();
  }
  return *command;
}

std::string scalar_text(const std::string& key, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  fail(ErrorCode::E804, fmt::format("\"{}\" is {}", key, value.dump().substr(0, 80)));
}

void append(const std::string& key, const Json& value, const CLI::Option& option,
            std::vector<std::string>& args) {
  if (option.get_items_expected_max() == 0) {
    if (!value.is_boolean()) {
      fail(ErrorCode::E804, fmt::format("\"{}\" is neither true nor false", key));
    }
    if (value.get<bool>()) args.push_back("--" + key);
    return;
  }
  if (!value.is_array()) {
    args.push_back("--" + key + "=" + scalar_text(key, value));
    return;
  }
  for (const Json& item : value) args.push_back("--" + key + "=" + scalar_text(key, item));
}

/// True where `args` gives an option that shuts out `key`.
bool excluded(const std::vector<std::string>& args, const std::string& key,
              const CLI::App& command) {
  constexpr const char* kPairs[][2] = {{"target", "board"}, {"clock-mhz", "latency"}};
  for (const auto& pair : kPairs) {
    if (key != pair[0] && key != pair[1]) continue;
    const std::string other = key == pair[0] ? pair[1] : pair[0];
    const CLI::Option* option = command.get_option_no_throw("--" + other);
    if (option != nullptr && given(args, *option)) return true;
  }
  return false;
}

Json parse_config(const std::string& path) {
  Json json = parse_json(read_file(path, kMaxConfigBytes), path);
  if (!json.is_object()) fail(ErrorCode::E804, path + " holds no JSON object");
  return json;
}

}  // namespace

std::vector<std::string> apply_config(const CLI::App& app, std::vector<std::string> args) {
  const CLI::App& command = command_of(app, args);
  const std::optional<std::string> path = value_of(args, "--config");
  if (!path.has_value() || command.get_option_no_throw("--config") == nullptr) return args;
  std::vector<std::string> more;
  const Json config = parse_config(*path);
  for (const auto& item : config.items()) {
    const std::string& key = item.key();
    const bool plain = !key.empty() && key.front() != '-' && key != "config" && key != "help";
    const CLI::Option* option = plain ? command.get_option_no_throw("--" + key) : nullptr;
    if (option == nullptr) {
      fail(ErrorCode::E804,
           fmt::format("{}: \"{}\" is no option of nib {}", *path, key, command.get_name()));
    }
    if (given(args, *option) || excluded(args, key, command)) continue;
    append(key, item.value(), *option, more);
  }
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

}  // namespace nib::cli
