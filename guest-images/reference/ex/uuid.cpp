// SPDX-License-Identifier: MIT
// ex/uuid.cpp
//
// UUIDs of version 4, drawn from the run's seed: the same in every run with that seed.
#include "ex/ex.hpp"

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-exuuidcreate
extern "C" NTSTATUS NTAPI ExUuidCreate(UUID* Uuid) {
    KiRequireIrqlAtMost(APC_LEVEL, "ExUuidCreate");
    const ULONG64 words[] = {RdRandom(RD_RANDOM_AGENT), RdRandom(RD_RANDOM_AGENT)};
    RtlCopyMemory(Uuid, words, sizeof *Uuid);
    Uuid->Data3 = static_cast<USHORT>((Uuid->Data3 & 0x0FFF) | 0x4000);
    Uuid->Data4[0] = static_cast<UCHAR>((Uuid->Data4[0] & 0x3F) | 0x80);
    return STATUS_SUCCESS;
}
