// Handshakes of the RTL and of the SystemC model, cycle by cycle.
#pragma once

#include <string>

#include "nib/sim/stream_model.h"
#include "nib/sim/stream_probe.h"

namespace nib::sim {

/// What both ends of the log did, as the model's plan.
[[nodiscard]] std::vector<std::uint32_t> model_plan(const Manifest& manifest,
                                                    const StreamModel& model, const StreamLog& log);
/// The first difference in words; empty where every stream of every cycle agrees.
[[nodiscard]] std::string difference(const Manifest& manifest, const ProbedDut& probed,
                                     const StreamLog& log, const ModelRun& model);

}  // namespace nib::sim
