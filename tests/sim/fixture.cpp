// The hand-written build folder of the tests of verify.
#include "fixture.h"

#include <doctest/doctest.h>

#include "../import/model_maker.h"
#include "nib/base/file.h"

namespace nib::testing {
namespace {

using Json = nlohmann::json;

Json element(int lsb, int bits, bool is_signed, const char* scale) {
  return {{"lsb", lsb}, {"bits", bits}, {"signed", is_signed}, {"scale", scale}, {"offset", "0"}};
}

Json fixture_manifest(const std::string& hash) {
  const Json x{element(0, 5, true, "1"), element(5, 5, true, "1"), element(10, 5, true, "1")};
  const Json y{element(0, 4, false, "4"), element(4, 4, false, "4")};
  const Json z{element(0, 7, true, "4"), element(7, 8, true, "4")};
  Json m{{"schema", 1}, {"generator", "nib 0.1.0"}, {"name", "fix"}, {"top", "fix_top"}};
  m["style"] = "unrolled";
  m["source"] = {{"file", "fix.onnx"}, {"sha256", hash}};
  m["latency_cycles"] = 3;
  m["interval_cycles"] = 1;
  m["ports"] = {{"clock", "clk_i"}, {"reset", nullptr}};
  m["model"] = {{"file", "sim/fix.onnx"},
                {"argmax", false},
                {"input_types", {{{"name", "x"}, {"type", "s5.0"}}}}};
  m["inputs"] = {{{"name", "x"},
                  {"tensor", "x"},
                  {"shape", {3}},
                  {"port", "in_data_i"},
                  {"valid", "in_valid_i"},
                  {"elements", x}}};
  m["outputs"] = {{{"name", "z"},
                   {"tensor", "z"},
                   {"shape", {2}},
                   {"port", "out_data_o"},
                   {"valid", "out_valid_o"},
                   {"elements", z}}};
  m["layers"] = {{{"name", "fc1"},
                  {"module", "fix_fc1"},
                  {"tensor", "y"},
                  {"width", 8},
                  {"probe", {{"net", "fc1_y"}, {"stage", 2}}},
                  {"elements", y}},
                 {{"name", "fc2"},
                  {"module", "fix_fc2"},
                  {"tensor", "z"},
                  {"width", 15},
                  {"probe", {{"net", "u_fc2.z_o"}, {"stage", 3}}},
                  {"elements", z}}};
  m["verified"] = nullptr;
  return m;
}

}  // namespace

std::string fixture_model() {
  ModelMaker made;
  made.import(kQonnx, 1).input("x", {-1, 3}).output("z");
  made.reals("w1", {3, 2}, {1, -1, 4, -4, 2, 1});
  made.reals("b1", {2}, {3, -5});
  made.reals("w2", {2, 2}, {3, 1, -2, 5});
  made.reals("b2", {2}, {8, -28});
  made.node("MatMul", {"x", "w1"}, {"acc1"});
  made.node("Add", {"acc1", "b1"}, {"pre1"});
  made.node("Relu", {"pre1"}, {"relu1"});
  made.reals("y_scale", {}, {4});
  made.reals("y_zero", {}, {0});
  made.reals("y_bits", {}, {4});
  made.node("Quant", {"relu1", "y_scale", "y_zero", "y_bits"}, {"y"}, kQonnx)
      .set("signed", 0)
      .set("narrow", 0)
      .set("rounding_mode", "FLOOR");
  made.node("MatMul", {"y", "w2"}, {"acc2"});
  made.node("Add", {"acc2", "b2"}, {"z"});
  return made.bytes();
}

FixtureFolder::FixtureFolder() {
  const std::filesystem::path source = std::filesystem::path(NIB_TESTS_DIR) / "sim" / "fixture";
  std::string list;
  for (const char* name : {"fix_fc1.sv", "fix_fc2.sv", "fix_top.sv"}) {
    write_file(path() / "rtl" / name, read_file(source / name));
    list += std::string("rtl/") + name + "\n";
  }
  write_file(path() / "rtl/files.f", list);
  const std::string model = fixture_model();
  write_file(path() / "sim/fix.onnx", model);
  set_manifest(fixture_manifest(sha256(model)));
}

void FixtureFolder::edit(const std::string& file, const std::string& from,
                         const std::string& to) const {
  std::string text = read_file(path() / file);
  const std::size_t at = text.find(from);
  REQUIRE_MESSAGE(at != std::string::npos, "no such text: " << from);
  REQUIRE(text.find(from, at + 1) == std::string::npos);
  text.replace(at, from.size(), to);
  write_file(path() / file, text);
}

nlohmann::json FixtureFolder::manifest() const {
  return Json::parse(read_file(path() / "manifest.json"));
}

void FixtureFolder::set_manifest(const nlohmann::json& json) const {
  write_file(path() / "manifest.json", json.dump(2) + "\n");
}

sim::Check check_named(const sim::VerifyResult& result, const std::string& name) {
  for (const sim::Check& check : result.checks) {
    if (check.name == name) return check;
  }
  return {name, false, "there is no check of this name"};
}

}  // namespace nib::testing
