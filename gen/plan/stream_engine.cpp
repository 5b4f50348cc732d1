// Token model: the engine. Every process runs until it needs a word or room that is not there yet.
#include "nib/plan/stream_engine.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace nib::plan::stream {
namespace {

/// Calls one(port) for every port of a step's mask.
template <class One>
void for_ports(std::uint8_t mask, const One& one) {
  for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
    one(static_cast<std::size_t>(std::countr_zero(rest)));
  }
}

}  // namespace

void Engine::Times::resize(std::int64_t words) {
  list_.resize(std::bit_ceil(static_cast<std::size_t>(words)));
  mask_ = list_.size() - 1;
}

Engine::Engine(const Network& network, Ends& ends, Recorder* recorder, SharedSteps steps)
    : network_(network), ends_(ends), recorder_(recorder), steps_(std::move(steps)) {
  check(network);
  if (!steps_) steps_ = std::make_shared<const std::vector<Steps>>(unroll(network));
  if (recorder != nullptr) interest_ = recorder->interest();
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
    queue.arrived.resize(std::min<std::int64_t>(channel.depth, 64));
    if (channel.depth < kUnbounded) queue.popped.resize(channel.depth);
  }
  const auto queue_of = [&](int channel) { return &queues_[static_cast<std::size_t>(channel)]; };
  for (std::size_t s = 0; s < network_.sources.size(); ++s) {
    queue_of(network_.sources[s])->source = static_cast<int>(s);
  }
  actors_.assign(network_.processes.size(), {});
  for (std::size_t p = 0; p < actors_.size(); ++p) {
    const Process& process = network_.processes[p];
    Actor& actor = actors_[p];
    actor.steps = &(*steps_)[p];
    actor.last = first - 1 + process.hold;
    for (std::size_t i = 0; i < process.inputs.size(); ++i) {
      actor.inputs[i] = queue_of(process.inputs[i]);
      actor.inputs[i]->consumer = static_cast<int>(p);
    }
    for (std::size_t o = 0; o < process.outputs.size(); ++o) {
      actor.outputs[o] = queue_of(process.outputs[o]);
      actor.outputs[o]->producer = static_cast<int>(p);
    }
    for (const Reader& reader : process.reader) {
      actor.ring = queue_of(reader.ring);
      actor.ring->consumer = static_cast<int>(p);
    }
  }
  for (std::size_t s = 0; s < network_.sinks.size(); ++s) {
    queue_of(network_.sinks[s])->consumer = static_cast<int>(actors_.size() + s);
  }
  events_ = 0;
  waiting_.clear();
  is_waiting_.assign(network_.processes.size() + network_.sinks.size(), 0);
}

Step Engine::next_step(std::size_t process) const { return actors_[process].now().step; }

std::int64_t Engine::head_shown(const Queue& queue) const {
  if (queue.source >= 0) {
    return ends_.offer(static_cast<std::size_t>(queue.source), queue.taken, queue.last_pop + 1);
  }
  if (queue.taken >= queue.issued) return kNever;
  return std::max(queue.arrived[queue.taken], queue.last_pop + 1);
}

/// First cycle in which the next word has room.
std::int64_t Engine::room(const Queue& queue) {
  const std::int64_t k = queue.issued - queue.depth;
  if (k < 0) return 0;
  if (!queue.released.empty()) {
    const auto event = std::find_if(queue.released.begin(), queue.released.end(),
                                    [k](const auto& e) { return e.first > k; });
    return event == queue.released.end() ? kNever : event->second + 1;
  }
  return k < queue.taken ? queue.popped[k] + 1 : kNever;
}

/// Latest of a step's terms but the arrivals of the inputs taken.
std::int64_t Engine::room_of(const Actor& actor, Step step) {
  std::int64_t when = actor.last + 1;
  for_ports(step.makes, [&](std::size_t o) { when = std::max(when, room(*actor.outputs[o])); });
  if (actor.ring == nullptr || actor.now().need < 0) return when;
  const Queue& ring = *actor.ring;
  const std::int64_t word = actor.ring_base + actor.now().need;
  return std::max(when, word < ring.issued ? ring.arrived[word] : kNever);
}

std::int64_t Engine::time_of(const Actor& actor, Step step) const {
  std::int64_t when = room_of(actor, step);
  for_ports(step.takes,
            [&](std::size_t i) { when = std::max(when, head_shown(*actor.inputs[i])); });
  return when;
}

Firing Engine::firing_of(const Actor& actor) const {
  const Step step = actor.now().step;
  Firing firing;
  firing.room = room_of(actor, step);
  firing.when = firing.room;
  for_ports(step.takes, [&](std::size_t i) {
    firing.arrival[i] = head_shown(*actor.inputs[i]);
    firing.when = std::max(firing.when, firing.arrival[i]);
  });
  return firing;
}

void Engine::issue(Queue& queue, std::int64_t when) {
  // A ring's reader may have released words that are not written yet: those never arrive late.
  const auto held = static_cast<std::size_t>(std::max<std::int64_t>(queue.issued - queue.taken, 0));
  if (held == queue.arrived.size()) {
    Times more;
    more.resize(2 * static_cast<std::int64_t>(queue.arrived.size()));
    for (std::int64_t k = queue.taken; k < queue.issued; ++k) more[k] = queue.arrived[k];
    queue.arrived = std::move(more);
  }
  queue.arrived[queue.issued++] = when + queue.delay;
  // Release events that the next word no longer asks for.
  while (queue.released.size() > 1 && queue.released.front().first <= queue.issued - queue.depth) {
    queue.released.pop_front();
  }
}

