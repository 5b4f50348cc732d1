// A look over the bytes before protobuf parses them: a few bytes of input may not become many
// objects, and what nib never reads is refused before it is built.
#include <fmt/format.h>

#include <array>

#include "nib/base/error.h"
#include "nib/import/message.h"

namespace nib::importer {
namespace {

/// The messages of onnx.proto, as far as they nest.
enum class Message {
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kValueInfo,
  kType,
  kTensorType,
  kSequence,  ///< and optional
  kMap,
  kShape,
  kAnnotation,
  kSparse,
  kLeaf,     ///< a message without messages
  kBytes,    ///< no message: a string or raw data
  kVarints,  ///< packed varints: one byte may become eight
  kRefused,  ///< functions and training: never read
};

/// What the length-delimited field `number` of `message` holds.
Message inner(Message message, std::uint32_t number) {
  struct Row {
    Message message;
    std::uint32_t number;
    Message inner;
  };
  static constexpr Row kRows[] = {
      {Message::kModel, 7, Message::kGraph},       {Message::kModel, 8, Message::kLeaf},
      {Message::kModel, 14, Message::kLeaf},       {Message::kModel, 20, Message::kRefused},
      {Message::kModel, 25, Message::kRefused},    {Message::kGraph, 1, Message::kNode},
      {Message::kGraph, 5, Message::kTensor},      {Message::kGraph, 11, Message::kValueInfo},
      {Message::kGraph, 12, Message::kValueInfo},  {Message::kGraph, 13, Message::kValueInfo},
      {Message::kGraph, 14, Message::kAnnotation}, {Message::kGraph, 15, Message::kSparse},
      {Message::kNode, 5, Message::kAttribute},    {Message::kAttribute, 5, Message::kTensor},
      {Message::kAttribute, 6, Message::kGraph},   {Message::kAttribute, 8, Message::kVarints},
      {Message::kAttribute, 10, Message::kTensor}, {Message::kAttribute, 11, Message::kGraph},
      {Message::kAttribute, 14, Message::kType},   {Message::kAttribute, 15, Message::kType},
      {Message::kAttribute, 22, Message::kSparse}, {Message::kAttribute, 23, Message::kSparse},
      {Message::kTensor, 1, Message::kVarints},    {Message::kTensor, 3, Message::kLeaf},
      {Message::kTensor, 5, Message::kVarints},    {Message::kTensor, 7, Message::kVarints},
      {Message::kTensor, 11, Message::kVarints},   {Message::kTensor, 13, Message::kLeaf},
      {Message::kValueInfo, 2, Message::kType},    {Message::kType, 1, Message::kTensorType},
      {Message::kType, 4, Message::kSequence},     {Message::kType, 5, Message::kMap},
      {Message::kType, 8, Message::kTensorType},   {Message::kType, 7, Message::kLeaf},
      {Message::kType, 9, Message::kSequence},     {Message::kSequence, 1, Message::kType},
      {Message::kMap, 2, Message::kType},          {Message::kTensorType, 2, Message::kShape},
      {Message::kShape, 1, Message::kLeaf},        {Message::kAnnotation, 2, Message::kLeaf},
      {Message::kSparse, 1, Message::kTensor},     {Message::kSparse, 2, Message::kTensor},
  };
  for (const Row& row : kRows) {
    if (row.message == message && row.number == number) return row.inner;
  }
  return Message::kBytes;
}

class Scanner {
 public:
  void message(std::string_view bytes, Message kind, int depth) {
    if (depth > kMaxNesting) {
      fail(ErrorCode::E202, fmt::format("messages nest more than {} deep", kMaxNesting));
    }
    while (!bytes.empty()) field(bytes, kind, depth);
  }

 private:
  [[noreturn]] static void broken() {
    fail(ErrorCode::E202, "the bytes are no ONNX message, or are cut short");
  }

  static std::uint64_t varint(std::string_view& bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 10 && i < bytes.size(); ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        bytes.remove_prefix(i + 1);
        return value;
      }
    }
    broken();
  }

  static std::string_view take(std::string_view& bytes, std::uint64_t length) {
    if (length > bytes.size()) broken();
    const std::string_view out = bytes.substr(0, length);
    bytes.remove_prefix(length);
    return out;
  }

  void field(std::string_view& bytes, Message kind, int depth) {
    if (++fields_ > kMaxFields) {
      fail(ErrorCode::E207, fmt::format("more than {} fields", kMaxFields));
    }
    const std::uint64_t tag = varint(bytes);
    if (tag >> 3 == 0 || tag >> 32 != 0) broken();
    switch (tag & 7) {
      case 0:
        varint(bytes);
        return;
      case 1:
        take(bytes, 8);
        return;
      case 2:
        delimited(take(bytes, varint(bytes)), inner(kind, static_cast<std::uint32_t>(tag >> 3)),
                  depth);
        return;
      case 5:
        take(bytes, 4);
        return;
      default:  // groups, which ONNX never had, and nothing
        broken();
    }
  }

  void delimited(std::string_view bytes, Message kind, int depth) {
    switch (kind) {
      case Message::kBytes:
        return;
      case Message::kVarints:
        varint_bytes_ += bytes.size();
        if (varint_bytes_ > static_cast<std::uint64_t>(kMaxElements)) {
          fail(ErrorCode::E207, fmt::format("more than {} bytes of packed integers", kMaxElements));
        }
        return;
      case Message::kRefused:
        fail(ErrorCode::E206, "the model defines functions or has training information");
      case Message::kModel:
      case Message::kGraph:
      case Message::kNode:
      case Message::kAttribute:
      case Message::kTensor:
      case Message::kValueInfo:
      case Message::kType:
      case Message::kTensorType:
      case Message::kSequence:
      case Message::kMap:
      case Message::kShape:
      case Message::kAnnotation:
      case Message::kSparse:
      case Message::kLeaf:
        message(bytes, kind, depth + 1);
    }
  }

  static constexpr std::uint64_t kMaxFields = 2'000'000;
  std::uint64_t fields_ = 0;
  std::uint64_t varint_bytes_ = 0;
};

}  // namespace

void scan_wire(std::string_view bytes) { Scanner().message(bytes, Message::kModel, 1); }

}  // namespace nib::importer
