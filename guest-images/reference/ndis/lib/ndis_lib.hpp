// SPDX-License-Identifier: MIT
// ndis/lib/ndis_lib.hpp
//
// What every file of ndis/lib includes: the DDK, NDIS 5.1 as ndis.sys defines it, and the checks an export begins with.
#pragma once
#include "rd_executive.hpp"
#include "rd_exports.hpp"

#define NDIS_BUILDING 1
#include <ndis5.h>

/// Address of the instruction after the call of the export this stands in.
#define NDIS_CALLER (__builtin_return_address(0))

namespace ndis {

/// Stops as the kernel's own checks do when the IRQL is above `highest`: bug check 0xC4, 0x30, current IRQL, highest,
/// caller; `function` is named on the debug channel. Any IRQL.
void require_irql_at_most(KIRQL highest, const char* function, PVOID caller);
/// The same for an exact IRQL.
void require_irql_exactly(KIRQL irql, const char* function, PVOID caller);

/// Pool on behalf of a driver: tagged, and attributed to the module `caller` lies in. Null: out of memory, or 0 bytes.
/// <= DISPATCH_LEVEL for NonPagedPool. Free with ExFreePool.
PVOID allocate_for(PVOID caller, POOL_TYPE type, SIZE_T bytes, ULONG tag);

/// A violation the guest survives (RD_EV_VIOLATION of RD_SOURCE_NDIS) and a line of text about it. Any IRQL.
void note_violation(rd_trace_violation what, PVOID object, ULONG64 detail, const char* text);

/// A spin lock for the length of a scope. <= DISPATCH_LEVEL.
class SpinGuard {
  public:
    explicit SpinGuard(KSPIN_LOCK& lock) : lock_(lock), irql_(KeAcquireSpinLockRaiseToDpc(&lock)) {}
    ~SpinGuard() { KeReleaseSpinLock(&lock_, irql_); }
    SpinGuard(const SpinGuard&) = delete;
    SpinGuard& operator=(const SpinGuard&) = delete;

  private:
    KSPIN_LOCK& lock_;
    KIRQL irql_;
};

/// DISPATCH_LEVEL for the length of a scope. <= DISPATCH_LEVEL.
class DispatchScope {
  public:
    DispatchScope() { KeRaiseIrql(DISPATCH_LEVEL, &irql_); }
    ~DispatchScope() { KeLowerIrql(irql_); }
    DispatchScope(const DispatchScope&) = delete;
    DispatchScope& operator=(const DispatchScope&) = delete;

  private:
    KIRQL irql_;
};

}  // namespace ndis
