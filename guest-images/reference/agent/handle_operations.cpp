// SPDX-License-Identifier: MIT
// agent/handle_operations.cpp
//
// Handles to devices: kept open until the host has them closed, or opened and closed all the time by a thread of their own. While one
// is open, the device's driver may not be unloaded.
#include <new>

#include "agent.hpp"

namespace agent {

namespace {

constexpr ULONG kHandlesMax = 16;

NTSTATUS open_device(PUNICODE_STRING name, HANDLE* handle) {
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    IO_STATUS_BLOCK io;
    return ZwCreateFile(
        handle, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &io, nullptr, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN,
        FILE_SYNCHRONOUS_IO_NONALERT, nullptr, 0);
}

/// Opened for the host; used by workers, one slot each at a time.
HANDLE volatile kept[kHandlesMax];
/// Holds a slot while its handle is being opened; no handle has this value.
const HANDLE kBeingOpened = reinterpret_cast<HANDLE>(~ULONG_PTR(0));

void handle_open(void*, const Request& request, Response& response) {
    Text device(request.op.handle_open.device);
    for (ULONG i = 0; i < kHandlesMax; ++i) {
        if (InterlockedCompareExchangePointer(const_cast<PVOID*>(&kept[i]), kBeingOpened, nullptr)) continue;
        HANDLE handle = nullptr;
        const NTSTATUS status = device.good() ? open_device(device.string(), &handle) : STATUS_OBJECT_NAME_INVALID;
        kept[i] = NT_SUCCESS(status) ? handle : nullptr;
        response.value = i;
        if (!NT_SUCCESS(status)) refuse_with(response, status, "the device could not be opened");
        return;
    }
    refuse_with(response, STATUS_TOO_MANY_OPENED_FILES, "no more handles can be kept open");
}

void handle_close(void*, const Request& request, Response& response) {
    const ULONG i = request.op.handle_close.handle;
    HANDLE handle = i < kHandlesMax ? kept[i] : nullptr;
    if (!handle || handle == kBeingOpened ||
        InterlockedCompareExchangePointer(const_cast<PVOID*>(&kept[i]), nullptr, handle) != handle)
        return refuse_with(response, STATUS_INVALID_HANDLE, "no such handle is kept open");
    const NTSTATUS status = ZwClose(handle);
    if (!NT_SUCCESS(status)) refuse_with(response, status, "the handle could not be closed");
}

/// Opens and closes. Its thread exists from the start, so that a census counts the same before and after; only that thread touches
/// the handles.
struct Churn {
    KEVENT changed;   // Wakes the thread: something else is wanted.
    KEVENT ended;     // Set while none is wanted and none is open.
    FAST_MUTEX lock;  // The next three.
    Text device;
    ULONG wanted;
    ULONG change;
    volatile LONG opened;
    HANDLE handles[kHandlesMax];
};
Churn* churn;

/// What is wanted now.
struct Wish {
    Text device;
    ULONG count;
    ULONG change;
};

void read_wish(Wish& wish) {
    ExAcquireFastMutex(&churn->lock);
    if (wish.change != churn->change) wish.device.assign(churn->device);
    wish.count = churn->wanted;
    wish.change = churn->change;
    ExReleaseFastMutex(&churn->lock);
}

void close_all() {
    for (HANDLE& handle : churn->handles) {
        if (handle) ZwClose(handle);
        handle = nullptr;
    }
}

/// All handles are closed. Says so, if that is still what is wanted.
void tell_end(const Wish& wish) {
    ExAcquireFastMutex(&churn->lock);
    if (wish.change == churn->change) KeSetEvent(&churn->ended, IO_NO_INCREMENT, FALSE);
    ExReleaseFastMutex(&churn->lock);
}

/// The oldest handle closed and one more opened. One that cannot be opened is a driver about to go: nothing may keep it.
void turn_over(ULONG turn, Wish& wish) {
    HANDLE& handle = churn->handles[turn % wish.count];
    if (handle) ZwClose(handle);
    handle = nullptr;
    if (NT_SUCCESS(open_device(wish.device.string(), &handle))) {
        InterlockedIncrement(&churn->opened);
        return;
    }
    handle = nullptr;
    close_all();
}

VOID NTAPI churn_handles(PVOID) {
    RdNameThread("agent handles");
    Wish wish = {};
    LARGE_INTEGER pause = {.QuadPart = -1 * 10000};
    for (ULONG turn = 0;; ++turn) {
        const ULONG before = wish.change;
        read_wish(wish);
        if (wish.change != before) close_all();  // of another device, or too many
        if (wish.count)
            turn_over(turn, wish);
        else
            tell_end(wish);
        KeWaitForSingleObject(&churn->changed, Executive, KernelMode, FALSE, wish.count ? &pause : nullptr);
    }
}

void handle_churn(void*, const Request& request, Response& response) {
    const auto& wanted = request.op.handle_churn;
    const Text device(wanted.device);
    if (!device.good() || wanted.count > kHandlesMax)
        return refuse_with(response, STATUS_INVALID_PARAMETER, "the device's name is none, or the handles are too many");
    ExAcquireFastMutex(&churn->lock);
    churn->device.assign(device);
    churn->wanted = wanted.count;
    ++churn->change;
    KeClearEvent(&churn->ended);
    ExReleaseFastMutex(&churn->lock);
    KeSetEvent(&churn->changed, IO_NO_INCREMENT, FALSE);
    if (!wanted.count) KeWaitForSingleObject(&churn->ended, Executive, KernelMode, FALSE, nullptr);
    response.value = static_cast<ULONG>(churn->opened);
}

using namespace rundown::agent;
constexpr Operation kOperations[] = {
    {rundown_rpc_Request_handle_open_tag, kBlocks, handle_open},
    {rundown_rpc_Request_handle_close_tag, kBlocks, handle_close},
    {rundown_rpc_Request_handle_churn_tag, kBlocks, handle_churn},
};

}  // namespace

NTSTATUS start_handles() {
    void* memory = ExAllocatePoolWithTag(NonPagedPool, sizeof(Churn), kTag);
    if (!memory) return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(memory, sizeof(Churn));
    churn = new (memory) Churn();
    KeInitializeEvent(&churn->changed, SynchronizationEvent, FALSE);
    KeInitializeEvent(&churn->ended, NotificationEvent, TRUE);
    ExInitializeFastMutex(&churn->lock);
    HANDLE thread;
    const NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, churn_handles, nullptr);
    if (NT_SUCCESS(status)) ZwClose(thread);
    return status;
}

OperationTable handle_operations() { return {kOperations, RTL_NUMBER_OF(kOperations)}; }

}  // namespace agent
