// Modules as text.
#include "nib/rtl/print.h"

#include <algorithm>
#include <cstddef>
#include <variant>

#include "nib/rtl/names.h"
#include "nib/rtl/print_text.h"

namespace nib::rtl {
namespace {

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

class Printer {
 public:
  std::string run(const Module& module) {
    append_comment(out_, 0, module.header);
    out_ += "\n";
    if (!module.attributes.empty()) out_ += "(* " + module.attributes + " *)\n";
    out_ += "module " + module.name;
    header_parameters(module.header_parameters);
    ports(module.ports);
    for (const Item& item : module.items) {
      std::visit([&](const auto& i) { show(i); }, item);
    }
    out_ += "\nendmodule : " + module.name + "\n";
    return std::move(out_);
  }

 private:
  void header_parameters(const std::vector<Localparam>& parameters) {
    if (parameters.empty()) return;
    out_ += " #(\n";
    for (const Localparam& p : parameters) {
      const bool last = &p == &parameters.back();
      std::string line = "  " + parameter_text(p);
      for (char& c : line) c = c == '\n' ? ' ' : c;
      if (!last) line += ",";
      if (!p.comment.empty()) line += "  // " + comment_text(p.comment);
      out_ += line + "\n";
    }
    out_ += ")";
  }

  static std::string parameter_text(const Localparam& p) {
    const std::string type = p.type.width == 0 ? "int unsigned" : type_text(p.type);
    return "localparam " + type + " " + p.name + " =\n" + breakable(p.value);
  }

  void ports(const std::vector<Port>& ports) {
    if (ports.empty()) {
      out_ += ";\n";
      return;
    }
    out_ += " (\n";
    std::size_t types = 0, names = 0;
    for (const Port& p : ports) {
      types = std::max(types, type_text(p.type).size());
      names = std::max(names, p.name.size() + 1);
    }
    for (const Port& p : ports) {
      const bool last = &p == &ports.back();
      std::string line = p.direction == Direction::kInput ? "  input  " : "  output ";
      line += padded(type_text(p.type), types) + " " + p.name + (last ? "" : ",");
      if (!p.comment.empty()) {
        const std::string comment = "  // " + comment_text(p.comment);
        const std::size_t column = 9 + types + 1 + names;
        if (column + comment.size() <= kColumns) {
          line = padded(std::move(line), column) + comment;
        } else {
          append_comment(out_, 2, p.comment);
        }
      }
      out_ += line + "\n";
    }
    out_ += ");\n";
  }

  // One statement with its comment behind it, or above it where that is too long.
  void statement(int indent, const std::string& text, const std::string& comment) {
    const std::string tail = comment.empty() ? "" : "  // " + comment_text(comment);
    const bool behind = comment.find('\n') == std::string::npos &&
                        static_cast<std::size_t>(indent) + text.size() + tail.size() <= kColumns;
    if (!behind && !comment.empty()) append_comment(out_, indent, comment);
    append_wrapped(out_, indent, text);
    if (behind && !tail.empty()) {
      out_.pop_back();
      out_ += tail + "\n";
    }
  }

  void show(const Comment& c) { append_comment(out_, 2, c.text); }
  void show(const Section& s) {
    out_ += "\n";
    if (!s.title.empty()) append_comment(out_, 2, s.title);
  }
  void show(const Localparam& p) { statement(2, parameter_text(p) + ";", p.comment); }
  void show(const Net& n) {
    std::string text = type_text(n.type);
    for (const std::string& name : n.names) {
      text += (&name == &n.names.front() ? " " : ",\n") + name;
      if (n.initial_zero) text += " = '0";
    }
    statement(2, text + ";", n.comment);
  }
  void show(const Assign& a) {
    statement(2, "assign " + print(a.target) + " = " + breakable(a.value) + ";", a.comment);
  }

