// The model file as checked data: what parsing leaves of the protobuf messages. Everything here
// is live (an output depends on it), bounded in size, and its names are printable.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nib/graph/graph.h"

namespace nib::importer {

/// Limits on what a file may ask for, so that no small file costs much memory.
inline constexpr std::size_t kMaxRank = 8;
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 25;  ///< of one tensor, and of all
                                                                     ///< constants together
inline constexpr std::int64_t kMaxActivations = std::int64_t{1} << 28;  ///< of all computed tensors
inline constexpr std::size_t kMaxNodes = 20'000;
inline constexpr std::size_t kMaxEdges = 200'000;
inline constexpr std::size_t kMaxPorts = 4096;  ///< graph inputs, graph outputs
inline constexpr std::size_t kMaxNameBytes = 1024;
inline constexpr int kMaxNesting = 32;

/// TensorProto.DataType of the types that nib reads; the numbers are ONNX's.
enum class ElementType : int {
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
  kUint4 = 21,  ///< stored in pairs, the lower half first
  kInt4 = 22,
};
/// The type of that number, nullopt where nib does not read it.
[[nodiscard]] std::optional<ElementType> element_type(std::int64_t number);
[[nodiscard]] bool is_float(ElementType type);
/// "float32"; "type 999" for a number that is none.
[[nodiscard]] std::string element_type_name(std::int64_t number);

/// A stored tensor.
struct RawTensor {
  ElementType type = ElementType::kFloat;
  graph::Constant data;
};

using AttributeValue = std::variant<float, std::int64_t, std::string, RawTensor, std::vector<float>,
                                    std::vector<std::int64_t>, std::vector<std::string>>;
struct RawAttribute {
  std::string name;
  AttributeValue value;
};

struct RawNode {
  std::string name;   ///< unique; made up where the file has none
  std::string where;  ///< for errors: "name" (Operator, node 3)
  std::string op_type;
  std::string domain;
  std::vector<std::string> inputs;  ///< empty: absent
  std::vector<std::string> outputs;
  std::vector<RawAttribute> attributes;
};

/// A graph input. A length that is not a number is -1.
struct RawInput {
  std::string name;
  ElementType type = ElementType::kFloat;
  std::vector<std::int64_t> shape;
  bool used = true;  ///< by a live node
};

struct RawModel {
  std::vector<std::pair<std::string, std::int64_t>> opsets;  ///< domain ("" for ai.onnx), version
  std::vector<RawNode> nodes;                                ///< in topological order
  std::vector<std::pair<std::string, RawTensor>> constants;  ///< live initialisers
  std::vector<RawInput> inputs;                              ///< without initialisers
  std::vector<std::string> outputs;
  std::vector<std::pair<std::string, std::string>> datatypes;  ///< tensor, finn_datatype
};

/// Reads the bytes (gzip is recognised by its magic number). Errors E02xx.
[[nodiscard]] RawModel parse_raw(std::string_view bytes, std::uintmax_t max_bytes);

/// Product of the lengths; nullopt where one is negative or the product is over `limit`.
[[nodiscard]] std::optional<std::int64_t> bounded_count(const Shape& shape,
                                                        std::int64_t limit = kMaxElements);

/// Text that is safe in a message: cut to 60 bytes, quoted, odd characters as '?'.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace nib::importer
