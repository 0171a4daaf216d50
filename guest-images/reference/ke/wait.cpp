// SPDX-License-Identifier: MIT
// ke/wait.cpp
//
// Waiting for dispatcher objects: one or several, any or all of them, with a timeout. A signal is handed over to the
// waiters at once, first come first served, as on Windows. There is no user mode, so alertable waits never end with
// STATUS_ALERTED or STATUS_USER_APC.
#include "arch/cpu.hpp"
#include "ke/ki.hpp"

namespace {

PDISPATCHER_HEADER header_of(PVOID object) { return static_cast<PDISPATCHER_HEADER>(object); }

bool signalled(PDISPATCHER_HEADER object, const KTHREAD* thread) {
    if (object->Type == KI_MUTANT)
        return object->SignalState > 0 || reinterpret_cast<PKMUTANT>(object)->OwnerThread == thread;
    return object->SignalState > 0;
}

/// Takes the object's signal on behalf of `thread`. True: it was an abandoned mutex.
bool take(PDISPATCHER_HEADER object, PKTHREAD thread) {
    switch (object->Type) {
    case KI_EVENT_SYNCHRONIZATION:
    case KI_TIMER_SYNCHRONIZATION: object->SignalState = 0; return false;
    case KI_SEMAPHORE: --object->SignalState; return false;
    case KI_MUTANT: {
        auto* mutant = reinterpret_cast<PKMUTANT>(object);
        if (object->SignalState == -0x7FFFFFFF - 1) ExRaiseStatus(STATUS_MUTANT_LIMIT_EXCEEDED);
        if (--object->SignalState != 0) return false;
        thread->CriticalRegions += mutant->ApcDisable;
        mutant->OwnerThread = thread;
        InsertHeadList(&thread->Mutants, &mutant->MutantListEntry);
        const bool abandoned = mutant->Abandoned;
        mutant->Abandoned = FALSE;
        return abandoned;
    }
    default: return false;
    }
}

/// Ends a thread's wait: out of every list, and ready.
void unwait(PKTHREAD thread, NTSTATUS status) {
    for (ULONG index = 0; index < thread->WaitCount; ++index) RemoveEntryList(&thread->WaitBlocks[index].WaitListEntry);
    if (thread->TimerBlock.Object) {
        RemoveEntryList(&thread->TimerBlock.WaitListEntry);
        thread->TimerBlock.Object = nullptr;
        KiRemoveTimer(&thread->Timer);
    }
    thread->WaitStatus = status;
    thread->WaitCount = 0;
    KiReadyThread(thread);
}

bool all_signalled(const KTHREAD* thread) {
    for (ULONG index = 0; index < thread->WaitCount; ++index)
        if (!signalled(header_of(thread->WaitBlocks[index].Object), thread)) return false;
    return true;
}

/// Satisfies the wait a block belongs to, if `object` may. True when it did.
bool satisfy(PKWAIT_BLOCK block, PDISPATCHER_HEADER object) {
    PKTHREAD thread = block->Thread;
    if (block == &thread->TimerBlock) {
        unwait(thread, STATUS_TIMEOUT);
        return true;
    }
    if (!thread->WaitAllObjects) {
        const bool abandoned = take(object, thread);
        unwait(thread, static_cast<NTSTATUS>(block->WaitKey) | (abandoned ? STATUS_ABANDONED : 0));
        return true;
    }
    if (!all_signalled(thread)) return false;
    bool abandoned = false;
    for (ULONG index = 0; index < thread->WaitCount; ++index)
        abandoned |= take(header_of(thread->WaitBlocks[index].Object), thread);
    unwait(thread, abandoned ? STATUS_ABANDONED : STATUS_SUCCESS);
    return true;
}

void check_wait(ULONG count, PVOID* objects, const LARGE_INTEGER* timeout) {
    const ULONG64 irql = cpu::irql();
    if (irql > DISPATCH_LEVEL || (irql == DISPATCH_LEVEL && !(timeout && timeout->QuadPart == 0)))
        KeBugCheckEx(0xC4, KI_VERIFIER_WAIT_AT_DISPATCH, irql, reinterpret_cast<ULONG_PTR>(objects[0]), reinterpret_cast<ULONG_PTR>(timeout));
    for (ULONG index = 0; index < count; ++index) KiCheckObject(objects[index], 0, KI_TIMER_SYNCHRONIZATION, "wait");
}

/// The wait itself, after its arguments were checked.
NTSTATUS wait(ULONG count, PVOID* objects, bool all, PLARGE_INTEGER timeout, PKWAIT_BLOCK blocks) {
    PKTHREAD thread = KeGetCurrentThread();
    const ULONG64 irql = cpu::irql();
    NTSTATUS status;
    {
        KiAtomic atomic;
        ULONG ready = 0;
        for (ULONG index = 0; index < count; ++index) {
            if (!signalled(header_of(objects[index]), thread)) continue;
            ++ready;
            if (!all) return (take(header_of(objects[index]), thread) ? STATUS_ABANDONED : 0) | static_cast<NTSTATUS>(index);
        }
        if (all && ready == count) {
            bool abandoned = false;
            for (ULONG index = 0; index < count; ++index) abandoned |= take(header_of(objects[index]), thread);
            return abandoned ? STATUS_ABANDONED : STATUS_SUCCESS;
        }
        if (timeout && timeout->QuadPart == 0) return STATUS_TIMEOUT;
        if (timeout && KiInsertTimer(&thread->Timer, *timeout)) return STATUS_TIMEOUT;
        thread->TimerBlock.Object = timeout ? &thread->Timer : nullptr;
        if (timeout) {
            thread->TimerBlock.Thread = thread;
            InsertTailList(&thread->Timer.Header.WaitListHead, &thread->TimerBlock.WaitListEntry);
        }
        for (ULONG index = 0; index < count; ++index) {
            KWAIT_BLOCK& block = blocks[index];
            block.Thread = thread;
            block.Object = objects[index];
            block.WaitKey = static_cast<USHORT>(index);
            block.WaitType = all ? WaitAll : WaitAny;
            block.NextWaitBlock = &blocks[(index + 1) % count];
            InsertTailList(&header_of(objects[index])->WaitListHead, &block.WaitListEntry);
        }
        thread->WaitBlocks = blocks;
        thread->WaitCount = count;
        thread->WaitAllObjects = all;
        thread->State = KI_THREAD_WAITING;
        cpu::set_irql(DISPATCH_LEVEL);
        KiBlockCurrentThread();
        status = thread->WaitStatus;
    }
    cpu::set_irql(irql);
    return status;
}

}  // namespace

