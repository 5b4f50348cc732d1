// Reads the conformance vectors.
#include "vectors.h"

#include <fstream>
#include <map>
#include <sstream>

#include "nib/base/check.h"

namespace nib::random {
namespace {

using testing::Dims;
using testing::kQonnx;
using testing::ModelMaker;
using testing::Names;

Rational number(const std::string& text) {
  Rational x(text);
  x.canonicalize();
  return x;
}

float real(const std::string& text) { return static_cast<float>(to_double(number(text))); }
int whole(const std::string& text) { return std::stoi(text); }

struct Code {
  int type;
  std::int64_t opset;
};

Code code_of(const std::string& name) {
  static const std::map<std::string, Code> kTypes = {{"int8", {3, 13}},  {"uint8", {2, 13}},
                                                     {"int16", {5, 21}}, {"uint16", {4, 21}},
                                                     {"int4", {22, 21}}, {"uint4", {21, 21}}};
  return kTypes.at(name);
}

void make_quant(ModelMaker& made, const std::vector<std::string>& p) {
  made.quant("x", "y", real(p[4]), real(p[5]), real(p[3]));
  auto& node = *made.graph().mutable_node(0);
  node.mutable_attribute(0)->set_i(whole(p[1]));
  node.mutable_attribute(1)->set_i(whole(p[2]));
  node.mutable_attribute(2)->set_s(p[0]);
}

void make_pair(ModelMaker& made, const std::vector<std::string>& p) {
  const Code code = code_of(p[0]);
  made.reals("s", {}, {real(p[1])});
  const int zero = whole(p[2]);
  // Codes of four bits stand in the halves of bytes.
  made.codes("z", {}, code.type, {code.type > 20 ? zero & 15 : zero});
  made.node("QuantizeLinear", {"x", "s", "z"}, {"q"});
  std::string codes = "q";
  if (p.size() > 3) {
    made.codes("low", {}, code.type, {whole(p[3])});
    made.codes("high", {}, code.type, {whole(p[4])});
    made.node("Clip", {"q", "low", "high"}, {"c"});
    codes = "c";
  }
  made.node("DequantizeLinear", {codes, "s", "z"}, {"y"});
}

void make_trunc(ModelMaker& made, const Vector& vector) {
  const std::vector<std::string>& p = vector.parameters;
  const bool second = vector.kind == "trunc2";
  const std::size_t at = second ? 3 : 1;
  made.reals("s", {}, {real(p[at])});
  made.reals("z", {}, {real(p[at + 1])});
  made.reals("in", {}, {8});
  Names inputs = {"x", "s", "z", "in"};
  if (second) {
    made.reals("t", {}, {real(p[5])});
    made.reals("out", {}, {real(p[6])});
    inputs.insert(inputs.end(), {"t", "out"});
  } else {
    made.reals("out", {}, {8 - real(p[3])});
    inputs.emplace_back("out");
  }
  auto node = made.node("Trunc", inputs, {"y"}, kQonnx).set("rounding_mode", p[0].c_str());
  if (second) node.set("signed", whole(p[1])).set("narrow", whole(p[2]));
}

void make_float(ModelMaker& made, const std::vector<std::string>& p) {
  Names inputs = {"x"};
  for (std::size_t i = 1; i < 6; ++i) {
    inputs.push_back("p" + std::to_string(i));
    made.reals(inputs.back(), {}, {real(p[i])});
  }
  made.node("FloatQuant", inputs, {"y"}, kQonnx).set("rounding_mode", p[0].c_str());
}

void make_threshold(ModelMaker& made, const std::vector<std::string>& p) {
  std::vector<float> thresholds;
  std::istringstream list(p[0]);
  for (std::string one; std::getline(list, one, ',');) thresholds.push_back(real(one));
  made.reals("t", {1, static_cast<std::int64_t>(thresholds.size())}, thresholds);
  made.node("MultiThreshold", {"x", "t"}, {"y"}, kQonnx)
      .set("out_dtype", "INT8")
      .set("out_scale", real(p[1]))
      .set("out_bias", real(p[2]));
}

void read_numbers(std::istringstream& in, std::vector<Rational>& out) {
  for (std::string word; in >> word;) {
    const std::size_t star = word.find('*');
    const std::size_t count =
        star == std::string::npos ? 1 : static_cast<std::size_t>(whole(word.substr(star + 1)));
    out.insert(out.end(), count, number(word.substr(0, star)));
  }
}

}  // namespace

Vectors read_vectors(const std::string& path) {
  std::ifstream in(path);
  NIB_CHECK(in.good(), path);
  Vectors out;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("x ")) {
      std::istringstream rest(line.substr(2));
      read_numbers(rest, out.x);
      continue;
    }
    const std::size_t colon = line.find(':');
    NIB_CHECK(colon != std::string::npos, line);
    Vector vector;
    std::istringstream head(line.substr(0, colon)), tail(line.substr(colon + 1));
    head >> vector.kind;
    for (std::string word; head >> word;) vector.parameters.push_back(word);
    NIB_CHECK(vector.parameters.size() >= 3, line);
    vector.offset = number(vector.parameters.back());
    vector.parameters.pop_back();
    vector.unit = number(vector.parameters.back());
    vector.parameters.pop_back();
    read_numbers(tail, vector.numbers);
    NIB_CHECK(vector.numbers.size() == out.x.size(), line);
    out.quantisers.push_back(std::move(vector));
  }
  return out;
}

ModelMaker network_of(const Vector& vector, std::int64_t n) {
  const std::vector<std::string>& p = vector.parameters;
  const bool pair = vector.kind == "pair" || vector.kind == "clipped";
  ModelMaker made = testing::x_to_y(pair ? code_of(p[0]).opset : 13, {-1, n});
  if (vector.kind == "quant") {
    make_quant(made, p);
  } else if (vector.kind == "bipolar") {
    made.reals("s", {}, {real(p[0])});
    made.node("BipolarQuant", {"x", "s"}, {"y"}, kQonnx);
  } else if (pair) {
    make_pair(made, p);
  } else if (vector.kind == "trunc1" || vector.kind == "trunc2") {
    make_trunc(made, vector);
  } else if (vector.kind == "float") {
    make_float(made, p);
  } else {
    NIB_CHECK(vector.kind == "threshold", vector.kind);
    make_threshold(made, p);
  }
  return made;
}

}  // namespace nib::random
