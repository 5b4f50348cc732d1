// nib verify: the order of the checks, and the result as JSON.
#include "nib/sim/verify.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "nib/base/error.h"
#include "nib/sim/checks.h"

namespace nib::sim {
namespace {

using Json = nlohmann::ordered_json;

std::string result_json(const Session& session) {
  const VerifyResult& result = session.result;
  Json json{{"result", result.passed ? "passed" : "failed"},
            {"vectors", result.vectors},
            {"cycles", result.cycles},
            {"seed", session.options.seed}};
  const auto number = [](const std::optional<int>& value) { return value ? Json(*value) : Json(); };
  json["measured_latency_cycles"] = number(result.measured_latency);
  json["measured_interval_cycles"] = number(result.measured_interval);
  json["tools"] = {{"verilator", first_line({"verilator", "--version"})}};
  if (session.options.prove) json["tools"]["yosys"] = first_line({"yosys", "-V"});
  json["checks"] = Json::array();
  for (const Check& check : result.checks) {
    json["checks"].push_back(
        {{"name", check.name}, {"passed", check.passed}, {"detail", check.detail}});
  }
  // Messages of tools may hold any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

void check_unrolled(Session& session) {
  const graph::Graph graph = read_source(session.folder, session.manifest);
  Oracle oracle(graph, session.manifest, session.options.round_input);
  Vectors vectors;
  check_flow(session, graph, oracle, vectors);
  if (session.manifest.axis) check_axis(session, vectors);
  if (session.options.prove) check_prove(session, graph);
  if (session.options.systemc) check_sc(session, vectors);
}

void check_streaming(Session& session) {
  check_stream(session, read_source(session.folder, session.manifest));
}

}  // namespace

VerifyResult verify(const std::filesystem::path& folder, const VerifyOptions& options) {
  Session session{folder, options, read_manifest(folder), {}};
  if (session.manifest.streaming && options.prove) {
    fail(ErrorCode::E806, "--prove of a streaming build", {},
         "without --prove, vectors, latency, interval, stalls and resets are checked");
  }
  check_lint(session);
  if (session.manifest.stream) {
    check_fifo(session);
  } else if (session.manifest.streaming) {
    check_streaming(session);
  } else {
    check_unrolled(session);
  }
  VerifyResult& result = session.result;
  result.passed = std::all_of(result.checks.begin(), result.checks.end(),
                              [](const Check& check) { return check.passed; });
  result.json = result_json(session);
  record_verified(folder, result.json);
  return result;
}

}  // namespace nib::sim
