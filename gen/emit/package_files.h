// Inside emit: files that all kinds of builds have.
#pragma once

#include "nib/emit/constraints.h"
#include "nib/emit/emit.h"

namespace nib::emit {

/// The design's own files and rtl/files.f.
void add_design(const map::Design& design, Files& files);
/// constraints/timing.xdc and vivado/ooc.tcl.
void add_constraints(const Subject& subject, Files& files);

}  // namespace nib::emit
