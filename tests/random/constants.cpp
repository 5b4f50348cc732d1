// Random constants that the network computes from stored ones.
#include "network_maker.h"

namespace nib::random {

/// A constant of the shape `dims` from the stored one `c`, rational whatever stands in it.
std::string NetworkMaker::computed(const std::string& c, const Dims& dims) {
  std::string y = fresh("made");
  const std::int64_t last = dims.empty() ? 1 : dims.back();
  const auto rank = static_cast<std::int64_t>(dims.size());
  switch (whole(0, 7)) {
    case 0:
      node(of<const char*>({"Floor", "Ceil", "Round", "Sign", "Abs", "Neg", "Relu", "LeakyRelu",
                            "HardSigmoid", "Softsign"}),
           {c}, y);
      return y;
    case 1: {  // irrational until a quantiser takes it
      const std::string curve = fresh("curve");
      node(of<const char*>({"Tanh", "Sigmoid", "Softplus", "Exp", "Erf", "Elu", "Selu"}), {c},
           curve);
      node("Quant", {curve, stored({}, {scale()}), stored({}, {0}), stored({}, {6})}, y,
           testing::kQonnx)
          .set("signed", 1);
      return y;
    }
    case 2: {
      const std::string square = fresh("square");
      node("Mul", {c, c}, square);
      node("Pow", {square, stored({}, {0.5F})}, y);  // |c| again, by a root
      return y;
    }
    case 3:
      if (dims.empty()) break;
      node("MatMul", {c, stored({last, last}, reals(last * last, 1, 1))}, y);
      return y;
    case 4:
      node("PRelu", {c, stored({}, {real(3, 2)})}, y);
      return y;
    case 5: {
      if (dims.empty()) break;
      const std::string both = fresh("both"), index = fresh("index");
      node("Concat", {c, c}, both).set("axis", rank - 1);
      network_.operators.emplace_back("TopK");
      network_.made.node("TopK", {both, stored_integers({last})}, {y, index})
          .set("axis", rank - 1)
          .set("largest", chance(50) ? 1 : 0);
      return y;
    }
    case 6: {
      if (dims.empty()) break;
      Dims index;
      for (std::int64_t i = 0; i < last; ++i) index.push_back(whole(0, last - 1));
      node("Gather", {c, stored_integers(index)}, y).set("axis", rank - 1);
      return y;
    }
    default:
      node("Trunc", {c, stored({}, {0.25F}), stored({}, {0}), stored({}, {8}), stored({}, {6})}, y,
           testing::kQonnx)
          .set("rounding_mode", "FLOOR");
      return y;
  }
  return c;
}

}  // namespace nib::random
