// Inside map: tables of streaming layers, as localparams or as files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nib/map/map.h"
#include "nib/plan/stream_unit.h"
#include "nib/rtl/module.h"
#include "nib/rtl/names.h"

namespace nib::map {

/// Bits of the largest table that stands in its module.
inline constexpr std::int64_t kInlineBits = 4096;

/// The bits as one constant; wide ones as a concatenation of pieces.
[[nodiscard]] rtl::Expr constant(const plan::stream::Bits& bits);

/// Collects the tables of one module.
class TableWriter {
 public:
  /// `names`: of the module `module`; `what` stands in the comments ("layer fc1 of network tfc").
  TableWriter(std::string module, std::string what, rtl::NameTable& names)
      : module_(std::move(module)), what_(std::move(what)), names_(names) {}

  /// The parameters that give `unit`'s ROM its table.
  std::vector<std::pair<std::string, rtl::Expr>> place(const plan::stream::Unit& unit,
                                                       const plan::stream::Parameter& rom);

  std::vector<rtl::Localparam> localparams;  ///< of the module
  std::vector<SourceFile> files;             ///< below tables/

 private:
  std::string module_, what_;
  rtl::NameTable& names_;
};

}  // namespace nib::map
