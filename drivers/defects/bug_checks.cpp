// SPDX-License-Identifier: MIT
// defects/bug_checks.cpp
//
// Frees a block of pool twice in Unload: BAD_POOL_CALLER.
#include "protocol5/protocol5.hpp"

extern "C" void __real_P5DeleteDevice(void);

extern "C" void
__wrap_P5DeleteDevice(void)
{
    void *memory = rundown::AllocatePool(64, P5Tag);

    __real_P5DeleteDevice();
    rundown::FreePool(memory, P5Tag);
    rundown::FreePool(memory, P5Tag);
}