  void registers(int indent, const std::vector<std::pair<Expr, Expr>>& list, bool zero) {
    std::size_t width = 0;
    for (const auto& [target, value] : list) width = std::max(width, print(target).size());
    width = std::min<std::size_t>(width, 40);
    for (const auto& [target, value] : list) {
      append_wrapped(
          out_, indent,
          padded(print(target), width) + " <= " + (zero ? "'0" : breakable(value)) + ";");
    }
  }
  void show(const AlwaysFf& ff) {
    if (!ff.comment.empty()) append_comment(out_, 2, ff.comment);
    out_ += "  always_ff @(posedge " + ff.clock + ") begin\n";
    if (ff.reset.empty()) {
      registers(4, ff.registers, false);
    } else {
      out_ += "    if (" + ff.reset + ") begin\n";
      registers(6, ff.registers, true);
      out_ += "    end else begin\n";
      registers(6, ff.registers, false);
      out_ += "    end\n";
    }
    out_ += "  end\n";
  }

  // `head` stands before the statement on its first line: "", "else ".
  void body(const Statement& s, int indent, const std::string& head, const std::string& result) {
    if (s.condition.empty()) {
      append_wrapped(out_, indent, head + result + " = " + breakable(s.value[0]) + ";");
      return;
    }
    const std::string condition = head + "if (" + breakable(s.condition[0]) + ")";
    const Statement& then = s.then[0];
    const bool nested = !then.condition.empty();
    if (nested) {
      append_wrapped(out_, indent, condition + " begin");
      body(then, indent + 2, "", result);
      out_.append(static_cast<std::size_t>(indent), ' ');
      out_ += "end ";
      out_ += "else begin\n";
      body(s.otherwise[0], indent + 2, "", result);
      out_.append(static_cast<std::size_t>(indent), ' ');
      out_ += "end\n";
      return;
    }
    append_wrapped(out_, indent,
                   condition + " " + result + " =\n" + breakable(then.value[0]) + ";");
    body(s.otherwise[0], indent, "else ", result);
  }
  void show(const Function& f) {
    if (!f.comment.empty()) append_comment(out_, 2, f.comment);
    append_wrapped(out_, 2,
                   "function automatic " + type_text(f.type) + " " + f.name + "(\ninput " +
                       type_text(f.argument_type) + " " + f.argument + ");");
    // No space behind the bracket.
    const std::size_t bracket = out_.rfind("( input");
    if (bracket != std::string::npos && out_.find('\n', bracket) == out_.size() - 1) {
      out_.erase(bracket + 1, 1);
    }
    if (const auto* s = std::get_if<Statement>(&f.body)) {
      body(*s, 4, "", f.name);
    } else {
      const Case& c = std::get<Case>(f.body);
      out_ += "    unique case (" + f.argument + ")\n";
      for (const auto& [label, value] : c.arms) {
        append_wrapped(out_, 6, print(label) + ": " + f.name + " =\n" + breakable(value) + ";");
      }
      append_wrapped(out_, 6, "default: " + f.name + " =\n" + breakable(c.fallback) + ";");
      out_ += "    endcase\n";
    }
    out_ += "  endfunction\n";
  }

  void show(const Instance& i) {
    if (!i.comment.empty()) append_comment(out_, 2, i.comment);
    out_ += "  " + i.module;
    if (!i.parameters.empty()) {
      out_ += " #(\n";
      for (const auto& [name, value] : i.parameters) {
        const bool last = &name == &i.parameters.back().first;
        append_wrapped(out_, 4, "." + name + "(" + breakable(value) + ")" + (last ? "" : ","));
      }
      out_ += "  )";
    }
    out_ += " " + i.name + " (\n";
    for (const Connection& c : i.connections) {
      const std::string value = breakable(c.value);
      const std::string text = value == c.port ? "." + c.port : "." + c.port + "(" + value + ")";
      append_wrapped(out_, 4, text + (&c == &i.connections.back() ? "" : ","));
    }
    out_ += "  );\n";
  }

  void show(const Assertion& a) {
    out_ += "`ifndef SYNTHESIS\n";
    if (!a.comment.empty()) append_comment(out_, 2, a.comment);
    append_wrapped(out_, 2,
                   a.name + ": assert property (@(posedge " + a.clock + ")\n" +
                       breakable(a.antecedent) + "\n|-> " + breakable(a.consequent) + ");");
    out_ += "`endif\n";
  }

  std::string out_;
};

}  // namespace

std::string print(const Module& module) { return Printer{}.run(module); }

}  // namespace nib::rtl
