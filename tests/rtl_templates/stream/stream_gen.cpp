// Writes the top of a batch of random streaming designs: stream_gen SEED DESIGNS MODE FILE.sv
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "batch.h"
#include "nib/base/file.h"
#include "top_text.h"

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: stream_gen SEED DESIGNS MODE FILE.sv\n");
    return 2;
  }
  const auto designs = nib::test::batch(std::strtoull(argv[1], nullptr, 10),
                                        std::strtoull(argv[2], nullptr, 10), argv[3]);
  const std::string folder = std::filesystem::absolute(argv[4]).parent_path();
  nib::write_file(argv[4], nib::test::top_text(designs, "stream_top", folder));
  return 0;
}
