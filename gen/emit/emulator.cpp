// The emulator header: an integer graph as one self-contained C++17 header.
#include <fmt/format.h>

#include <limits>
#include <utility>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/base/version.h"
#include "nib/emit/emit.h"
#include "nib/emit/emulator_kernels.h"
#include "nib/emit/emulator_layer.h"
#include "nib/emit/emulator_text.h"
#include "nib/emit/emulator_wide.h"
#include "nib/emit/emulator_window.h"

namespace nib::emit {
namespace {

using lower::IntegerGraph;
using lower::Node;
using lower::Value;
using lower::ValueId;

/// Of the codes of these values.
Range codes_of(const IntegerGraph& graph, const std::vector<ValueId>& ids) {
  Range all{0, 0};
  for (const ValueId id : ids) {
    for (const Range& range : graph.value(id).range) all = hull(all, range);
  }
  return all;
}

std::string port_table(const IntegerGraph& graph, const std::vector<ValueId>& ids,
                       const std::vector<std::string>& names, const std::string& what) {
  std::string text;
  const Range all = codes_of(graph, ids);
  const char* code = is_wide(all) ? "WideCode" : "Code";
  std::int64_t total = 0;
  std::string rows;
  std::string lookup;
  std::size_t first = 0;
  for (std::size_t k = 0; k < ids.size(); ++k) {
    const Value& value = graph.value(ids[k]);
    text += fmt::format("// {} {}: \"{}\", {}, elements in C order.\n", what, k, comment(names[k]),
                        to_string(value.shape));
    for (std::size_t g = 0; g < value.scale.size(); ++g) {
      rows += fmt::format("    {{{}, {}, \"{}\", \"{}\"}},\n", literal(value.range[g].min, all),
                          literal(value.range[g].max, all), to_string(value.scale[g]),
                          to_string(value.offset[g]));
    }
    const std::int64_t end = total + value.elements();
    const std::string group = group_expression(value.grouping, value.elements());
    lookup +=
        fmt::format("  if (e < {}) {{\n    {}return k{}Codes[{} + ({})];\n  }}\n", end,
                    total == 0 ? "" : fmt::format("e -= {};\n    ", total), what, first, group);
    first += value.scale.size();
    total = end;
  }
  text += fmt::format("inline constexpr std::size_t k{}s = {};\n", what, total);
  text += fmt::format("inline constexpr {} k{}Codes[] = {{\n{}}};\n", code, what, rows);
  text +=
      fmt::format("constexpr const {}& {}_code(std::size_t e) {{\n{}  return k{}Codes[0];\n}}\n",
                  code, what == "Input" ? "input" : "output", lookup, what);
  return text;
}

/// The type of an output's codes.
std::string output_type(const IntegerGraph& graph) {
  return is_wide(codes_of(graph, graph.outputs)) ? "OutputCode" : "std::int64_t";
}

/// A few rows of codes: least, largest, then pseudo-random ones.
struct TestRows {
  std::vector<Tensor<std::int64_t>> inputs;
  std::vector<Tensor<BigInt>> outputs;
  std::int64_t rows = 0;
};
TestRows test_rows(const IntegerGraph& graph) {
  TestRows test;
  std::int64_t elements = 0;
  for (const ValueId id : graph.inputs) elements += graph.value(id).elements();
  test.rows = elements > 1024 ? 3 : 6;
  std::uint64_t state = 0x9e3779b97f4a7c15U;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    Tensor<std::int64_t> codes({test.rows, value.elements()});
    for (std::int64_t i = 0; i < codes.size(); ++i) {
      const Range range = value.range_of(i % value.elements());
      state = state * 6364136223846793005U + 1442695040888963407U;
      const auto width =
          static_cast<std::uint64_t>(static_cast<std::int64_t>(range.max - range.min)) + 1;
      codes[i] = range.min + static_cast<std::int64_t>((state >> 20) % width);
      if (i / value.elements() == 0) codes[i] = range.min;
      if (i / value.elements() == 1) codes[i] = range.max;
    }
    test.inputs.push_back(std::move(codes));
  }
  test.outputs = lower::execute_wide(graph, test.inputs, graph.outputs);
  return test;
}

std::string self_test(const IntegerGraph& graph) {
  const TestRows test = test_rows(graph);
  std::vector<std::int64_t> in;
  std::vector<BigInt> out;
  const auto append_row = [&](const auto& tensors, std::int64_t row, auto& all) {
    for (const auto& codes : tensors) {
      const std::int64_t n = codes.size() / test.rows;
      const auto first = codes.data.begin() + row * n;
      all.insert(all.end(), first, first + n);
    }
  };
  for (std::int64_t row = 0; row < test.rows; ++row) {
    append_row(test.inputs, row, in);
    append_row(test.outputs, row, out);
  }
  const std::string code = output_type(graph);
  const char* expected = code == "std::int64_t" ? "kTestOut[row * kOutputs + e]"
                                                : "OutputCode(kTestOut[row * kOutputs + e])";
  return fmt::format(
      "// Rows of codes with the outputs of nib's integer graph.\n{}{}"
      "\n// True where run() gives what nib's integer graph gives.\n"
      "inline bool self_test() {{\n"
      "  for (std::size_t row = 0; row < {}; ++row) {{\n"
      "    std::int32_t in_codes[kInputs];\n"
      "    {} out_codes[kOutputs];\n"
      "    for (std::size_t e = 0; e < kInputs; ++e) in_codes[e] = kTestIn[row * kInputs + e];\n"
      "    run(in_codes, out_codes);\n"
      "    for (std::size_t e = 0; e < kOutputs; ++e) {{\n"
      "      if (out_codes[e] != {}) return false;\n"
      "    }}\n"
      "  }}\n"
      "  return true;\n"
      "}}\n",
      integers("kTestIn", in), integers("kTestOut", out), test.rows, code, expected);
}

std::string run_function(const IntegerGraph& graph, const std::string& code) {
  const std::string type = output_type(graph);
  std::string text = fmt::format(
      "// One inference: kInputs codes in, kOutputs codes out; inputs and outputs in order, each "
      "in\n"
      "// C order. Codes outside of input_code(e) have no meaning.\n"
      "inline void run(const std::int32_t* in_codes, {}* out_codes) {{\n",
      type);
  std::int64_t at = 0;
  for (const ValueId id : graph.inputs) {
    text += fmt::format("  const std::int32_t* x{} = in_codes + {};  // {}, {}\n", id, at,
                        comment(graph.value(id).name), to_string(graph.value(id).shape));
    at += graph.value(id).elements();
  }
  text += code;
  at = 0;
  for (const ValueId id : graph.outputs) {
    const std::int64_t n = graph.value(id).elements();
    const std::string out =
        type == "std::int64_t" ? fmt::format("x{}[e]", id) : fmt::format("OutputCode(x{}[e])", id);
    text +=
        fmt::format("  for (std::size_t e = 0; e < {}; ++e) out_codes[{} + e] = {};\n", n, at, out);
    at += n;
  }
  for (const ValueId id : graph.inputs) text += fmt::format("  static_cast<void>(x{});\n", id);
  return text + "}\n";
}

}  // namespace

