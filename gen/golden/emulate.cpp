// Emulation of whole files.
#include "nib/golden/emulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/base/check.h"
#include "nib/base/error.h"

namespace nib::golden {
namespace {

/// The arrays in the order of the graph's inputs.
std::vector<const NamedArray*> match_inputs(const graph::Graph& graph,
                                            const std::vector<NamedArray>& arrays) {
  std::vector<const NamedArray*> matched(graph.inputs.size(), nullptr);
  std::string names;
  for (const graph::GraphInput& input : graph.inputs) {
    names += (names.empty() ? "" : ", ") + graph.value(input.value).name;
  }
  for (const NamedArray& array : arrays) {
    std::size_t at = 0;
    if (array.name.empty()) {
      if (graph.inputs.size() != 1) {
        fail(ErrorCode::E216, fmt::format("the array needs a name: the inputs are {}", names));
      }
    } else {
      while (at < matched.size() && graph.value(graph.inputs[at].value).name != array.name) ++at;
    }
    if (at == matched.size()) {
      fail(ErrorCode::E216, fmt::format("\"{}\"; the inputs are {}", array.name, names));
    }
    if (matched[at] != nullptr) {
      fail(ErrorCode::E216,
           fmt::format("two arrays for \"{}\"", graph.value(graph.inputs[at].value).name));
    }
    matched[at] = &array;
  }
  for (std::size_t k = 0; k < matched.size(); ++k) {
    if (matched[k] != nullptr) continue;
    fail(ErrorCode::E216,
         fmt::format("no array for \"{}\"", graph.value(graph.inputs[k].value).name), {},
         "give --input NAME=FILE for every input");
  }
  return matched;
}

/// Values of port codes. Where code * scale is no double, the input's type gives the exact value
/// back from the nearest one: `rounds` is set.
Tensor<double> values_of(const graph::Graph& graph, const graph::GraphInput& input,
                         const Tensor<std::int64_t>& codes, const PortWords& words, bool& rounds) {
  const std::string& name = graph.value(input.value).name;
  const std::size_t period = std::max(words.scale.size(), words.offset.size());
  NIB_CHECK(period > 0 && !words.scale.empty() && !words.offset.empty(), "words of " + name);
  Tensor<double> values(codes.shape);
  const auto size = static_cast<std::size_t>(element_count(graph.value(input.value).shape));
  for (std::size_t i = 0; i < values.data.size(); ++i) {
    const Rational& scale = words.scale[words.scale.size() == 1 ? 0 : i % words.scale.size()];
    const Rational& offset = words.offset[words.offset.size() == 1 ? 0 : i % words.offset.size()];
    const std::int64_t code = codes.data[i];
    if (!words.range.empty() && !words.range[i % words.range.size()].contains(code)) {
      fail(ErrorCode::E107, fmt::format("element {} of \"{}\" is {}: not in {}", i, name, code,
                                        to_string(words.range[i % words.range.size()])));
    }
    if (input.type) {
      const Range range =
          input.type->ranges.empty() ? input.type->type.range() : input.type->ranges.at(i % size);
      if (input.type->type.scale == scale && offset == 0 && !range.contains(code)) {
        fail(ErrorCode::E107,
             fmt::format("element {} of \"{}\" is {}: not in {}", i, name, code, to_string(range)));
      }
    }
    const Rational value = scale * to_rational(code) + offset;
    values.data[i] = to_double(value);
    if (exact(values.data[i]) == value) continue;
    if (!input.type || input.type->type.scale != scale || offset != 0) {
      fail(ErrorCode::E107,
           fmt::format("element {} of \"{}\" is {}: its value {} is no float64", i, name, code,
                       to_string(value)),
           {}, "give the input a type with this scale");
    }
    rounds = true;
  }
  return values;
}

std::string output_bytes(const Reals& reals, const PortWords& words, const std::string& name) {
  std::int64_t bad = -1;
  auto codes = codes_of(reals, words.scale, words.offset, bad);
  NIB_CHECK(codes.has_value(), fmt::format("element {} of {} is off its grid", bad, name));
  return npy_bytes(Tensor<BigInt>(reals.value.shape, std::move(*codes)), words.bits);
}

std::string value_bytes(const Reals& reals, const std::string& name) {
  for (std::size_t i = 0; i < reals.error.size(); ++i) {
    if (std::isfinite(reals.error[i])) continue;
    fail(ErrorCode::E408, fmt::format("element {} of \"{}\"", i, name));
  }
  return npy_bytes(reals.value);
}

}  // namespace

NamedArray read_named_array(std::string name, const std::filesystem::path& file) {
  return {std::move(name), read_npy(file), file.string()};
}

namespace {

EmulateResult evaluate(const graph::Graph& graph, const EmulateRequest& request) {
  const std::vector<const NamedArray*> matched = match_inputs(graph, request.inputs);
  NIB_CHECK(request.input_words.empty() || request.input_words.size() == matched.size(),
            "words of every input or of none");
  NIB_CHECK(request.output_words.empty() || request.output_words.size() == graph.outputs.size(),
            "words of every output or of none");
  std::vector<graph::ValueId> keep = graph.outputs;
  for (std::size_t k = 0; k < request.output_words.size(); ++k) {
    const std::string& carried = request.output_words[k].tensor;
    if (carried.empty()) continue;
    keep[k] = graph.find(carried);
    NIB_CHECK(keep[k] != graph::kNone, "a tensor of the graph on the port");
  }
  for (const std::string& name : request.tensors) {
    keep.push_back(graph.find(name));
    if (keep.back() == graph::kNone) {
      fail(ErrorCode::E218, fmt::format("\"{}\"", name));
    }
  }
  Options options = request.options;
  bool rounds = false;
  std::vector<Tensor<double>> values;
  for (std::size_t k = 0; k < matched.size(); ++k) {
    with_file(matched[k]->file, [&] {
      values.push_back(request.input_words.empty()
                           ? to_reals(matched[k]->array)
                           : values_of(graph, graph.inputs[k], to_integers(matched[k]->array),
                                       request.input_words[k], rounds));
    });
  }
  options.round_input = options.round_input || rounds;
  Evaluator evaluator(graph, options);
  std::vector<double> spacing(keep.size(), 0);
  for (std::size_t k = 0; k < request.output_words.size(); ++k) {
    spacing[k] = least_spacing(request.output_words[k].scale, request.output_words[k].offset);
  }
  const std::vector<Reals> results = evaluator.run(values, keep, spacing);
  EmulateResult result;
  for (std::size_t k = 0; k < results.size(); ++k) {
    if (k >= graph.outputs.size()) {
      result.tensors.push_back(value_bytes(results[k], graph.value(keep[k]).name));
    } else if (request.output_words.empty()) {
      result.outputs.push_back(value_bytes(results[k], graph.value(keep[k]).name));
    } else {
      result.outputs.push_back(
          output_bytes(results[k], request.output_words[k], graph.value(keep[k]).name));
    }
  }
  const Shape& first = results[0].value.shape;
  result.rows = graph.batched && !first.empty() ? first[0] : 1;
  result.ties = evaluator.ties();
  result.differences = evaluator.float32_differences();
  result.rounded_inputs = rounds ? 0 : evaluator.rounded_inputs();
  return result;
}

}  // namespace

EmulateResult emulate(const graph::Graph& graph, const EmulateRequest& request) {
  try {
    return evaluate(graph, request);
  } catch (Error& error) {
    // Errors of the first hundred are about the arrays.
    if (static_cast<int>(error.code()) >= 200) error.set_file(graph.source_file);
    throw;
  }
}

std::string ties_text(const std::vector<Tie>& ties) {
  std::string text = fmt::format("{:<14} {:>12} {:>16}  {}\n", "nearest tie", "exact ties",
                                 "by rationals", "quantiser");
  for (const Tie& tie : ties) {
    const std::string distance =
        std::isfinite(tie.distance) ? fmt::format("{:.6g}", tie.distance) : "none";
    text += fmt::format("{:<14} {:>12} {:>16}  {}\n", distance, tie.exact_ties, tie.decided_exactly,
                        tie.name);
  }
  return text;
}

std::string differences_text(const std::vector<Float32Difference>& differences, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(most, differences.size()); ++i) {
    const Float32Difference& d = differences[i];
    text += fmt::format("row {} of {} element {}: exact {}, float32 {}, {:.6g} from a tie\n", d.row,
                        d.tensor, d.element, d.exact, d.float32, d.tie_distance);
  }
  return text + fmt::format("{} quantised values differ in float32\n", differences.size());
}

}  // namespace nib::golden
