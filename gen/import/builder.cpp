// The graph in the making.
#include "nib/import/builder.h"

#include <fmt/format.h>

#include <utility>

#include "nib/base/check.h"

namespace nib::importer {

using graph::ValueId;

std::int64_t Builder::opset() const {
  const auto it = opsets.find("");
  return it == opsets.end() ? 0 : it->second;
}

std::string Builder::fresh_name(std::string base) const {
  while (by_name.contains(base) || reserved.contains(base)) base += "_";
  return base;
}

ValueId Builder::add_value(std::string name, Shape shape, Facts fact) {
  const auto id = static_cast<ValueId>(graph.values.size());
  NIB_CHECK(by_name.emplace(name, id).second, "a new name: " + name);
  graph::Value value;
  value.name = std::move(name);
  value.shape = std::move(shape);
  graph.values.push_back(std::move(value));
  facts.push_back(fact);
  return id;
}

ValueId Builder::add_constant(std::string name, graph::Constant constant, ElementType type,
                              const std::string& where) {
  const Shape shape = graph::shape_of(constant);
  spend(element_count(shape), where);
  const ValueId id = add_value(std::move(name), shape, {type, false, -1});
  graph.value(id).constant = std::move(constant);
  return id;
}

void Builder::spend(std::int64_t elements, const std::string& where) {
  spent_elements += elements;
  if (spent_elements > kMaxElements) {
    nib::fail(ErrorCode::E207, fmt::format("more than {} elements of constants", kMaxElements),
              where);
  }
}

}  // namespace nib::importer
