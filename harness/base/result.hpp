// SPDX-License-Identifier: MIT
// base/result.hpp
//
// How expected failures travel: result<T> is a value or an Error, and an Error is one sentence for
// a person plus the kind that decides the exit code and who must act. Exceptions are for
// programming errors only; none crosses a folder.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace rundown {

/// Whose problem a failure is. The exit code follows from it (exit_code()).
enum class ErrorKind {
    none,           // No error; never stored in an Error that is reported.
    usage,          // The person asked for something that does not exist or cannot be: exit 2.
    environment,    // This machine lacks something (package, space, permission): exit 69.
    guest_boot,     // The guest did not come up: exit 69.
    lost_contact,   // The guest stopped answering: exit 69.
    timeout,        // A deadline passed; the sentence names what was waited for: exit 69.
    guest_crashed,  // The guest stopped with a bug check: judged by the oracle.
    hypervisor,     // QEMU or libvirt failed or was killed: exit 69.
    protocol,       // Bytes from the guest that make no sense: exit 69.
    refused,        // The guest answered with an error status: depends on the step.
    cancelled,      // Ctrl-C or SIGTERM: exit 69.
    internal,       // A defect of the harness: exit 70.
};

struct Error {
    ErrorKind kind = ErrorKind::none;
    std::string
        sentence;  // One sentence: the thing, what is wrong with it, the fix where there is one.
};

/// Process exit codes (sysexits.h's EX_UNAVAILABLE and EX_SOFTWARE where they fit).
enum ExitCode : int {
    exit_pass = 0,
    exit_finding = 1,
    exit_usage = 2,
    exit_could_not_run = 69,
    exit_internal = 70,
};

/// The exit code of a run that ended with an error of this kind rather than with a verdict.
constexpr ExitCode exit_code(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::none:
            return exit_pass;
        case ErrorKind::usage:
            return exit_usage;
        case ErrorKind::internal:
            return exit_internal;
        default:
            return exit_could_not_run;
    }
}

[[noreturn]] inline void
throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw std::runtime_error(error.sentence);
}

template <class T>
using result = boost::system::result<T, Error>;

/// Shorthand for `return fail(ErrorKind::usage, "...")`.
inline Error fail(ErrorKind kind, std::string sentence) {
    return Error{kind, std::move(sentence)};
}

/// The same failure with where it happened put in front: "while installing the driver: ...".
inline Error in_context(const std::string& where, const Error& error) {
    return Error{error.kind, where + ": " + error.sentence};
}

}  // namespace rundown

/// Gives back the error of `expression` from this function, or goes on. For result<void> and
/// result<T> alike.
#define RUNDOWN_TRY(expression)                              \
    do {                                                     \
        if (auto rundown_try_ = (expression); !rundown_try_) \
            return rundown_try_.error();                     \
    } while (false)

/// RUNDOWN_TRY for coroutines.
#define RUNDOWN_CO_TRY(expression)                           \
    do {                                                     \
        if (auto rundown_try_ = (expression); !rundown_try_) \
            co_return rundown_try_.error();                  \
    } while (false)
