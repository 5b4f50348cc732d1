// The top around a streaming design, and the search for the first wrong tensor.
#include "nib/sim/stream_probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "nib/base/file.h"

namespace nib::sim {
namespace {

constexpr std::int64_t kSlack = 64;  ///< cycles

class WrapperText {
 public:
  explicit WrapperText(const Dut& dut) : dut_(dut) {
    port("input", dut.clock, 1);
    port("input", dut.reset, 1);
    for (const DutEnd& e : dut.sources_of_beats) end(e, "input", "output");
    for (const DutEnd& e : dut.sinks_of_beats) end(e, "output", "input");
  }

  void lead_out(const DutPort& monitor, const std::string& value) {
    ports_ += fmt::format(",\n  output logic [{}:0] {}", monitor.width - 1, monitor.name);
    assigns_ += fmt::format("  assign {} = {};\n", monitor.name, value);
  }

  std::string take() const {
    return fmt::format("module nib_probe (\n{}\n);\n  {} nib_dut_i (\n{}\n  );\n{}endmodule\n",
                       ports_, dut_.top, pins_, assigns_);
  }

 private:
  void port(const char* direction, const std::string& name, int width) {
    const std::string type = width == 1 ? "logic" : fmt::format("logic [{}:0]", width - 1);
    ports_ += fmt::format("{}  {} {} {}", ports_.empty() ? "" : ",\n", direction, type, name);
    pins_ += fmt::format("{}    .{}({})", pins_.empty() ? "" : ",\n", name, name);
  }
  void end(const DutEnd& e, const char* there, const char* back) {
    port(there, e.valid, 1);
    port(back, e.ready, 1);
    port(there, e.data, e.width);
    port(there, e.last, 1);
  }

