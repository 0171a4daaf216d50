// SPDX-License-Identifier: MIT
// defects/never_returns_from_unload.cpp
//
// Waits in Unload for something that never happens.
#include "protocol5/protocol5.hpp"

extern "C" void __real_P5DeleteDevice(void);

extern "C" void
__wrap_P5DeleteDevice(void)
{
    KEVENT never;

    __real_P5DeleteDevice();
    KeInitializeEvent(&never, NotificationEvent, FALSE);
    KeWaitForSingleObject(&never, Executive, KernelMode, FALSE, nullptr);
}
