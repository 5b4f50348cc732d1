// AttributeProto -> attribute, and what a name may be.
#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "nib/base/error.h"
#include "nib/import/message.h"

namespace nib::importer {
namespace {

using onnx::AttributeProto;

/// Length of the UTF-8 sequence at the start of `text`, 0 where it is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // No overlong forms, no surrogates, nothing beyond U+10FFFF.
  const unsigned second = byte(1);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return length;
}

/// How many of the value fields are filled.
int filled_fields(const AttributeProto& a) {
  return int{a.has_f()} + int{a.has_i()} + int{a.has_s()} + int{a.has_t()} +
         int{a.floats_size() > 0} + int{a.ints_size() > 0} + int{a.strings_size() > 0};
}

/// The type that the filled field implies; old files state none.
AttributeProto::AttributeType implied_type(const AttributeProto& a) {
  if (a.has_f()) return onnx::AttributeProto_AttributeType_FLOAT;
  if (a.has_i()) return onnx::AttributeProto_AttributeType_INT;
  if (a.has_s()) return onnx::AttributeProto_AttributeType_STRING;
  if (a.has_t()) return onnx::AttributeProto_AttributeType_TENSOR;
  if (a.floats_size() > 0) return onnx::AttributeProto_AttributeType_FLOATS;
  if (a.ints_size() > 0) return onnx::AttributeProto_AttributeType_INTS;
  if (a.strings_size() > 0) return onnx::AttributeProto_AttributeType_STRINGS;
  return onnx::AttributeProto_AttributeType_UNDEFINED;
}

[[noreturn]] void mismatch(const AttributeProto& a, const std::string& where) {
  fail(ErrorCode::E304,
       fmt::format("{}: the stated type and the stored value differ", in_quotes(a.name())), where);
}

/// Scalars must be stored; `stored` is their has_ flag.
void need(bool stored, const AttributeProto& a, const std::string& where) {
  if (!stored) mismatch(a, where);
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  std::string out = "\"";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte >= 0x7f ? '?' : c;
  }
  return out + (text.size() > kLongest ? "...\"" : "\"");
}

void check_name(std::string_view name, std::string_view what) {
  if (name.size() > kMaxNameBytes) {
    fail(ErrorCode::E211, fmt::format("{} of {} bytes, {}", what, name.size(), in_quotes(name)));
  }
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t length = utf8_length(name.substr(i));
    if (length == 0)
      fail(ErrorCode::E211, fmt::format("{} is not UTF-8: {}", what, in_quotes(name)));
    const auto first = static_cast<unsigned char>(name[i]);
    const bool c1 = length == 2 && first == 0xc2 && static_cast<unsigned char>(name[i + 1]) < 0xa0;
    if (first < 0x20 || first == 0x7f || c1) {
      fail(ErrorCode::E211, fmt::format("{} has a control character: {}", what, in_quotes(name)));
    }
    i += length;
  }
}

RawAttribute read_attribute(const AttributeProto& a, const std::string& where) {
  check_name(a.name(), "the name of an attribute");
  if (a.has_g() || a.graphs_size() > 0) {
    fail(ErrorCode::E206, fmt::format("the sub-graph {}", in_quotes(a.name())), where);
  }
  if (a.has_sparse_tensor() || a.sparse_tensors_size() > 0 || a.tensors_size() > 0 || a.has_tp() ||
      a.type_protos_size() > 0) {
    fail(ErrorCode::E206, fmt::format("the kind of attribute {}", in_quotes(a.name())), where);
  }
  if (a.has_ref_attr_name()) {
    fail(ErrorCode::E206, fmt::format("{} refers to a function's attribute", in_quotes(a.name())),
         where);
  }
  if (filled_fields(a) > 1) mismatch(a, where);
  if (!a.has_type() && !a.unknown_fields().empty()) mismatch(a, where);
  const auto type =
      a.type() == onnx::AttributeProto_AttributeType_UNDEFINED ? implied_type(a) : a.type();
  if (filled_fields(a) == 1 && implied_type(a) != type) mismatch(a, where);
  RawAttribute out;
  out.name = a.name();
  switch (type) {
    case onnx::AttributeProto_AttributeType_FLOAT:
      need(a.has_f(), a, where);
      out.value = a.f();
      break;
    case onnx::AttributeProto_AttributeType_INT:
      need(a.has_i(), a, where);
      out.value = a.i();
      break;
    case onnx::AttributeProto_AttributeType_STRING:
      need(a.has_s(), a, where);
      check_name(a.s(), "the text of an attribute");
      out.value = a.s();
      break;
    case onnx::AttributeProto_AttributeType_TENSOR:
      need(a.has_t(), a, where);
      out.value = read_tensor(a.t(), where);
      break;
    case onnx::AttributeProto_AttributeType_FLOATS:
      out.value = std::vector<float>(a.floats().begin(), a.floats().end());
      break;
    case onnx::AttributeProto_AttributeType_INTS:
      out.value = std::vector<std::int64_t>(a.ints().begin(), a.ints().end());
      break;
    case onnx::AttributeProto_AttributeType_STRINGS:
      for (const std::string& text : a.strings()) check_name(text, "the text of an attribute");
      out.value = std::vector<std::string>(a.strings().begin(), a.strings().end());
      break;
    default:  // protobuf's enum: an open set
      fail(ErrorCode::E304, fmt::format("{} has no value", in_quotes(a.name())), where);
  }
  return out;
}

}  // namespace nib::importer
