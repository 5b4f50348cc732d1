// A small hand-written build folder: a 3-2-2 network with its RTL, model and manifest.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "nib/sim/process.h"
#include "nib/sim/verify.h"

namespace nib::testing {

/// The folder, made anew in a temporary place and removed at the end.
class FixtureFolder {
 public:
  FixtureFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return temp_.path(); }
  /// Replaces the only place of `from` in a file.
  void edit(const std::string& file, const std::string& from, const std::string& to) const;
  [[nodiscard]] nlohmann::json manifest() const;
  void set_manifest(const nlohmann::json& json) const;

 private:
  sim::TempDir temp_;
};

/// The network's ONNX bytes: x (s5.0) -> MatMul, Add, Relu, Quant (u4, scale 4, floor) -> MatMul,
/// Add -> z.
[[nodiscard]] std::string fixture_model();

/// The check of that name; a failed one that says so where there is none.
[[nodiscard]] sim::Check check_named(const sim::VerifyResult& result, const std::string& name);
[[nodiscard]] inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace nib::testing
