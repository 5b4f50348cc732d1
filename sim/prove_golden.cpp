// What golden says at the ends of every run of codes: with a monotone step function in between,
// equality there is equality everywhere.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "nib/golden/golden.h"
#include "nib/sim/prove_task.h"

namespace nib::sim {
namespace {

struct Question {
  std::size_t task = 0;
  std::int64_t point = 0, code = 0;
  Rational input;  ///< value of the root element
};

using Root = std::pair<graph::ValueId, std::int64_t>;

/// Questions of one evaluation: at most one for each root element.
using Row = std::map<Root, Question>;

}  // namespace

void Prover::ask_golden(const ProvenWord& word, const std::vector<std::unique_ptr<Task>>& tasks) {
  std::vector<Row> rows;
  std::map<Root, std::size_t> used;  // rows that ask this element already
  std::map<graph::ValueId, Tensor<Rational>> givens;
  const auto compare = [&](Task& task, const Question& q, const Rational& value) {
    const Rational got = task.type.scale * to_rational(q.code) + task.type.offset;
    ++report_.golden_points;
    if (got == value || !task.error.empty()) return;
    task.error = fmt::format("where the sum is {}, the RTL gives code {} (value {}), the graph {}",
                             q.point, q.code, to_string(got), to_string(value));
  };
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    Task& task = *tasks[t];
    if (!task.error.empty()) continue;
    for (const auto& [point, code] : task.questions()) {
      Question q{t, point, code, task.primitive.unit * to_rational(point) + task.primitive.rest};
      if (task.graph.floor) q.input = std::max(q.input, *task.graph.floor);
      if (task.graph.kind == GraphElement::Kind::kAffine) {
        compare(task, q, q.input);
        continue;
      }
      const Root root = task.graph.root;
      givens.try_emplace(root.first, graph_.value(root.first).shape);
      const std::size_t row = used[root]++;
      if (rows.size() <= row) rows.emplace_back();
      rows[row].emplace(root, std::move(q));
    }
  }
  for (const Row& row : rows) {
    std::vector<golden::Given> given;
    for (const auto& [value, zeros] : givens) given.push_back({value, zeros});
    for (const auto& [root, question] : row) {
      for (golden::Given& g : given) {
        if (g.value == root.first) g.exact[root.second] = question.input;
      }
    }
    const auto values = golden::evaluate_exact(graph_, given, std::span(&word.tensor, 1));
    for (const auto& [root, question] : row) {
      Task& task = *tasks[question.task];
      if (values[0]) {
        compare(task, question, (*values[0])[static_cast<std::int64_t>(task.element)]);
      } else if (task.error.empty()) {
        task.error = "not provable: golden's value is irrational";
      }
    }
  }
}

}  // namespace nib::sim
