// Walking the graph symbolically. Only the structure is decided here (which element depends on
// which, and whether linearly); what a step function yields is asked from golden.
#include "nib/sim/segment.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

#include "nib/base/error.h"
#include "nib/golden/geometry.h"
#include "nib/golden/golden.h"
#include "nib/golden/quantise.h"
#include "nib/golden/windows.h"

namespace nib::sim {
namespace {

using Kind = GraphElement::Kind;

/// The element that stands for a product or quotient by a constant, a sum with one, ...
GraphElement affine(RationalForm form) {
  GraphElement e;
  e.kind = Kind::kAffine;
  e.form = std::move(form);
  return e;
}

bool is_constant(const GraphElement& e) { return e.kind == Kind::kAffine && e.form.terms.empty(); }

bool is_zero(const GraphElement& e) { return is_constant(e) && e.form.constant == 0; }

/// An elementwise function of `x`, element `index` of tensor `value`.
GraphElement step_of(const GraphElement& x, graph::ValueId value, std::int64_t index,
                     bool monotone) {
  GraphElement y = x;
  y.ends.reset();  // those are of x
  y.limits.reset();
  if (x.kind == Kind::kAffine) {
    y.kind = Kind::kStep;
    y.root = {value, index};
    y.monotone = monotone;
  } else if (x.kind == Kind::kStep || x.kind == Kind::kMax) {
    if (x.kind == Kind::kMax && x.root.first == graph::kNone) y.root = {value, index};
    y.monotone = x.monotone && monotone;
  } else {
    y = GraphElement{};
  }
  return y;
}

GraphElement without_ends(GraphElement x) {
  x.ends.reset();
  x.limits.reset();
  return x;
}

/// a * x + b * y of two elements.
GraphElement sum_of(const GraphElement& x, const Rational& a, const GraphElement& y,
                    const Rational& b) {
  if (x.kind == Kind::kAffine && y.kind == Kind::kAffine) {
    return affine(combine(x.form, a, y.form, b));
  }
  const auto moved_index = [](GraphElement index, const Rational& factor, const Rational& add) {
    index.index_scale *= factor;
    index.index_offset = factor * index.index_offset + add;
    return index;
  };
  if (x.kind == Kind::kArgMax && is_constant(y) && a != 0) {
    return moved_index(x, a, b * y.form.constant);
  }
  if (y.kind == Kind::kArgMax && is_constant(x) && b != 0) {
    return moved_index(y, b, a * x.form.constant);
  }
  // A shift or scaling by a constant keeps a step function one of the same root.
  if (x.kind == Kind::kStep && is_constant(y) && a != 0) return without_ends(x);
  if (y.kind == Kind::kStep && is_constant(x) && b != 0) return without_ends(y);
  return {};
}

GraphElement product_of(const GraphElement& x, const GraphElement& y) {
  if (is_constant(y)) return sum_of(x, y.form.constant, affine({}), 1);
  if (is_constant(x)) return sum_of(y, x.form.constant, affine({}), 1);
  return {};
}

GraphElement quotient_of(const GraphElement& x, const GraphElement& y) {
  if (!is_constant(y) || y.form.constant == 0) return {};
  return sum_of(x, 1 / y.form.constant, affine({}), 1);
}

/// A sum of products of which one side is constant and the other affine.
class Sum {
 public:
  void add(const GraphElement& x, const GraphElement& y) {
    if (is_zero(x) || is_zero(y)) return;
    const bool right = is_constant(y);
    const GraphElement& form = right ? x : y;
    if ((!right && !is_constant(x)) || form.kind != Kind::kAffine) linear_ = false;
    if (!linear_) return;
    const Rational& factor = right ? y.form.constant : x.form.constant;
    for (const auto& [variable, value] : form.form.terms) terms_[variable] += value * factor;
    constant_ += form.form.constant * factor;
  }
  [[nodiscard]] GraphElement result() const {
    if (!linear_) return {};
    RationalForm sum;
    sum.constant = constant_;
    for (const auto& [variable, value] : terms_) {
      if (value != 0) sum.terms.emplace_back(variable, value);
    }
    return affine(std::move(sum));
  }

