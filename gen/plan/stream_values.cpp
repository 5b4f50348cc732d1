// Untimed values, unit by unit.
#include "nib/plan/stream_values.h"

#include <algorithm>

#include "nib/base/check.h"

namespace nib::plan::stream {
namespace {

using Inputs = std::vector<Lanes>;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
std::int64_t size(const Lanes& lanes) { return static_cast<std::int64_t>(lanes.size()); }

std::int64_t clamp_to(std::int64_t v, int bits, Kind kind) {
  const std::int64_t top = std::int64_t{1} << (kind == Kind::kSigned ? bits - 1 : bits);
  return std::clamp(v, kind == Kind::kSigned ? -top : 0, top - 1);
}

std::vector<Lanes> of(const Fifo&, const Inputs& in) { return {in[0]}; }

std::vector<Lanes> of(const Boundary& u, const Inputs& in) {
  Lanes out;
  const int lanes = u.format.lanes, extra = u.end == Boundary::End::kInput ? 1 : 0;
  for (std::int64_t w = 0; (w + 1) * (lanes + extra) <= size(in[0]); ++w) {
    for (int l = 0; l < lanes; ++l) out.push_back(in[0][at(w * (lanes + extra) + l)]);
    if (u.end == Boundary::End::kOutput) out.push_back(w % u.frame == u.frame - 1 ? 1 : 0);
  }
  return {out};
}

std::vector<Lanes> of(const Fork& u, const Inputs& in) {
  return std::vector<Lanes>(u.queues.size(), in[0]);
}

std::vector<Lanes> of(const Add& u, const Inputs& in) {
  Lanes out;
  for (std::size_t i = 0; i < std::min(in[0].size(), in[1].size()); ++i) {
    out.push_back(u.factor_a * in[0][i] + u.factor_b * in[1][i] + u.offset);
  }
  return {out};
}

std::vector<Lanes> of(const Concat& u, const Inputs& in) {
  Lanes out;
  const int a = u.words_a * u.format.lanes, b = u.words_b * u.format.lanes;
  for (std::int64_t i = 0; (i + 1) * a <= size(in[0]) && (i + 1) * b <= size(in[1]); ++i) {
    out.insert(out.end(), in[0].begin() + i * a, in[0].begin() + (i + 1) * a);
    out.insert(out.end(), in[1].begin() + i * b, in[1].begin() + (i + 1) * b);
  }
  return {out};
}

std::vector<Lanes> of(const Width& u, const Inputs& in) {
  Lanes out;
  const std::int64_t stored = (u.frame + u.format.lanes - 1) / u.format.lanes * u.format.lanes;
  for (std::int64_t f = 0; (f + 1) * stored <= size(in[0]); ++f) {
    for (int i = 0; i < u.frame; ++i) out.push_back(in[0][at(f * stored + i)]);
    const std::int64_t zero = u.format.kind == Kind::kBipolar ? -1 : 0;  // the bits are 0
    while (size(out) % u.lanes != 0) out.push_back(zero);
  }
  return {out};
}

std::vector<Lanes> of(const WindowUnit& u, const Inputs& in) {
  const Axis &ay = u.window.rows, &ax = u.window.columns;
  const int lanes = u.format.lanes, pixel = u.window.fold * lanes;
  const std::int64_t frame = u.window.frame_words() * lanes;
  Lanes out;
  const auto word = [&](std::int64_t f, int oy, int ox, int ky, int kx, int c) {
    const int y = oy * ay.stride + ky * ay.dilation - ay.before;
    const int x = ox * ax.stride + kx * ax.dilation - ax.before;
    const bool inside = y >= 0 && y < ay.size && x >= 0 && x < ax.size;
    for (int l = 0; l < lanes; ++l) {
      out.push_back(inside ? in[0][at(f * frame + (y * ax.size + x) * pixel + c * lanes + l)]
                           : u.pad);
    }
  };
  for (std::int64_t f = 0; (f + 1) * frame <= size(in[0]); ++f) {
    for (int oy = 0; oy < ay.positions(); ++oy) {
      for (int ox = 0; ox < ax.positions(); ++ox) {
        for (int c = 0; u.window.channel_outer && c < u.window.fold; ++c) {
          for (int k = 0; k < ay.kernel * ax.kernel; ++k) {
            word(f, oy, ox, k / ax.kernel, k % ax.kernel, c);
          }
        }
        for (int k = 0; !u.window.channel_outer && k < ay.kernel * ax.kernel; ++k) {
          for (int c = 0; c < u.window.fold; ++c) {
            word(f, oy, ox, k / ax.kernel, k % ax.kernel, c);
          }
        }
      }
    }
  }
  return {out};
}

std::vector<Lanes> of(const Patch& u, const Inputs& in) {
  const Axis &ay = u.rows, &ax = u.columns;
  const int lanes = u.format.lanes;
  const std::int64_t frame = std::int64_t{ay.size} * ax.size * lanes;
  Lanes out;
  for (std::int64_t f = 0; (f + 1) * frame <= size(in[0]); ++f) {
    for (int window = 0; window < ay.positions() * ax.positions(); ++window) {
      for (int tap = 0; tap < ay.kernel * ax.kernel; ++tap) {
        const int y = window / ax.positions() * ay.stride + tap / ax.kernel * ay.dilation;
        const int x = window % ax.positions() * ax.stride + tap % ax.kernel * ax.dilation;
        const bool inside =
            y >= ay.before && y < ay.before + ay.size && x >= ax.before && x < ax.before + ax.size;
        for (int l = 0; l < lanes; ++l) {
          const int pixel = (y - ay.before) * ax.size + x - ax.before;
          out.push_back(inside ? in[0][at(f * frame + pixel * lanes + l)] : u.pad);
        }
      }
      const std::int64_t zero = u.format.kind == Kind::kBipolar ? -1 : 0;  // the bits are 0
      while (size(out) % u.lanes != 0) out.push_back(zero);
    }
  }
  return {out};
}

std::vector<Lanes> of(const Mvu& u, const Inputs& in) {
  Lanes out;
  const std::int64_t vector = std::int64_t{u.sf()} * u.format.lanes;
  for (std::int64_t f = 0; (f + 1) * vector <= size(in[0]); ++f) {
    for (int row = 0; row < u.nf() * u.pe; ++row) {
      std::int64_t sum = 0;
      for (int i = 0; i < u.columns; ++i) {
        // A row that only fills up the last word is 0, which a bipolar weight reads as -1.
        const std::int64_t weight = row < u.rows ? u.weights[at(row * u.columns + i)]
                                    : u.weight_kind == Kind::kBipolar ? -1
                                                                      : 0;
        sum += weight * in[0][at(f * vector + i)];
      }
      out.push_back(sum);
    }
  }
  return {out};
}

std::vector<Lanes> of(const ConstMvu& u, const Inputs& in) {
  Lanes out;
  const std::int64_t columns = u.format.lanes;
  for (std::int64_t f = 0; (f + 1) * columns <= size(in[0]); ++f) {
    for (int row = 0; row < u.rows; ++row) {
      std::int64_t sum = 0;
      for (std::int64_t i = 0; i < columns; ++i) {
        sum += u.weights[at(row * columns + i)] * in[0][at(f * columns + i)];
      }
      out.push_back(sum);
    }
  }
  return {out};
}

std::vector<Lanes> of(const Vvu& u, const Inputs& in) {
  Lanes out;
  const int lanes = u.format.lanes;
  const std::int64_t group = std::int64_t{u.taps} * lanes;
  for (std::int64_t g = 0; (g + 1) * group <= size(in[0]); ++g) {
    for (int l = 0; l < lanes; ++l) {
      const std::int64_t channel = g % u.fold() * lanes + l;
      std::int64_t sum = 0;
      for (int k = 0; k < u.taps; ++k) {
        sum += u.weights[at(channel * u.taps + k)] * in[0][at(g * group + k * lanes + l)];
      }
      out.push_back(sum);
    }
  }
  return {out};
}

std::vector<Lanes> of(const Pool& u, const Inputs& in) {
  Lanes out;
  const int pixel = u.fold * u.format.lanes;
  const std::int64_t frame = std::int64_t{u.rows} * u.columns * pixel;
  for (std::int64_t f = 0; (f + 1) * frame <= size(in[0]); ++f) {
    for (int window = 0; window < (u.rows / u.kernel_y) * (u.columns / u.kernel_x); ++window) {
      const int y0 = window / (u.columns / u.kernel_x) * u.kernel_y;
      const int x0 = window % (u.columns / u.kernel_x) * u.kernel_x;
      for (int c = 0; c < pixel; ++c) {
        std::int64_t result = 0;
        for (int k = 0; k < u.kernel_y * u.kernel_x; ++k) {
          const int y = y0 + k / u.kernel_x, x = x0 + k % u.kernel_x;
          const std::int64_t v = in[0][at(f * frame + (y * u.columns + x) * pixel + c)];
          result = k == 0 ? v : u.sum ? result + v : std::max(result, v);
        }
        out.push_back(result);
      }
    }
  }
  return {out};
}

std::vector<Lanes> of(const Threshold& u, const Inputs& in) {
  Lanes out;
  for (std::int64_t i = 0; i < size(in[0]); ++i) {
    const auto first = u.table.begin() + i % (u.fold * u.format.lanes) * u.levels;
    const auto reached = std::count_if(first, first + u.levels,
                                       [&](std::int64_t level) { return in[0][at(i)] >= level; });
    out.push_back(u.bipolar ? (reached > 0 ? 1 : -1) : u.offset + reached);
  }
  return {out};
}

std::vector<Lanes> of(const Scale& u, const Inputs& in) {
  Lanes out;
  for (std::int64_t i = 0; i < size(in[0]); ++i) {
    const std::size_t channel = at(i % (u.fold * u.format.lanes));
    const std::int64_t sum = in[0][at(i)] * u.factors[channel] + u.biases[channel];
    std::int64_t code = sum >> u.shift;
    if (u.half_even && code % 2 != 0 && (code << u.shift) == sum) --code;
    code = clamp_to(code, u.bits, u.kind);
    out.push_back(u.limits ? std::clamp<std::int64_t>(code, u.limits->min, u.limits->max) : code);
  }
  return {out};
}

std::vector<Lanes> of(const Table& u, const Inputs& in) {
  Lanes out;
  const std::int64_t mask = (std::int64_t{1} << u.format.bits) - 1;
  for (const std::int64_t x : in[0]) out.push_back(u.codes[at(x & mask)]);
  return {out};
}

std::vector<Lanes> of(const Upsample& u, const Inputs& in) {
  Lanes out;
  const int pixel = u.fold * u.format.lanes, line = u.columns * pixel;
  for (std::int64_t y = 0; (y + 1) * line <= size(in[0]); ++y) {
    for (int i = 0; i < u.factor_y * u.columns * u.factor_x; ++i) {
      const auto first =
          in[0].begin() + y * line + i % (u.columns * u.factor_x) / u.factor_x * pixel;
      out.insert(out.end(), first, first + pixel);
    }
  }
  return {out};
}

std::vector<Lanes> of(const Argmax& u, const Inputs& in) {
  Lanes out;
  const std::int64_t frame = (u.classes + u.format.lanes - 1) / u.format.lanes * u.format.lanes;
  for (std::int64_t f = 0; (f + 1) * frame <= size(in[0]); ++f) {
    const auto first = in[0].begin() + f * frame;
    out.push_back(std::max_element(first, first + u.classes) - first);
  }
  return {out};
}

std::vector<Lanes> of(const Reorder& u, const Inputs& in) {
  Lanes out;
  const std::int64_t lanes = u.format.lanes, frame = u.words * lanes;
  for (std::int64_t f = 0; (f + 1) * frame <= size(in[0]); ++f) {
    auto fill = u.fill.begin();
    for (const std::int32_t word : u.source) {
      const auto first = word < 0 ? fill : in[0].begin() + f * frame + word * lanes;
      out.insert(out.end(), first, first + lanes);
      if (word < 0) fill += lanes;
    }
  }
  return {out};
}

}  // namespace

std::vector<Lanes> values(const Spec& spec, const std::vector<Lanes>& inputs) {
  return std::visit([&](const auto& unit) { return of(unit, inputs); }, spec);
}

std::vector<Lanes> values(const Design& design, const std::vector<Lanes>& sources) {
  std::vector<Lanes> all(design.formats.size());
  for (std::size_t s = 0; s < sources.size(); ++s) {
    all[at(design.network.sources[s])] = sources[s];
  }
  for (const Unit& unit : design.units) {
    std::vector<Lanes> inputs;
    for (const int channel : unit.inputs) inputs.push_back(all[at(channel)]);
    std::vector<Lanes> outputs = values(unit.spec, inputs);
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      all[at(unit.outputs[o])] = std::move(outputs[o]);
    }
  }
  return all;
}

}  // namespace nib::plan::stream
