// From a graph to a design in one call.
#include "nib/emit/build.h"

#include <utility>

#include "nib/base/error.h"
#include "nib/lower/lower.h"

namespace nib::emit {

Build build_unrolled(const graph::Graph& graph, const arith::Target& target, const plan::Goal& goal,
                     const std::function<void(std::string_view)>& step) {
  const auto say = [&](std::string_view what) {
    if (step) step(what);
  };
  return with_file(graph.source_file, [&]() -> Build {
    say("lowering to integers");
    lower::IntegerGraph integers = lower::lower(graph);
    say("planning");
    plan::Plan plan = plan::plan_unrolled(integers, target, goal);
    say("writing RTL");
    map::Design design = map::map_unrolled(plan);
    return {std::move(integers), std::move(plan), std::move(design)};
  });
}

}  // namespace nib::emit
