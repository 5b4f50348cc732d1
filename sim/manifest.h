// The manifest of a build folder, read with distrust: sim's only knowledge of the design.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nib/num/port_type.h"
#include "nib/num/range.h"
#include "nib/num/rational.h"
#include "nib/num/tensor.h"

namespace nib::sim {

/// One element of a word: value = scale * code + offset, code in bits lsb .. lsb + bits - 1.
struct Element {
  int lsb = 0;
  int bits = 0;  ///< 0: a constant outside the word, its value is `offset`
  bool is_signed = false;
  Rational scale = 1;
  Rational offset = 0;
  Range range;       ///< of the codes: "min" and "max", else all codes of the bits
  bool live = true;  ///< "live": false where nobody reads it: not built, nothing to compare
};

/// A packed word: a port of the top or a layer's output.
struct Word {
  std::string tensor;  ///< graph tensor whose value it carries; empty: none
  Shape shape;         ///< without the batch axis
  std::vector<Element> elements;
  int width = 1;  ///< bits
};

struct PortWord {
  std::string name;  ///< of the graph's input or output
  std::string port, valid;
  Word word;  ///< of a streaming design: all beats of a frame side by side
  // AXI4-Stream ends of streaming designs.
  std::string ready, last;
  std::int64_t beats = 1;  ///< of a frame
  int beat_width = 0;      ///< bits of a beat before it is padded to bytes
  int channel = 0;         ///< of the network
};

/// A layer that verify can look into.
struct LayerProbe {
  std::string name, module;
  std::string net;  ///< in the top; empty: the layer has no probe
  int stage = 0;    ///< cycles behind the input port
  int stream = -1;  ///< of a streaming design: its words side by side are `word`
  Word word;
};

struct InputTypeText {
  std::string name;
  PortType type;
  std::vector<Range> ranges;
};

/// What `nib make stream-fifo` states of its design.
struct StreamShape {
  int width = 0, depth = 0;
};

/// A stream of a streaming design, in the order of the network's channels.
struct StreamSeen {
  std::string name;
  int width = 1;
  std::string net;  ///< <net>_valid, <net>_ready, <net>_data in the top; empty: not to be seen
  int index = 0;    ///< which of several in these nets
};

/// What only streaming designs have.
struct Streaming {
  std::filesystem::path network;  ///< relative to the folder: processes and channels as text
  std::vector<StreamSeen> streams;
  /// From frame first_state on, `cycles` cycles for every `frames` frames.
  std::int64_t first_state = 0, frames = 1, cycles = 1;
};

struct Manifest {
  std::string name, top, style;
  std::string core;        ///< module between valid and valid; equals top where nothing wraps it
  bool axis = false;       ///< top has AXI4-Stream ends
  std::string clock;       ///< clk_i
  std::string reset;       ///< of the top; empty: none
  std::string core_reset;  ///< of the core: one behind AXI4-Stream ends may lack it
  std::string source_file, source_sha256;
  std::filesystem::path model;  ///< relative to the folder; empty where the build has none
  bool argmax = false;
  std::vector<InputTypeText> input_types;
  int latency = 0, interval = 1;
  std::optional<int> wrapped_latency;
  std::vector<PortWord> inputs, outputs;
  std::vector<LayerProbe> layers;
  std::optional<StreamShape> stream;
  std::optional<Streaming> streaming;
};

/// Longest pipeline that verify believes.
inline constexpr int kMaxLatency = 4096;

/// Reads `folder`/manifest.json. Errors: E0901 no manifest, E0902 damaged, E0903 contradictory,
/// E0908 a style that cannot be verified.
[[nodiscard]] Manifest read_manifest(const std::filesystem::path& folder);
/// The same from text, for tests.
[[nodiscard]] Manifest parse_manifest(std::string_view text);

/// Writes `json` (an object) as the manifest's "verified", by a temporary file and a rename.
void record_verified(const std::filesystem::path& folder, const std::string& json);

/// `relative` below `folder`; E0907 where it is absolute, leads out of it or is no regular file.
[[nodiscard]] std::filesystem::path file_inside(const std::filesystem::path& folder,
                                                const std::string& relative);
/// The sources named by rtl/files.f, relative to the folder, in order. E0907.
[[nodiscard]] std::vector<std::string> design_sources(const std::filesystem::path& folder);

}  // namespace nib::sim
