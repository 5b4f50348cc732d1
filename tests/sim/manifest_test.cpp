// Manifests that are missing, truncated, contradictory or hostile.
#include "nib/sim/manifest.h"

#include <doctest/doctest.h>

#include "fixture.h"
#include "nib/base/error.h"
#include "nib/base/file.h"

namespace nib::testing {
namespace {

using Json = nlohmann::json;

/// The number of the user error that reading `json` ends with; 0 for none.
int error_of(const Json& json) {
  try {
    (void)sim::parse_manifest(json.dump());
  } catch (const Error& error) {
    return static_cast<int>(error.code());
  }
  return 0;
}

TEST_CASE("a good manifest is read") {
  const FixtureFolder fixture;
  const sim::Manifest m = sim::read_manifest(fixture.path());
  CHECK(m.top == "fix_top");
  CHECK(m.latency == 3);
  CHECK(m.inputs[0].word.elements[1].lsb == 5);
  CHECK(m.inputs[0].word.elements[1].range == Range{-16, 15});
  CHECK(m.layers[1].net == "u_fc2.z_o");
  CHECK(m.input_types[0].type.bits == 5);
  CHECK(m.reset.empty());
}

TEST_CASE("no folder, no manifest") {
  const sim::TempDir empty;
  CHECK_THROWS_WITH_AS((void)sim::read_manifest(empty.path()), doctest::Contains("E0901"), Error);
  CHECK_THROWS_WITH_AS((void)sim::read_manifest(empty.path() / "nowhere"),
                       doctest::Contains("E0901"), Error);
}

TEST_CASE("every truncation of a manifest is a numbered error") {
  const FixtureFolder fixture;
  const std::string text = read_file(fixture.path() / "manifest.json");
  for (std::size_t length = 0; length + 3 < text.size(); length += 7) {
    CHECK_THROWS_AS((void)sim::parse_manifest(text.substr(0, length)), Error);
  }
}

TEST_CASE("every field of a wrong type or missing is a numbered error or harmless") {
  const FixtureFolder fixture;
  const Json good = fixture.manifest();
  const Json flat = good.flatten();
  const std::vector<Json> wrong{nullptr, -1, 1e300, "x", Json::array(), Json::object(), true};
  int refused = 0;
  for (const auto& [pointer, unused] : flat.items()) {
    for (const Json& value : wrong) {
      Json bad = good;
      bad[Json::json_pointer(pointer)] = value;
      try {
        (void)sim::parse_manifest(bad.dump());
      } catch (const Error& error) {
        ++refused;
        CHECK(static_cast<int>(error.code()) / 100 == 9);
      }
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("contradictions are E0903") {
  const FixtureFolder fixture;
  const Json good = fixture.manifest();
  CHECK(error_of(good) == 0);
  const auto with = [&](const char* pointer, const Json& value) {
    Json bad = good;
    bad[Json::json_pointer(pointer)] = value;
    return error_of(bad);
  };
  CHECK(with("/latency_cycles", 1000000000) == 903);
  CHECK(with("/latency_cycles", -1) == 903);
  CHECK(with("/latency_cycles", 2) == 903);  // fc2 stands at stage 3
  CHECK(with("/inputs/0/elements/1/lsb", 4) == 903);
  CHECK(with("/inputs/0/elements/1/bits", 99) == 903);
  CHECK(with("/inputs/0/elements/1/scale", "0") == 903);
  CHECK(with("/inputs/0/shape", {4}) == 903);
  CHECK(with("/layers/0/width", 9) == 903);
  CHECK(with("/outputs/0/port", "in_data_i") == 903);
  CHECK(with("/inputs/0/elements/0/min", 20) == 903);
  CHECK(with("/style", "quantum") == 908);
}

TEST_CASE("names that are no identifiers never reach a tool") {
  const FixtureFolder fixture;
  const Json good = fixture.manifest();
  for (const char* pointer : {"/top", "/name", "/inputs/0/port", "/inputs/0/valid",
                              "/layers/0/probe/net", "/ports/clock"}) {
    for (const char* name : {"", "a b", "a;b", "$(x)", "a\"", "9a", "a..b", "a.", "../x"}) {
      Json bad = good;
      bad[Json::json_pointer(pointer)] = name;
      CHECK(error_of(bad) == 902);
    }
  }
}

TEST_CASE("sources outside the folder are refused") {
  const FixtureFolder fixture;
  for (const char* line :
       {"/etc/passwd", "../x.sv", "rtl/../../x.sv", "-f", "+incdir+/", "rtl", "rtl/none.sv"}) {
    write_file(fixture.path() / "rtl/files.f", std::string(line) + "\n");
    CHECK_THROWS_WITH_AS((void)sim::design_sources(fixture.path()), doctest::Contains("E0907"),
                         Error);
  }
  write_file(fixture.path() / "rtl/files.f", "\n# nothing\n");
  CHECK_THROWS_WITH_AS((void)sim::design_sources(fixture.path()), doctest::Contains("E0907"),
                       Error);
}

TEST_CASE("the result is written into the manifest's last line and nothing else changes") {
  const FixtureFolder fixture;
  const std::string before = read_file(fixture.path() / "manifest.json");
  sim::record_verified(fixture.path(), "{\n  \"result\": \"passed\"\n}");
  sim::record_verified(fixture.path(), "{\n  \"result\": \"failed\"\n}");
  const Json after = fixture.manifest();
  CHECK(after["verified"]["result"] == "failed");
  Json restored = after;
  restored["verified"] = nullptr;
  CHECK(restored == Json::parse(before));
  for (const auto& entry : std::filesystem::directory_iterator(fixture.path())) {
    CHECK(entry.path().extension() != ".tmp");
  }
}

}  // namespace
}  // namespace nib::testing
