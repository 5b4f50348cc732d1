// What golden says at the ends of every run of codes: with a monotone step function in between,
// equality there is equality everywhere.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "nib/base/error.h"
#include "nib/golden/golden.h"
#include "nib/sim/prove_task.h"

namespace nib::sim {
namespace {

struct Question {
  std::size_t task = 0;
  BigInt point = 0;
  std::int64_t code = 0;
  Rational input;  ///< value of the root element
};

/// Questions of one evaluation, by element of the tensor that is given.
using Row = std::map<std::int64_t, Question>;

/// What may be asked in one evaluation: the tensor that is given, and a group of its readers.
using Together = std::pair<graph::ValueId, int>;

Together together(const GraphElement& g, int& alone) {
  return {g.root.first, g.group == GraphElement::kAlone ? --alone : g.group};
}

/// `values` of elements of `root`, zeros for the others and for the graph's inputs.
std::vector<golden::Given> starting_from(const graph::Graph& graph, graph::ValueId root,
                                         const std::map<std::int64_t, Rational>& values) {
  std::vector<golden::Given> given;
  for (const graph::GraphInput& input : graph.inputs) {
    if (input.value == root) continue;
    given.push_back({input.value, Tensor<Rational>(graph.value(input.value).shape)});
  }
  given.push_back({root, Tensor<Rational>(graph.value(root).shape)});
  for (const auto& [element, value] : values) given.back().exact[element] = value;
  return given;
}

/// What golden says of a tensor, or why it says nothing.
struct Answer {
  std::optional<Tensor<Rational>> values;
  std::string reason;
};

Answer exact_of(const graph::Graph& graph, graph::ValueId root,
                const std::map<std::int64_t, Rational>& at, graph::ValueId tensor) {
  try {
    Answer answer{
        golden::evaluate_exact(graph, starting_from(graph, root, at), std::span(&tensor, 1))[0],
        {}};
    if (!answer.values) answer.reason = "golden's value is irrational";
    return answer;
  } catch (const Error& error) {
    return {std::nullopt, fmt::format("golden has no value there ({}: {})", to_string(error.code()),
                                      error.detail())};
  }
}

}  // namespace

/// A monotone function is constant where both ends of its sum's interval give the same.
void Prover::reduce(graph::ValueId tensor, GraphElements& elements) const {
  const auto set_ends = [&](std::size_t e, const Rational& low, const Rational& high) {
    if (low != high) {
      elements[e].ends = {low, high};
      return;
    }
    elements[e] = GraphElement{};
    elements[e].kind = GraphElement::Kind::kAffine;
    elements[e].form.constant = low;
  };
  // One root tensor and group at a time: they may stand behind one another.
  std::map<Together, std::vector<std::size_t>> by_root;
  int alone = 0;
  for (std::size_t e = 0; e < elements.size(); ++e) {
    const GraphElement& g = elements[e];
    const bool is_max = g.kind == GraphElement::Kind::kMax;
    if ((g.kind != GraphElement::Kind::kStep && !is_max) || !g.monotone) continue;
    if (g.root.first != graph::kNone) {
      by_root[together(g, alone)].push_back(e);
    } else {
      const auto [low, high] = root_bounds(g);
      set_ends(e, low, high);
    }
  }
  for (const auto& [key, all] : by_root) {
    const graph::ValueId root = key.first;
    std::optional<Tensor<Rational>> ends[2];
    for (const std::size_t upper : {0, 1}) {
      std::map<std::int64_t, Rational> at;
      for (const std::size_t e : all) {
        const auto [low, high] = root_bounds(elements[e]);
        at[elements[e].root.second] = upper != 0 ? high : low;
      }
      ends[upper] = exact_of(graph_, root, at, tensor).values;
    }
    if (!ends[0] || !ends[1]) continue;  // irrational
    for (const std::size_t e : all) set_ends(e, ends[0]->data[e], ends[1]->data[e]);
  }
}

void Prover::ask_golden(const ProvenWord& word, const std::vector<std::unique_ptr<Task>>& tasks) {
  std::map<Together, std::vector<Row>> rows;
  std::map<std::pair<Together, std::int64_t>, std::size_t> used;  // rows that ask this already
  int alone = 0;
  const auto compare = [&](Task& task, const Question& q, const Rational& value) {
    const Rational got = task.type.scale * to_rational(q.code) + task.type.offset;
    ++report_.golden_points;
    if (got == value || !task.error.empty()) return;
    task.error = fmt::format("where the sum is {}, the RTL gives code {} (value {}), the graph {}",
                             to_string(q.point), q.code, to_string(got), to_string(value));
  };
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Task& task = *tasks[t];
    if (!task.error.empty()) continue;
    for (const auto& [point, code] : task.questions()) {
      Question q{t, point, code, task.primitive.unit * to_rational(point) + task.primitive.rest};
      if (task.graph.floor) q.input = std::max(q.input, *task.graph.floor);
      if (task.graph.negated) q.input = -q.input;
      if (task.graph.kind == GraphElement::Kind::kAffine) {
        compare(task, q, q.input);
        continue;
      }
      const Together key = together(task.graph, alone);
      std::vector<Row>& of_root = rows[key];
      const std::int64_t element = task.graph.root.second;
      const std::size_t row = used[{key, element}]++;
      if (of_root.size() <= row) of_root.emplace_back();
      of_root[row].emplace(element, std::move(q));
    }
  }
  for (const auto& [key, of_root] : rows) {
    const graph::ValueId root = key.first;
    for (const Row& row : of_root) {
      std::map<std::int64_t, Rational> at;
      for (const auto& [element, question] : row) at[element] = question.input;
      const Answer answer = exact_of(graph_, root, at, word.tensor);
      for (const auto& [element, question] : row) {
        Task& task = *tasks[question.task];
        if (answer.values) {
          compare(task, question, (*answer.values)[static_cast<std::int64_t>(task.element)]);
        } else if (task.error.empty()) {
          task.error = "not provable: " + answer.reason;
        }
      }
    }
  }
}

}  // namespace nib::sim
