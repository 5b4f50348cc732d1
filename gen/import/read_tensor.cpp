// TensorProto -> constant: counts, payloads and types are checked before anything is allocated.
#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "nib/base/error.h"
#include "nib/import/message.h"

namespace nib::importer {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little endian");

std::size_t byte_size(ElementType type) {
  switch (type) {
    case ElementType::kUint4:
    case ElementType::kInt4:  // two in one byte
    case ElementType::kUint8:
    case ElementType::kInt8:
    case ElementType::kBool:
      return 1;
    case ElementType::kUint16:
    case ElementType::kInt16:
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
      return 2;
    case ElementType::kFloat:
    case ElementType::kInt32:
    case ElementType::kUint32:
      return 4;
    case ElementType::kInt64:
    case ElementType::kDouble:
    case ElementType::kUint64:
      return 8;
  }
  NIB_CHECK(false, "element type");
}

double half_to_double(std::uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == 31) return fraction != 0 ? std::nan("") : sign * HUGE_VAL;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

double bfloat16_to_double(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

template <class T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

/// One element of raw_data as a real (float types).
double raw_real(ElementType type, const char* bytes) {
  switch (type) {
    case ElementType::kFloat:
      return load<float>(bytes);
    case ElementType::kDouble:
      return load<double>(bytes);
    case ElementType::kFloat16:
      return half_to_double(load<std::uint16_t>(bytes));
    case ElementType::kBfloat16:
      return bfloat16_to_double(load<std::uint16_t>(bytes));
    case ElementType::kUint4:
    case ElementType::kInt4:
    case ElementType::kUint8:
    case ElementType::kInt8:
    case ElementType::kUint16:
    case ElementType::kInt16:
    case ElementType::kInt32:
    case ElementType::kInt64:
    case ElementType::kBool:
    case ElementType::kUint32:
    case ElementType::kUint64:
      break;
  }
  NIB_CHECK(false, "a float type");
}

std::int64_t from_uint64(std::uint64_t value, const std::string& where) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail(ErrorCode::E203, fmt::format("the uint64 value {} is over 2^63 - 1", value), where);
  }
  return static_cast<std::int64_t>(value);
}

/// One element of raw_data as an integer (integer types and bool).
std::int64_t raw_integer(ElementType type, const char* bytes, const std::string& where) {
  switch (type) {
    case ElementType::kUint8:
      return load<std::uint8_t>(bytes);
    case ElementType::kInt8:
      return load<std::int8_t>(bytes);
    case ElementType::kUint16:
      return load<std::uint16_t>(bytes);
    case ElementType::kInt16:
      return load<std::int16_t>(bytes);
    case ElementType::kInt32:
      return load<std::int32_t>(bytes);
    case ElementType::kUint32:
      return load<std::uint32_t>(bytes);
    case ElementType::kInt64:
      return load<std::int64_t>(bytes);
    case ElementType::kUint64:
      return from_uint64(load<std::uint64_t>(bytes), where);
    case ElementType::kBool:
      return load<std::uint8_t>(bytes) != 0 ? 1 : 0;
    case ElementType::kUint4:
    case ElementType::kInt4:
    case ElementType::kFloat:
    case ElementType::kDouble:
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
      break;
  }
  NIB_CHECK(false, "an integer type");
}

/// An element of int32_data holds the narrow types by value, the 16-bit floats by their bits.
std::int64_t checked_int32(ElementType type, std::int32_t value, const std::string& where) {
  const auto within = [&](std::int64_t low, std::int64_t high) {
    if (value < low || value > high) {
      fail(ErrorCode::E203,
           fmt::format("the value {} does not fit {}", value,
                       element_type_name(static_cast<std::int64_t>(type))),
           where);
    }
    return static_cast<std::int64_t>(value);
  };
  switch (type) {
    case ElementType::kBool:
      return within(0, 1);
    case ElementType::kUint8:
      return within(0, 255);
    case ElementType::kInt8:
      return within(-128, 127);
    case ElementType::kUint16:
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
      return within(0, 65535);
    case ElementType::kInt16:
      return within(-32768, 32767);
    case ElementType::kInt32:
      return value;
    case ElementType::kUint4:
    case ElementType::kInt4:
    case ElementType::kFloat:
    case ElementType::kDouble:
    case ElementType::kInt64:
    case ElementType::kUint32:
    case ElementType::kUint64:
      break;
  }
  NIB_CHECK(false, "a type of int32_data");
}

