// SPDX-License-Identifier: MIT
// protocol5/finish_close.cpp
//
// The end of a binding whose close has completed, whoever asked for it. A file of its own, so that
// a defect can stand in for it: the linker wraps only calls between files.
#include "protocol5/ndis_calls.hpp"
#include "protocol5/sync_points.hpp"

void
P5FinishClose(P5_BINDING *Binding, BOOLEAN InsideUnbind)
{
    const P5_WHO who = P5Who(Binding);
    const PKEVENT waiter = Binding->CloseWaiter;
    NDIS_HANDLE unbindContext;

    P5SyncPoint(RD_P5_SYNC_AFTER_CLOSE, who);
    // Off the list and freed before anyone is told: NDIS may bind the adapter again at once.
    const BOOLEAN last = P5RemoveBinding(Binding, &unbindContext);
    P5NoteClosing(FALSE);

    P5FreeBinding(Binding);
    if (waiter != nullptr) {
        KeSetEvent(waiter, IO_NO_INCREMENT, FALSE);
    }
    if (unbindContext != nullptr) {
        P5SyncPoint(RD_P5_SYNC_BEFORE_UNBIND_COMPLETE, who);
    }
    if (unbindContext != nullptr && !InsideUnbind) {
        P5NdisCompleteUnbindAdapter(who, unbindContext, NDIS_STATUS_SUCCESS);
    }
    if (unbindContext != nullptr && last && P5.DeregisterOn == 1) {
        P5DeregisterSoon();
    }
}
