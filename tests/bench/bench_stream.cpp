// Streams: latency, interval and queue bits of published networks' shapes by the token model.
//
//   bench_stream [NAME...] [--size]     cnv kws ad08 resnet8 resnet8-narrow; default all
//
// Shapes and folds only: weights do not change times. CNV and KWS are folded as FINN's published
// builds are (PE and SIMD of each layer). --size also sizes queues and rings at that interval.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "nib/plan/stream_size.h"
#include "nib/plan/stream_unit.h"

namespace {

using namespace nib::plan::stream;

/// Builds a network layer by layer; a stream is known by its channel and shape.
class Net {
 public:
  struct Stream {
    int channel = 0, h = 1, w = 1, c = 1;
  };

  Stream source(int h, int w, int c, int lanes, int bits) {
    const int channel = add_source(design_, "in", {lanes, bits, Kind::kUnsigned});
    frames_.source_words.push_back(std::int64_t{h} * w * c / lanes);
    return {channel, h, w, c};
  }
  void sink(const Stream& s) {
    add_sink(design_, s.channel);
    frames_.sink_words.push_back(std::int64_t{s.h} * s.w * ((s.c + lanes(s) - 1) / lanes(s)));
  }

  Stream conv(Stream s, int kernel, int stride, int pad, int out, int pe, int simd) {
    s = to_lanes(s, simd);
    if (kernel > 1 || stride > 1) {
      const Axis y{s.h, kernel, stride, 1, pad, pad}, x{s.w, kernel, stride, 1, pad, pad};
      const Window w{y, x, s.c / simd, false, false};
      const std::int64_t ring = least_ring(w) + std::int64_t{s.w} * s.c / simd;
      s.channel = one("window", WindowUnit{format(s), w, 0, ring, queue_}, s);
      s = {s.channel, y.positions(), x.positions(), s.c * kernel * kernel};
    }
    return dense(s, out, pe, simd);
  }

  Stream dense(Stream s, int out, int pe, int simd) {
    s = to_lanes(s, simd);
    Mvu u;
    u.format = format(s);
    u.columns = s.c;
    u.rows = out;
    u.pe = pe;
    u.acc_bits = 20;
    u.queue = queue_;
    s.channel = one("mvu", u, s);
    s.c = out;
    // As many levels as four bits have; only the latency counts here.
    Threshold t;
    t.format = format(s);
    t.fold = (out + pe - 1) / pe;
    t.levels = 15;
    t.bits = 4;
    t.hit_register = true;
    t.queue = queue_;
    s.channel = one("threshold", t, s);
    return s;
  }

  Stream pool(Stream s, int kernel, bool sum) {
    Pool u;
    u.format = format(s);
    u.sum = sum;
    u.bits = sum ? 12 : u.format.bits;
    u.rows = s.h;
    u.columns = s.w;
    u.fold = s.c / lanes(s);
    u.kernel_y = u.kernel_x = kernel;
    u.queue = queue_;
    s.channel = one("pool", u, s);
    return {s.channel, s.h / kernel, s.w / kernel, s.c};
  }

  std::pair<Stream, Stream> fork(Stream s) {
    const std::vector<int> outputs =
        add_unit(design_, name("fork"), Fork{format(s), {queue_, {1000, 0}}}, {s.channel});
    Stream a = s, b = s;
    a.channel = outputs[0];
    b.channel = outputs[1];
    return {a, b};
  }

  Stream add(Stream a, Stream b) {
    b = to_lanes(b, lanes(a));
    Add u;
    u.a = format(a);
    u.b = format(b);
    u.bits = 6;
    u.queue = queue_;
    a.channel = add_unit(design_, name("add"), u, {a.channel, b.channel})[0];
    return a;
  }

  Stream to_lanes(Stream s, int lanes_out) {
    if (lanes(s) == lanes_out) return s;
    s.channel = one("width", Width{format(s), lanes_out, s.c, queue_}, s);
    return s;
  }

  [[nodiscard]] const Design& design() const { return design_; }
  [[nodiscard]] const Frames& frames() const { return frames_; }

 private:
  [[nodiscard]] const Format& format(const Stream& s) const {
    return design_.formats[static_cast<std::size_t>(s.channel)];
  }
  [[nodiscard]] int lanes(const Stream& s) const { return format(s).lanes; }
  std::string name(const char* what) { return fmt::format("{}{}", what, count_++); }
  int one(const char* what, const Spec& spec, const Stream& s) {
    return add_unit(design_, name(what), spec, {s.channel})[0];
  }

