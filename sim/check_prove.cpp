// --prove: the netlist that Yosys reads from the RTL, proven equal to the graph.
#include <fmt/format.h>

#include "nib/sim/checks.h"
#include "nib/sim/prover.h"

namespace nib::sim {

void check_prove(Session& session, const graph::Graph& graph) {
  session.say("proving every neuron from Yosys' netlist");
  session.guard("prove", [&] {
    std::vector<std::string> nets;
    for (const LayerProbe& layer : session.manifest.layers) {
      if (!layer.net.empty()) nets.push_back(layer.net);
    }
    const Netlist netlist =
        read_netlist(session.folder, design_sources(session.folder), session.manifest.core, nets);
    Prover prover(graph, session.manifest, netlist, session.options.threads);
    const ProofReport report = prover.run();
    if (report.failures > 0) {
      session.add("prove", false,
                  fmt::format("{} ({} failures in {} neurons)", report.first, report.failures,
                              report.neurons));
      return;
    }
    session.add("prove", true,
                fmt::format("{} elements of layers and outputs equal the graph for all inputs: {} "
                            "by linear forms, the others on {} values and intervals of their "
                            "sums ({} asked from golden); all paths pass {} registers",
                            report.neurons, report.linear, report.points, report.golden_points,
                            session.manifest.latency));
  });
}

}  // namespace nib::sim
