// SPDX-License-Identifier: MIT
// defects/faults.hpp
//
// How a driver asks the reference guest to do something wrong itself (rundown/guest_faults.h).
#pragma once
#include <rundown/guest_faults.h>

#include "protocol5/protocol5.hpp"

/// From here to the guest's end; on another guest nothing happens. PASSIVE_LEVEL.
inline void
AskForFaults(ULONG faults)
{
    WCHAR key[] = RD_GUEST_FAULTS_KEY;
    WCHAR value[] = RD_GUEST_FAULTS_VALUE;

    RtlCreateRegistryKey(RTL_REGISTRY_ABSOLUTE, key);
    RtlWriteRegistryValue(RTL_REGISTRY_ABSOLUTE, key, value, REG_DWORD, &faults, sizeof(faults));
}
