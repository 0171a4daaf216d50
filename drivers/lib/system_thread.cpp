// SPDX-License-Identifier: MIT
// lib/system_thread.cpp
#include "lib/system_thread.hpp"

namespace rundown
{

NTSTATUS
SystemThread::Start(Routine routine, void *context)
{
    OBJECT_ATTRIBUTES attributes;
    HANDLE handle;

    Routine_ = routine;
    Context_ = context;
    InitializeObjectAttributes(&attributes, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
    NTSTATUS status = PsCreateSystemThread(
        &handle, THREAD_ALL_ACCESS, &attributes, nullptr, nullptr, Entry, this);
    if (!NT_SUCCESS(status)) {
        return status;
    }

    // The handle is ours and names a thread, so this cannot fail; a thread nobody can join would be
    // worse than a stop.
    status = ObReferenceObjectByHandle(
        handle, THREAD_ALL_ACCESS, *PsThreadType, KernelMode, &Thread_, nullptr);
    NT_ASSERT(NT_SUCCESS(status));
    ZwClose(handle);
    return status;
}

void
SystemThread::Join()
{
    if (Thread_ == nullptr) {
        return;
    }
    KeWaitForSingleObject(Thread_, Executive, KernelMode, FALSE, nullptr);
    ObDereferenceObject(Thread_);
    Thread_ = nullptr;
}

VOID NTAPI
SystemThread::Entry(PVOID context)
{
    SystemThread *thread = static_cast<SystemThread *>(context);

    thread->Routine_(thread->Context_);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

} // namespace rundown
