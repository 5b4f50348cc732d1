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
  Word word;
};

/// A layer that verify can look into.
struct LayerProbe {
  std::string name, module;
  std::string net;  ///< in the top; empty: the layer has no probe
  int stage = 0;    ///< cycles behind the input port
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
