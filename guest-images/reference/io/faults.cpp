// SPDX-License-Identifier: MIT
// io/faults.cpp
//
// Faults that tests ask the guest for. Read from the registry each time, so that a driver may ask in its DriverEntry.
#include "rd_faults.hpp"

#include "nt_ddk.hpp"

BOOLEAN NTAPI RdFaultWanted(rd_guest_fault fault) {
    ULONG wanted = 0, none = 0;
    WCHAR name[] = RD_GUEST_FAULTS_VALUE;
    RTL_QUERY_REGISTRY_TABLE table[2] = {};
    table[0] = {nullptr, RTL_QUERY_REGISTRY_DIRECT, name, &wanted, REG_DWORD, &none, sizeof none};
    const NTSTATUS status = RtlQueryRegistryValues(RTL_REGISTRY_ABSOLUTE, RD_GUEST_FAULTS_KEY, table, nullptr, nullptr);
    return NT_SUCCESS(status) && (wanted & fault) != 0;
}
