// Inside map: AXI4-Stream ends around a top of fixed latency.
#pragma once

#include "nib/plan/plan.h"
#include "nib/rtl/module.h"

namespace nib::map {

/// `<net>_axis`: the top inside of nib_credit_wrap. The plan has one input and one output.
[[nodiscard]] rtl::Module wrap_axis(const plan::Plan& plan, const rtl::Module& top);

}  // namespace nib::map