/// The one payload field that a type may use besides raw_data.
struct Field {
  const char* name;
  int size;
};

Field typed_field(ElementType type, const onnx::TensorProto& tensor) {
  switch (type) {
    case ElementType::kFloat:
      return {"float_data", tensor.float_data_size()};
    case ElementType::kDouble:
      return {"double_data", tensor.double_data_size()};
    case ElementType::kInt64:
      return {"int64_data", tensor.int64_data_size()};
    case ElementType::kUint32:
    case ElementType::kUint64:
      return {"uint64_data", tensor.uint64_data_size()};
    case ElementType::kUint4:
    case ElementType::kInt4:
    case ElementType::kUint8:
    case ElementType::kInt8:
    case ElementType::kUint16:
    case ElementType::kInt16:
    case ElementType::kInt32:
    case ElementType::kBool:
    case ElementType::kFloat16:
    case ElementType::kBfloat16:
      return {"int32_data", tensor.int32_data_size()};
  }
  NIB_CHECK(false, "element type");
}

Shape read_dims(const onnx::TensorProto& tensor, const std::string& where) {
  if (static_cast<std::size_t>(tensor.dims_size()) > kMaxRank) {
    fail(ErrorCode::E207,
         fmt::format("a tensor of {} axes, at most {} are read", tensor.dims_size(), kMaxRank),
         where);
  }
  Shape shape(tensor.dims().begin(), tensor.dims().end());
  for (const std::int64_t length : shape) {
    if (length < 0) {
      fail(ErrorCode::E203, fmt::format("a length of {} in {}", length, to_string(shape)), where);
    }
  }
  if (!bounded_count(shape)) {
    fail(ErrorCode::E207,
         fmt::format("a tensor of shape {}, at most {} elements are read", to_string(shape),
                     kMaxElements),
         where);
  }
  return shape;
}

/// True where the payload is raw_data; checks that there is one payload, of the right size.
bool check_payload(const onnx::TensorProto& tensor, ElementType type, std::int64_t count,
                   const std::string& where) {
  const Field field = typed_field(type, tensor);
  const int sizes[] = {tensor.float_data_size(),  tensor.int32_data_size(),
                       tensor.string_data_size(), tensor.int64_data_size(),
                       tensor.double_data_size(), tensor.uint64_data_size()};
  int used = 0;
  for (const int size : sizes) used += size > 0 ? 1 : 0;
  const bool raw = tensor.has_raw_data() && (!tensor.raw_data().empty() || used == 0);
  if (used + (raw ? 1 : 0) > 1) {
    fail(ErrorCode::E203, "the elements are stored in two fields at once", where);
  }
  if (raw) {
    const auto bytes = static_cast<std::int64_t>(byte_size(type)) * count;
    if (static_cast<std::int64_t>(tensor.raw_data().size()) != bytes) {
      fail(ErrorCode::E203,
           fmt::format("raw_data has {} bytes where the shape needs {}", tensor.raw_data().size(),
                       bytes),
           where);
    }
    return true;
  }
  if (used == 1 && field.size == 0) {
    fail(ErrorCode::E203,
         fmt::format("elements of type {} must stand in {} or raw_data",
                     element_type_name(tensor.data_type()), field.name),
         where);
  }
  if (field.size != count) {
    fail(ErrorCode::E203,
         fmt::format("{} has {} elements where the shape needs {}", field.name, field.size, count),
         where);
  }
  return false;
}

Tensor<double> reals_of(const onnx::TensorProto& tensor, ElementType type, Shape shape, bool raw,
                        const std::string& where) {
  Tensor<double> out(std::move(shape));
  const std::size_t step = byte_size(type);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const int at = static_cast<int>(i);
    if (raw) {
      out[i] = raw_real(type, tensor.raw_data().data() + static_cast<std::size_t>(i) * step);
    } else if (type == ElementType::kFloat) {
      out[i] = tensor.float_data(at);
    } else if (type == ElementType::kDouble) {
      out[i] = tensor.double_data(at);
    } else {
      const auto bits =
          static_cast<std::uint16_t>(checked_int32(type, tensor.int32_data(at), where));
      out[i] = type == ElementType::kFloat16 ? half_to_double(bits) : bfloat16_to_double(bits);
    }
  }
  return out;
}

bool is_packed(ElementType type) {
  return type == ElementType::kUint4 || type == ElementType::kInt4;
}

