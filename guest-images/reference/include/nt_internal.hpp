// SPDX-License-Identifier: MIT
// include/nt_internal.hpp
//
// The seam inside ntoskrnl.exe between the kernel (boot, arch, ke, mm, hal) and the executive (ldr, ex, ob, io, ps,
// cm, rtl). Public Windows functions are declared by the DDK headers and not repeated here.
//
// The kernel implements these public functions; the executive implements every other one:
//   Ke*                 all of it (events, mutexes, semaphores, timers, DPCs, spin locks, threads, waits, time, bug checks,
//                       KeEnterCriticalRegion, KeQueryActiveProcessors, KeSynchronizeExecution, ...)
//   Mm*                 all of it (MDL functions, MmMapIoSpace, contiguous memory, MmGetPhysicalAddress, MmIsAddressValid,
//                       MmProbeAndLockPages...); IoAllocateMdl, IoFreeMdl, IoBuildPartialMdl too
//   ExAllocatePool*, ExFreePool*, ProbeForRead, ProbeForWrite
//   ExAcquireSpinLock{Exclusive,Shared}*, ExRelease..., interrupt and in-stack queued spin locks
//   IoConnectInterrupt, IoDisconnectInterrupt
//   PsCreateSystemThread, PsTerminateSystemThread, PsGetCurrentThreadId and the like (upon the executive's ObCreateObject)
//   RtlCaptureContext, RtlLookupFunctionEntry, RtlVirtualUnwind, RtlUnwind(Ex), RtlCaptureStackBackTrace, RtlPcToFileHeader,
//   RtlRaiseException, RtlRaiseStatus, ExRaiseStatus, ExRaiseAccessViolation..., __C_specific_handler, __chkstk
//   everything of hal.dll
#pragma once
#include "nt_ddk.hpp"
#include "rd_exports.hpp"

/// One entry of .pdata: image-relative begin and end of a function and its unwind information.
struct RUNTIME_FUNCTION {
    ULONG BeginAddress, EndAddress, UnwindData;
};

// ---------------------------------------------------------------------------------------------- kernel -> executive

/// One file of the boot archive. Data stays mapped for good.
struct LOADER_FILE {
    const char* Name;  ///< Without a leading "./"; NUL terminated.
    const UCHAR* Data;
    SIZE_T Size;
};

/// What the boot stub found, completed by KiSystemStartup.
struct LOADER_BLOCK {
    ULONG64 Magic;            ///< LOADER_BLOCK_MAGIC.
    const char* CommandLine;  ///< NUL terminated, never null.
    ULONG FileCount;
    const LOADER_FILE* Files;
    PVOID KernelBase;  ///< ntoskrnl.exe, relocated, with its headers.
    ULONG KernelSize;  ///< SizeOfImage.
    const UCHAR* KernelFile;  ///< The file it came from (for exports and debug use).
    SIZE_T KernelFileSize;
    ULONG64 MemoryBytes;  ///< RAM, as the memory map says.
};
constexpr ULONG64 LOADER_BLOCK_MAGIC = 0x4b434f4c42445244;  // "DRDBLOCK"

/// The boot archive and the rest, for the life of the system.
extern "C" LOADER_BLOCK KiLoaderBlock;

extern "C" {

/// Memory for an image: `bytes` rounded up to pages, zeroed, writable, executable until MmProtectImageSpace says
/// otherwise; addresses are never used twice in a boot, so running unloaded code always faults. Null: out of memory.
/// <= APC_LEVEL.
PVOID MmAllocateImageSpace(SIZE_T bytes);
/// Sets the protection of whole pages of it: PAGE_READONLY, PAGE_READWRITE, PAGE_EXECUTE, PAGE_EXECUTE_READ or
/// PAGE_EXECUTE_READWRITE. <= APC_LEVEL.
NTSTATUS MmProtectImageSpace(PVOID address, SIZE_T bytes, ULONG protect);
/// <= APC_LEVEL.
VOID MmFreeImageSpace(PVOID base);

/// Threads. The object's memory is the executive's (ObCreateObject with PsThreadType, whose body is KI_THREAD_BYTES
/// zeroed bytes); the kernel's part of its deletion is KiDeleteThread, to be named as the type's delete procedure.
/// IRQL PASSIVE_LEVEL.
constexpr SIZE_T KI_THREAD_BYTES = 0x400;
VOID NTAPI KiDeleteThread(PVOID thread);


/// A fatal condition inside the kernel itself. Any IRQL. No return.
[[noreturn]] VOID KiFatal(const char* text, ULONG code, ULONG64 p1, ULONG64 p2, ULONG64 p3, ULONG64 p4);
/// Bug check 0xA-style guard: stops with IRQL_NOT_LESS_OR_EQUAL-like documented code when the current IRQL is above
/// `highest`; `function` names the export. Bug check 0xC4 (DRIVER_VERIFIER_DETECTED_VIOLATION) with subcode 0x30-family:
/// p1=0x30, p2=current IRQL, p3=highest, p4=caller's address. Any IRQL.
VOID KiRequireIrqlAtMost(KIRQL highest, const char* function);
/// The same for an exact IRQL.
VOID KiRequireIrqlExactly(KIRQL irql, const char* function);

/// Blocks every switch of thread or logical processor until KiLeaveAtomic; for a few instructions. Any IRQL.
ULONG64 KiEnterAtomic(void);
VOID KiLeaveAtomic(ULONG64 saved);

/// Milliseconds since boot. Any IRQL.
ULONG64 KiMilliseconds(void);

/// Stops everything and halts for good, without a bug check (ZwShutdownSystem's "halt"). No return.
[[noreturn]] VOID KiHalt(void);

// ---------------------------------------------------------------------------------------------- executive -> kernel

/// Called once on a system thread at PASSIVE_LEVEL with ke and mm up: brings up ob, cm, io; loads hal.dll, ndis.sys, the
/// PnP devices' drivers and agent.sys. When it returns, the thread ends.
VOID IoInitSystem(LOADER_BLOCK* block);

/// The module that contains an address: for bug checks, pool accounting and exception dispatch. Unloaded ones are
/// found too (Unloaded set), the latest first. Any IRQL, takes no lock, called from the bug check path.
struct KI_MODULE {
    PVOID Base;
    ULONG Size;
    char Name[64];      ///< Base name, e.g. "ndis.sys".
    BOOLEAN Unloaded;
    const RUNTIME_FUNCTION* Functions;  ///< .pdata; null when unloaded or there is none.
    ULONG FunctionCount;
};
BOOLEAN KiFindModule(ULONG64 address, KI_MODULE* module);
/// What the trace calls a module by its name. Any IRQL.
ULONG64 LdrNameHash(const char* name);

}  // extern "C"
