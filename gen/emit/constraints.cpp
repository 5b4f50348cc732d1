// Out-of-context constraints and the Vivado script of a build.
#include "nib/emit/constraints.h"

#include <algorithm>

#include "nib/base/check.h"
#include "nib/base/file.h"
#include "nib/base/version.h"
#include "nib/emit/text_template.h"

namespace nib::emit {
namespace {

Holes common_holes(const Subject& subject) {
  return {{"TOP", tcl_word(subject.top)},
          {"PART", tcl_word(subject.target.part)},
          {"GENERATOR", std::string(kGenerator)},
          {"SOURCE", comment_text(subject.source)}};
}

}  // namespace

std::string timing_xdc(const Subject& subject) {
  NIB_CHECK(subject.clock_mhz > 0, "a clock has a frequency");
  const arith::Target& target = subject.target;
  const double net = target.net_base;
  // -max below -min would be a contradiction, so the hold figure bounds it from below.
  const double input_max = std::max(target.ff_clock_to_q + net, target.hold_input_ns);
  const double output_max = std::max(target.ff_setup + net, target.hold_output_ns);
  Holes holes = common_holes(subject);
  holes["CLOCK_MHZ"] = decimal(subject.clock_mhz);
  holes["PERIOD_NS"] = decimal(1000.0 / subject.clock_mhz);
  const bool clocked = !subject.clock.empty();
  holes["CLOCK_PORTS"] = clocked ? "[get_ports " + tcl_word(subject.clock) + "]" : "";
  holes["INPUTS"] =
      clocked ? "{DIRECTION == IN && NAME != " + subject.clock + "}" : "{DIRECTION == IN}";
  holes["OUTPUTS"] = "{DIRECTION == OUT}";
  holes["INPUT_MAX_NS"] = decimal(input_max);
  holes["INPUT_MIN_NS"] = decimal(target.hold_input_ns);
  holes["OUTPUT_MAX_NS"] = decimal(output_max);
  holes["OUTPUT_MIN_NS"] = decimal(target.hold_output_ns);
  return render(resource("constraints/ooc_timing.xdc.in"), holes);
}

std::string ooc_tcl(const Subject& subject) {
  return render(resource("constraints/ooc.tcl.in"), common_holes(subject));
}

}  // namespace nib::emit
