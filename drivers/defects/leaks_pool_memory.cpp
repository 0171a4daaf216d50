// SPDX-License-Identifier: MIT
// defects/leaks_pool_memory.cpp
//
// Allocates memory with every binding and forgets it.
#include "protocol5/protocol5.hpp"

extern "C" P5_BINDING *
__real_P5CreateBinding(PCUNICODE_STRING Name, NDIS_HANDLE BindContext, PNDIS_STATUS Status);

extern "C" P5_BINDING *
__wrap_P5CreateBinding(PCUNICODE_STRING Name, NDIS_HANDLE BindContext, PNDIS_STATUS Status)
{
    constexpr SIZE_T forgotten = 512;

    rundown::AllocatePool(forgotten, P5Tag);
    return __real_P5CreateBinding(Name, BindContext, Status);
}
