// manifest.json, schema 1: what a build is, for people, scripts and `nib verify`.
//
// Beside what the schema's first version lists: every input and output names in "tensor" the graph
// tensor whose value the port carries (for an absorbed input quantiser its output tensor), input
// elements give "min" and "max" where the codes fill less than the word, "model" says how the
// source is read again, "ports" names clock and reset, and each layer has the tensor, width and
// elements of its output word, the stage at which its inputs arrive, and a probe (a net of the top
// with the pipeline stage of its word). A tensor that the graph itself does not hold is null. A
// layer's element that nobody reads has no bits and "live": false.
#pragma once

#include <string>

#include "nib/emit/emit.h"

namespace nib::emit {

/// The text of manifest.json for a build of the unrolled engine.
[[nodiscard]] std::string manifest(const Package& what);
/// The same for a stream FIFO.
[[nodiscard]] std::string stream_fifo_manifest(const Block& fifo, int width, int depth,
                                               const std::string& config_json);

/// True where `text` is a manifest that nib wrote: a JSON object whose "generator" starts "nib ".
[[nodiscard]] bool is_nib_manifest(std::string_view text);

/// JSON with two blanks of indentation, a newline at the end, and every object or array that fits
/// into a line of `columns` on one line. `text` is JSON. Key order is kept.
[[nodiscard]] std::string pretty_json(std::string_view text, std::size_t columns = 100);

}  // namespace nib::emit