 private:
  std::map<int, Rational> terms_;
  Rational constant_ = 0;
  bool linear_ = true;
};

/// Rows of `a` times columns of `b` (rank 2 seen from the last two axes; one side constant).
GraphElements product_sum(const GraphElements& a, const GraphElements& b, std::int64_t rows,
                          std::int64_t inner, std::int64_t columns, bool trans_a, bool trans_b) {
  GraphElements result;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) {
      Sum sum;
      for (std::int64_t k = 0; k < inner; ++k) {
        sum.add(a[static_cast<std::size_t>(trans_a ? k * rows + r : r * inner + k)],
                b[static_cast<std::size_t>(trans_b ? c * inner + k : k * columns + c)]);
      }
      result.push_back(sum.result());
    }
  }
  return result;
}

/// Index of the input element that each output element of a transpose takes.
std::vector<std::int64_t> transposed(const Shape& from, const std::vector<int>& perm) {
  const auto strides = strides_of(from);
  Shape to;
  for (const int axis : perm) to.push_back(from[static_cast<std::size_t>(axis)]);
  const std::int64_t count = element_count(to);
  const auto out_strides = strides_of(to);
  std::vector<std::int64_t> index(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t at = 0;
    for (std::size_t d = 0; d < perm.size(); ++d) {
      const std::int64_t k = i / out_strides[d] % to[d];
      at += k * strides[static_cast<std::size_t>(perm[d])];
    }
    index[static_cast<std::size_t>(i)] = at;
  }
  return index;
}

/// The operators of one node, over the elements of its inputs.
class NodeWalk {
 public:
  NodeWalk(const graph::Graph& graph, const graph::Node& node, SegmentView& view)
      : graph_(graph), node_(node), view_(view) {}

