// Golden values as codes of ports and layers.
#include "nib/sim/oracle.h"

#include <fmt/format.h>

#include <cmath>

#include "nib/base/error.h"
#include "nib/base/file.h"
#include "nib/import/import.h"

namespace nib::sim {
namespace {

/// The scale as a double where code * scale is exact for every code of the element, else 0.
double exact_scale(const Element& e) {
  if (e.offset != 0 || e.bits == 0 || !is_dyadic(e.scale)) return 0;
  if (mpz_sizeinbase(e.scale.get_num_mpz_t(), 2) + static_cast<std::size_t>(e.bits) > 53) return 0;
  const double scale = to_double(e.scale);
  return std::isnormal(scale) && std::abs(scale) > 1e-200 && std::abs(scale) < 1e200 ? scale : 0;
}

}  // namespace

graph::Graph read_source(const std::filesystem::path& folder, const Manifest& m) {
  if (m.model.empty()) {
    fail(ErrorCode::E909, "the manifest names no model to compare with", {},
         "only builds from a model can be verified");
  }
  const std::filesystem::path file = file_inside(folder, m.model.string());
  const std::string bytes = nib::read_file(file);
  const std::string hash = sha256(bytes);
  if (hash != m.source_sha256) {
    fail(ErrorCode::E904, fmt::format("{} has SHA-256 {}, the manifest says {}", m.model.string(),
                                      hash, m.source_sha256));
  }
  importer::Options options;
  options.argmax = m.argmax;
  for (const InputTypeText& entry : m.input_types) {
    options.input_types.emplace_back(entry.name, graph::InputType{entry.type, entry.ranges});
  }
  return importer::read_model(file, options);
}

graph::ValueId tensor_of(const graph::Graph& graph, const Word& word, const std::string& what) {
  const graph::ValueId id = graph.find(word.tensor);
  if (id == graph::kNone) {
    fail(ErrorCode::E909,
         fmt::format("{} carries tensor \"{}\", which the model does not hold", what, word.tensor));
  }
  const std::int64_t size = element_count(graph.value(id).shape);
  if (size != static_cast<std::int64_t>(word.elements.size())) {
    fail(ErrorCode::E909, fmt::format("{} has {} elements, tensor \"{}\" has {}", what,
                                      word.elements.size(), word.tensor, size));
  }
  return id;
}

Oracle::Oracle(const graph::Graph& graph, const Manifest& manifest, bool round_input)
    : manifest_(manifest), evaluator_(graph, {false, round_input}) {
  if (manifest.inputs.size() != graph.inputs.size() ||
      manifest.outputs.size() != graph.outputs.size()) {
    fail(ErrorCode::E909, fmt::format("the manifest has {} inputs and {} outputs, the model {} and "
                                      "{}",
                                      manifest.inputs.size(), manifest.outputs.size(),
                                      graph.inputs.size(), graph.outputs.size()));
  }
  const auto add = [&](const Word& word, const std::string& what) {
    Grid grid{&word, {}, {}};
    for (const Element& e : word.elements) {
      grid.scale.push_back(e.scale);
      grid.offset.push_back(e.offset);
    }
    spacing_.push_back(golden::least_spacing(grid.scale, grid.offset));
    grids_.push_back(std::move(grid));
    keep_.push_back(tensor_of(graph, word, what));
  };
  for (std::size_t k = 0; k < manifest.inputs.size(); ++k) {
    const PortWord& port = manifest.inputs[k];
    const Shape& shape = graph.value(graph.inputs[k].value).shape;
    if (element_count(shape) != static_cast<std::int64_t>(port.word.elements.size())) {
      fail(ErrorCode::E909, fmt::format("input {} has {} elements, the model's has shape {}",
                                        port.name, port.word.elements.size(), to_string(shape)));
    }
    add(port.word, "input " + port.name);
    for (const Element& e : port.word.elements) {
      elements_.push_back(e);
      fast_scale_.push_back(exact_scale(e));
    }
  }
  for (const PortWord& port : manifest.outputs) add(port.word, "output " + port.name);
  for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
    if (manifest.layers[i].net.empty()) continue;
    layer_of_grid_.push_back(i);
    add(manifest.layers[i].word, "layer " + manifest.layers[i].name);
  }
}

std::vector<BigInt> Oracle::codes(const golden::Reals& reals, const Grid& grid,
                                  const std::string& what) const {
  std::int64_t bad = 0;
  const auto n = static_cast<std::int64_t>(grid.word->elements.size());
  auto result = golden::codes_of(reals, grid.scale, grid.offset, bad);
  if (!result) {
    throw Fault{fmt::format(
        "the golden value {} of {}[{}] is off the manifest's grid ({} * code + "
        "{})",
        reals.value[bad], what, bad % n, to_string(grid.scale[static_cast<std::size_t>(bad % n)]),
        to_string(grid.offset[static_cast<std::size_t>(bad % n)]))};
  }
  for (std::size_t i = 0; i < result->size(); ++i) {
    const std::size_t e = i % static_cast<std::size_t>(n);
    const Range& range = grid.word->elements[e].range;
    if (!grid.word->elements[e].live) continue;
    if (!range.contains((*result)[i])) {
      throw Fault{fmt::format("golden needs code {} at {}[{}], the manifest allows {}",
                              to_string((*result)[i]), what, e, to_string(range))};
    }
  }
  return std::move(*result);
}

CodeRows Oracle::evaluate(std::span<const Tensor<double>> inputs, bool layers) {
  const std::size_t ports = manifest_.inputs.size() + manifest_.outputs.size();
  const std::size_t wanted = layers ? keep_.size() : ports;
  const auto reals =
      evaluator_.run(inputs, std::span(keep_).first(wanted), std::span(spacing_).first(wanted));
  CodeRows rows;
  for (std::size_t i = 0; i < wanted; ++i) {
    if (i < manifest_.inputs.size()) {
      rows.inputs.push_back(codes(reals[i], grids_[i], "input " + manifest_.inputs[i].name));
    } else if (i < ports) {
      const PortWord& port = manifest_.outputs[i - manifest_.inputs.size()];
      rows.outputs.push_back(codes(reals[i], grids_[i], "output " + port.name));
    } else {
      const LayerProbe& layer = manifest_.layers[layer_of_grid_[i - ports]];
      rows.layers.push_back(codes(reals[i], grids_[i], "layer " + layer.name));
    }
  }
  const std::size_t n = manifest_.inputs[0].word.elements.size();
  rows.rows = n == 0 ? 0 : static_cast<std::int64_t>(rows.inputs[0].size() / n);
  return rows;
}

std::vector<Tensor<double>> Oracle::values_of(std::span<const std::int64_t> codes) const {
  const std::size_t total = elements_.size();
  const std::size_t rows = total == 0 ? 0 : codes.size() / total;
  std::vector<Tensor<double>> tensors;
  std::size_t first = 0;
  for (std::size_t k = 0; k < manifest_.inputs.size(); ++k) {
    const std::size_t n = manifest_.inputs[k].word.elements.size();
    Tensor<double> values(Shape{static_cast<std::int64_t>(rows), static_cast<std::int64_t>(n)});
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t e = first + i;
        const std::int64_t code = codes[r * total + e];
        values.data[r * n + i] =
            fast_scale_[e] != 0
                ? static_cast<double>(code) * fast_scale_[e]
                : to_double(elements_[e].scale * to_rational(code) + elements_[e].offset);
      }
    }
    tensors.push_back(std::move(values));
    first += n;
  }
  return tensors;
}

}  // namespace nib::sim
