// SPDX-License-Identifier: MIT
// ex/system_information.cpp
//
// ZwQuerySystemInformation: the classes of rd_executive.hpp.
#include "ex/ex.hpp"
#include "ke/ki.hpp"
#include "ldr/ldr.hpp"

extern "C" ULONG IopDeviceCount, IopDriverCount, IopFileCount, IopIrpCount;

namespace {

constexpr ULONG kBasic = 0, kTimeOfDay = 3, kModules = 11, kPoolTags = 22;
constexpr ULONG kTag = 'fnIS';

/// Says how much is needed; false when the caller has less.
bool fits(SIZE_T bytes, ULONG room, PULONG needed) {
    if (needed) *needed = static_cast<ULONG>(bytes);
    return bytes <= room;
}

/// SystemBasicInformation and SystemTimeOfDayInformation, as 64-bit Windows lays them out.
struct Basic {
    ULONG reserved, timer_resolution, page_size, physical_pages, lowest_page, highest_page, allocation_granularity;
    ULONG_PTR lowest_user_address, highest_user_address, active_processors;
    CCHAR processors;
};
struct TimeOfDay {
    LARGE_INTEGER boot_time, current_time, time_zone_bias;
    ULONG time_zone_id, reserved;
    ULONG64 boot_time_bias, sleep_time_bias;
};
static_assert(sizeof(Basic) == 0x40 && sizeof(TimeOfDay) == 0x30);

void describe(const LDR_MODULE& module, USHORT index, RD_MODULE_INFORMATION& to) {
    RtlZeroMemory(&to, sizeof to);
    to.ImageBase = module.DllBase;
    to.ImageSize = module.SizeOfImage;
    to.LoadOrderIndex = to.InitOrderIndex = index;
    to.LoadCount = module.LoadCount;
    ULONG length = module.FullDllName.Length / sizeof(WCHAR);
    if (length >= sizeof to.FullPathName) length = sizeof to.FullPathName - 1;
    for (ULONG i = 0; i < length; ++i) {
        const WCHAR c = module.FullDllName.Buffer[i];
        to.FullPathName[i] = c < 0x80 ? static_cast<CHAR>(c) : '?';
        if (c == L'\\') to.OffsetToFileName = static_cast<USHORT>(i + 1);
    }
}

NTSTATUS query_basic(PVOID information, ULONG bytes, PULONG needed) {
    if (!fits(sizeof(Basic), bytes, needed)) return STATUS_INFO_LENGTH_MISMATCH;
    RD_KERNEL_COUNTS kernel;
    RdQueryKernelCounts(&kernel);
    const auto pages = static_cast<ULONG>(kernel.PhysicalPages);
    *static_cast<Basic*>(information) = {
        0, KeQueryTimeIncrement(), PAGE_SIZE, pages, 1, pages, 0x10000, 0x10000,
        reinterpret_cast<ULONG_PTR>(MmHighestUserAddress), KeQueryActiveProcessors(), static_cast<CCHAR>(KiProcessorCount)};
    return STATUS_SUCCESS;
}

/// Time zone: none, local time is system time.
NTSTATUS query_time_of_day(PVOID information, ULONG bytes, PULONG needed) {
    if (!fits(sizeof(TimeOfDay), bytes, needed)) return STATUS_INFO_LENGTH_MISMATCH;
    auto* to = static_cast<TimeOfDay*>(information);
    RtlZeroMemory(to, sizeof *to);
    to->current_time.QuadPart = static_cast<LONGLONG>(KiSystemTime());
    to->boot_time.QuadPart = to->current_time.QuadPart - static_cast<LONGLONG>(KiInterruptTime());
    return STATUS_SUCCESS;
}

NTSTATUS query_modules(PVOID information, ULONG bytes, PULONG needed) {
    const ldr::LoaderLock lock;
    ULONG count = 0;
    for (PLIST_ENTRY at = PsLoadedModuleList.Flink; at != &PsLoadedModuleList; at = at->Flink) ++count;
    if (!fits(FIELD_OFFSET(RD_MODULES, Modules) + count * sizeof(RD_MODULE_INFORMATION), bytes, needed)) return STATUS_INFO_LENGTH_MISMATCH;
    auto* to = static_cast<RD_MODULES*>(information);
    to->NumberOfModules = count;
    USHORT index = 0;
    for (PLIST_ENTRY at = PsLoadedModuleList.Flink; at != &PsLoadedModuleList; at = at->Flink, ++index)
        describe(*CONTAINING_RECORD(at, LDR_MODULE, InLoadOrderLinks), index, to->Modules[index]);
    return STATUS_SUCCESS;
}

RD_POOL_TAG_INFORMATION convert(const RD_POOL_TAG& from) {
    RD_POOL_TAG_INFORMATION to = {};
    to.Tag = from.Tag;
    to.PagedAllocs = static_cast<ULONG>(from.PagedAllocations);
    to.PagedFrees = static_cast<ULONG>(from.PagedFrees);
    to.PagedUsed = from.PagedBytes;
    to.NonPagedAllocs = static_cast<ULONG>(from.NonPagedAllocations);
    to.NonPagedFrees = static_cast<ULONG>(from.NonPagedFrees);
    to.NonPagedUsed = from.NonPagedBytes;
    return to;
}

NTSTATUS query_pool_tags(PVOID information, ULONG bytes, PULONG needed) {
    const ULONG capacity = RdQueryPoolTags(nullptr, 0) + 16;  // some may come meanwhile
    auto* tags = static_cast<RD_POOL_TAG*>(ExAllocatePoolWithTag(NonPagedPool, capacity * sizeof(RD_POOL_TAG), kTag));
    if (!tags) return STATUS_INSUFFICIENT_RESOURCES;
    ULONG count = RdQueryPoolTags(tags, capacity);
    if (count > capacity) count = capacity;
    NTSTATUS status = STATUS_INFO_LENGTH_MISMATCH;
    if (fits(FIELD_OFFSET(RD_POOL_TAGS, TagInfo) + count * sizeof(RD_POOL_TAG_INFORMATION), bytes, needed)) {
        auto* to = static_cast<RD_POOL_TAGS*>(information);
        to->Count = count;
        for (ULONG i = 0; i < count; ++i) to->TagInfo[i] = convert(tags[i]);
        status = STATUS_SUCCESS;
    }
    ExFreePoolWithTag(tags, kTag);
    return status;
}

NTSTATUS query_counts(PVOID information, ULONG bytes, PULONG needed) {
    if (!fits(sizeof(RD_SYSTEM_COUNTS), bytes, needed)) return STATUS_INFO_LENGTH_MISMATCH;
    RD_KERNEL_COUNTS kernel;
    RdQueryKernelCounts(&kernel);
    *static_cast<RD_SYSTEM_COUNTS*>(information) = {
        kernel.Threads, kernel.Timers, ObQueryHandleCount(), IopDeviceCount, ExQueryWorkItemCount(), IopDriverCount, IopFileCount, IopIrpCount};
    return STATUS_SUCCESS;
}

}  // namespace

extern "C" NTSTATUS NTAPI ZwQuerySystemInformation(ULONG information_class, PVOID information, ULONG bytes, PULONG needed) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ZwQuerySystemInformation");
    switch (information_class) {
        case kBasic: return query_basic(information, bytes, needed);
        case kTimeOfDay: return query_time_of_day(information, bytes, needed);
        case kModules: return query_modules(information, bytes, needed);
        case kPoolTags: return query_pool_tags(information, bytes, needed);
        case RD_SYSTEM_COUNTS_CLASS: return query_counts(information, bytes, needed);
        default: return STATUS_INVALID_INFO_CLASS;
    }
}
