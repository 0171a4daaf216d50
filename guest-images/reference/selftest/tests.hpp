// SPDX-License-Identifier: MIT
// selftest/tests.hpp
//
// Self-tests of the exports as a driver meets them: through import tables, from an image of its own.
#pragma once
#include "rd_exports.hpp"

#define RD_EXPECT(condition) \
    do { \
        if (!(condition)) return #condition; \
    } while (0)

/// Calls the function inside a __try: the code of the exception it raised, or STATUS_SUCCESS. (try.S)
extern "C" NTSTATUS selftest_try(VOID (*function)(PVOID), PVOID context);

namespace selftest {

/// The driver they run in.
extern PDRIVER_OBJECT driver_object;

/// Runs them all, as group "driver". PASSIVE_LEVEL.
void run_all();

extern const RD_SELF_TEST ke_tests[], exception_tests[], lock_tests[], memory_tests[], object_tests[], io_tests[], file_tests[], crt_tests[], format_tests[], rtl_tests[], hal_tests[];  // ended by a null name

}  // namespace selftest
