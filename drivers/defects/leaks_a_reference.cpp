// SPDX-License-Identifier: MIT
// defects/leaks_a_reference.cpp
//
// Takes a reference on each binding that nothing gives back: the close waits for it in vain.
#include "protocol5/protocol5.hpp"

extern "C" void __real_P5ApplyLoad(P5_BINDING *Binding);

extern "C" void
__wrap_P5ApplyLoad(P5_BINDING *Binding)
{
    __real_P5ApplyLoad(Binding);
    Binding->Uses.TryAcquire();
}
