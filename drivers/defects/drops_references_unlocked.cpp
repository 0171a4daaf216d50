// SPDX-License-Identifier: MIT
// defects/drops_references_unlocked.cpp
//
// A counted block is let go of by two threads that decrement the count without an interlocked
// operation. Most of the time that goes well; where one thread is preempted between reading and
// writing and the other has a turn, references are dropped for nothing, the count never reaches
// zero, and the block stays. Which it is depends on the interleaving alone.
#include "lib/system_thread.hpp"
#include "protocol5/ndis_calls.hpp"

extern "C" NDIS_STATUS __real_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol);

namespace
{

constexpr LONG ReferencesOfEach = 40;
constexpr SIZE_T BlockBytes = 512;

struct COUNTED {
    volatile LONG References;
    UCHAR Payload[BlockBytes - sizeof(LONG)];
};

void
DropReferences(void *context)
{
    COUNTED *counted = static_cast<COUNTED *>(context);

    for (LONG i = 0; i < ReferencesOfEach; ++i) {
        const LONG left = counted->References - 1;
        // What else a driver does with an object that it has not let go of yet.
        for (ULONG step = 0; step < 200; ++step) {
            YieldProcessor();
        }
        counted->References = left;
    }
}

} // namespace

extern "C" NDIS_STATUS
__wrap_P5NdisDeregisterProtocol(NDIS_HANDLE Protocol)
{
    COUNTED *counted = static_cast<COUNTED *>(rundown::AllocatePool(sizeof(COUNTED), P5Tag));
    rundown::SystemThread threads[2];

    if (counted != nullptr) {
        counted->References = 2 * ReferencesOfEach;
        for (rundown::SystemThread &thread : threads) {
            if (!NT_SUCCESS(thread.Start(DropReferences, counted))) {
                counted->References = counted->References - ReferencesOfEach;
            }
        }
        for (rundown::SystemThread &thread : threads) {
            thread.Join();
        }
        if (counted->References == 0) {
            rundown::FreePool(counted, P5Tag);
        }
    }
    return __real_P5NdisDeregisterProtocol(Protocol);
}
