// SPDX-License-Identifier: MIT
// defects/leaves_its_device.cpp
//
// Returns from Unload with its device still there.
#include "protocol5/protocol5.hpp"

extern "C" void __real_P5DeleteDevice(void);

extern "C" void
__wrap_P5DeleteDevice(void)
{
    P5.Device = nullptr;
    __real_P5DeleteDevice();
}
