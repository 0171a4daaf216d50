// SPDX-License-Identifier: MIT
// defects/leaves_filters_set.cpp
//
// Closes a binding without having taken its packet filter and multicast list back.
#include "protocol5/protocol5.hpp"

extern "C" void
__wrap_P5ClearFilters(P5_BINDING *Binding)
{
    UNREFERENCED_PARAMETER(Binding);
}
