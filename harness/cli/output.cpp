// SPDX-License-Identifier: MIT
#include "cli/output.hpp"

#include <cerrno>
#include <cstring>

#include "base/verdict.hpp"

namespace rundown::cli {

namespace {

/// 0, or the errno of what could not be written, perhaps long ago: the stream remembers only that
/// something failed, but what failed once fails again.
int failure_of(std::FILE* stream) {
    const bool failed_before = std::ferror(stream) != 0;
    if (failed_before) {
        std::clearerr(stream);
        std::fputc('\n', stream);
    }
    errno = 0;
    if (std::fflush(stream) == 0 && !failed_before) {
        return 0;
    }
    return errno != 0 ? errno : EIO;
}

}  // namespace

ExitCode complain(const Error& error) {
    const std::string line = fmt::format("rundown: {}\n", error.sentence);
    std::fwrite(line.data(), 1, line.size(), stderr);
    return exit_code(error.kind);
}

ExitCode finish_output(ExitCode code, bool whole) {
    const int error_number = failure_of(stdout);
    if (error_number == 0) {
        return code;
    }
    if (error_number == EPIPE && !whole) {
        return code;
    }
    const std::string sentence =
        fmt::format("rundown: cannot write to standard output: {}\n", std::strerror(error_number));
    std::fwrite(sentence.data(), 1, sentence.size(), stderr);
    return worse(code, exit_could_not_run);
}

}  // namespace rundown::cli
