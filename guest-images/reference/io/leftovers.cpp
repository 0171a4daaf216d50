// SPDX-License-Identifier: MIT
// io/leftovers.cpp
//
// The documented stops for what a driver's Unload leaves behind. See service.hpp for when they come.
// https://learn.microsoft.com/windows-hardware/drivers/debugger/bug-check-0xc7--timer-or-dpc-invalid, 0xC4 (0x62, 0xCC, 0xD2), 0xCE
#include "io/service.hpp"

#include "ke/ki.hpp"
#include "ldr/ldr.hpp"

extern "C" {
VOID KiVisitTimers(VOID (*visit)(PKTIMER, PVOID), PVOID context);
VOID KiVisitInterrupts(VOID (*visit)(PKSERVICE_ROUTINE, PVOID), PVOID context);
PVOID ExFindResourceIn(ULONG64 begin, ULONG64 end);
PVOID ExFindLookasideListIn(ULONG64 begin, ULONG64 end);
VOID MiCheckQuarantine(void);
}

namespace {

struct Image {
    ULONG64 begin, end;
    ULONG64 found;  // by a visit
    bool holds(const volatile void* address) const { return reinterpret_cast<ULONG64>(address) - begin < end - begin; }
};

template <class Function>
PVOID pointer(Function* function) {
    return reinterpret_cast<PVOID>(function);
}

VOID visit_timer(PKTIMER timer, PVOID context) {
    auto* image = static_cast<Image*>(context);
    if (image->holds(timer) || (timer->Dpc && image->holds(pointer(timer->Dpc->DeferredRoutine))))
        image->found = reinterpret_cast<ULONG64>(timer);
}

VOID visit_interrupt(PKSERVICE_ROUTINE routine, PVOID context) {
    auto* image = static_cast<Image*>(context);
    if (image->holds(pointer(routine))) image->found = reinterpret_cast<ULONG64>(routine);
}

ULONG64 find_timer(Image image) {
    image.found = 0;
    KiVisitTimers(visit_timer, &image);
    return image.found;
}

ULONG64 find_interrupt(Image image) {
    image.found = 0;
    KiVisitInterrupts(visit_interrupt, &image);
    return image.found;
}

/// The routine a live thread was started at.
ULONG64 find_thread(const Image& image) {
    for (PLIST_ENTRY at = KiAllThreads.Flink; at != &KiAllThreads; at = at->Flink) {
        const KTHREAD* thread = CONTAINING_RECORD(at, KTHREAD, AllEntry);
        if (image.holds(pointer(thread->StartRoutine))) return reinterpret_cast<ULONG64>(thread->StartRoutine);
    }
    return 0;
}

/// Code that is still to run, in an image that goes: what it would fault with.
void stop_for_code(const char* text, ULONG64 routine) { RdBugCheckText(text, 0xCE, routine, 8, routine, 0); }

/// The kernel would go on through memory that is gone.
void stop_for_lists(const Image& image) {
    KiAtomic atomic;
    if (PVOID resource = ExFindResourceIn(image.begin, image.end))
        RdBugCheckText(
            "Unload left a resource in the image", 0xC4, 0xD2, reinterpret_cast<ULONG_PTR>(resource), image.begin, image.end - image.begin);
    if (PVOID list = ExFindLookasideListIn(image.begin, image.end))
        RdBugCheckText(
            "Unload left a lookaside list in the image", 0xC4, 0xCC, reinterpret_cast<ULONG_PTR>(list), image.begin, image.end - image.begin);
}

void stop_for_objects(const IOP_DRIVER* driver, const Image& image) {
    KiAtomic atomic;
    if (const ULONG64 timer = find_timer(image)) RdBugCheckText("Unload left a timer", 0xC7, 0, timer, image.begin, image.end);
    if (PKDPC dpc = KiFindDpcIn(image.begin, image.end))
        RdBugCheckText("Unload left a queued DPC", 0xC7, 1, reinterpret_cast<ULONG_PTR>(dpc), image.begin, image.end);
    if (const ULONG64 routine = find_thread(image)) stop_for_code("Unload left a thread", routine);
    if (const ULONG64 routine = find_interrupt(image)) stop_for_code("Unload left a connected interrupt", routine);
    if (driver->Public.DeviceObject)
        stop_for_code("Unload left a device", reinterpret_cast<ULONG64>(driver->Public.MajorFunction[IRP_MJ_CREATE]));
}

}  // namespace

namespace io {

void stop_for_leftovers(const IOP_DRIVER* driver, ULONG blocks) {
    const ULONG64 base = reinterpret_cast<ULONG64>(driver->Module->DllBase);
    const Image image = {base, base + driver->Module->SizeOfImage, 0};
    MiCheckQuarantine();
    stop_for_lists(image);
    char wish[8];
    if (!RdCommandLineText("unload", wish, sizeof wish) || !RtlEqualMemory(wish, "stop", 5)) return;
    stop_for_objects(driver, image);
    if (driver->WorkItems) stop_for_code("Unload left a work item", reinterpret_cast<ULONG64>(driver->Public.DriverUnload));
    if (blocks)
        RdBugCheckText("Unload left pool", 0xC4, 0x62, reinterpret_cast<ULONG_PTR>(driver->Module->Name), 0, blocks);
}

}  // namespace io