void Engine::pop(Queue& queue, std::int64_t when) {
  if (queue.popped.size() > 0) queue.popped[queue.taken] = when;
  ++queue.taken;
  queue.last_pop = when;
  if (queue.source < 0) {
    wake(queue.producer);
  } else if (recorder_ != nullptr) {
    recorder_->took(static_cast<std::size_t>(queue.source), when);
  }
}

void Engine::wake(int actor) {
  if (actor < 0 || is_waiting_[static_cast<std::size_t>(actor)] != 0) return;
  is_waiting_[static_cast<std::size_t>(actor)] = 1;
  waiting_.push_back(actor);
}

void Engine::fire(Actor& actor, Step step, std::int64_t when) {
  for_ports(step.takes, [&](std::size_t i) { pop(*actor.inputs[i], when); });
  for_ports(step.makes, [&](std::size_t o) {
    issue(*actor.outputs[o], when);
    wake(actor.outputs[o]->consumer);
  });
  const bool wraps = actor.step + 1 == actor.steps->list.size();
  if (actor.ring != nullptr) {
    Queue& ring = *actor.ring;
    const std::int64_t to = actor.ring_base + actor.now().release;
    if (to > ring.taken) {
      ring.taken = to;
      ring.released.emplace_back(to, when);
      wake(ring.producer);
    }
    if (wraps) actor.ring_base += actor.steps->ring_frame;
  }
  actor.step = wraps ? 0 : actor.step + 1;
  actor.last = when;
  ++events_;
}

std::vector<std::int64_t> Engine::state(std::int64_t reference) const {
  std::vector<std::int64_t> list;
  for (const Actor& actor : actors_) {
    list.push_back(static_cast<std::int64_t>(actor.step));
    list.push_back(actor.last - reference);
  }
  for (std::size_t c = 0; c < queues_.size(); ++c) {
    const Queue& queue = queues_[c];
    if (queue.source >= 0) {
      list.push_back(queue.last_pop - reference);
      continue;
    }
    list.push_back(queue.issued - queue.taken);
    const auto reader = static_cast<std::size_t>(queue.consumer);
    const std::int64_t consumer = reader < actors_.size() ? actors_[reader].last : queue.last_pop;
    for (std::int64_t k = queue.taken; k < queue.issued; ++k) {
      list.push_back(std::max(queue.arrived[k], consumer) - reference);
    }
    // Room for the words to come: of a queue, its pops; of a ring, its releases.
    const std::int64_t producer = actors_[static_cast<std::size_t>(queue.producer)].last;
    const std::int64_t first = std::max<std::int64_t>(queue.issued - queue.depth, 0);
    if (network_.channels[c].is_ring) {
      for (const auto& [words, when] : queue.released) {
        if (words <= first || when <= producer) continue;
        list.push_back(words - queue.issued);
        list.push_back(when - reference);
      }
    } else if (queue.popped.size() > 0) {
      for (std::int64_t k = first; k < queue.taken; ++k) {
        list.push_back(std::max(queue.popped[k], producer) - reference);
      }
    }
  }
  return list;
}

/// Over the idle steps that come next.
void Engine::leap(Actor& actor, std::int64_t last) {
  const std::int64_t count = std::min<std::int64_t>(actor.now().idle, last - actor.last);
  if (count <= 0) return;
  actor.step += static_cast<std::size_t>(count);
  if (actor.step == actor.steps->list.size()) actor.step = 0;
  actor.last += count;
  ++events_;
}

void Engine::run_process(std::size_t p, std::int64_t last) {
  Actor& actor = actors_[p];
  const bool tells = interest_ == Interest::kWork;
  for (;;) {
    leap(actor, last);
    const Step step = actor.now().step;
    const std::int64_t when = time_of(actor, step);
    if (when > last) return;
    if (tells) recorder_->fired(p, step, {when, when, {}});
    fire(actor, step, when);
  }
}

/// The same, telling the recorder of every step.
void Engine::run_watched(std::size_t p, std::int64_t last) {
  Actor& actor = actors_[p];
  for (;;) {
    const Firing firing = firing_of(actor);
    if (firing.when > last) return;
    const Step step = actor.now().step;
    recorder_->fired(p, step, firing);
    fire(actor, step, firing.when);
  }
}

void Engine::run_sink(std::size_t s, std::int64_t last) {
  Queue& queue = queues_[static_cast<std::size_t>(network_.sinks[s])];
  for (;;) {
    const std::int64_t shown = head_shown(queue);
    if (shown > last) return;
    const std::int64_t when = ends_.accept(s, shown);
    if (when > last) return;
    if (recorder_ != nullptr) recorder_->popped(s, shown, when);
    pop(queue, when);
  }
}

void Engine::run(std::int64_t last) {
  const std::size_t processes = network_.processes.size();
  for (std::size_t a = 0; a < is_waiting_.size(); ++a) wake(static_cast<int>(a));
  while (!waiting_.empty()) {
    const auto actor = static_cast<std::size_t>(waiting_.back());
    waiting_.pop_back();
    is_waiting_[actor] = 0;
    if (actor >= processes) {
      run_sink(actor - processes, last);
    } else if (interest_ == Interest::kSteps) {
      run_watched(actor, last);
    } else {
      run_process(actor, last);
    }
  }
}

}  // namespace nib::plan::stream
