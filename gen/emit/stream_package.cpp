// All files of a streaming build, and the way there.
#include "nib/base/check.h"
#include "nib/base/error.h"
#include "nib/emit/constraints.h"
#include "nib/emit/manifest.h"
#include "nib/emit/package_files.h"
#include "nib/emit/streaming.h"
#include "nib/emit/text_template.h"
#include "nib/lower/lower.h"
#include "nib/map/map_streaming.h"

namespace nib::emit {

StreamBuild build_streaming(const graph::Graph& graph, const arith::Target& target,
                            const plan::Goal& goal, const Folds& folds,
                            const std::function<void(std::string_view)>& step) {
  const auto say = [&](std::string_view what) {
    if (step) step(what);
  };
  return with_file(graph.source_file, [&]() -> StreamBuild {
    say("lowering to integers");
    lower::IntegerGraph integers = lower::lower(graph);
    say(folds.given.has_value() ? "planning" : "choosing folds");
    plan::StreamPlan plan =
        folds.given.has_value()
            ? plan::plan_streaming(integers, target, goal, *folds.given, folds.wish.blocks)
            : plan::plan_folded(integers, target, goal, folds.wish);
    say("writing RTL");
    map::Design design = map::map_streaming(plan);
    return {std::move(integers), std::move(plan), std::move(design)};
  });
}

Files package(const StreamPackage& what) {
  const plan::StreamPlan& plan = what.build.plan;
  Files files;
  add_design(what.build.design, files);
  add_constraints({what.build.design.top, plan.source_file, "clk_i", plan.clock_mhz, plan.target},
                  files);
  if (!what.model_bytes.empty()) {
    NIB_CHECK(what.model_file == tcl_word(what.model_file), "an odd file name below sim/");
    files.push_back({"sim/" + what.model_file, what.model_bytes});
  }
  files.push_back(
      {"sim/nib_" + plan.name + ".h", emulator_header(what.build.integer_graph, plan.name)});
  files.push_back({"sim/" + plan.name + ".network", to_text(plan.design.network)});
  if (what.vectors.has_value()) {
    for (map::SourceFile& file : stream_bench(what)) files.push_back(std::move(file));
  }
  files.push_back({"plan.json", plan_file(plan)});
  files.push_back({"manifest.json", manifest(what)});
  return files;
}

}  // namespace nib::emit
