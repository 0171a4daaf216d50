// SPDX-License-Identifier: MIT
// defects/keeps_its_link.cpp
//
// Leaves the symbolic link of its device behind: the next load finds the name taken.
#include "protocol5/protocol5.hpp"

extern "C" void __real_P5DeleteDevice(void);

extern "C" void
__wrap_P5DeleteDevice(void)
{
    P5.LinkCreated = FALSE;
    __real_P5DeleteDevice();
}
