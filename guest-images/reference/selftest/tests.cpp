// SPDX-License-Identifier: MIT
// selftest/tests.cpp: see tests.hpp.
#include "selftest/tests.hpp"

namespace selftest {

PDRIVER_OBJECT driver_object;

void run_all() {
    const RD_SELF_TEST* const lists[] = {ke_tests, exception_tests, lock_tests, memory_tests, object_tests, io_tests, file_tests, crt_tests, format_tests, rtl_tests, hal_tests};
    RdRunSelfTests("driver", lists, RTL_NUMBER_OF(lists));
}

}  // namespace selftest
