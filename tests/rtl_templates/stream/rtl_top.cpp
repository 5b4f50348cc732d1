// Compiled for each batch, together with the Verilated top: all.cpp is what Verilator wrote.
#include "rtl_top.h"

#include "Vstream_top.h"
#include "all.cpp"
#include "nib_ports.h"

namespace nib::test {
namespace {

class VerilatedTop final : public RtlTop {
 public:
  explicit VerilatedTop(int seed) {
    context_.randReset(2);
    context_.randSeed(seed);
    context_.fatalOnError(false);
    top_ = std::make_unique<Vstream_top>(&context_);
    size(reset, top_->rst_i);
    size(source_valid, top_->source_valid_i);
    size(source_data, top_->source_data_i);
    size(sink_ready, top_->sink_ready_i);
    size(valid, top_->valid_o);
    size(ready, top_->ready_o);
    size(data, top_->data_o);
    top_->clk_i = 0;
  }
  ~VerilatedTop() override { top_->final(); }

  void settle() override {
    put(top_->rst_i, reset);
    put(top_->source_valid_i, source_valid);
    put(top_->source_data_i, source_data);
    put(top_->sink_ready_i, sink_ready);
    top_->eval();
    nib_bench::store(top_->valid_o, valid.data(), static_cast<int>(valid.size()));
    nib_bench::store(top_->ready_o, ready.data(), static_cast<int>(ready.size()));
    nib_bench::store(top_->data_o, data.data(), static_cast<int>(data.size()));
  }
  void tick() override {
    top_->clk_i = 1;
    top_->eval();
    context_.timeInc(1);
    top_->clk_i = 0;
    top_->eval();
    context_.timeInc(1);
  }
  bool failed() const override { return context_.gotError(); }

 private:
  template <class Port>
  static void size(std::vector<std::uint32_t>& pieces, const Port&) {
    pieces.assign(sizeof(Port) <= 4 ? 1 : sizeof(Port) / 4, 0);
  }
  /// Nothing is set above the port's width: the bench numbers bits that are there.
  template <class Port>
  static void put(Port& port, const std::vector<std::uint32_t>& pieces) {
    if constexpr (std::is_integral_v<Port>) {
      std::uint64_t value = pieces[0];
      if (pieces.size() > 1) value |= static_cast<std::uint64_t>(pieces[1]) << 32;
      port = static_cast<Port>(value);
    } else {
      for (std::size_t p = 0; p < pieces.size(); ++p) port[p] = pieces[p];
    }
  }

  VerilatedContext context_;
  std::unique_ptr<Vstream_top> top_;
};

}  // namespace
}  // namespace nib::test

extern "C" nib::test::RtlTop* nib_make_rtl_top(int seed) {
  return new nib::test::VerilatedTop(seed);
}
