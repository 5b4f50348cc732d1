// Models of single operators, each dumped into a golden text.
#pragma once

#include <algorithm>
#include <cctype>
#include <functional>
#include <string>
#include <vector>

#include "golden_text.h"
#include "model_maker.h"
#include "nib/import/import.h"

namespace nib::testing {

[[nodiscard]] inline graph::Graph parse(const ModelMaker& made,
                                        const importer::Options& options = {}) {
  return importer::parse_model(made.bytes(), "test.onnx", options);
}

/// A model with the input x and the output y.
struct OperatorCase {
  std::string name;
  std::function<void(ModelMaker&)> make;
  std::int64_t opset = 13;
  Dims x = {-1, 4};
  importer::Options options = {};
};

/// NIB_WRITE_CORPUS=1 writes the model as a seed for the fuzz target.
inline void write_seed(const std::string& name, const std::string& bytes) {
  if (std::getenv("NIB_WRITE_CORPUS") == nullptr) return;
  std::string file = name;
  std::replace_if(
      file.begin(), file.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  std::ofstream out(std::string(NIB_TESTS_DIR) + "/import/corpus/" + file + ".onnx",
                    std::ios::binary);
  out << bytes;
  REQUIRE(out.good());
}

/// The dumps of all cases, one after the other, must be the golden text.
inline void check_operators(const std::string& golden, const std::vector<OperatorCase>& cases) {
  std::string text;
  for (const OperatorCase& test : cases) {
    CAPTURE(test.name);
    ModelMaker made = x_to_y(test.opset, test.x);
    test.make(made);
    write_seed(test.name, made.bytes());
    text += "== " + test.name + "\n";
    try {
      text += graph::dump(parse(made, test.options));
    } catch (const std::exception& error) {
      FAIL_CHECK(error.what());
    }
  }
  check_golden(golden, text);
}

}  // namespace nib::testing
