// Comparison with a text file under tests/golden_text; NIB_UPDATE_GOLDEN=1 writes it instead.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace nib::testing {

inline void check_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(NIB_TESTS_DIR) + "/golden_text/" + name;
  if (std::getenv("NIB_UPDATE_GOLDEN") != nullptr) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    REQUIRE(file.good());
    MESSAGE("written: " << path);
    return;
  }
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "no golden text " << path << "; write it with NIB_UPDATE_GOLDEN=1");
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  if (golden == text) return;
  std::size_t at = 0, line = 1;
  while (at < golden.size() && at < text.size() && golden[at] == text[at]) {
    line += golden[at] == '\n' ? 1 : 0;
    ++at;
  }
  const auto line_of = [at](const std::string& s) {
    const std::size_t begin = s.rfind('\n', at == 0 ? 0 : at - 1);
    const std::size_t from = begin == std::string::npos ? 0 : begin + 1;
    return from >= s.size() ? std::string("(end)") : s.substr(from, s.find('\n', from) - from);
  };
  FAIL_CHECK(name << " line " << line << "\n  golden: " << line_of(golden)
                  << "\n  now:    " << line_of(text));
}

}  // namespace nib::testing