  GraphElements operator()(const graph::Quant& op) {
    GraphElements y = steps(true);
    const golden::QuantTable table(op, shape(0), node_.name);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const golden::QuantEntry& entry =
          table.entries()[table.entry_of(static_cast<std::int64_t>(i))];
      // One code, whatever comes.
      if (entry.low != entry.high) continue;
      y[i] = affine({{}, golden::dequantised(op, entry, entry.low)});
    }
    return y;
  }
  GraphElements operator()(const graph::BipolarQuant&) { return steps(true); }
  GraphElements operator()(const graph::MultiThreshold&) { return steps(true); }
  GraphElements operator()(const graph::BatchNormalization&) { return steps(true); }
  GraphElements operator()(const graph::Relu&) { return limited({Rational(0), std::nullopt}); }
  GraphElements operator()(const graph::LeakyRelu& op) { return steps(op.alpha >= 0); }
  GraphElements operator()(const graph::Clip& op) {
    GraphElement::Limits limits;
    if (std::isfinite(op.low)) limits.low = exact(op.low);
    if (std::isfinite(op.high)) limits.high = exact(op.high);
    return limited(limits);
  }
  GraphElements operator()(const graph::Pow&) { return steps(false); }
  GraphElements operator()(const graph::Conv&) { return convolution(); }
  GraphElements operator()(const graph::ConvTranspose&) { return convolution(); }
  GraphElements operator()(const graph::MaxPool&) { return largest(false); }
  GraphElements operator()(const graph::AveragePool&) { return means(true); }
  GraphElements operator()(const graph::QuantAvgPool&) { return shifted_sums(); }
  GraphElements operator()(const graph::Reduce& op) {
    switch (op.kind) {
      case graph::ReduceKind::kMean:
        return means(true);
      case graph::ReduceKind::kSum:
        return means(false);
      case graph::ReduceKind::kMax:
        return largest(false);
      case graph::ReduceKind::kMin:
        return largest(true);
    }
    return nothing();
  }
  GraphElements operator()(const graph::Unary& op) {
    return steps(op.kind != graph::UnaryKind::kAbs && op.kind != graph::UnaryKind::kHardSwish &&
                 op.alpha >= 0);
  }
  GraphElements operator()(const graph::PRelu&) { return steps(false); }
  GraphElements operator()(const graph::Trunc&) { return steps(true); }
  GraphElements operator()(const graph::FloatQuant&) { return steps(true); }
  GraphElements operator()(const graph::Take& op) {
    const GraphElements& x = input(0);
    const Shape& out = graph_.value(node_.outputs[0]).shape;
    GraphElements y;
    for (std::int64_t e = 0; e < element_count(out); ++e) {
      const std::int64_t from = golden::take_at(op, shape(0), out, e);
      y.push_back(from < 0 ? affine({{}, exact(op.fill)}) : x[static_cast<std::size_t>(from)]);
    }
    return y;
  }
  GraphElements operator()(const graph::TopK& op) {
    GraphElements y;
    const Shape& out = graph_.value(node_.outputs[0]).shape;
    for (std::int64_t e = 0; e < element_count(out); ++e) {
      const golden::Lane lane = golden::topk_lane(op, shape(0), e);
      std::vector<std::int64_t> elements;
      for (std::int64_t i = 0; i < lane.count; ++i) {
        elements.push_back(lane.first + i * lane.stride);
      }
      if (op.k == 1) {
        y.push_back(choice(op.values ? Kind::kMax : Kind::kArgMax, elements, !op.largest));
        continue;
      }
      y.push_back(choice(Kind::kRank, elements, !op.largest));
      y.back().rank = static_cast<std::size_t>(golden::index_on_axis(out, op.axis, e));
      y.back().values = op.values;
    }
    return y;
  }
  GraphElements operator()(const graph::Softmax&) { return nothing(); }
  GraphElements operator()(const graph::Reshape&) { return input(0); }

  GraphElements operator()(const graph::Add&) {
    return binary([](const GraphElement& x, const GraphElement& y) { return sum_of(x, 1, y, 1); });
  }
  GraphElements operator()(const graph::Sub&) {
    return binary([](const GraphElement& x, const GraphElement& y) { return sum_of(x, 1, y, -1); });
  }
  GraphElements operator()(const graph::Mul&) { return binary(product_of); }
  GraphElements operator()(const graph::Div&) { return binary(quotient_of); }
  GraphElements operator()(const graph::Neg&) {
    GraphElements result;
    const GraphElements& x = view_.reduced(node_.inputs[0]);
    for (std::size_t i = 0; i < x.size(); ++i) {
      result.push_back(x[i].kind == Kind::kMax
                           ? step_of(x[i], node_.inputs[0], static_cast<std::int64_t>(i), true)
                           : sum_of(x[i], -1, affine({}), 1));
    }
    return result;
  }

  GraphElements operator()(const graph::MatMul&) {
    const Shape &a = shape(0), &b = shape(1);
    if (a.empty() || b.size() > 2 || b.empty()) return nothing();
    const std::int64_t inner = a.back(), columns = b.size() == 2 ? b[1] : 1;
    if (inner == 0) return nothing();
    return product_sum(settled(0), settled(1), element_count(a) / inner, inner, columns, false,
                       false);
  }

  GraphElements operator()(const graph::Gemm& op) {
    const Shape& a = shape(0);
    if (a.size() != 2 || shape(1).size() != 2) return nothing();
    const std::int64_t rows = a[op.trans_a ? 1 : 0], inner = a[op.trans_a ? 0 : 1];
    const std::int64_t columns = shape(1)[op.trans_b ? 0 : 1];
    GraphElements y =
        product_sum(settled(0), settled(1), rows, inner, columns, op.trans_a, op.trans_b);
    const bool has_c = node_.inputs.size() > 2 && node_.inputs[2] != graph::kNone;
    const GraphElements c = has_c ? settled(2) : GraphElements{affine({})};
    const Shape c_shape = has_c ? shape(2) : Shape{1};
    const auto index = broadcast_index(c_shape, {rows, columns});
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] = sum_of(y[i], exact(op.alpha), c[static_cast<std::size_t>(index[i])], exact(op.beta));
    }
    return y;
  }

  GraphElements operator()(const graph::Transpose& op) {
    const GraphElements& x = input(0);
    GraphElements y;
    for (const std::int64_t i : transposed(shape(0), op.perm)) {
      y.push_back(x[static_cast<std::size_t>(i)]);
    }
    return y;
  }

  GraphElements operator()(const graph::Concat& op) {
    const Shape& out = graph_.value(node_.outputs[0]).shape;
    const auto rank = static_cast<int>(out.size());
    const auto axis = static_cast<std::size_t>(op.axis < 0 ? op.axis + rank : op.axis);
    const std::int64_t outer = std::accumulate(out.begin(), out.begin() + static_cast<long>(axis),
                                               std::int64_t{1}, std::multiplies<>());
    GraphElements y;
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::size_t k = 0; k < node_.inputs.size(); ++k) {
        const GraphElements& x = input(k);
        const std::int64_t block = static_cast<std::int64_t>(x.size()) / outer;
        y.insert(y.end(), x.begin() + o * block, x.begin() + (o + 1) * block);
      }
    }
    return y;
  }

  GraphElements operator()(const graph::ArgMax& op) {
    const Shape& in = shape(0);
    const auto rank = static_cast<int>(in.size());
    const auto axis = static_cast<std::size_t>(op.axis < 0 ? op.axis + rank : op.axis);
    const auto strides = strides_of(in);
    const GraphElements& x = settled(0);
    const std::int64_t length = in[axis], step = strides[axis];
    GraphElements y;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(x.size()); ++i) {
      if (i / step % length != 0) continue;
      GraphElement e;
      e.kind = Kind::kArgMax;
      for (std::int64_t k = 0; k < length; ++k) {
        const GraphElement& candidate = x[static_cast<std::size_t>(i + k * step)];
        if (candidate.kind != Kind::kAffine) e.kind = Kind::kOther;
        e.candidates.push_back(candidate.form);
      }
      y.push_back(std::move(e));
    }
    return y;
  }

 private:
  /// The largest (smallest, where `negated`) of elements of the input, or its index.
  GraphElement choice(Kind kind, const std::vector<std::int64_t>& elements, bool negated) {
    const GraphElements& x = settled(0);
    GraphElement e;
    e.kind = kind;
    e.negated = negated;
    for (const std::int64_t i : elements) {
      const GraphElement& candidate = x[static_cast<std::size_t>(i)];
      if (candidate.kind != Kind::kAffine) e.kind = Kind::kOther;
      const RationalForm form =
          negated ? combine(candidate.form, -1, RationalForm{}, 0) : candidate.form;
      if (kind == Kind::kMax && is_constant(candidate)) {
        e.floor = e.floor ? std::max(*e.floor, form.constant) : form.constant;
      } else {
        e.candidates.push_back(form);
      }
    }
    if (e.kind != Kind::kMax || (!e.candidates.empty() && (e.candidates.size() > 1 || e.floor))) {
      return e;
    }
    const RationalForm only = e.candidates.empty() ? RationalForm{{}, *e.floor} : e.candidates[0];
    return affine(negated ? combine(only, -1, RationalForm{}, 0) : only);
  }
  // Golden is asked with the whole sum in the first element of the window, zeros in the others:
  // of windows that share no element at once.
  GraphElements shifted_sums() {
    const GraphElements sums = means(false);
    const auto forms = golden::forms_of(graph_, node_);
    std::set<std::int64_t> covered;
    for (const std::int64_t i : forms.fan->source) covered.insert(i);
    const bool apart = covered.size() == forms.fan->source.size();
    GraphElements y;
    for (std::size_t e = 0; e < sums.size(); ++e) {
      const std::int64_t begin = forms.fan->first[e];
      if (sums[e].kind != Kind::kAffine || begin == forms.fan->first[e + 1]) {
        y.emplace_back();
        continue;
      }
      y.push_back(step_of(sums[e], node_.inputs[0],
                          forms.fan->source[static_cast<std::size_t>(begin)], true));
      y.back().group = apart ? 1 + node_.outputs[0] : GraphElement::kAlone;
    }
    return y;
  }
  // Sums of products, each of a constant and an affine element.
  GraphElements convolution() {
    const auto forms = golden::forms_of(graph_, node_);
    if (!forms.convolution) return nothing();
    const GraphElements &x = settled(0), &w = settled(1);
    const bool has_bias = node_.inputs.size() > 2 && node_.inputs[2] != graph::kNone;
    GraphElements y;
    std::vector<golden::Convolution::Term> terms;
    const std::int64_t count = element_count(graph_.value(node_.outputs[0]).shape);
    for (std::int64_t e = 0; e < count; ++e) {
      const auto place = forms.convolution->place_of(e);
      forms.convolution->terms_of(place, terms);
      Sum sum;
      for (const auto& t : terms) {
        sum.add(x[static_cast<std::size_t>(t.x)], w[static_cast<std::size_t>(t.w)]);
      }
      if (has_bias) {
        const std::int64_t channel = place.group * forms.convolution->outputs + place.output;
        sum.add(input(2)[static_cast<std::size_t>(channel)], affine({{}, 1}));
      }
      y.push_back(sum.result());
    }
    return y;
  }
  // Over the window, or the axes, of each element.
  template <class Make>
  GraphElements over_fan(Make make) {
    const auto forms = golden::forms_of(graph_, node_);
    if (!forms.fan) return nothing();
    GraphElements y;
    for (std::size_t e = 0; e + 1 < forms.fan->first.size(); ++e) {
      const auto begin = forms.fan->source.begin();
      y.push_back(make(
          std::vector<std::int64_t>(begin + forms.fan->first[e], begin + forms.fan->first[e + 1]),
          forms.fan->count[e]));
    }
    return y;
  }
  GraphElements largest(bool negated) {
    return over_fan([this, negated](const std::vector<std::int64_t>& elements, double) {
      return choice(Kind::kMax, elements, negated);
    });
  }
  GraphElements means(bool divided) {
    const GraphElements& x = settled(0);
    return over_fan([&](const std::vector<std::int64_t>& elements, double count) {
      Sum sum;
      const GraphElement factor = affine({{}, divided ? 1 / exact(count) : Rational(1)});
      for (const std::int64_t i : elements) sum.add(x[static_cast<std::size_t>(i)], factor);
      return sum.result();
    });
  }

  const GraphElements& input(std::size_t k) { return view_.elements(node_.inputs[k]); }
  const GraphElements& settled(std::size_t k) { return view_.settled(node_.inputs[k]); }
  const Shape& shape(std::size_t k) const { return graph_.value(node_.inputs[k]).shape; }
  GraphElements nothing() const {
    const std::int64_t count = element_count(graph_.value(node_.outputs[0]).shape);
    return GraphElements(static_cast<std::size_t>(count));
  }
  GraphElements steps(bool monotone) {
    const GraphElements& x = input(0);
    GraphElements y;
    for (std::size_t i = 0; i < x.size(); ++i) {
      y.push_back(step_of(x[i], node_.inputs[0], static_cast<std::int64_t>(i), monotone));
    }
    return y;
  }
  // Of sums, exactly their values within the limits.
  GraphElements limited(const GraphElement::Limits& limits) {
    GraphElements y = steps(true);
    const GraphElements& x = input(0);
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i].kind == Kind::kAffine) y[i].limits = limits;
    }
    return y;
  }
  template <class Function>
  GraphElements binary(Function function) {
    const Shape& out = graph_.value(node_.outputs[0]).shape;
    const auto a = broadcast_index(shape(0), out), b = broadcast_index(shape(1), out);
    // A step function stays one beside a constant.
    const GraphElements &x = view_.reduced(node_.inputs[0]), &y = view_.reduced(node_.inputs[1]);
    GraphElements result;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const auto at_x = static_cast<std::size_t>(a[i]), at_y = static_cast<std::size_t>(b[i]);
      const bool both = !is_constant(x[at_x]) && !is_constant(y[at_y]);
      GraphElement z =
          both ? function(settled(0)[at_x], settled(1)[at_y]) : function(x[at_x], y[at_y]);
      // The largest of some, beside a constant, is a function of it.
      if (x[at_x].kind == Kind::kMax && is_constant(y[at_y]) && z.kind == Kind::kOther) {
        z = step_of(x[at_x], node_.inputs[0], a[i], true);
      } else if (y[at_y].kind == Kind::kMax && is_constant(x[at_x]) && z.kind == Kind::kOther) {
        z = step_of(y[at_y], node_.inputs[1], b[i], true);
      }
      result.push_back(without_ends(std::move(z)));
    }
    return result;
  }

  const graph::Graph& graph_;
  const graph::Node& node_;
  SegmentView& view_;
};

}  // namespace

