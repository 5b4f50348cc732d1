// Token model: the engine. Every process runs until it needs a word or room that is not there yet.
#include "nib/plan/stream_engine.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace nib::plan::stream {
namespace {

std::size_t slot(const std::vector<std::int64_t>& ring, std::int64_t k) {
  return static_cast<std::size_t>(k) & (ring.size() - 1);
}

std::vector<std::int64_t> ring_of(std::int64_t words) {
  return std::vector<std::int64_t>(std::bit_ceil(static_cast<std::size_t>(words)));
}

}  // namespace

Engine::Engine(const Network& network, Ends& ends, Recorder* recorder, SharedSteps steps)
    : network_(network), ends_(ends), recorder_(recorder), steps_(std::move(steps)) {
  check(network);
  if (!steps_) steps_ = std::make_shared<const std::vector<Steps>>(unroll(network));
  leaps_ = recorder == nullptr || !recorder->sees_idle_steps();
  producer_.assign(network.channels.size(), -1);
  consumer_.assign(network.channels.size(), -1);
  const auto set = [](std::vector<int>& who, int channel, std::size_t actor) {
    who[static_cast<std::size_t>(channel)] = static_cast<int>(actor);
  };
  for (std::size_t p = 0; p < network.processes.size(); ++p) {
    for (const int c : network.processes[p].inputs) set(consumer_, c, p);
    for (const Reader& reader : network.processes[p].reader) set(consumer_, reader.ring, p);
    for (const int c : network.processes[p].outputs) set(producer_, c, p);
  }
  for (std::size_t s = 0; s < network.sinks.size(); ++s) {
    set(consumer_, network.sinks[s], network.processes.size() + s);
  }
  start(0);
}

void Engine::start(std::int64_t first) {
  queues_.assign(network_.channels.size(), {});
  for (std::size_t c = 0; c < queues_.size(); ++c) {
    const Channel& channel = network_.channels[c];
    Queue& queue = queues_[c];
    queue.depth = channel.depth;
    queue.delay = channel.lat + channel.b;
    queue.last_pop = first - 1;
    queue.arrived = ring_of(std::min<std::int64_t>(channel.depth, 64));
    if (channel.depth < kUnbounded) queue.popped = ring_of(channel.depth);
  }
  for (std::size_t s = 0; s < network_.sources.size(); ++s) {
    queues_[static_cast<std::size_t>(network_.sources[s])].source = static_cast<int>(s);
  }
  states_.assign(network_.processes.size(), {});
  for (std::size_t p = 0; p < states_.size(); ++p) {
    states_[p].last = first - 1 + network_.processes[p].hold;
  }
  events_ = 0;
  waiting_.clear();
  is_waiting_.assign(network_.processes.size() + network_.sinks.size(), 0);
}

Step Engine::next_step(std::size_t process) const {
  return (*steps_)[process].list[states_[process].step];
}

std::int64_t Engine::head_shown(std::size_t channel) const {
  const Queue& queue = queues_[channel];
  if (queue.source >= 0) {
    return ends_.offer(static_cast<std::size_t>(queue.source), queue.taken, queue.last_pop + 1);
  }
  if (queue.taken >= queue.issued) return kNever;
  return std::max(queue.arrived[slot(queue.arrived, queue.taken)], queue.last_pop + 1);
}

/// First cycle in which the next word has room.
std::int64_t Engine::room(const Queue& queue) const {
  const std::int64_t k = queue.issued - queue.depth;
  if (k < 0) return 0;
  if (!queue.released.empty()) {
    const auto event = std::find_if(queue.released.begin(), queue.released.end(),
                                    [k](const auto& e) { return e.first > k; });
    return event == queue.released.end() ? kNever : event->second + 1;
  }
  return k < queue.taken ? queue.popped[slot(queue.popped, k)] + 1 : kNever;
}

Firing Engine::evaluate(std::size_t p) const {
  const Process& process = network_.processes[p];
  const State& state = states_[p];
  const Step step = (*steps_)[p].list[state.step];
  Firing firing;
  firing.room = state.last + 1;
  for (std::size_t o = 0; o < process.outputs.size(); ++o) {
    if ((step.makes >> o & 1) == 0) continue;
    firing.room =
        std::max(firing.room, room(queues_[static_cast<std::size_t>(process.outputs[o])]));
  }
  if (!process.reader.empty() && (*steps_)[p].window.need[state.step] >= 0) {
    const Queue& ring = queues_[static_cast<std::size_t>(process.reader[0].ring)];
    const std::int64_t word = state.ring_base + (*steps_)[p].window.need[state.step];
    firing.room =
        std::max(firing.room, word < ring.issued ? ring.arrived[slot(ring.arrived, word)] : kNever);
  }
  firing.when = firing.room;
  for (std::size_t i = 0; i < process.inputs.size(); ++i) {
    if ((step.takes >> i & 1) == 0) continue;
    firing.arrival[i] = head_shown(static_cast<std::size_t>(process.inputs[i]));
    firing.when = std::max(firing.when, firing.arrival[i]);
  }
  return firing;
}

void Engine::issue(Queue& queue, std::int64_t when) {
  // A ring's reader may have released words that are not written yet: those never arrive late.
  const auto held = static_cast<std::size_t>(std::max<std::int64_t>(queue.issued - queue.taken, 0));
  if (held == queue.arrived.size()) {
    std::vector<std::int64_t> more(2 * queue.arrived.size());
    for (std::int64_t k = queue.taken; k < queue.issued; ++k) {
      more[slot(more, k)] = queue.arrived[slot(queue.arrived, k)];
    }
    queue.arrived.swap(more);
  }
  queue.arrived[slot(queue.arrived, queue.issued++)] = when + queue.delay;
  // Release events that the next word no longer asks for.
  while (queue.released.size() > 1 && queue.released.front().first <= queue.issued - queue.depth) {
    queue.released.pop_front();
  }
}

