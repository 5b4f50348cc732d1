// The netlist check: names, types, drivers, uses.
#include "nib/rtl/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>

#include "nib/base/check.h"
#include "nib/rtl/names.h"
#include "nib/rtl/print.h"

namespace nib::rtl {
namespace {

// What is known of a declared name.
struct Object {
  Type type;
  bool must_be_driven = false;  // nets, output ports
  bool must_be_used = true;     // all but output ports and unused_*
  std::vector<bool> driven, used;
};

class Checker {
 public:
  Checker(const Module& module, const std::vector<const Module*>& known) : module_(module) {
    for (const Module* m : known) known_[m->name] = m;
  }

  std::vector<std::string> run() {
    if (!is_identifier(module_.name)) report("module name '" + module_.name + "' is not legal");
    for (const Localparam& p : module_.header_parameters) show(p);
    for (const Port& p : module_.ports) {
      declare(p.name, p.type, p.direction == Direction::kOutput, p.direction == Direction::kInput);
    }
    for (const Item& item : module_.items) {
      std::visit([&](const auto& i) { show(i); }, item);
    }
    for (const std::string& name : order_) close(name, objects_.at(name));
    return std::move(faults_);
  }

 private:
  void report(std::string text) { faults_.push_back(module_.name + ": " + std::move(text)); }

  void claim(const std::string& name) {
    if (!is_identifier(name)) report("name '" + name + "' is not legal");
    if (names_.contains(name)) {
      report("name '" + name + "' is declared twice");
    } else {
      names_.claim(name);
    }
  }

  void declare(const std::string& name, Type type, bool driven_here, bool used_here) {
    claim(name);
    if (type.width < 0 || (type.width == 0 && driven_here)) report("'" + name + "' has no width");
    Object object;
    object.type = type;
    object.must_be_driven = driven_here;
    object.must_be_used = used_here && !name.starts_with("unused_");
    const auto bits = static_cast<std::size_t>(std::max(type.width, 1));
    object.driven.assign(bits, false);
    object.used.assign(bits, false);
    if (objects_.try_emplace(name, std::move(object)).second) order_.push_back(name);
  }

  void close(const std::string& name, const Object& object) {
    const auto missing = [](const std::vector<bool>& bits) {
      return std::find(bits.begin(), bits.end(), false) != bits.end();
    };
    if (object.must_be_driven && missing(object.driven)) {
      report("'" + name + "' is not driven in all its bits");
    }
    if (object.must_be_used && missing(object.used)) {
      report("'" + name + "' is not used in all its bits");
    }
  }

  Object* find(const std::string& name) {
    const auto found = objects_.find(name);
    if (found != objects_.end()) return &found->second;
    report("'" + name + "' is used before it is declared");
    return nullptr;
  }

  // Marks the bits that a name or slice covers.
  void mark(const Expr& e, bool drive) {
    const auto* s = std::get_if<Slice>(&e.node);
    const Expr& base = s != nullptr ? e.args[0] : e;
    const auto* name = std::get_if<Ref>(&base.node);
    if (name == nullptr) {
      report(fmt::format("'{}' cannot be driven", print(e)));
      return;
    }
    Object* object = find(name->name);
    if (object == nullptr) return;
    if (object->type != base.type) report("'" + name->name + "' is used with another type");
    if (drive && !object->must_be_driven) report("'" + name->name + "' cannot be driven");
    const std::size_t low = s != nullptr ? static_cast<std::size_t>(s->lsb) : 0;
    const auto count = static_cast<std::size_t>(std::max(e.type.width, 1));
    std::vector<bool>& bits = drive ? object->driven : object->used;
    for (std::size_t i = low; i < low + count && i < bits.size(); ++i) {
      if (drive && bits[i]) {
        report("'" + name->name + "' is driven twice");
        break;
      }
      bits[i] = true;
    }
  }

