// SPDX-License-Identifier: MIT
// nic/common/ndis_miniport.hpp
//
// NDIS 5.1 as a miniport sees it, for C++, and the few wrappers the miniports want around it.
#pragma once
#define NDIS_MINIPORT_DRIVER 1
#define NDIS51_MINIPORT 1
// mingw's intrin.h and wdm.h both define these inline, differently; the fence needs SSE.
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#define __INTRINSIC_DEFINED___faststorefence
#include <ntddk.h>
#include <ndis5.h>
#include <stddef.h>
#include <stdint.h>

namespace nic
{

/// A pool tag that shows as `text` in a list of tags.
constexpr ULONG
pool_tag(const char (&text)[5])
{
    return static_cast<ULONG>(text[0]) | static_cast<ULONG>(text[1]) << 8 |
           static_cast<ULONG>(text[2]) << 16 | static_cast<ULONG>(text[3]) << 24;
}

/// An NDIS spin lock for the length of a scope. <= DISPATCH_LEVEL.
class LockGuard
{
  public:
    explicit LockGuard(NDIS_SPIN_LOCK &lock) : lock_(lock)
    {
        NdisAcquireSpinLock(&lock_);
    }
    ~LockGuard()
    {
        NdisReleaseSpinLock(&lock_);
    }
    LockGuard(const LockGuard &) = delete;
    LockGuard &operator=(const LockGuard &) = delete;

  private:
    NDIS_SPIN_LOCK &lock_;
};

/// Memory the card and the driver both see. Neither constructor nor destructor does anything:
/// allocate() and free() run at PASSIVE_LEVEL in MiniportInitialize and MiniportHalt.
struct SharedMemory {
    void *data = nullptr;
    uint64_t address = 0; ///< Physical.
    uint32_t bytes = 0;

    bool allocate(NDIS_HANDLE miniport, uint32_t size)
    {
        NDIS_PHYSICAL_ADDRESS physical;
        NdisMAllocateSharedMemory(miniport, size, TRUE, &data, &physical);
        if (data == nullptr) {
            return false;
        }
        address = static_cast<uint64_t>(physical.QuadPart);
        bytes = size;
        return true;
    }

    void free(NDIS_HANDLE miniport)
    {
        if (data != nullptr) {
            NDIS_PHYSICAL_ADDRESS physical;
            physical.QuadPart = static_cast<LONGLONG>(address);
            NdisMFreeSharedMemory(miniport, bytes, TRUE, data, physical);
            data = nullptr;
        }
    }
};

} // namespace nic
