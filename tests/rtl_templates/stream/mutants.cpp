// Wrong contracts, one rule each.
#include "mutants.h"

namespace nib::test {

using namespace plan::stream;

namespace {

/// Changes every produced stream for which `change` returns true.
std::function<bool(Network&)> each_channel(const std::function<bool(Channel&)>& change) {
  return [change](Network& network) {
    bool any = false;
    for (std::size_t c = 0; c < network.channels.size(); ++c) {
      bool produced = false;
      for (const Process& p : network.processes) {
        for (const int out : p.outputs) produced = produced || out == static_cast<int>(c);
      }
      if (produced) any = change(network.channels[c]) || any;
    }
    return any;
  };
}

std::function<bool(Network&)> each_process(const std::function<bool(Process&)>& change) {
  return [change](Network& network) {
    bool any = false;
    for (Process& p : network.processes) any = change(p) || any;
    return any;
  };
}

std::function<bool(Network&)> each_window(const std::function<bool(Window&)>& change) {
  return each_process(
      [change](Process& p) { return !p.reader.empty() && change(p.reader[0].window); });
}

/// Steps without a word made gain one idle step behind the program.
bool add_idle_step(Process& p) {
  if (!p.reader.empty()) return false;
  p.program = sequence({p.program, once(0, 0)});
  return true;
}

/// All steps wait for room, as if each made a word that is never seen: not a network of the
/// contract, so it is told by making the first output in every step.
bool takes_late(Process& p) {
  if (!p.reader.empty() || p.inputs.empty()) return false;
  std::vector<Step> steps = unroll(p.program);
  for (std::size_t n = 0; n + 1 < steps.size(); ++n) {
    if (steps[n].takes == 0 || steps[n + 1].takes != 0) continue;
    std::swap(steps[n].takes, steps[n + 1].takes);
    p.program = sequence_of(steps);
    return true;
  }
  return false;
}

}  // namespace

std::vector<Mutant> mutants() {
  return {
      {"a word more in a queue",
       each_channel([](Channel& c) { return !c.is_ring && ++c.depth > 0; })},
      {"a word less in a queue",
       each_channel([](Channel& c) { return !c.is_ring && c.depth > 1 && --c.depth > 0; })},
      {"a cycle more to the push",
       each_channel([](Channel& c) { return !c.is_ring && ++c.lat > 0; })},
      {"a cycle less to the push",
       each_channel([](Channel& c) { return c.lat > 0 && c.lat-- > 0; })},
      {"block RAM without output register",
       each_channel([](Channel& c) { return c.b == 2 && --c.b == 1; })},
      {"output register where there is none",
       each_channel([](Channel& c) { return !c.is_ring && c.b == 1 && ++c.b == 2; })},
      {"a word more in a ring",
       each_channel([](Channel& c) { return c.is_ring && ++c.depth > 0; })},
      {"a word less in a ring",
       each_channel([](Channel& c) { return c.is_ring && c.depth > 1 && --c.depth > 0; })},
      {"a ring that is read a cycle later",
       each_channel([](Channel& c) { return c.is_ring && ++c.lat > 0; })},
      {"a boundary slice that is ready at once",
       each_process([](Process& p) { return p.hold > 0 && --p.hold == 0; })},
      {"a unit that starts a cycle later", each_process([](Process& p) { return ++p.hold > 0; })},
      {"an idle step in the program", each_process(add_idle_step)},
      {"a word taken a step later", each_process(takes_late)},
      {"rows released instead of pixels",
       each_window([](Window& w) { return !w.release_rows && (w.release_rows = true); })},
      {"pixels released instead of rows",
       each_window([](Window& w) { return w.release_rows && !(w.release_rows = false); })},
      {"channels and taps exchanged", each_window([](Window& w) {
         w.channel_outer = !w.channel_outer;
         return w.fold > 1;
       })},
  };
}

}  // namespace nib::test