RationalForm combine(const RationalForm& x, const Rational& a, const RationalForm& y,
                     const Rational& b) {
  RationalForm sum;
  sum.constant = a * x.constant + b * y.constant;
  std::size_t i = 0, j = 0;
  while (i < x.terms.size() || j < y.terms.size()) {
    const int vx = i < x.terms.size() ? x.terms[i].first : INT32_MAX;
    const int vy = j < y.terms.size() ? y.terms[j].first : INT32_MAX;
    Rational factor = 0;
    if (vx <= vy) factor += a * x.terms[i++].second;
    if (vy <= vx) factor += b * y.terms[j++].second;
    if (factor != 0) sum.terms.emplace_back(std::min(vx, vy), factor);
  }
  return sum;
}

void SegmentView::cut(graph::ValueId value, GraphElements elements) {
  known_[value] = std::move(elements);
}

const GraphElements& SegmentView::reduced(graph::ValueId value) {
  const GraphElements& all = elements(value);
  const bool any = std::any_of(all.begin(), all.end(), [](const GraphElement& e) {
    return e.kind == Kind::kStep || e.kind == Kind::kMax;
  });
  if (any && reduced_.insert(value).second) hooks_.reduce(value, known_[value]);
  return known_[value];
}

const GraphElements& SegmentView::settled(graph::ValueId value) {
  const auto found = settled_.find(value);
  if (found != settled_.end()) return found->second;
  GraphElements all = reduced(value);
  for (GraphElement& e : all) {
    if (e.ends) e = hooks_.uncarried(e.ends->first, e.ends->second);
  }
  return settled_[value] = std::move(all);
}

