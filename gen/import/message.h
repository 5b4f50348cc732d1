// Reading the protobuf messages of ONNX. The message classes themselves stay in the .cpp files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nib/import/raw_model.h"

namespace onnx {
class AttributeProto;
class ModelProto;
class TensorProto;
}  // namespace onnx

namespace nib::importer {

/// Parses the bytes (gzip or plain) into `model`, with limits on size and nesting. Errors: those of
/// scan_wire, E0201, E0202.
void read_message(std::string_view bytes, std::uintmax_t max_bytes, onnx::ModelProto& model);

/// Walks the wire format without building anything. Errors: E0202 no message, too deep; E0206 parts
/// that nib never reads; E0207 more fields than a sane model has.
void scan_wire(std::string_view bytes);

/// The tensor's elements, with every length checked against the payload. `where` is for errors.
/// Errors: E0203, E0204, E0205, E0206, E0207.
[[nodiscard]] RawTensor read_tensor(const onnx::TensorProto& tensor, const std::string& where);

/// Errors: E0206, E0211, E0304 and those of read_tensor.
[[nodiscard]] RawAttribute read_attribute(const onnx::AttributeProto& attribute,
                                          const std::string& where);

/// Refuses a name that is not printable UTF-8 of a sane length. Errors: E0211.
void check_name(std::string_view name, std::string_view what);

}  // namespace nib::importer
