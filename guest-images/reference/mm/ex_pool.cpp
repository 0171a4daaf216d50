// SPDX-License-Identifier: MIT
// mm/ex_pool.cpp
//
// The pool's public names. Non-paged: <= DISPATCH_LEVEL, paged: <= APC_LEVEL. The caller owns what is returned until it frees
// it. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepoolwithtag
#include "ke/ki.hpp"
#include "mm/pool.hpp"

extern "C" PVOID MiAllocatePool(POOL_TYPE type, SIZE_T bytes, ULONG tag, ULONG64 caller);
extern "C" VOID MiFreePool(PVOID address, ULONG tag, ULONG64 caller);

namespace {

constexpr ULONG kNoTag = 'enoN';  // what Windows books untagged allocations under
constexpr ULONG kRaiseOnFailure = 16, kQuotaFailInsteadOfRaise = 8;

PVOID allocate(ULONG type, SIZE_T bytes, ULONG tag, ULONG64 caller) {
    PVOID user = MiAllocatePool(static_cast<POOL_TYPE>(type), bytes, tag, caller);
    if (!user && type & kRaiseOnFailure) ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    return user;
}

}  // namespace

PVOID NTAPI ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
    return allocate(PoolType, NumberOfBytes, Tag, KI_CALLER);
}
PVOID NTAPI ExAllocatePool(POOL_TYPE PoolType, SIZE_T NumberOfBytes) {
    return allocate(PoolType, NumberOfBytes, kNoTag, KI_CALLER);
}
/// The priority is a hint about low memory, which this guest does not take.
PVOID NTAPI ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag, EX_POOL_PRIORITY Priority) {
    return allocate(PoolType, NumberOfBytes, Tag, KI_CALLER);
}
/// Quotas are not kept; failure raises STATUS_INSUFFICIENT_RESOURCES unless POOL_QUOTA_FAIL_INSTEAD_OF_RAISE is given.
PVOID NTAPI ExAllocatePoolWithQuotaTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag) {
    PVOID user = MiAllocatePool(PoolType, NumberOfBytes, Tag, KI_CALLER);
    if (!user && !(PoolType & kQuotaFailInsteadOfRaise)) ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    return user;
}
PVOID NTAPI ExAllocatePoolWithQuota(POOL_TYPE PoolType, SIZE_T NumberOfBytes) {
    PVOID user = MiAllocatePool(PoolType, NumberOfBytes, kNoTag, KI_CALLER);
    if (!user && !(PoolType & kQuotaFailInsteadOfRaise)) ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    return user;
}
VOID NTAPI ExFreePoolWithTag(PVOID P, ULONG Tag) { MiFreePool(P, Tag, KI_CALLER); }
VOID NTAPI ExFreePool(PVOID P) { MiFreePool(P, 0, KI_CALLER); }

/// POOL_FLAG_*: PAGED 0x100, NON_PAGED 0x40, NON_PAGED_EXECUTE 0x80, UNINITIALIZED 2, RAISE_ON_FAILURE 0x20.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepool2
extern "C" PVOID NTAPI ExAllocatePool2(ULONG64 Flags, SIZE_T NumberOfBytes, ULONG Tag) {
    PVOID user = MiAllocatePool(Flags & 0x100 ? PagedPool : NonPagedPool, NumberOfBytes, Tag, KI_CALLER);
    if (!user && Flags & 0x20) ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    if (user && !(Flags & 2)) RtlZeroMemory(user, NumberOfBytes);
    return user;
}
