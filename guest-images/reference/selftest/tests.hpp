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

namespace selftest {

/// Runs them all, as group "driver". PASSIVE_LEVEL.
void run_all();

extern const RD_SELF_TEST ke_tests[], lock_tests[], memory_tests[], crt_tests[], format_tests[], rtl_tests[], hal_tests[];  // ended by a null name

}  // namespace selftest
