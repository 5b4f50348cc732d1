// Malformed and hostile models: each ends in exactly its numbered error, with its golden text.
#include <doctest/doctest.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <sys/resource.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "golden_text.h"
#include "hostile_models.h"
#include "nib/base/error.h"
#include "nib/import/import.h"

using namespace nib;
using nib::testing::HostileModel;

void nib::testing::add(HostileModels& out, const char* name, ErrorCode code,
                       const std::string& bytes, const importer::Options& options) {
  out.push_back({name, code, bytes, options});
}

TEST_CASE("every hostile model ends in its own error") {
  std::string golden;
  std::set<std::string> names;
  for (const auto& group :
       {testing::hostile_files(), testing::hostile_tensors(), testing::hostile_graphs(),
        testing::hostile_operators(), testing::hostile_quantisers(), testing::hostile_windows(),
        testing::hostile_selections(), testing::hostile_dialects()}) {
    for (const HostileModel& hostile : group) {
      CAPTURE(hostile.name);
      CHECK(names.insert(hostile.name).second);
      golden += "== " + hostile.name + "\n";
      try {
        const graph::Graph graph =
            importer::parse_model(hostile.bytes, "test.onnx", hostile.options);
        FAIL_CHECK("it was read: " << graph::dump(graph));
      } catch (const Error& error) {
        CHECK(to_string(error.code()) == to_string(hostile.code));
        golden += std::string(error.what()) + "\n";
      } catch (const std::exception& other) {
        FAIL_CHECK("another exception: " << other.what());
      }
    }
  }
  MESSAGE(names.size() << " hostile models");
  testing::check_golden("import_errors.txt", golden);
}

TEST_CASE("hostile models cost little memory") {
  struct rusage usage {};
  getrusage(RUSAGE_SELF, &usage);
  MESSAGE("peak resident memory: " << usage.ru_maxrss / 1024 << " MiB");
#ifndef __SANITIZE_ADDRESS__
  CHECK(usage.ru_maxrss < 800 * 1024);
#endif
}

TEST_CASE("every prefix of a model is refused or read, never worse") {
  testing::ModelMaker made = testing::x_to_y();
  made.quant("x", "q", 0.5F, 0, 4);
  made.filled("w", {4, 3}, 0.25F);
  made.node("MatMul", {"q", "w"}, {"y"});
  const std::string bytes = made.bytes();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    try {
      (void)importer::parse_model(bytes.substr(0, length), "test.onnx");
    } catch (const Error&) {
    }
  }
  CHECK_NOTHROW((void)importer::parse_model(bytes, "test.onnx"));
}

TEST_CASE("a gzip file may have several members") {
  testing::ModelMaker made = testing::x_to_y();
  made.node("Relu", {"x"}, {"y"});
  const std::string bytes = made.bytes();
  const std::string packed = testing::gzip(bytes.substr(0, 20)) + testing::gzip(bytes.substr(20));
  CHECK(importer::parse_model(packed, "test.onnx.gz").nodes.size() == 1);
}

TEST_CASE("every changed byte of a model is refused or read, never worse") {
  testing::ModelMaker made = testing::x_to_y();
  made.quant("x", "q", 0.5F, 0, 4);
  made.filled("w", {4, 3}, 0.25F);
  made.node("MatMul", {"q", "w"}, {"y"});
  const std::string bytes = made.bytes();
  int read = 0, refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int change : {0x01, 0x02, 0x08, 0x10, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      try {
        (void)importer::parse_model(damaged, "test.onnx");
        ++read;
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  MESSAGE(read << " damaged models still read, " << refused << " refused");
  CHECK(refused > read / 2);
}

TEST_CASE("odd but legal names are kept as they are") {
  testing::ModelMaker made(13);
  const std::string odd[] = {"../../etc/passwd", "a \"quoted\" name", "$display(1); //",
                             "module",           "[exec rm -rf ~]",   "\xc3\xa9t\xc3\xa9"};
  made.input("x", {-1, 4}).output(odd[5]);
  std::string last = "x";
  for (const std::string& name : odd) {
    made.node("Relu", {last}, {name}).named(name);
    last = name;
  }
  const graph::Graph graph = importer::parse_model(made.bytes(), "test.onnx");
  REQUIRE(graph.nodes.size() == std::size(odd));
  for (std::size_t i = 0; i < std::size(odd); ++i) {
    CHECK(graph.nodes[i].name == odd[i]);
    CHECK(graph.value(graph.nodes[i].outputs[0]).name == odd[i]);
  }
}
