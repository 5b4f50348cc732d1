// Steps of convolutions: patches of x times the weights of a group, as integers where that is
// proven exact.
#include <algorithm>
#include <cmath>
#include <utility>

#include "nib/base/check.h"
#include "nib/golden/integer_form.h"
#include "nib/golden/multiply.h"
#include "nib/golden/state.h"
#include "nib/golden/windows.h"

namespace nib::golden {
namespace {

/// Elements of the patches that are made at once.
constexpr std::int64_t kPatchElements = 1 << 17;

/// Weights of one group as a matrix: lines (tap, input channel), columns output channels.
std::vector<double> group_matrix(const Convolution& c, const std::vector<double>& w,
                                 std::int64_t group) {
  std::vector<double> matrix;
  matrix.reserve(static_cast<std::size_t>(c.map.taps * c.inputs * c.outputs));
  for (std::int64_t tap = 0; tap < c.map.taps; ++tap) {
    for (std::int64_t i = 0; i < c.inputs; ++i) {
      for (std::int64_t o = 0; o < c.outputs; ++o) {
        matrix.push_back(w[static_cast<std::size_t>(group * c.w_group + i * c.w_in + o * c.w_out +
                                                    tap * c.w_tap)]);
      }
    }
  }
  return matrix;
}

/// x of one image with the channels behind the positions, each element changed by `f`.
template <class T, class F>
void channels_last(const Convolution& c, const double* x, std::vector<T>& out, F f) {
  const std::int64_t channels = c.groups * c.inputs;
  out.resize(static_cast<std::size_t>(c.map.inputs * channels));
  for (std::int64_t i = 0; i < channels; ++i) {
    for (std::int64_t s = 0; s < c.map.inputs; ++s) {
      out[static_cast<std::size_t>(s * channels + i)] =
          static_cast<T>(f(i, x[i * c.x_channel + s * c.x_position]));
    }
  }
}

/// One line of k elements per position from `first` on; zeros in the padding.
template <class T>
void make_patches(const Convolution& c, const std::vector<T>& x, std::int64_t group,
                  std::int64_t first, std::int64_t count, std::vector<T>& patches) {
  const std::int64_t channels = c.groups * c.inputs;
  patches.resize(static_cast<std::size_t>(count * c.map.taps * c.inputs));
  T* to = patches.data();
  for (std::int64_t position = first; position < first + count; ++position) {
    for (std::int64_t tap = 0; tap < c.map.taps; ++tap, to += c.inputs) {
      const std::int32_t s = c.map.at(position, tap);
      if (s < 0) {
        std::fill_n(to, c.inputs, T{});
      } else {
        std::copy_n(x.data() + s * channels + group * c.inputs, c.inputs, to);
      }
    }
  }
}

/// Multiplies one image; `put(group, output, position, sum)` takes the results.
template <class T>
struct Engine {
  std::vector<PackedMatrix<T>> weights;  ///< per group
  std::vector<T> lines;                  ///< depthwise: the groups' weights of each tap
  std::vector<T> x, patches, sums;

  /// The weights of one more group (group_matrix).
  void add(const Convolution& c, std::int64_t group, const std::vector<double>& matrix) {
    if (!is_depthwise(c)) {
      weights.emplace_back(c.map.taps * c.inputs, c.outputs, matrix);
      return;
    }
    lines.resize(static_cast<std::size_t>(c.map.taps * c.groups));
    for (std::int64_t tap = 0; tap < c.map.taps; ++tap) {
      lines[static_cast<std::size_t>(tap * c.groups + group)] =
          static_cast<T>(matrix[static_cast<std::size_t>(tap)]);
    }
  }

  static bool is_depthwise(const Convolution& c) {
    return c.groups > 1 && c.inputs == 1 && c.outputs == 1;
  }