  const Dut& dut_;
  std::string ports_, pins_, assigns_;
};

/// "{..., b, a}" of one net of the streams.
std::string bits_of(const Manifest& manifest, const std::vector<int>& streams, const char* net) {
  std::string text;
  for (const int s : streams) {
    const StreamSeen& stream = manifest.streaming->streams[static_cast<std::size_t>(s)];
    // A net of one bit may not be indexed.
    const bool packed =
        std::count_if(manifest.streaming->streams.begin(), manifest.streaming->streams.end(),
                      [&](const StreamSeen& o) { return o.net == stream.net; }) > 1;
    const std::string index = packed ? fmt::format("[{}]", stream.index) : "";
    text = fmt::format("nib_dut_i.{}_{}{}{}{}", stream.net, net, index, text.empty() ? "" : ", ",
                       text);
  }
  return "{" + text + "}";
}

}  // namespace

ProbedDut probed_stream_dut(const std::filesystem::path& folder, const Manifest& manifest,
                            const std::filesystem::path& wrapper, const std::vector<int>& data) {
  ProbedDut probed;
  probed.dut = stream_dut(folder, manifest);
  const auto& streams = manifest.streaming->streams;
  for (std::size_t s = 0; s < streams.size(); ++s) {
    if (!streams[s].net.empty()) probed.seen.push_back(static_cast<int>(s));
  }
  const auto count = static_cast<int>(probed.seen.size());
  WrapperText text(probed.dut);
  const auto lead_out = [&](const std::string& name, int width, const std::string& value) {
    probed.dut.monitors.push_back({name, width});
    text.lead_out(probed.dut.monitors.back(), value);
  };
  if (count > 0) {
    lead_out("nib_valid", count, bits_of(manifest, probed.seen, "valid"));
    lead_out("nib_ready", count, bits_of(manifest, probed.seen, "ready"));
  }
  for (const int s : data) {
    const StreamSeen& stream = streams[static_cast<std::size_t>(s)];
    probed.data.push_back(s);
    probed.data_piece.push_back(pieces_of(probed.dut.monitors));
    lead_out(fmt::format("nib_data_{}", s), stream.width,
             fmt::format("nib_dut_i.{}_data[{} +: {}]", stream.net, stream.index * stream.width,
                         stream.width));
  }
  nib::write_file(wrapper, text.take());
  probed.dut.sources.push_back(std::filesystem::absolute(wrapper).string());
  probed.dut.top = "nib_probe";
  return probed;
}

unsigned handshake(const ProbedDut& probed, const StreamLog& log, std::int64_t t, std::size_t k) {
  const auto monitors = log.monitors(t);
  const auto pieces = static_cast<std::size_t>(pieces_of(static_cast<int>(probed.seen.size())));
  const unsigned valid = monitors[k / 32] >> (k % 32) & 1U;
  const unsigned ready = monitors[pieces + k / 32] >> (k % 32) & 1U;
  return valid | ready << 1;
}

namespace {

/// The words of a frame that each stream in probed.data carried, side by side at its width.
PackedRows words_of(const ProbedDut& probed, const Manifest& manifest, const StreamLog& log,
                    std::size_t d, std::int64_t words) {
  const auto stream = static_cast<std::size_t>(probed.data[d]);
  const int width = manifest.streaming->streams[stream].width;
  const auto k = static_cast<std::size_t>(
      std::find(probed.seen.begin(), probed.seen.end(), probed.data[d]) - probed.seen.begin());
  PackedRows row;
  row.pieces = pieces_of(static_cast<int>(words) * width);
  row.data.assign(static_cast<std::size_t>(row.pieces), 0);
  std::int64_t seen = 0;
  for (std::int64_t t = 0; t < log.cycles() && seen < words; ++t) {
    if (handshake(probed, log, t, k) != 3) continue;
    const auto word = log.monitors(t).subspan(static_cast<std::size_t>(probed.data_piece[d]));
    for (int b = 0; b < width; ++b) {
      const std::int64_t at = seen * width + b;
      if ((word[static_cast<std::size_t>(b / 32)] >> (b % 32) & 1U) != 0) {
        row.data[static_cast<std::size_t>(at / 32)] |= 1U << (at % 32);
      }
    }
    ++seen;
  }
  return row;
}

/// The inputs of one vector as real values.
std::vector<Tensor<double>> values_of(const Oracle& oracle, const Manifest& manifest,
                                      const Vectors& vectors, std::int64_t vector) {
  std::vector<std::int64_t> codes;
  for (std::size_t k = 0; k < manifest.inputs.size(); ++k) {
    for (const Element& e : manifest.inputs[k].word.elements) {
      codes.push_back(get_code(vectors.inputs[k].row(vector), e));
    }
  }
  return oracle.values_of(codes);
}

std::string first_wrong(const ProbedDut& probed, const Manifest& manifest, const StreamLog& log,
                        const CodeRows& golden) {
  std::size_t p = 0;
  for (const LayerProbe& layer : manifest.layers) {
    if (layer.net.empty()) continue;
    const std::vector<BigInt>& expected = golden.layers.at(p++);
    const auto d = static_cast<std::size_t>(
        std::find(probed.data.begin(), probed.data.end(), layer.stream) - probed.data.begin());
    const int width = manifest.streaming->streams[static_cast<std::size_t>(layer.stream)].width;
    const PackedRows words = words_of(probed, manifest, log, d, layer.word.width / width);
    for (std::size_t e = 0; e < layer.word.elements.size(); ++e) {
      const std::int64_t got = get_code(words.row(0), layer.word.elements[e]);
      if (got == expected[e]) continue;
      return fmt::format(
          "tensor {} (stream {}) is the first to go wrong: element {}, got {}, expected {}",
          layer.name, manifest.streaming->streams[static_cast<std::size_t>(layer.stream)].name, e,
          got, to_string(expected[e]));
    }
  }
  return "alone, all streams of this vector are right: the fault lies behind them, or in what "
         "stalls and other frames do";
}

}  // namespace

std::string locate_in_streams(const std::filesystem::path& folder, const Manifest& manifest,
                              Oracle& oracle, const Vectors& vectors, std::int64_t vector,
                              int threads) {
  std::vector<int> data;
  for (const LayerProbe& layer : manifest.layers) {
    const bool known = std::find(data.begin(), data.end(), layer.stream) != data.end();
    if (!layer.net.empty() && !known) data.push_back(layer.stream);
  }
  if (data.empty() || vector < 0) return {};
  try {
    const TempDir temp;
    const ProbedDut probed =
        probed_stream_dut(folder, manifest, temp.path() / "nib_probe.sv", data);
    Bench bench(probed.dut, BenchKind::kAxis, threads);
    bench.verilate();
    bench.compile();
    std::vector<PackedRows> words;
    for (std::size_t i = 0; i < manifest.inputs.size(); ++i) {
      PackedRows row;
      row.pieces = vectors.inputs[i].pieces;
      const auto from = vectors.inputs[i].row(vector);
      row.data.assign(from.begin(), from.end());
      words.push_back(beats_of(manifest.inputs[i], row, 1));
    }
    StreamSchedule schedule{"alone", 1, 0, {}};
    schedule.run(manifest.latency + kSlack, 1);
    const StreamLog log = run_stream(bench, schedule, words);
    const CodeRows golden = oracle.evaluate(values_of(oracle, manifest, vectors, vector), true);
    return first_wrong(probed, manifest, log, golden);
  } catch (const Fault& fault) {
    return "the streams could not be probed: " + fault.text;
  }
}

}  // namespace nib::sim
