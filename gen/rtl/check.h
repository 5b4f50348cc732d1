// The judge of a module before it is printed: names, widths, drivers, dead nets.
#pragma once

#include <string>
#include <vector>

#include "nib/rtl/module.h"

namespace nib::rtl {

/// What is wrong with the module, one line each, in order of appearance; empty where it is sound:
/// every name legal, declared once (in any case) and before its use, with the type it is used
/// with; operands and assignments of one width; comparisons of one sign; every bit of every net
/// and output driven exactly once; every bit of every net, input, parameter and function used,
/// unless its name begins with "unused_". `known`: modules that instances may name; their ports
/// must all be connected with the right direction and width. Instances of other modules are
/// checked for what can be seen.
[[nodiscard]] std::vector<std::string> check(const Module& module,
                                             const std::vector<const Module*>& known = {});
/// Internal error with the list of check() unless it is empty.
void verify(const Module& module, const std::vector<const Module*>& known = {});

}  // namespace nib::rtl