  /// All groups at once, tap by tap.
  template <class Put>
  void run_depthwise(const Convolution& c, Put put) {
    const auto groups = static_cast<std::size_t>(c.groups);
    const std::int64_t most = std::max<std::int64_t>(1, kPatchElements / c.groups);
    for (std::int64_t first = 0; first < c.map.positions; first += most) {
      const std::int64_t count = std::min(most, c.map.positions - first);
      sums.assign(static_cast<std::size_t>(count) * groups, T{});
      for (std::int64_t p = 0; p < count; ++p) {
        T* to = sums.data() + p * c.groups;
        for (std::int64_t tap = 0; tap < c.map.taps; ++tap) {
          const std::int32_t s = c.map.at(first + p, tap);
          if (s < 0) continue;
          const T* from = x.data() + s * c.groups;
          const T* line = lines.data() + tap * c.groups;
          for (std::size_t g = 0; g < groups; ++g) to[g] += from[g] * line[g];
        }
      }
      for (std::int64_t g = 0; g < c.groups; ++g) {
        for (std::int64_t p = 0; p < count; ++p) {
          put(g, 0, first + p, sums[static_cast<std::size_t>(p * c.groups + g)]);
        }
      }
    }
  }

  template <class Put>
  void run(const Convolution& c, Put put) {
    if (is_depthwise(c)) return run_depthwise(c, put);
    const std::int64_t k = c.map.taps * c.inputs;
    const std::int64_t most = std::max<std::int64_t>(4, kPatchElements / std::max(k, c.outputs));
    for (std::int64_t group = 0; group < c.groups; ++group) {
      for (std::int64_t first = 0; first < c.map.positions; first += most) {
        const std::int64_t count = std::min(most, c.map.positions - first);
        make_patches(c, x, group, first, count, patches);
        sums.resize(static_cast<std::size_t>(count * c.outputs));
        multiply(patches.data(), count, weights[static_cast<std::size_t>(group)], sums.data());
        for (std::int64_t o = 0; o < c.outputs; ++o) {
          for (std::int64_t p = 0; p < count; ++p) {
            put(group, o, first + p, sums[static_cast<std::size_t>(p * c.outputs + o)]);
          }
        }
      }
    }
  }
};

/// The exact integer form: units per input channel, a unit per output channel.
struct ExactForm {
  std::vector<Unit> x_unit;
  std::vector<Multiple> column;
  std::vector<std::vector<double>> matrix;  ///< per group
  bool fits_float = true;
};

std::optional<ExactForm> exact_form(const Convolution& c, const Block& x, const Block& w) {
  if (!x.lattice || !x.exact || !w.exact || x.constant) return std::nullopt;
  std::vector<Multiple> hulls;
  for (std::int64_t channel = 0; channel < c.groups * c.inputs; ++channel) {
    Multiple m;
    for (std::int64_t image = 0; image < c.images; ++image) {
      for (std::int64_t s = 0; s < c.map.inputs; ++s) {
        m = hull(m, (*x.lattice)[static_cast<std::size_t>(
                        image * c.x_image + channel * c.x_channel + s * c.x_position)]);
      }
    }
    hulls.push_back(m);
  }
  ExactForm form;
  for (const Multiple& m : hulls) form.x_unit.push_back(m.unit);
  for (std::int64_t group = 0; group < c.groups; ++group) {
    std::vector<Multiple> lines;
    for (std::int64_t tap = 0; tap < c.map.taps; ++tap) {
      lines.insert(lines.end(), hulls.begin() + group * c.inputs,
                   hulls.begin() + (group + 1) * c.inputs);
    }
    auto own = integer_form(lines, c.outputs, group_matrix(c, w.value, group));
    if (!own) return std::nullopt;
    form.column.insert(form.column.end(), own->column.begin(), own->column.end());
    form.matrix.push_back(std::move(own->matrix));
    form.fits_float = form.fits_float && own->fits_float;
  }
  return form;
}

template <class T>
Step exact_step(const Convolution& c, const ExactForm& form, Block& x, Block& out) {
  Engine<T> engine;
  for (std::size_t group = 0; group < form.matrix.size(); ++group) {
    engine.add(c, static_cast<std::int64_t>(group), form.matrix[group]);
  }
  const std::vector<ToMultiple> to(form.x_unit.begin(), form.x_unit.end());
  std::vector<double> scale;
  for (const Multiple& m : form.column) scale.push_back(m.unit.is_zero() ? 0 : to_double(m.unit));
  return [c, engine, to, scale, &x, &out](std::int64_t rows) mutable {
    out.resize(rows);
    for (std::int64_t image = 0; image < rows * c.images; ++image) {
      channels_last(
          c, x.value.data() + image * c.x_image, engine.x,
          [&](std::int64_t i, double value) { return to[static_cast<std::size_t>(i)](value); });
      engine.run(c, [&](std::int64_t group, std::int64_t o, std::int64_t position, T sum) {
        const std::int64_t channel = group * c.outputs + o;
        const auto at = static_cast<std::size_t>(image * c.y_image + channel * c.y_channel +
                                                 position * c.y_position);
        const double value = static_cast<double>(sum) * scale[static_cast<std::size_t>(channel)];
        out.value[at] = value;
        // The unit and the product may round, once each.
        if (!out.exact) out.error[at] = std::abs(value) * 0x1p-51;
      });
    }
  };
}

/// What the bound of a sum needs of one group: per position of x its largest magnitude and error.
struct Reach {
  std::vector<double> largest, error;  ///< positions of x times groups