std::string emulator_header(const IntegerGraph& graph, const std::string& name) {
  for (const ValueId id : graph.inputs) {
    for (const Range& range : graph.value(id).range) {
      if (bits_for(range) > 32 || range.max > std::numeric_limits<std::int32_t>::max()) {
        with_file(graph.source_file, [&] {
          fail(ErrorCode::E503, "input codes of over 32 bits", graph.value(id).name);
        });
      }
    }
  }
  std::string tables, code;
  bool windows = false;
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<lower::Input>(node.op)) continue;
    windows = windows || std::holds_alternative<lower::Conv>(node.op) ||
              std::holds_alternative<lower::MaxPool>(node.op);
    const EmulatorLayer layer = write_emulator_layer(graph, node);
    tables += "\n" + layer.tables;
    code += layer.code;
  }
  std::string body =
      "// A code's range and what it means: value = scale * code + offset, both exact.\n"
      "struct Code {\n"
      "  std::int64_t min, max;\n"
      "  const char* scale;\n"
      "  const char* offset;\n"
      "};\n\n";
  const Range codes = codes_of(graph, graph.outputs);
  if (is_wide(codes)) {
    body += fmt::format(
        "// Codes of the outputs: two's complement, the lowest 64 bits in limb[0].\n"
        "using OutputCode = {0};\n"
        "struct WideCode {{\n"
        "  OutputCode min, max;\n"
        "  const char* scale;\n"
        "  const char* offset;\n"
        "}};\n\n",
        type_for(codes));
  }
  body += port_table(graph, graph.inputs, graph.input_names, "Input") + "\n";
  body += port_table(graph, graph.outputs, graph.output_names, "Output") + "\n";
  body += kEmulatorKernels;
  if (windows) body += kWindowKernels;
  body += tables + "\n" + run_function(graph, code) + "\n" + self_test(graph);
  if (body.find("detail::Wide<") != std::string::npos) body = std::string(kWideKernels) + body;
  const std::string space = "nib_" + identifier(name);
  std::string text = fmt::format(
      "// {}: bit-exact emulator of the network, integers only, C++17, no allocation.\n"
      "// Made by {} from {}{}.\n",
      comment(name), kGenerator, comment(graph.source_file.empty() ? "a graph" : graph.source_file),
      graph.sha256.empty() ? "" : fmt::format(" (SHA-256 {}...)", graph.sha256.substr(0, 16)));
  for (const std::string& note : graph.notes) text += fmt::format("// Note: {}\n", comment(note));
  text += fmt::format(
      "#pragma once\n\n#include <array>\n#include <cstddef>\n#include <cstdint>\n\n"
      "namespace {} {{\ninline namespace v{} {{\n\n",
      space, sha256(body).substr(0, 8));
  text += body;
  return text + fmt::format("\n}}  // inline namespace\n}}  // namespace {}\n", space);
}

}  // namespace nib::emit
