// The top: nets of the streams, instances of the units, monitors.
#include "top_text.h"

#include <fmt/format.h>

#include "nib/base/file.h"

namespace nib::test {

using namespace plan::stream;

namespace {

std::size_t words_of(int bits) { return static_cast<std::size_t>((bits + 31) / 32); }

constexpr std::int64_t kFileBits = 256;  // of a table that may be a file

/// Writes a ROM's table as a file for $readmemh.
void write_table(const Parameter& p, const std::string& path) {
  std::string text = "// A word a line, the first is word 0.\n";
  const std::int64_t width = p.table.size() / p.rom_words;
  for (std::int64_t w = 0; w < p.rom_words; ++w) text += p.table.hex(w * width, width) + "\n";
  write_file(path, text);
}

std::string parameters(const ModuleUse& use, const std::string& file, bool to_file) {
  std::string text;
  for (const Parameter& p : use.parameters) {
    const std::string comma = text.empty() ? "" : ",\n";
    if (to_file && p.rom_words > 0 && p.table.size() > kFileBits) {
      write_table(p, file);
      text += fmt::format("{}    .Inline(1'b0),\n    .File(\"{}\")", comma, file);
      continue;
    }
    text += fmt::format("{}    .{}({})", comma, p.name,
                        p.table.size() > 0 ? p.table.literal() : std::to_string(p.value));
  }
  return text;
}

class Text {
 public:
  Text(const Design& design, std::size_t number, const Layout& places, const std::string& folder)
      : design_(design), number_(number), places_(places), folder_(folder) {}

  std::string make() {
    for (std::size_t c = 0; c < design_.formats.size(); ++c) {
      if (design_.network.channels[c].is_ring) continue;
      text_ += fmt::format("  logic {0}_v, {0}_r;\n  logic [{1}:0] {0}_d;\n",
                           net(static_cast<int>(c)), design_.formats[c].width() - 1);
    }
    for (std::size_t s = 0; s < design_.network.sources.size(); ++s) source(s);
    for (const Unit& unit : design_.units) instance(unit);
    for (std::size_t s = 0; s < design_.network.sinks.size(); ++s) {
      text_ += fmt::format("  assign {}_r = sink_ready_i[{}];\n", net(design_.network.sinks[s]),
                           places_.sinks[number_][s]);
    }
    for (std::size_t c = 0; c < design_.formats.size(); ++c) monitor(c);
    return std::move(text_);
  }

 private:
  std::string net(int channel) const { return fmt::format("g{}_s{}", number_, channel); }
  bool last(int channel) const { return design_.formats[static_cast<std::size_t>(channel)].last; }

  void source(std::size_t s) {
    const Layout::Place& place = places_.sources[number_][s];
    const std::string name = net(design_.network.sources[s]);
    text_ += fmt::format("  assign {}_v = source_valid_i[{}];\n", name, place.index);
    text_ += fmt::format("  assign {}_d = source_data_i[{} +: {}];\n", name, place.word * 32,
                         place.bits);
    const std::size_t rest = words_of(place.bits) * 32 - static_cast<std::size_t>(place.bits);
    if (rest == 0) return;
    text_ += fmt::format("  logic unused_{0};\n  assign unused_{0} = ^source_data_i[{1} +: {2}];\n",
                         name, place.word * 32 + static_cast<std::size_t>(place.bits), rest);
  }

  void monitor(std::size_t c) {
    const Layout::Place& place = places_.streams[number_][c];
    if (design_.network.channels[c].is_ring) return;
    const std::string name = net(static_cast<int>(c));
    text_ += fmt::format("  assign valid_o[{}] = {}_v;\n", place.index, name);
    text_ += fmt::format("  assign ready_o[{}] = {}_r;\n", place.index, name);
    text_ += fmt::format("  assign data_o[{} +: {}] = {}'({}_d);\n", place.word * 32,
                         words_of(place.bits) * 32, words_of(place.bits) * 32, name);
  }

  /// The data bits of a stream without tlast, padded to bytes.
  static std::string axis_data(const Format& f, const std::string& name) {
    const int bits = f.width() - 1, padding = (8 - bits % 8) % 8;
    const std::string data = fmt::format("{}_d[{}:0]", name, bits - 1);
    return padding == 0 ? data : fmt::format("{{{}'d0, {}}}", padding, data);
  }

  std::string input(const std::string& prefix, int channel) const {
    const std::string name = net(channel);
    const Format& f = design_.formats[static_cast<std::size_t>(channel)];
    if (f.last) {
      return fmt::format(
          "    .s_axis_tvalid({0}_v), .s_axis_tready({0}_r), .s_axis_tdata({1}),\n"
          "    .s_axis_tlast({0}_d[{2}]),\n",
          name, axis_data(f, name), f.width() - 1);
    }
    return fmt::format("    .{0}_valid_i({1}_v), .{0}_ready_o({1}_r), .{0}_data_i({1}_d),\n",
                       prefix, name);
  }

  std::string output(const ModuleUse& use, const Unit& unit) {
    const std::string name = net(unit.outputs[0]);
    if (use.module == "nib_fork") {
      std::string valid, ready, data;
      for (const int channel : unit.outputs) {
        const std::string comma = valid.empty() ? "" : ", ";
        valid = net(channel) + "_v" + comma + valid;
        ready = net(channel) + "_r" + comma + ready;
        data = net(channel) + "_d" + comma + data;
      }
      return fmt::format("    .out_valid_o({{{}}}), .out_ready_i({{{}}}), .out_data_o({{{}}})",
                         valid, ready, data);
    }
    const Format& f = design_.formats[static_cast<std::size_t>(unit.outputs[0])];
    if (f.last) {
      const int bits = f.width() - 1, padding = (8 - bits % 8) % 8;
      std::string data = fmt::format("{}_d[{}:0]", name, bits - 1);
      if (padding > 0) {
        text_ += fmt::format("  logic [{}:0] unused_{}_pad;\n", padding - 1, name);
        data = fmt::format("{{unused_{}_pad, {}}}", name, data);
      }
      return fmt::format(
          "    .m_axis_tvalid({0}_v), .m_axis_tready({0}_r), .m_axis_tdata({1}),\n"
          "    .m_axis_tlast({0}_d[{2}])",
          name, data, bits);
    }
    return fmt::format("    .{0}_valid_o({1}_v), .{0}_ready_i({1}_r), .{0}_data_o({1}_d)",
                       use.output, name);
  }