  Design design_;
  Frames frames_;
  Queue queue_{10, 0};
  int count_ = 0;
};

void cnv(Net& net) {
  Net::Stream s = net.source(32, 32, 3, 3, 8);
  s = net.conv(s, 3, 1, 0, 64, 16, 3);
  s = net.conv(s, 3, 1, 0, 64, 32, 32);
  s = net.pool(s, 2, false);
  s = net.conv(s, 3, 1, 0, 128, 16, 32);
  s = net.conv(s, 3, 1, 0, 128, 16, 32);
  s = net.pool(s, 2, false);
  s = net.conv(s, 3, 1, 0, 256, 4, 32);
  s = net.conv(s, 3, 1, 0, 256, 1, 32);
  s = net.dense(s, 512, 1, 4);
  s = net.dense(s, 512, 1, 8);
  net.sink(net.dense(s, 10, 5, 1));
}

void kws(Net& net) {
  Net::Stream s = net.source(1, 1, 490, 10, 8);
  s = net.dense(s, 256, 32, 10);
  s = net.dense(s, 256, 32, 8);
  s = net.dense(s, 256, 32, 8);
  net.sink(net.dense(s, 12, 1, 8));
}

void ad08(Net& net) {
  Net::Stream s = net.source(1, 1, 64, 8, 8);
  for (const int out : {72, 72, 8, 72, 72, 64}) s = net.dense(s, out, 8, 8);
  net.sink(s);
}

/// ResNet-8 of MLPerf Tiny: a stem, three blocks, average pool, dense. All convolutions with `simd`
/// elements and as many rows at a time as keep the first block's interval.
void resnet8(Net& net, int simd, int pe) {
  Net::Stream s = net.conv(net.source(32, 32, 3, 3, 8), 3, 1, 1, 16, pe, 3);
  int channels = 16;
  for (int block = 0; block < 3; ++block) {
    const int stride = block == 0 ? 1 : 2, out = block == 0 ? 16 : 2 * channels;
    auto [path, skip] = net.fork(s);
    path = net.conv(path, 3, stride, 1, out, pe, simd);
    path = net.conv(path, 3, 1, 1, out, pe, simd);
    if (block > 0) skip = net.conv(skip, 1, stride, 0, out, pe, simd);
    s = net.add(path, skip);
    channels = out;
  }
  s = net.pool(s, 8, true);
  net.sink(net.dense(s, 10, 1, 1));
}

double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void run(const std::string& name, const std::function<void(Net&)>& build, bool size) {
  Net net;
  build(net);
  const Network& network = net.design().network;
  const std::int64_t least = least_interval(network, net.frames());
  const double start = seconds();
  const Timing t = measure(network, net.frames(), {least, 60});
  const double took = seconds() - start;
  fmt::print("{:15} {:3} units  latency {:8}  interval {:8}  least {:8}  {:9} steps {:6.3f} s\n",
             name, net.design().units.size(), t.live ? t.latency : -1,
             t.settled ? fmt::format("{}/{}", t.cycles, t.frames) : "-", least, t.events, took);
  if (!size) return;
  const double before = seconds();
  const Sizing s = size_channels(network, net.frames(), {least, 0, 4, 60, {}});
  std::int64_t words = 0;
  for (std::size_t c = 1; c < s.depths.size(); ++c) words += s.depths[c];
  const auto count = [&](Tight why) { return std::count(s.tight.begin(), s.tight.end(), why); };
  fmt::print(
      "{:15} sized: {} bits (least {}), {} words, latency {}, interval {}/{}; a word less: {} "
      "deadlocks, {} slower, {} at one word; {} runs, {:.1f} s\n",
      "", s.bits, s.least_bits, words, s.timing.latency, s.timing.cycles, s.timing.frames,
      count(Tight::kDeadlock), count(Tight::kInterval), count(Tight::kFloor), s.probes,
      seconds() - before);
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, std::function<void(Net&)>> networks{
      {"ad08", ad08},
      {"cnv", cnv},
      {"kws", kws},
      {"resnet8", [](Net& net) { resnet8(net, 8, 16); }},
      {"resnet8-narrow", [](Net& net) { resnet8(net, 1, 4); }}};
  const std::vector<std::string> given(argv + 1, argv + argc);
  const bool size = std::count(given.begin(), given.end(), "--size") > 0;
  for (const auto& [name, build] : networks) {
    const bool all = static_cast<int>(given.size()) == (size ? 1 : 0);
    if (all || std::count(given.begin(), given.end(), name) > 0) run(name, build, size);
  }
  return 0;
}
