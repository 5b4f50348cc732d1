// The parts of nib verify: each adds its checks to the result.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "nib/graph/graph.h"
#include "nib/sim/flow.h"
#include "nib/sim/manifest.h"
#include "nib/sim/verify.h"

namespace nib::sim {

/// What the parts share.
struct Session {
  std::filesystem::path folder;
  const VerifyOptions& options;
  Manifest manifest;
  VerifyResult result;

  void say(const std::string& text) const {
    if (options.progress) options.progress(text);
  }
  void add(const std::string& name, bool passed, const std::string& detail) {
    result.checks.push_back({name, passed, detail});
  }
  /// Runs `part`; a Fault becomes the failed check `name`.
  void guard(const std::string& name, const std::function<void()>& part);
};

/// No warnings from Verilator, no pragma that would hide one.
void check_lint(Session& session);
/// Unrolled builds: Verilator against golden, latency, interval, power-up, gaps, reset.
void check_flow(Session& session, const graph::Graph& graph, Oracle& oracle, Vectors& vectors);

/// Streaming builds: golden, latency, interval, stalls, resets.
void check_stream(Session& session, const graph::Graph& graph);
/// Stream FIFOs: an exact cycle model, stalls and resets.
void check_fifo(Session& session);
/// AXI4-Stream ends: order, no loss, rate.
void check_axis(Session& session, const Vectors& vectors);
/// --prove: every neuron, for all inputs.
void check_prove(Session& session, const graph::Graph& graph);

/// --sc: the SystemC bench and pipeline model.
void check_sc(Session& session, const Vectors& vectors);

}  // namespace nib::sim