  void use(const Expr& e) {
    if (std::holds_alternative<Ref>(e.node) || std::holds_alternative<Slice>(e.node)) {
      mark(e, false);
      return;
    }
    for (const Expr& arg : e.args) use(arg);
    if (const auto* b = std::get_if<Binary>(&e.node)) binary(*b, e);
    if (const auto* c = std::get_if<Call>(&e.node)) function_call(*c, e);
    if (std::holds_alternative<Ternary>(e.node) &&
        (e.args[0].type.width != 1 || e.args[1].type.width != e.args[2].type.width)) {
      report(fmt::format("widths differ in '{}'", print(e)));
    }
    if (const auto* l = std::get_if<Literal>(&e.node)) literal(*l, e);
  }
  void binary(const Binary& b, const Expr& e) {
    const Type a = e.args[0].type;
    const Type c = e.args[1].type;
    if (a.width != c.width) report(fmt::format("widths differ in '{}'", print(e)));
    const bool compares = b.op == BinaryOp::kLt || b.op == BinaryOp::kLe || b.op == BinaryOp::kGt ||
                          b.op == BinaryOp::kGe || b.op == BinaryOp::kEq;
    if (compares && a.is_signed != c.is_signed)
      report(fmt::format("signs differ in '{}'", print(e)));
    if ((b.op == BinaryOp::kLogicalAnd || b.op == BinaryOp::kLogicalOr) && a.width != 1) {
      report(fmt::format("not a truth value in '{}'", print(e)));
    }
  }
  void literal(const Literal& l, const Expr& e) {
    if (e.type.width <= 0) return;
    const BigInt top = power_of_two(e.type.width);
    if (l.value >= top || l.value < -(top >> 1)) {
      report(to_string(l.value) + " does not fit in " + std::to_string(e.type.width) + " bits");
    }
  }
  void function_call(const Call& c, const Expr& e) {
    if (c.function.starts_with("$")) return;
    const auto found = functions_.find(c.function);
    if (found == functions_.end()) {
      report("function '" + c.function + "' is used before it is declared");
      return;
    }
    found->second.second = true;
    const Function& f = *found->second.first;
    if (e.args.size() != 1 || e.args[0].type != f.argument_type || e.type != f.type) {
      report("function '" + c.function + "' is called with other types");
    }
  }

  void assign(const Expr& target, const Expr& value, const std::string& where) {
    use(value);
    mark(target, true);
    if (target.type.width != value.type.width && !std::holds_alternative<Fill>(value.node)) {
      report(fmt::format("widths differ in {} of '{}'", where, print(target)));
    }
  }

  void show(const Comment&) {}
  void show(const Section&) {}
  void show(const Localparam& p) {
    use(p.value);
    if (p.type.width != p.value.type.width) report("widths differ in parameter '" + p.name + "'");
    declare(p.name, p.type, false, true);
  }
  void show(const Net& n) {
    for (const std::string& name : n.names) declare(name, n.type, true, true);
  }
  void show(const Assign& a) { assign(a.target, a.value, "the assignment"); }
  void show(const AlwaysFf& ff) {
    use(ref(ff.clock, Type{1, false}));
    if (!ff.reset.empty()) use(ref(ff.reset, Type{1, false}));
    for (const auto& [target, value] : ff.registers) assign(target, value, "the register");
  }

