// SPDX-License-Identifier: MIT
// cli/output.hpp
//
// What goes to standard output. A reader that went away (`rundown list | head -1`) is no error; a
// disk that is full is.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>

#include "base/result.hpp"

namespace rundown::cli {

inline void put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
}

template <class... Arguments>
void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    put(fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// Says on standard error what went wrong; the exit code of its kind.
ExitCode complain(const Error& error);

/// Flushes. What could not be written is complained about on standard error and makes `code` worse;
/// `whole`: a reader that went away too soon counts as well, because half a document is none.
ExitCode finish_output(ExitCode code, bool whole);

}  // namespace rundown::cli