void Engine::pop(Queue& queue, std::int64_t when) {
  if (!queue.popped.empty()) queue.popped[slot(queue.popped, queue.taken)] = when;
  ++queue.taken;
  queue.last_pop = when;
}

void Engine::wake(int actor) {
  if (actor < 0 || is_waiting_[static_cast<std::size_t>(actor)] != 0) return;
  is_waiting_[static_cast<std::size_t>(actor)] = 1;
  waiting_.push_back(actor);
}

void Engine::fire(std::size_t p, const Firing& firing) {
  const Process& process = network_.processes[p];
  State& state = states_[p];
  const Step step = (*steps_)[p].list[state.step];
  if (recorder_ != nullptr) recorder_->fired(p, step, firing);
  for (std::size_t i = 0; i < process.inputs.size(); ++i) {
    if ((step.takes >> i & 1) == 0) continue;
    const auto channel = static_cast<std::size_t>(process.inputs[i]);
    pop(queues_[channel], firing.when);
    wake(producer_[channel]);
  }
  for (std::size_t o = 0; o < process.outputs.size(); ++o) {
    if ((step.makes >> o & 1) == 0) continue;
    const auto channel = static_cast<std::size_t>(process.outputs[o]);
    issue(queues_[channel], firing.when);
    wake(consumer_[channel]);
  }
  const bool wraps = state.step + 1 == (*steps_)[p].list.size();
  if (!process.reader.empty()) {
    const auto channel = static_cast<std::size_t>(process.reader[0].ring);
    Queue& ring = queues_[channel];
    const std::int64_t to = state.ring_base + (*steps_)[p].window.release[state.step];
    if (to > ring.taken) {
      ring.taken = to;
      ring.released.emplace_back(to, firing.when);
      wake(producer_[channel]);
    }
    if (wraps) state.ring_base += (*steps_)[p].ring_frame;
  }
  state.step = wraps ? 0 : state.step + 1;
  state.last = firing.when;
  ++events_;
}

std::vector<std::int64_t> Engine::state(std::int64_t reference) const {
  std::vector<std::int64_t> list;
  for (const State& state : states_) {
    list.push_back(static_cast<std::int64_t>(state.step));
    list.push_back(state.last - reference);
  }
  const auto last_of = [&](int actor, const Queue& queue) {
    const auto a = static_cast<std::size_t>(actor);
    return a < states_.size() ? states_[a].last : queue.last_pop;
  };
  for (std::size_t c = 0; c < queues_.size(); ++c) {
    const Queue& queue = queues_[c];
    if (queue.source >= 0) {
      list.push_back(queue.last_pop - reference);
      continue;
    }
    list.push_back(queue.issued - queue.taken);
    const std::int64_t consumer = last_of(consumer_[c], queue);
    for (std::int64_t k = queue.taken; k < queue.issued; ++k) {
      list.push_back(std::max(queue.arrived[slot(queue.arrived, k)], consumer) - reference);
    }
    // Room for the words to come: of a queue, its pops; of a ring, its releases.
    const std::int64_t producer = states_[static_cast<std::size_t>(producer_[c])].last;
    const std::int64_t first = std::max<std::int64_t>(queue.issued - queue.depth, 0);
    if (network_.channels[c].is_ring) {
      for (const auto& [words, when] : queue.released) {
        if (words <= first || when <= producer) continue;
        list.push_back(words - queue.issued);
        list.push_back(when - reference);
      }
    } else if (!queue.popped.empty()) {
      for (std::int64_t k = first; k < queue.taken; ++k) {
        list.push_back(std::max(queue.popped[slot(queue.popped, k)], producer) - reference);
      }
    }
  }
  return list;
}

void Engine::leap(std::size_t p, std::int64_t last) {
  State& state = states_[p];
  const Steps& steps = (*steps_)[p];
  const std::int64_t count = std::min<std::int64_t>(steps.idle[state.step], last - state.last);
  if (count <= 0) return;
  state.step += static_cast<std::size_t>(count);
  if (state.step == steps.list.size()) state.step = 0;
  state.last += count;
  ++events_;
}

void Engine::run_process(std::size_t p, std::int64_t last) {
  for (;;) {
    if (leaps_) leap(p, last);
    const Firing firing = evaluate(p);
    if (firing.when > last) return;
    fire(p, firing);
  }
}

void Engine::run_sink(std::size_t s, std::int64_t last) {
  const auto channel = static_cast<std::size_t>(network_.sinks[s]);
  for (;;) {
    const std::int64_t shown = head_shown(channel);
    if (shown > last) return;
    const std::int64_t when = ends_.accept(s, shown);
    if (when > last) return;
    if (recorder_ != nullptr) recorder_->popped(s, shown, when);
    pop(queues_[channel], when);
    wake(producer_[channel]);
  }
}

void Engine::run(std::int64_t last) {
  const std::size_t processes = network_.processes.size();
  for (std::size_t a = 0; a < is_waiting_.size(); ++a) wake(static_cast<int>(a));
  while (!waiting_.empty()) {
    const auto actor = static_cast<std::size_t>(waiting_.back());
    waiting_.pop_back();
    is_waiting_[actor] = 0;
    if (actor < processes) {
      run_process(actor, last);
    } else {
      run_sink(actor - processes, last);
    }
  }
}

}  // namespace nib::plan::stream
