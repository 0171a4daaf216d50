// SPDX-License-Identifier: MIT
// selftest/provoke_pool.cpp
//
// Crimes with pool.
#include "selftest/provoke.hpp"

using provoke::kTag;

extern "C" VOID provoke_pool_overrun() {
    constexpr SIZE_T bytes = 40;
    auto* block = static_cast<UCHAR*>(ExAllocatePoolWithTag(NonPagedPool, bytes, kTag));
    provoke::value(1, block);
    provoke::value(2, bytes);
    provoke::hide(block)[bytes] = 0x58;
    ExFreePoolWithTag(block, kTag);
}
