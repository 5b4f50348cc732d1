// Random valid ONNX and QONNX networks, of every dialect, from a seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "../import/model_maker.h"
#include "nib/import/import.h"
#include "nib/num/tensor.h"

namespace nib::random {

using testing::Dims;
using testing::ModelMaker;
using testing::Names;

enum class Dialect { kQonnx, kQcdq, kQdq, kOperators, kThresholds, kMixed };

/// A network and what has to be said about it beyond the file.
struct Network {
  ModelMaker made;
  importer::Options options;
  std::vector<std::string> operators;  ///< in order, for statistics
};

/// Grows a network operator by operator. Every choice comes from the seed.
class NetworkMaker {
 public:
  explicit NetworkMaker(std::uint64_t seed);
  [[nodiscard]] Network make();

 private:
  /// A tensor in the making; shapes have the batch, 1, in front.
  struct Value {
    std::string name;
    Shape shape;
    bool last = false;  ///< channels on the last axis
    int loose = 0;      ///< operators since the last quantiser
    [[nodiscard]] int rank() const { return static_cast<int>(shape.size()); }
    [[nodiscard]] std::size_t channel_axis() const { return last ? shape.size() - 1 : 1; }
    [[nodiscard]] std::int64_t channels() const { return shape[channel_axis()]; }
  };

  // Choices.
  [[nodiscard]] std::int64_t whole(std::int64_t low, std::int64_t high);
  [[nodiscard]] bool chance(int percent) { return whole(0, 99) < percent; }
  template <class T>
  [[nodiscard]] T of(std::vector<T> choices) {
    return choices[static_cast<std::size_t>(
        whole(0, static_cast<std::int64_t>(choices.size()) - 1))];
  }
  [[nodiscard]] float scale();
  [[nodiscard]] float real(int bits = 4, int point = 2);
  [[nodiscard]] std::vector<float> reals(std::int64_t count, int bits = 4, int point = 2);
  [[nodiscard]] std::vector<float> scales(std::int64_t count);
  [[nodiscard]] Dims integers(std::int64_t count, std::int64_t low, std::int64_t high);

  // Parts.
  [[nodiscard]] std::string fresh(const char* stem);
  [[nodiscard]] std::string stored(const Dims& dims, std::vector<float> values);
  [[nodiscard]] std::string stored_integers(const Dims& values);
  [[nodiscard]] std::string stored_codes(const Dims& dims, int type, const Dims& values);
  [[nodiscard]] std::string computed(const std::string& c, const Dims& dims);
  testing::NodeMaker node(const char* op, const Names& inputs, const std::string& output,
                          const char* domain = "");
  [[nodiscard]] Dims along_channels(const Value& x) const;
  [[nodiscard]] const char* qonnx_domain();
  void set_window(testing::NodeMaker& made, const Shape& spatial, Shape& out, bool pool,
                  const Shape& kernel);
  [[nodiscard]] Shape spatial_of(const Value& x) const;
  [[nodiscard]] Value like(const Value& x, const char* stem, int loose = 1);

  // Quantisers: each gives a tensor of known codes.
  Value quantise(const Value& x);
  Value quant(const Value& x);
  Value bipolar(const Value& x);
  Value threshold(const Value& x);
  Value truncate(const Value& x);
  Value minifloat(const Value& x);
  Value pair(const Value& x, bool with_clip);
  [[nodiscard]] std::string weights(const Dims& dims, std::size_t output_axis);
  [[nodiscard]] std::string bias(std::int64_t count);

  // Operators; false where one does not fit x.
  bool dense(Value& x);
  bool convolve(Value& x);
  bool convolve_last(Value& x);
  bool transposed_convolution(Value& x);
  bool quantised_operator(Value& x);
  bool max_pool(Value& x);
  bool average_pool(Value& x);
  bool reduce(Value& x);
  bool rearrange(Value& x);
  bool select(Value& x);
  bool resize(Value& x);
  bool activate(Value& x);
  bool smooth(Value& x);
  bool arithmetic(Value& x);
  bool batch_norm(Value& x);
  bool join(Value& x);
  bool split(Value& x);

  Value input();
  void step(Value& x);
  void finish(Value x);

  std::mt19937_64 random_;
  Dialect dialect_;
  bool powers_of_two_;
  int opset_;
  std::int64_t batch_ = -1;  ///< of the file
  int number_ = 0;
  Network network_;
  std::vector<Value> earlier_;
};

}  // namespace nib::random
