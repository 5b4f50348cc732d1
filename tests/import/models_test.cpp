// Every shared model file: read, or refused with its number.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "nib/base/error.h"
#include "nib/import/import.h"

namespace {

namespace fs = std::filesystem;
using namespace nib;

const fs::path kModels = fs::path(NIB_SHARED_DIR) / "models";

}  // namespace

TEST_CASE("explore") {
  for (const auto& entry : fs::directory_iterator(kModels)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".onnx") == std::string::npos) continue;
    try {
      const graph::Graph graph = importer::read_model(entry.path());
      MESSAGE(name << " ok " << graph.nodes.size());
      if (std::getenv("NIB_DUMP") != nullptr) MESSAGE(graph::dump(graph));
    } catch (const std::exception& error) {
      MESSAGE(name << " " << error.what());
    }
  }
}
