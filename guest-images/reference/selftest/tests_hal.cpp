// SPDX-License-Identifier: MIT
// selftest/tests_hal.cpp
//
// hal.dll: time.
#include "selftest/tests.hpp"

namespace {

const char* test_counter() {
    LARGE_INTEGER frequency = {};
    const LARGE_INTEGER before = KeQueryPerformanceCounter(&frequency);
    KeStallExecutionProcessor(50);
    const LARGE_INTEGER after = KeQueryPerformanceCounter(nullptr);
    RD_EXPECT(frequency.QuadPart > 0);
    RD_EXPECT(after.QuadPart - before.QuadPart >= frequency.QuadPart * 50 / 1000000);
    return nullptr;
}

}  // namespace

namespace selftest {

const RD_SELF_TEST hal_tests[] = {
    {"hal.counter", test_counter},
    {nullptr, nullptr},
};

}  // namespace selftest
