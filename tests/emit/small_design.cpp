// A small design written by hand.
#include "small_design.h"

namespace nib::emit::testing {
namespace {

constexpr const char* kRtl = R"(// y0 = x0 + x1, one cycle later.
module small_top (
  input  logic       clk_i,
  input  logic       in_valid_i,
  input  logic [7:0] in_data_i,
  output logic       out_valid_o,
  output logic [4:0] out_data_o
);

  logic valid_q = 1'b0;
  logic signed [4:0] y0_q;

  always_ff @(posedge clk_i) begin
    valid_q <= in_valid_i;
    y0_q    <= 5'(signed'(in_data_i[3:0])) + 5'(signed'(in_data_i[7:4]));
  end

  assign out_valid_o = valid_q;
  assign out_data_o  = y0_q;

endmodule : small_top
)";

lower::Value value(const char* name, Shape shape, Range range) {
  lower::Value v;
  v.name = name;
  v.is_graph_tensor = true;
  v.shape = std::move(shape);
  v.scale = {Rational(1, 2)};
  v.offset = {0};
  v.range = {range};
  return v;
}

arith::Target target() {
  arith::Target t;
  t.name = "part-1";
  t.part = "xc-part-1";
  t.net_base = 0.25;
  t.ff_clock_to_q = 0.125;
  t.ff_setup = 0.0625;
  t.hold_input_ns = 0.5;
  t.hold_output_ns = 0.1;
  return t;
}

}  // namespace

SmallDesign::SmallDesign() {
  plan.name = "small";
  plan.source_file = "small.onnx";
  plan.sha256 = std::string(64, 'a');
  plan.target = target();
  plan.clock_mhz = 360;
  plan.period_model_ns = 2.5;
  plan.latency_cycles = 1;
  const Rational half(1, 2);
  plan.inputs = {
      {"x", {2}, {{0, 4, true, half, 0, {-8, 7}, true}, {4, 4, true, half, 0, {-3, 5}, true}}, 8}};
  plan.outputs = {
      {"y", {2}, {{0, 5, true, half, 0, {-11, 12}, true}, {0, 0, false, 1, 3, {0, 0}, true}}, 5}};
  plan::Layer layer;
  layer.name = "fc";
  layer.nodes = {"MatMul_0", "Add_1"};
  layer.inputs = {-1};
  layer.output = plan.outputs[0];
  layer.output_stage = 1;
  layer.latency_cycles = 1;
  layer.macs = 4;
  layer.nonzero = 2;
  layer.adders = 1;
  layer.cost = {5.4, 2, 6, 0, 0};
  plan.layers = {layer};
  plan.output_layers = {0};
  plan.notes = {"a note with \"quotes\""};
  design.top = "small_top";
  design.files = {{"rtl/small_top.sv", kRtl}};
  design.modules = {"small_fc"};
  design.probe_nets = {"fc_y"};
  graph.name = "small";
  graph.values = {value("x", {1, 2}, {-8, 7}), value("y", {1, 2}, {-11, 12})};
  graph.inputs = {0};
  graph.input_names = {"global_in"};
  graph.outputs = {1};
  graph.output_names = {"global_out"};
}

Package SmallDesign::package() const {
  Package what{plan, design};
  what.integer_graph = &graph;
  what.model_file = "small.onnx";
  what.model_bytes = "model";
  what.config_json = R"({"target": "part-1", "argmax": false})";
  what.input_types = {{"", {PortType{true, 4, Rational(1, 2)}, {}}}};
  what.vectors = Vectors{{Tensor<BigInt>(Shape{4, 2}, {-8, -3, 7, 5, 0, 0, -1, 2})},
                         {Tensor<BigInt>(Shape{4, 2}, {-11, 0, 12, 0, 0, 0, 1, 0})}};
  return what;
}

}  // namespace nib::emit::testing
