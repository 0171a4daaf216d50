// SPDX-License-Identifier: MIT
// include/rd_exports.hpp
//
// What ntoskrnl.exe exports beyond Windows, for our own ndis.sys and agent.sys only (drivers under test and the NIC
// miniports use public exports alone). All of it may be called from any module that links the ntoskrnl import library
// of this build.
#pragma once
#include <rundown/trace_abi.h>

#include "nt_ddk.hpp"

#ifdef RD_BUILDING_KERNEL
#define RDAPI
#else
#define RDAPI __declspec(dllimport)
#endif

/// Private bug check code: an export this guest only names was called. p1: module name, p2: export name, p3: caller.
constexpr ULONG RD_BUGCHECK_UNIMPLEMENTED = 0x52440001;

extern "C" {

/// The trace ring in the ivshmem window, initialised at boot; null when the guest has no window. Any IRQL.
RDAPI rd_trace_header* NTAPI RdTraceRing(void);
/// The trace's part of the window, its size in bytes; 0 when there is none. Any IRQL.
RDAPI PVOID NTAPI RdTraceWindow(SIZE_T* bytes);
/// The window's part for the agent's line to the host (an rd_line, rundown/line_abi.h), untouched by the kernel; null when the
/// guest has no window or a small one. Any IRQL.
RDAPI PVOID NTAPI RdLineArea(void);
/// Writes one record (time, thread, processor and IRQL are filled in here). Nothing happens without a ring. Any IRQL.
RDAPI VOID NTAPI RdTraceWrite(UCHAR source, UCHAR kind, USHORT event, USHORT binding, ULONG status, ULONG64 object,
                              ULONG64 arg0, ULONG64 arg1, ULONG64 arg2);

/// One line of text to the debug channel (port 0xE9) as it is. Any IRQL.
RDAPI VOID NTAPI RdPutString(const char* text);

/// Next number of a stream derived from the run's seed. Streams keep one user's choices apart from another's.
/// Any IRQL.
RDAPI ULONG64 NTAPI RdRandom(ULONG stream);
enum { RD_RANDOM_SCHEDULER = 0, RD_RANDOM_NDIS = 1, RD_RANDOM_NIC = 2, RD_RANDOM_AGENT = 3, RD_RANDOM_STREAMS = 8 };

/// Number of `name=` on the command line (decimal or 0x), or `otherwise`. Any IRQL.
RDAPI ULONG64 NTAPI RdCommandLineNumber(const char* name, ULONG64 otherwise);
/// Copies the text of `name=` (up to the next blank) and a NUL; false when absent or too long. Any IRQL.
RDAPI BOOLEAN NTAPI RdCommandLineText(const char* name, char* text, SIZE_T size);

/// A name for the calling thread, shown in bug checks. `name` must stay. PASSIVE_LEVEL.
RDAPI VOID NTAPI RdNameThread(const char* name);

/// `bytes` of committed memory below the user-space limit, as a user buffer of a METHOD_NEITHER or user-mode request
/// would be; passes ProbeForRead/Write. Null when out of memory. Free with RdFreeUserRange. PASSIVE_LEVEL.
RDAPI PVOID NTAPI RdAllocateUserRange(SIZE_T bytes);
RDAPI VOID NTAPI RdFreeUserRange(PVOID base);

/// ExAllocatePoolWithTag booked on the module that contains `caller`: ndis.sys allocates on behalf of drivers, and what they
/// leave behind is theirs. Null: out of memory. <= DISPATCH_LEVEL (paged: <= APC_LEVEL). Free with ExFreePool.
RDAPI PVOID RdAllocatePoolFor(POOL_TYPE type, SIZE_T bytes, ULONG tag, ULONG64 caller);

/// What is allocated from pool with one tag.
struct RD_POOL_TAG {
    ULONG Tag;
    ULONG64 NonPagedAllocations, NonPagedFrees, NonPagedBytes;
    ULONG64 PagedAllocations, PagedFrees, PagedBytes;
};
/// Copies at most `capacity` entries and returns how many tags there are. <= DISPATCH_LEVEL.
RDAPI ULONG NTAPI RdQueryPoolTags(RD_POOL_TAG* entries, ULONG capacity);
/// Live pool blocks whose allocation was called from code in [base, base+bytes): count, and bytes in *total.
/// <= DISPATCH_LEVEL.
RDAPI ULONG NTAPI RdQueryPoolOfModule(PVOID base, SIZE_T bytes, ULONG64* total);

/// Live kernel objects that mention code or data of a module: what a driver left behind at its unload.
struct RD_MODULE_OBJECTS {
    ULONG Timers;      ///< Queued timers whose DPC routine or memory lies in the module or its pool.
    ULONG Dpcs;        ///< Queued DPCs.
    ULONG Threads;     ///< Live threads started in the module.
    ULONG Interrupts;  ///< Connected interrupt routines.
};
/// <= DISPATCH_LEVEL.
RDAPI VOID NTAPI RdQueryObjectsOfModule(PVOID base, SIZE_T bytes, RD_MODULE_OBJECTS* objects);

/// Counts of the kernel's own objects, for the census.
struct RD_KERNEL_COUNTS {
    ULONG Threads, Timers, QueuedDpcs, Interrupts;
    ULONG64 PhysicalPages, FreePages, IoMappings, LockedMdlPages;
    ULONG64 PoolBlocks, PoolBytes, ContextSwitches, ProcessorSwitches;
};
RDAPI VOID NTAPI RdQueryKernelCounts(RD_KERNEL_COUNTS* counts);

/// Where a platform interrupt line (IOAPIC pin) arrives: its vector and IRQL, as a translated resource says it.
/// STATUS_INVALID_PARAMETER for a pin that does not exist. Any IRQL.
RDAPI NTSTATUS NTAPI RdTranslateInterrupt(ULONG line, PULONG vector, PKIRQL irql);

/// What the stub of an export that is only named calls: stops with RD_BUGCHECK_UNIMPLEMENTED, naming it. No return.
RDAPI VOID NTAPI RdUnimplementedExport(const char* module, const char* name);

/// Stops the guest because a documented rule was broken: writes `text` to the debug channel, then KeBugCheckEx.
/// Any IRQL. No return.
RDAPI VOID NTAPI RdBugCheckText(const char* text, ULONG code, ULONG_PTR p1, ULONG_PTR p2, ULONG_PTR p3, ULONG_PTR p4);

/// The counter behind KeQueryPerformanceCounter and rd_trace_record.time; its frequency when `frequency` is not null. Any IRQL.
RDAPI ULONG64 NTAPI RdQueryCounter(PULONG64 frequency);
/// Busy-waits at least so long; other logical processors run meanwhile. Any IRQL.
RDAPI VOID NTAPI RdStall(ULONG microseconds);

/// One self-test inside the guest: "family.name", and null or what is wrong. The last of a list has no name.
struct RD_SELF_TEST {
    const char* Name;
    const char* (*Run)(void);
};
/// Runs the tests of `count` lists that filter= on the command line lets through (a pattern with * and ?; all without it), prints a
/// line for each and their sum under the group's name. PASSIVE_LEVEL.
RDAPI VOID NTAPI RdRunSelfTests(const char* group, const RD_SELF_TEST* const* lists, ULONG count);
/// Whether filter= lets a test through. Any IRQL.
RDAPI BOOLEAN NTAPI RdSelfTestWanted(const char* name);

/// Is this a deterministic run: does the host pace it at rendezvous? Any IRQL.
RDAPI BOOLEAN NTAPI RdIsDeterministic(void);
/// Stops the machine until the host has done its part (rundown/rendezvous_abi.h); no time passes. Only where RdIsDeterministic says
/// so; one caller at a time. PASSIVE_LEVEL.
RDAPI VOID NTAPI RdMeetHost(void);

/// Powers the machine off (ACPI) or resets it. Any IRQL. No return.
RDAPI VOID NTAPI RdPowerOff(void);
RDAPI VOID NTAPI RdReset(void);

}  // extern "C"
