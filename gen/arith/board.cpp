// Boards from data files.
#include "nib/arith/board.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "nib/base/error.h"
#include "nib/base/file.h"

namespace nib::arith {
namespace {

constexpr std::array<std::string_view, 2> kNames{"arty-a7-100t", "pynq-z2"};

Board read_board(std::string_view name) {
  const auto json = nlohmann::json::parse(resource(fmt::format("boards/{}/board.json", name)));
  return {json.at("name"), json.at("title"), json.at("target"), json.at("clock_mhz")};
}

}  // namespace

const std::vector<Board>& boards() {
  static const std::vector<Board> all = [] {
    std::vector<Board> list;
    for (const std::string_view name : kNames) list.push_back(read_board(name));
    return list;
  }();
  return all;
}

const Board& find_board(std::string_view name) {
  std::string known;
  for (const Board& board : boards()) {
    if (board.name == name) return board;
    known += (known.empty() ? "" : ", ") + board.name;
  }
  fail(ErrorCode::E805, fmt::format("\"{}\"", name), {}, "known boards: " + known);
}

}  // namespace nib::arith
