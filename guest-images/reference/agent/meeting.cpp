// SPDX-License-Identifier: MIT
#include "meeting.hpp"

namespace agent {

Meeting::Meeting() { KeInitializeEvent(&rung_, SynchronizationEvent, FALSE); }

void Meeting::ring_host() { KeSetEvent(&rung_, IO_SERIAL_INCREMENT, FALSE); }

/// The caller's patience is longer than a period, so the period is what counts.
bool Meeting::wait(ULONG) {
    LARGE_INTEGER period = {.QuadPart = -kPeriod};
    KeWaitForSingleObject(&rung_, Executive, KernelMode, FALSE, &period);
    RdMeetHost();
    return true;
}

}  // namespace agent
