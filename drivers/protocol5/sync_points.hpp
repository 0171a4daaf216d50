// SPDX-License-Identifier: MIT
// protocol5/sync_points.hpp
//
// The named sync points of rundown/protocol5_ioctl.h, where the harness can hold or delay a thread.
// Costs one relaxed load where nothing is armed.
#pragma once
#include "lib/sync_table.hpp"
#include "protocol5/trace.hpp"

extern rundown::SyncTable P5Syncs;

extern "C" {

/// Does what the point is armed for. Any IRQL <= DISPATCH_LEVEL; holds below DISPATCH_LEVEL only.
void P5ArriveAtSync(rd_p5_sync_point Point, P5_WHO Who);

/// IRQL <= DISPATCH_LEVEL.
NTSTATUS P5HoldAtSync(const rd_p5_sync_hold *Request);
NTSTATUS P5ReleaseSync(ULONG Point);
void P5DescribeSyncs(rd_p5_sync_state *State);
}

/// `who`: the binding it is about, by value, as in the trace.
inline void
P5SyncPoint(rd_p5_sync_point point, P5_WHO who)
{
    if (P5Syncs.IsArmed(point)) {
        P5ArriveAtSync(point, who);
    }
}
