// SPDX-License-Identifier: MIT
// ndis/lib/system.cpp
//
// Time, processors, version.
#include "ndis/lib/ndis_lib.hpp"

namespace {
constexpr UINT kNdisVersion = 0x00050001;  // 5.1, as NdisGetVersion encodes it
}

/// 100 ns since 1601, UTC. Any IRQL.
VOID NTAPI NdisGetCurrentSystemTime(PLARGE_INTEGER SystemTime) { KeQuerySystemTime(SystemTime); }

/// Milliseconds since boot, modulo 2^32. Any IRQL.
VOID NTAPI NdisGetSystemUpTime(PULONG SystemUpTime) {
    LARGE_INTEGER ticks;
    KeQueryTickCount(&ticks);
    *SystemUpTime = static_cast<ULONG>(static_cast<ULONG64>(ticks.QuadPart) * KeQueryTimeIncrement() / 10000);
}

/// Any IRQL.
CCHAR NTAPI NdisSystemProcessorCount(VOID) { return static_cast<CCHAR>(KeQueryActiveProcessorCount(nullptr)); }
UINT NTAPI NdisGetVersion(VOID) { return kNdisVersion; }
