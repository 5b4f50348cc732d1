// The hostile models of errors_test.cpp, by what they attack.
#pragma once

#include <string>
#include <vector>

#include "model_maker.h"
#include "nib/base/error.h"
#include "nib/import/import.h"

namespace nib::testing {

struct HostileModel {
  std::string name;
  ErrorCode code;
  std::string bytes;
  importer::Options options = {};
};
using HostileModels = std::vector<HostileModel>;

/// Appends a model (a function, not an initialiser list: that compiles ten times as long).
void add(HostileModels& out, const char* name, ErrorCode code, const std::string& bytes,
         const importer::Options& options = {});

/// One member of a gzip file.
[[nodiscard]] std::string gzip(const std::string& bytes);

[[nodiscard]] HostileModels hostile_files();
[[nodiscard]] HostileModels hostile_tensors();
[[nodiscard]] HostileModels hostile_graphs();
[[nodiscard]] HostileModels hostile_operators();
[[nodiscard]] HostileModels hostile_quantisers();
[[nodiscard]] HostileModels hostile_windows();
[[nodiscard]] HostileModels hostile_selections();
[[nodiscard]] HostileModels hostile_dialects();

}  // namespace nib::testing