  /// The array of constants beside a unit: products of what it is given, as late as the unit says.
  std::string array(const ConstMvu& u, const std::string& name) {
    const bool whole = u.digits() == 1;
    const int digit = whole ? u.format.bits : u.digit;
    const int digits = u.format.lanes * digit, sums = u.rows * u.sum_bits;
    text_ += fmt::format("  logic [{1}:0] {0}_digits;\n  logic [{2}:0] {0}_sums0;\n", name,
                         digits - 1, sums - 1);
    for (int r = 0; r < u.rows; ++r) {
      std::string sum;
      for (int c = 0; c < u.format.lanes; ++c) {
        const std::string lane = fmt::format("{}_digits[{} +: {}]", name, c * digit, digit);
        std::string x = fmt::format("32'({})", lane);
        if (whole && u.format.kind == Kind::kSigned) x = fmt::format("32'($signed({}))", lane);
        if (whole && u.format.kind == Kind::kBipolar) x = fmt::format("(2 * {} - 1)", x);
        const auto weight = u.weights[static_cast<std::size_t>(r * u.format.lanes + c)];
        sum += fmt::format("{}({}) * {}", c > 0 ? " + " : "", weight, x);
      }
      text_ += fmt::format("  assign {0}_sums0[{1} +: {2}] = {2}'({3});\n", name, r * u.sum_bits,
                           u.sum_bits, sum);
    }
    for (int l = 1; l <= u.latency; ++l) {
      text_ += fmt::format(
          "  logic [{1}:0] {0}_sums{2};\n  always_ff @(posedge clk_i) {0}_sums{2} <= "
          "{0}_sums{3};\n",
          name, sums - 1, l, l - 1);
    }
    return fmt::format("    .core_in_data_o({0}_digits), .core_out_data_i({0}_sums{1}),\n", name,
                       u.latency);
  }

  void instance(const Unit& unit) {
    const ModuleUse use = module_use(unit.spec);
    std::string ports = fmt::format("    .clk_i, .rst_i(rst_i[{}]),\n", number_);
    for (std::size_t i = 0; i < unit.inputs.size(); ++i)
      ports += input(use.inputs[i], unit.inputs[i]);
    if (const auto* wired = std::get_if<ConstMvu>(&unit.spec)) {
      ports += array(*wired, fmt::format("g{}_{}", number_, unit.name));
    }
    ports += output(use, unit);
    text_ += fmt::format("  {} #(\n{}\n  ) u_g{}_{} (\n{}\n  );\n", use.module,
                         parameters(use, fmt::format("{}/g{}_{}.mem", folder_, number_, unit.name),
                                    number_ % 2 == 1),
                         number_, unit.name, ports);
  }

  const Design& design_;
  std::size_t number_;
  const Layout& places_;
  const std::string& folder_;
  std::string text_;
};

}  // namespace

Layout layout(const std::vector<RandomDesign>& designs) {
  Layout l;
  for (const RandomDesign& random : designs) {
    const Design& design = random.design;
    auto& streams = l.streams.emplace_back();
    for (std::size_t c = 0; c < design.formats.size(); ++c) {
      Layout::Place place;
      if (!design.network.channels[c].is_ring) {
        place = {l.stream_count++, l.stream_words, design.formats[c].width()};
        l.stream_words += words_of(place.bits);
      }
      streams.push_back(place);
    }
    auto& sources = l.sources.emplace_back();
    for (const int channel : design.network.sources) {
      const int bits = design.formats[static_cast<std::size_t>(channel)].width();
      sources.push_back({l.source_count++, l.source_words, bits});
      l.source_words += words_of(bits);
    }
    auto& sinks = l.sinks.emplace_back();
    for (std::size_t s = 0; s < design.network.sinks.size(); ++s) sinks.push_back(l.sink_count++);
  }
  return l;
}

std::string top_text(const std::vector<RandomDesign>& designs, const std::string& top,
                     const std::string& folder) {
  const Layout l = layout(designs);
  std::string text = fmt::format(
      "// Random streaming designs side by side, for the comparison with their models.\n"
      "module {} (\n  input  logic clk_i,\n  input  logic [{}:0] rst_i,\n"
      "  input  logic [{}:0] source_valid_i,\n  input  logic [{}:0] source_data_i,\n"
      "  input  logic [{}:0] sink_ready_i,\n  output logic [{}:0] valid_o,\n"
      "  output logic [{}:0] ready_o,\n  output logic [{}:0] data_o\n);\n",
      top, designs.size() - 1, l.source_count - 1, l.source_words * 32 - 1, l.sink_count - 1,
      l.stream_count - 1, l.stream_count - 1, l.stream_words * 32 - 1);
  for (std::size_t d = 0; d < designs.size(); ++d) {
    text += fmt::format("\n  // Design {}\n", designs[d].design.network.name);
    text += Text(designs[d].design, d, l, folder).make();
  }
  return text + fmt::format("\nendmodule : {}\n", top);
}

}  // namespace nib::test