/// Pairs of 4-bit integers, in bytes or in the lowest byte of each int32; the first of a pair in
/// the lower half.
Tensor<std::int64_t> nibbles_of(const onnx::TensorProto& tensor, ElementType type, Shape shape,
                                bool raw, const std::string& where) {
  Tensor<std::int64_t> out(std::move(shape));
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto pair = static_cast<std::size_t>(i / 2);
    const std::int64_t byte =
        raw ? load<std::uint8_t>(tensor.raw_data().data() + pair)
            : checked_int32(ElementType::kUint8, tensor.int32_data(static_cast<int>(pair)) & 255,
                            where);
    const std::int64_t half = i % 2 == 0 ? byte & 15 : byte >> 4;
    out[i] = type == ElementType::kInt4 && half >= 8 ? half - 16 : half;
  }
  return out;
}

Tensor<std::int64_t> integers_of(const onnx::TensorProto& tensor, ElementType type, Shape shape,
                                 bool raw, const std::string& where) {
  Tensor<std::int64_t> out(std::move(shape));
  const std::size_t step = byte_size(type);
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const int at = static_cast<int>(i);
    if (raw) {
      out[i] =
          raw_integer(type, tensor.raw_data().data() + static_cast<std::size_t>(i) * step, where);
    } else if (type == ElementType::kInt64) {
      out[i] = tensor.int64_data(at);
    } else if (type == ElementType::kUint32 || type == ElementType::kUint64) {
      out[i] = from_uint64(tensor.uint64_data(at), where);
      if (type == ElementType::kUint32 && out[i] > 0xffffffffLL) {
        fail(ErrorCode::E203, fmt::format("the value {} does not fit uint32", out[i]), where);
      }
    } else {
      out[i] = checked_int32(type, tensor.int32_data(at), where);
    }
  }
  return out;
}

}  // namespace

std::optional<ElementType> element_type(std::int64_t number) {
  for (const ElementType type :
       {ElementType::kFloat, ElementType::kUint8, ElementType::kInt8, ElementType::kUint16,
        ElementType::kInt16, ElementType::kInt32, ElementType::kInt64, ElementType::kBool,
        ElementType::kFloat16, ElementType::kDouble, ElementType::kUint32, ElementType::kUint64,
        ElementType::kBfloat16, ElementType::kUint4, ElementType::kInt4}) {
    if (static_cast<std::int64_t>(type) == number) return type;
  }
  return std::nullopt;
}

bool is_float(ElementType type) {
  return type == ElementType::kFloat || type == ElementType::kDouble ||
         type == ElementType::kFloat16 || type == ElementType::kBfloat16;
}

std::string element_type_name(std::int64_t number) {
  constexpr std::string_view kNames[] = {"undefined",  "float32", "uint8",  "int8",   "uint16",
                                         "int16",      "int32",   "int64",  "string", "bool",
                                         "float16",    "double",  "uint32", "uint64", "complex64",
                                         "complex128", "bfloat16"};
  if (number == static_cast<std::int64_t>(ElementType::kUint4)) return "uint4";
  if (number == static_cast<std::int64_t>(ElementType::kInt4)) return "int4";
  if (number >= 0 && static_cast<std::size_t>(number) < std::size(kNames)) {
    return std::string(kNames[number]);
  }
  return fmt::format("type {}", number);
}

RawTensor read_tensor(const onnx::TensorProto& tensor, const std::string& where) {
  if (tensor.external_data_size() > 0 ||
      tensor.data_location() == onnx::TensorProto_DataLocation_EXTERNAL) {
    fail(ErrorCode::E205, "nib opens no other file that a model names", where);
  }
  if (tensor.has_segment()) fail(ErrorCode::E206, "a tensor in segments", where);
  const auto type = element_type(tensor.data_type());
  if (!type) fail(ErrorCode::E204, element_type_name(tensor.data_type()), where);
  Shape shape = read_dims(tensor, where);
  const std::int64_t elements = element_count(shape);
  const std::int64_t count = is_packed(*type) ? (elements + 1) / 2 : elements;
  const bool raw = check_payload(tensor, *type, count, where);
  RawTensor out;
  out.type = *type;
  if (is_float(*type)) {
    out.data = reals_of(tensor, *type, std::move(shape), raw, where);
  } else if (is_packed(*type)) {
    out.data = nibbles_of(tensor, *type, std::move(shape), raw, where);
  } else {
    out.data = integers_of(tensor, *type, std::move(shape), raw, where);
  }
  return out;
}

}  // namespace nib::importer
