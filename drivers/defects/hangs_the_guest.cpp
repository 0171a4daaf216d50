// SPDX-License-Identifier: MIT
// defects/hangs_the_guest.cpp
//
// Takes the processor for ever: nothing runs above HIGH_LEVEL, so neither clock nor agent does.
#include "protocol5/protocol5.hpp"

extern "C" void
__wrap_P5DeleteDevice(void)
{
    KIRQL irql;

    KeRaiseIrql(HIGH_LEVEL, &irql);
    for (;;) {
        YieldProcessor();
    }
}
