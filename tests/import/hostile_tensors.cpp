// Hostile models: stored tensors.
#include <functional>
#include <limits>

#include "hostile_models.h"

namespace nib::testing {
namespace {

/// y = x + c, where `change` makes the initialiser c.
std::string with_tensor(const std::function<void(onnx::TensorProto&)>& change) {
  ModelMaker made = x_to_y();
  made.node("Add", {"x", "c"}, {"y"});
  onnx::TensorProto& tensor = *made.graph().add_initializer();
  tensor.set_name(std::string("c"));
  change(tensor);
  return made.bytes();
}

/// The same with a type, dims and a payload.
std::string stored(int type, const Dims& dims,
                   const std::function<void(onnx::TensorProto&)>& payload) {
  return with_tensor([&](onnx::TensorProto& tensor) {
    tensor.set_data_type(type);
    for (const std::int64_t length : dims) tensor.add_dims(length);
    payload(tensor);
  });
}

const auto kNothing = [](onnx::TensorProto&) {};
const auto kFourFloats = [](onnx::TensorProto& tensor) {
  for (int i = 0; i < 4; ++i) tensor.add_float_data(1);
};

HostileModels shapes() {
  constexpr std::int64_t kBig = std::int64_t{1} << 32;
  HostileModels out;
  add(out, "a length of -1", ErrorCode::E203, stored(1, {-1, 4}, kFourFloats));
  add(out, "a length of -2^63", ErrorCode::E203,
      stored(1, {std::numeric_limits<std::int64_t>::min()}, kNothing));
  add(out, "lengths whose product wraps to 0", ErrorCode::E207, stored(1, {kBig, kBig}, kNothing));
  add(out, "lengths whose product wraps to 4", ErrorCode::E207,
      stored(1, {kBig + 1, kBig, 4}, kFourFloats));
  add(out, "a length of 2^63 - 1", ErrorCode::E207,
      stored(1, {std::numeric_limits<std::int64_t>::max()}, kNothing));
  add(out, "nine axes", ErrorCode::E207, stored(1, {1, 1, 1, 1, 1, 1, 1, 1, 4}, kFourFloats));
  add(out, "2^26 elements", ErrorCode::E207, stored(2, {1 << 13, 1 << 13}, kNothing));
  add(out, "a hidden 0 among huge lengths", ErrorCode::E207, stored(1, {kBig, 0, kBig}, kNothing));
  return out;
}

HostileModels payloads() {
  const auto raw = [](std::size_t bytes) {
    return [bytes](onnx::TensorProto& tensor) { tensor.set_raw_data(std::string(bytes, '\0')); };
  };
  HostileModels out;
  add(out, "4 bytes for a million floats", ErrorCode::E203, stored(1, {1'000'000}, raw(4)));
  add(out, "a byte too many", ErrorCode::E203, stored(1, {4}, raw(17)));
  add(out, "a byte too few", ErrorCode::E203, stored(7, {4}, raw(31)));
  add(out, "no data", ErrorCode::E203, stored(1, {4}, kNothing));
  add(out, "five floats for four", ErrorCode::E203, stored(1, {4}, [](onnx::TensorProto& tensor) {
        kFourFloats(tensor);
        tensor.add_float_data(1);
      }));
  add(out, "raw and typed data at once", ErrorCode::E203,
      stored(1, {4}, [](onnx::TensorProto& tensor) {
        kFourFloats(tensor);
        tensor.set_raw_data(std::string(16, '\0'));
      }));
  add(out, "float and int data at once", ErrorCode::E203,
      stored(1, {4}, [](onnx::TensorProto& tensor) {
        kFourFloats(tensor);
        tensor.add_int32_data(1);
      }));
  add(out, "floats in int32_data", ErrorCode::E203,
      stored(1, {1}, [](onnx::TensorProto& tensor) { tensor.add_int32_data(1); }));
  add(out, "int8 with the value 300", ErrorCode::E203,
      stored(3, {1}, [](onnx::TensorProto& tensor) { tensor.add_int32_data(300); }));
  add(out, "bool with the value 2", ErrorCode::E203,
      stored(9, {1}, [](onnx::TensorProto& tensor) { tensor.add_int32_data(2); }));
  add(out, "uint32 with the value 2^32", ErrorCode::E203,
      stored(12, {1}, [](onnx::TensorProto& tensor) { tensor.add_uint64_data(1ULL << 32); }));
  add(out, "uint64 with the value 2^63", ErrorCode::E203,
      stored(13, {1}, [](onnx::TensorProto& tensor) { tensor.add_uint64_data(1ULL << 63); }));
  return out;
}

HostileModels types_and_places() {
  const auto outside = [](const std::string& place) {
    return stored(1, {4}, [&](onnx::TensorProto& tensor) {
      tensor.set_data_location(onnx::TensorProto_DataLocation_EXTERNAL);
      auto& entry = *tensor.add_external_data();
      entry.set_key("location");
      entry.set_value(place);
    });
  };
  HostileModels out;
  add(out, "data_type 999", ErrorCode::E204, stored(999, {4}, kFourFloats));
  add(out, "data_type -1", ErrorCode::E204, stored(-1, {4}, kFourFloats));
  add(out, "no data_type", ErrorCode::E204, stored(0, {4}, kFourFloats));
  add(out, "strings", ErrorCode::E204,
      stored(8, {1}, [](onnx::TensorProto& tensor) { tensor.add_string_data(std::string("1")); }));
  add(out, "complex numbers", ErrorCode::E204, stored(14, {4}, kFourFloats));
  add(out, "external data in ../../etc/passwd", ErrorCode::E205, outside("../../etc/passwd"));
  add(out, "external data in /dev/zero", ErrorCode::E205, outside("/dev/zero"));
  add(out, "an external place without a flag", ErrorCode::E205,
      stored(1, {4}, [](onnx::TensorProto& tensor) {
        kFourFloats(tensor);
        tensor.add_external_data()->set_key("location");
      }));
  add(out, "a tensor in segments", ErrorCode::E206, stored(1, {4}, [](onnx::TensorProto& tensor) {
        kFourFloats(tensor);
        tensor.mutable_segment()->set_begin(0);
      }));
  add(out, "a weight that is NaN", ErrorCode::E217, stored(1, {1}, [](onnx::TensorProto& tensor) {
        tensor.add_float_data(std::numeric_limits<float>::quiet_NaN());
      }));
  add(out, "a weight that is infinite", ErrorCode::E217,
      stored(11, {1}, [](onnx::TensorProto& tensor) {
        tensor.add_double_data(-std::numeric_limits<double>::infinity());
      }));
  add(out, "an integer beyond 2^53", ErrorCode::E217,
      stored(7, {1}, [](onnx::TensorProto& tensor) { tensor.add_int64_data((1LL << 53) + 1); }));
  add(out, "an empty constant", ErrorCode::E307, stored(1, {0}, kNothing));
  return out;
}

}  // namespace

HostileModels hostile_tensors() {
  HostileModels out = shapes();
  for (HostileModels more : {payloads(), types_and_places()}) {
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

}  // namespace nib::testing