namespace {

/// Whether a thread waits for the object this memory holds. The memory may be anything, so the list in it is not followed.
bool waited_for(const DISPATCHER_HEADER* object) {
    for (PLIST_ENTRY at = KiAllThreads.Flink; at != &KiAllThreads; at = at->Flink) {
        const KTHREAD* thread = CONTAINING_RECORD(at, KTHREAD, AllEntry);
        if (thread->State != KI_THREAD_WAITING) continue;
        for (ULONG index = 0; index < thread->WaitCount; ++index)
            if (thread->WaitBlocks[index].Object == object) return true;
    }
    return false;
}

}  // namespace

/// Initialising an object that threads wait for would lose them: bug check 0xC4, 0x1005 (multiple initialisation).
extern "C" VOID KiInitializeHeader(PDISPATCHER_HEADER header, UCHAR type, ULONG bytes, LONG state) {
    if (header->WaitListHead.Flink && header->WaitListHead.Flink != &header->WaitListHead && header->Type == type) {
        KiAtomic atomic;
        if (waited_for(header))
            RdBugCheckText(
                "a dispatcher object is initialised again while threads wait for it", 0xC4, 0x1005, reinterpret_cast<ULONG_PTR>(header), 0, 0);
    }
    header->Lock = 0;
    header->Type = type;
    header->Size = static_cast<UCHAR>(bytes / sizeof(LONG));
    header->SignalState = state;
    InitializeListHead(&header->WaitListHead);
}