const GraphElements& SegmentView::elements(graph::ValueId value) {
  const auto found = known_.find(value);
  if (found != known_.end()) return found->second;
  GraphElements result = compute(value);
  return known_[value] = std::move(result);
}

GraphElements SegmentView::constant(graph::ValueId value) const {
  GraphElements result(static_cast<std::size_t>(element_count(graph_.value(value).shape)));
  try {
    const auto exact = golden::evaluate_exact(graph_, {}, std::span(&value, 1));
    if (!exact[0]) return result;
    for (std::size_t e = 0; e < result.size(); ++e) result[e] = affine({{}, exact[0]->data[e]});
  } catch (const Error&) {
    // Golden has no value: what depends on it is not provable.
  }
  return result;
}

bool SegmentView::is_computed_constant(graph::ValueId value) const {
  if (value == graph::kNone) return true;
  const graph::Value& v = graph_.value(value);
  if (v.constant) return true;
  if (v.producer == graph::kNone) return false;
  const auto& inputs = graph_.node(v.producer).inputs;
  return std::all_of(inputs.begin(), inputs.end(),
                     [&](graph::ValueId id) { return is_computed_constant(id); });
}

GraphElements SegmentView::compute(graph::ValueId value) {
  const graph::Value& v = graph_.value(value);
  if (v.constant || v.producer == graph::kNone) {
    if (v.constant) return constant(value);
    return GraphElements(static_cast<std::size_t>(element_count(v.shape)));
  }
  const graph::Node& node = graph_.node(v.producer);
  // Computed constants (quantised weights, products of scales) are golden's.
  if (is_computed_constant(value)) return constant(value);
  NodeWalk walk(graph_, node, *this);
  return std::visit(walk, node.op);
}

}  // namespace nib::sim
