// Hostile models: bytes, sizes, parts that nib does not read.
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <functional>

#include "hostile_models.h"

namespace nib::testing {
namespace {

ModelMaker good() {
  ModelMaker made = x_to_y();
  made.node("Relu", {"x"}, {"y"});
  return made;
}

/// Tag and length of a length-delimited field, then its content.
std::string delimited(int field, const std::string& content) {
  std::string out(1, static_cast<char>(field << 3 | 2));
  std::size_t length = content.size();
  for (; length >= 0x80; length >>= 7) out += static_cast<char>(length | 0x80);
  return out + static_cast<char>(length) + content;
}

std::string changed(const std::function<void(ModelMaker&)>& change) {
  ModelMaker made = good();
  change(made);
  return made.bytes();
}

/// `depth` If nodes, each in the branch of the one before.
std::string nested_if(int depth) {
  ModelMaker made(13);
  made.input("x", {1, 4}).output("y");
  onnx::GraphProto* graph = &made.graph();
  for (int i = 0; i < depth; ++i) {
    onnx::NodeProto& node = *graph->add_node();
    node.set_op_type(std::string("If"));
    node.add_input(std::string("x"));
    node.add_output(std::string("y"));
    onnx::AttributeProto& branch = *node.add_attribute();
    branch.set_name("then_branch");
    branch.set_type(onnx::AttributeProto_AttributeType_GRAPH);
    graph = branch.mutable_g();
  }
  return made.bytes();
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

HostileModels bytes_and_sizes() {
  const std::string model = good().bytes();
  importer::Options small;
  small.max_file_bytes = 1000;
  std::string bad_checksum = gzip(model);
  bad_checksum[bad_checksum.size() - 6] ^= 1;
  HostileModels out;
  add(out, "an empty file", ErrorCode::E202, "");
  add(out, "text", ErrorCode::E202, "hello, I am no model at all");
  add(out, "an HTML page", ErrorCode::E202, "<!DOCTYPE html><html><body>404</body></html>");
  add(out, "half of a model", ErrorCode::E202, model.substr(0, model.size() / 2));
  add(out, "a model without its last byte", ErrorCode::E202, model.substr(0, model.size() - 1));
  add(out, "a length beyond the end", ErrorCode::E202, std::string("\x3a\xff\xff\xff\xff\x07", 6));
  add(out, "an endless varint", ErrorCode::E202, std::string(20, '\xff'));
  add(out, "a group", ErrorCode::E202, std::string("\x0b\x0c", 2));
  add(out, "field number 0", ErrorCode::E202, std::string("\x02\x00", 2));
  add(out, "no graph", ErrorCode::E202, std::string("\x08\x08", 2));
  add(out, "half of a gzip file", ErrorCode::E202, gzip(model).substr(0, 40));
  add(out, "gzip with a wrong checksum", ErrorCode::E202, bad_checksum);
  add(out, "gzip of nothing", ErrorCode::E202, gzip(""));
  add(out, "a second gzip member that is cut short", ErrorCode::E202,
      gzip(model.substr(0, 30)) + gzip(model.substr(30)).substr(0, 25));
  add(out, "text behind a gzip member", ErrorCode::E202, gzip(model) + "text");
  add(out, "a file over the limit", ErrorCode::E201, std::string(1001, 'x'), small);
  add(out, "a gzip bomb", ErrorCode::E201, gzip(std::string(100'000, '\0')), small);
  add(out, "sub-graphs nested 40 deep", ErrorCode::E202, nested_if(40));
  add(out, "two million empty nodes", ErrorCode::E207,
      delimited(7, repeated(std::string("\x0a\x00", 2), 2'000'001)));
  add(out, "two million empty nodes in gzip", ErrorCode::E207,
      gzip(delimited(7, repeated(std::string("\x0a\x00", 2), 2'000'001))));
  add(out, "more packed integers than elements are read", ErrorCode::E207,
      delimited(7, delimited(5, delimited(7, std::string((1U << 25) + 1, '\x01')))));

  return out;
}

HostileModels too_many() {
  ModelMaker nodes = good();
  for (int i = 0; i < 20'001; ++i) nodes.node("Relu", {"x"}, {});
  ModelMaker edges = good();
  NodeMaker wide = edges.node("Concat", {}, {"z"});
  for (int i = 0; i < 200'001; ++i) wide.proto().add_input(std::string("x"));
  ModelMaker outputs = good(), inputs = good();
  for (int i = 0; i < 4097; ++i) {
    outputs.output(numbered("o", i));
    inputs.input(numbered("i", i), {1});
  }
  HostileModels out;
  add(out, "4,098 outputs", ErrorCode::E207, outputs.bytes());
  add(out, "4,098 inputs", ErrorCode::E207, inputs.bytes());
  add(out, "20,002 nodes", ErrorCode::E207, nodes.bytes());
  add(out, "a node of 200,001 inputs", ErrorCode::E207, edges.bytes());
  return out;
}

HostileModels unread_parts() {
  HostileModels out;
  add(out, "a sub-graph", ErrorCode::E206, nested_if(1));
  add(out, "a function", ErrorCode::E206,
      changed([](ModelMaker& made) { made.model.add_functions()->set_name(std::string("f")); }));
  add(out, "training information", ErrorCode::E206,
      changed([](ModelMaker& made) { made.model.add_training_info()->mutable_algorithm(); }));
  add(out, "a sparse initialiser", ErrorCode::E206,
      changed([](ModelMaker& made) { made.graph().add_sparse_initializer()->add_dims(4); }));
  add(out, "a sequence as input", ErrorCode::E206, changed([](ModelMaker& made) {
        auto& type = *made.graph().mutable_input(0)->mutable_type();
        type.mutable_sequence_type()->mutable_elem_type()->mutable_tensor_type();
      }));
  add(out, "an input without a type", ErrorCode::E206,
      changed([](ModelMaker& made) { made.graph().mutable_input(0)->clear_type(); }));
  add(out, "a list of graphs", ErrorCode::E206, changed([](ModelMaker& made) {
        auto& attribute = *made.graph().mutable_node(0)->add_attribute();
        attribute.set_name("branches");
        attribute.set_type(onnx::AttributeProto_AttributeType_GRAPHS);
        attribute.add_graphs()->set_name("g");
      }));
  add(out, "a list of tensors", ErrorCode::E206, changed([](ModelMaker& made) {
        auto& attribute = *made.graph().mutable_node(0)->add_attribute();
        attribute.set_name("values");
        attribute.set_type(onnx::AttributeProto_AttributeType_TENSORS);
        attribute.add_tensors()->set_data_type(1);
      }));
  add(out, "a reference to an attribute of a function", ErrorCode::E206,
      changed([](ModelMaker& made) {
        auto& attribute = *made.graph().mutable_node(0)->add_attribute();
        attribute.set_name("alpha");
        attribute.set_ref_attr_name("outer");
      }));
  return out;
}

}  // namespace

std::string gzip(const std::string& bytes) {
  std::string out;
  {
    google::protobuf::io::StringOutputStream sink(&out);
    google::protobuf::io::GzipOutputStream stream(&sink);
    void* chunk = nullptr;
    int size = 0;
    std::size_t at = 0;
    while (at < bytes.size() && stream.Next(&chunk, &size)) {
      const std::size_t count = std::min(bytes.size() - at, static_cast<std::size_t>(size));
      bytes.copy(static_cast<char*>(chunk), count, at);
      if (count < static_cast<std::size_t>(size)) {
        stream.BackUp(size - static_cast<int>(count));
      }
      at += count;
    }
  }
  return out;
}

HostileModels hostile_files() {
  HostileModels out = bytes_and_sizes();
  for (HostileModels more : {too_many(), unread_parts()}) {
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

}  // namespace nib::testing