  void body(const Statement& s, const Function& f) {
    if (s.condition.empty()) {
      NIB_CHECK(s.value.size() == 1, "a statement has a condition or a value");
      result(s.value[0], f);
      return;
    }
    NIB_CHECK(s.then.size() == 1 && s.otherwise.size() == 1, "both branches");
    use(s.condition[0]);
    if (s.condition[0].type.width != 1) report("not a truth value in function '" + f.name + "'");
    body(s.then[0], f);
    body(s.otherwise[0], f);
  }
  void result(const Expr& value, const Function& f) {
    use(value);
    if (value.type.width != f.type.width && !std::holds_alternative<Fill>(value.node)) {
      report("widths differ in function '" + f.name + "'");
    }
  }
  void show(const Function& f) {
    claim(f.name);
    // The argument is a scope of its own, but may not hide a name of the module.
    if (!is_identifier(f.argument) || objects_.contains(f.argument)) {
      report("argument '" + f.argument + "' of function '" + f.name + "' is not legal");
      return;
    }
    Object argument;
    argument.type = f.argument_type;
    argument.driven.assign(static_cast<std::size_t>(f.argument_type.width), true);
    argument.used.assign(static_cast<std::size_t>(f.argument_type.width), false);
    objects_[f.argument] = std::move(argument);
    if (const auto* s = std::get_if<Statement>(&f.body)) {
      body(*s, f);
    } else {
      const Case& c = std::get<Case>(f.body);
      use(ref(f.argument, f.argument_type));
      std::set<BigInt> labels;
      for (const auto& [label, value] : c.arms) {
        use(label);
        if (label.type != f.argument_type) report("label of another type in '" + f.name + "'");
        const auto* constant = std::get_if<Literal>(&label.node);
        if (constant == nullptr || !labels.insert(constant->value).second) {
          report("labels of '" + f.name + "' are not distinct constants");
        }
        result(value, f);
      }
      result(c.fallback, f);
    }
    const std::vector<bool>& used = objects_.at(f.argument).used;
    if (std::find(used.begin(), used.end(), true) == used.end()) {
      report("argument of function '" + f.name + "' is not used");
    }
    objects_.erase(f.argument);
    functions_[f.name] = {&f, false};
    function_order_.push_back(f.name);
  }

  void show(const Instance& i) {
    claim(i.name);
    if (!is_identifier(i.module)) report("module name '" + i.module + "' is not legal");
    for (const auto& [name, value] : i.parameters) use(value);
    std::set<std::string> connected;
    for (const Connection& c : i.connections) {
      if (!connected.insert(c.port).second) report("port '" + c.port + "' is connected twice");
      if (c.is_output) {
        mark(c.value, true);
      } else {
        use(c.value);
      }
    }
    const auto found = known_.find(i.module);
    if (found == known_.end()) return;
    for (const Port& p : found->second->ports) port(p, i);
    if (connected.size() != found->second->ports.size()) {
      report("instance '" + i.name + "' names a port that '" + i.module + "' lacks");
    }
  }
  void port(const Port& p, const Instance& i) {
    const auto found = std::find_if(i.connections.begin(), i.connections.end(),
                                    [&](const Connection& c) { return c.port == p.name; });
    if (found == i.connections.end()) {
      report("port '" + p.name + "' of '" + i.name + "' is not connected");
    } else if (found->is_output != (p.direction == Direction::kOutput) ||
               found->value.type.width != p.type.width) {
      report("port '" + p.name + "' of '" + i.name + "' has another width or direction");
    }
  }

  void show(const Assertion& a) {
    claim(a.name);
    use(ref(a.clock, Type{1, false}));
    use(a.antecedent);
    use(a.consequent);
  }

 public:
  void unused_functions() {
    for (const std::string& name : function_order_) {
      if (!functions_.at(name).second) report("function '" + name + "' is not used");
    }
  }
  std::vector<std::string> all() {
    std::vector<std::string> faults = run();
    unused_functions();
    faults.insert(faults.end(), faults_.begin(), faults_.end());
    return faults;
  }

 private:
  const Module& module_;
  std::map<std::string, const Module*> known_;
  NameTable names_;
  std::map<std::string, Object> objects_;
  std::vector<std::string> order_;
  std::map<std::string, std::pair<const Function*, bool>> functions_;
  std::vector<std::string> function_order_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> check(const Module& module, const std::vector<const Module*>& known) {
  return Checker(module, known).all();
}

void verify(const Module& module, const std::vector<const Module*>& known) {
  const std::vector<std::string> faults = check(module, known);
  if (faults.empty()) return;
  std::string text;
  for (std::size_t i = 0; i < faults.size() && i < 8; ++i) text += "\n  " + faults[i];
  NIB_CHECK(faults.empty(), "generated RTL is not sound:" + text);
}

}  // namespace nib::rtl
