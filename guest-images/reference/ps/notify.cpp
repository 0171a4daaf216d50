// SPDX-License-Identifier: MIT
// ps/notify.cpp
//
// Notification routines: kept, removed, and called where there is something to tell. Images are loaded here; processes and
// threads of programs are not, so those routines are never called.
#include "ps/ps.hpp"

namespace {

constexpr ULONG kRoutines = 8;

struct Routines {
    PVOID routine[kRoutines];

    NTSTATUS add(PVOID wanted) {
        for (PVOID& slot : routine)
            if (!InterlockedCompareExchangePointer(&slot, wanted, nullptr)) return STATUS_SUCCESS;
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS remove(PVOID wanted) {
        for (PVOID& slot : routine)
            if (InterlockedCompareExchangePointer(&slot, nullptr, wanted) == wanted) return STATUS_SUCCESS;
        return STATUS_PROCEDURE_NOT_FOUND;
    }
};

Routines images, processes, threads;

}  // namespace

extern "C" {

VOID PsCallImageNotifyRoutines(PUNICODE_STRING full_name, PVOID base, SIZE_T bytes) {
    IMAGE_INFO information = {};
    information.ImageAddressingMode = IMAGE_ADDRESSING_MODE_32BIT;  // what Windows says for every image
    information.SystemModeImage = 1;
    information.ImageBase = base;
    information.ImageSize = bytes;
    for (PVOID routine : images.routine)
        if (routine) reinterpret_cast<PLOAD_IMAGE_NOTIFY_ROUTINE>(routine)(full_name, nullptr, &information);
}

/// PASSIVE_LEVEL. At most 8; STATUS_INSUFFICIENT_RESOURCES beyond.
NTSTATUS NTAPI PsSetLoadImageNotifyRoutine(PLOAD_IMAGE_NOTIFY_ROUTINE NotifyRoutine) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "PsSetLoadImageNotifyRoutine");
    return images.add(reinterpret_cast<PVOID>(NotifyRoutine));
}
NTSTATUS NTAPI PsRemoveLoadImageNotifyRoutine(PLOAD_IMAGE_NOTIFY_ROUTINE NotifyRoutine) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "PsRemoveLoadImageNotifyRoutine");
    return images.remove(reinterpret_cast<PVOID>(NotifyRoutine));
}
NTSTATUS NTAPI PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE NotifyRoutine, BOOLEAN Remove) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "PsSetCreateProcessNotifyRoutine");
    const auto routine = reinterpret_cast<PVOID>(NotifyRoutine);
    return Remove ? processes.remove(routine) : processes.add(routine);
}
NTSTATUS NTAPI PsSetCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE NotifyRoutine) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "PsSetCreateThreadNotifyRoutine");
    return threads.add(reinterpret_cast<PVOID>(NotifyRoutine));
}
NTSTATUS NTAPI PsRemoveCreateThreadNotifyRoutine(PCREATE_THREAD_NOTIFY_ROUTINE NotifyRoutine) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "PsRemoveCreateThreadNotifyRoutine");
    return threads.remove(reinterpret_cast<PVOID>(NotifyRoutine));
}

}  // extern "C"