extern "C" VOID KiWaitTest(PDISPATCHER_HEADER object) {
    PLIST_ENTRY at = object->WaitListHead.Flink;
    while (object->SignalState > 0 && at != &object->WaitListHead) {
        PKWAIT_BLOCK block = CONTAINING_RECORD(at, KWAIT_BLOCK, WaitListEntry);
        // A thread may wait for one object through several blocks, so start over after each wait that ended.
        at = satisfy(block, object) ? object->WaitListHead.Flink : at->Flink;
    }
}

/// Refuses memory that is no dispatcher object (never initialised, freed and poisoned): bug check 0xC4, 0xE1.
extern "C" VOID KiCheckObject(PVOID object, UCHAR first, UCHAR last, const char* function) {
    const DISPATCHER_HEADER* header = header_of(object);
    if (header->Type >= first && header->Type <= last && header->WaitListHead.Flink) return;
    KiPrint("%s: object %p is not an initialised dispatcher object\n", function, object);
    KeBugCheckEx(0xC4, 0xE1, reinterpret_cast<ULONG_PTR>(object), header->Type, 0);
}

/// <= APC_LEVEL, or DISPATCH_LEVEL with a zero timeout. STATUS_SUCCESS, STATUS_TIMEOUT, STATUS_ABANDONED.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kewaitforsingleobject
NTSTATUS NTAPI KeWaitForSingleObject(
    PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Timeout) {
    check_wait(1, &Object, Timeout);
    return wait(1, &Object, false, Timeout, KeGetCurrentThread()->OwnBlocks);
}

/// <= APC_LEVEL, or DISPATCH_LEVEL with a zero timeout. More than THREAD_WAIT_OBJECTS objects need WaitBlockArray; more
/// than MAXIMUM_WAIT_OBJECTS stop the guest with MAXIMUM_WAIT_OBJECTS_EXCEEDED.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kewaitformultipleobjects
NTSTATUS NTAPI KeWaitForMultipleObjects(
    ULONG Count, PVOID Object[], WAIT_TYPE WaitType, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
    BOOLEAN Alertable, PLARGE_INTEGER Timeout, PKWAIT_BLOCK WaitBlockArray) {
    if (!Count || Count > (WaitBlockArray ? ULONG{MAXIMUM_WAIT_OBJECTS} : ULONG{THREAD_WAIT_OBJECTS}))
        KeBugCheckEx(0xC, Count, 0, 0, KI_CALLER);
    check_wait(Count, Object, Timeout);
    return wait(
        Count, Object, WaitType == WaitAll, Timeout, WaitBlockArray ? WaitBlockArray : KeGetCurrentThread()->OwnBlocks);
}

/// <= APC_LEVEL. Negative intervals are relative, others absolute system time.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kedelayexecutionthread
NTSTATUS NTAPI KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval) {
    KiRequireIrqlAtMost(APC_LEVEL, "KeDelayExecutionThread");
    KEVENT never;
    KeInitializeEvent(&never, NotificationEvent, FALSE);
    PVOID object = &never;
    if (Interval->QuadPart != 0) {
        wait(1, &object, false, Interval, KeGetCurrentThread()->OwnBlocks);
        return STATUS_SUCCESS;
    }
    KiAtomic atomic;  // zero: give up the rest of the quantum
    const ULONG64 irql = cpu::irql();
    cpu::set_irql(DISPATCH_LEVEL);
    KiQuantumEnd();
    KiReschedule();
    cpu::set_irql(irql);
    return STATUS_SUCCESS;
}