  void set(const Convolution& c, const double* values, const double* errors) {
    const auto size = static_cast<std::size_t>(c.map.inputs * c.groups);
    largest.assign(size, 0.0);
    error.assign(size, 0.0);
    for (std::int64_t channel = 0; channel < c.groups * c.inputs; ++channel) {
      for (std::int64_t s = 0; s < c.map.inputs; ++s) {
        const std::int64_t at = channel * c.x_channel + s * c.x_position;
        const auto to = static_cast<std::size_t>(s * c.groups + channel / c.inputs);
        largest[to] = std::max(largest[to], std::abs(values[at]));
        if (errors != nullptr) error[to] = std::max(error[to], errors[at]);
      }
    }
  }
};

/// Doubles as they are, with the k-term bound of Higham's "Accuracy and Stability", section 3.1.
Step bounded_step(const Convolution& c, Block& x, Block& w, Block& out) {
  Engine<double> engine;
  std::vector<double> magnitude, doubt;  // per output channel
  const double gamma = static_cast<double>(c.map.taps * c.inputs + 8) * 0x1p-52;
  const auto columns = static_cast<std::size_t>(c.outputs);
  for (std::int64_t group = 0; group < c.groups; ++group) {
    const std::vector<double> matrix = group_matrix(c, w.value, group);
    std::vector<double> sums(columns), doubts(columns);
    for (std::size_t i = 0; i < matrix.size(); ++i) sums[i % columns] += std::abs(matrix[i]);
    if (!w.exact) {
      const std::vector<double> errors = group_matrix(c, w.error, group);
      for (std::size_t i = 0; i < errors.size(); ++i) doubts[i % columns] += errors[i];
    }
    for (std::size_t i = 0; i < columns; ++i) {
      magnitude.push_back(sums[i] * (1 + gamma));  // these sums have rounded too
      doubt.push_back(doubts[i] * (1 + gamma));
    }
    engine.add(c, group, matrix);
  }
  return [c, engine, magnitude, doubt, gamma, &x, &out,
          reach = Reach()](std::int64_t rows) mutable {
    out.resize(rows);
    const std::int64_t images = c.images * (out.constant ? 1 : rows);
    for (std::int64_t image = 0; image < images; ++image) {
      const std::int64_t base = image * c.x_image;
      channels_last(c, x.value.data() + base, engine.x,
                    [](std::int64_t, double value) { return value; });
      reach.set(c, x.value.data() + base, x.exact ? nullptr : x.error.data() + base);
      engine.run(c, [&](std::int64_t group, std::int64_t o, std::int64_t position, double sum) {
        double largest = 0, error = 0;
        for (std::int64_t tap = 0; tap < c.map.taps; ++tap) {
          const std::int32_t s = c.map.at(position, tap);
          if (s < 0) continue;
          const auto from = static_cast<std::size_t>(s * c.groups + group);
          largest = std::max(largest, reach.largest[from]);
          error = std::max(error, reach.error[from]);
        }
        const std::int64_t channel = group * c.outputs + o;
        const auto j = static_cast<std::size_t>(channel);
        const auto at = static_cast<std::size_t>(image * c.y_image + channel * c.y_channel +
                                                 position * c.y_position);
        // The tiny term covers products below the smallest normal number.
        const Approx y = widened(sum, (gamma * largest + error) * magnitude[j] +
                                          (largest + error) * doubt[j] * (1 + gamma) + 0x1p-1000);
        out.value[at] = y.value;
        out.error[at] = y.error;
      });
    }
  };
}

/// Weights that depend on inputs, term by term.
Step general_step(const Convolution& c, Block& x, Block& w, Block& out) {
  return [c, &x, &w, &out](std::int64_t rows) {
    out.resize(rows);
    std::vector<Convolution::Term> terms;
    for (std::int64_t e = 0; e < out.size; ++e) {
      c.terms_of(c.place_of(e), terms);
      for (std::int64_t r = 0; r < (out.constant ? 1 : rows); ++r) {
        Approx sum;
        for (const auto& term : terms) sum = sum + x.at(r, term.x) * w.at(r, term.w);
        out.set(r, e, sum);
      }
    }
  };
}

Step compile_sums(const Convolution& c, Block& x, Block& w, Block& out) {
  // A constant x beside a row-dependent out would need a row stride; it is rare.
  if (!w.constant || x.constant != out.constant) return general_step(c, x, w, out);
  const auto form = exact_form(c, x, w);
  if (!form) return bounded_step(c, x, w, out);
  Lattice lattice;
  for (std::int64_t e = 0; e < out.size; ++e) {
    const Convolution::Place place = c.place_of(e);
    lattice.push_back(
        form->column[static_cast<std::size_t>(place.group * c.outputs + place.output)]);
  }
  out.exact = all_doubles(lattice);
  out.lattice = std::move(lattice);
  return form->fits_float ? exact_step<float>(c, *form, x, out)
                          : exact_step<double>(c, *form, x, out);
}

/// Runs a constant's step at once, else keeps it.
void add_step(Step step, Block& made, std::vector<Step>& steps) {
  if (!made.constant) {
    steps.push_back(std::move(step));
    return;
  }
  step(1);
  State::settle_constant(made);
}

}  // namespace

Step compile_convolution(State& state, graph::NodeId id, std::vector<Step>& steps) {
  const graph::Node& node = state.graph.node(id);
  Block& x = state.block(node.inputs[0]);
  Block& w = state.block(node.inputs[1]);
  Block& out = state.block(node.outputs[0]);
  const Convolution c = *forms_of(state.graph, node).convolution;
  if (node.inputs.size() < 3 || node.inputs[2] == graph::kNone) {
    return compile_sums(c, x, w, out);
  }
  Block& sums = state.temporary(out.shape, x.constant && w.constant);
  add_step(compile_sums(c, x, w, sums), sums, steps);
  // The bias with ones for the axes behind the channels.
  Block& bias = state.block(node.inputs[2]);
  Shape shape{bias.size};
  if (c.y_position == 1) shape.insert(shape.end(), out.shape.size() - 2, 1);
  Block& column = state.temporary(shape, bias.constant);
  column.exact = bias.exact;
  column.lattice = bias.lattice;
  add_step(
      [&bias, &column](std::int64_t) {
        column.value = bias.value;
        column.error = bias.error;
      },
      column, steps);
  return compile_binary(sums, column, out, Binary::kAdd);
}

}  // namespace nib::golden
