// SPDX-License-Identifier: MIT
// include/rd_executive.hpp
//
// What the executive (loader, object manager, I/O manager) exports beyond Windows, for our own ndis.sys and agent.sys; and
// the public-by-habit functions that the DDK headers do not declare.
#pragma once
#include "nt_ddk.hpp"

#ifndef RDAPI
#ifdef RD_BUILDING_KERNEL
#define RDAPI
#else
#define RDAPI __declspec(dllimport)
#endif
#endif

#ifndef STATUS_DRIVER_ENTRYPOINT_NOT_FOUND
#define STATUS_DRIVER_ENTRYPOINT_NOT_FOUND static_cast<NTSTATUS>(0xC0000263)
#endif

extern "C" {

/// Why the last image could not be loaded, in sentences: which file, what is wrong with it, and every import that nobody
/// exports. Empty when the last load succeeded. Returns the length without the NUL. PASSIVE_LEVEL.
RDAPI SIZE_T NTAPI RdLastLoadError(char* text, SIZE_T size);

/// How far a service's driver has come, as the service control manager would tell.
enum RD_SERVICE_STATE { RD_SERVICE_STOPPED = 0, RD_SERVICE_STARTING = 1, RD_SERVICE_RUNNING = 2, RD_SERVICE_STOPPING = 3 };
struct RD_DRIVER_STATE {
    BOOLEAN Installed;    ///< Its service key exists.
    BOOLEAN ImageLoaded;  ///< Its image is in memory (under its file's name).
    PVOID ImageBase;
    ULONG ImageBytes;
    ULONG State;          ///< RD_SERVICE_STATE.
};
/// `service`: name of the key under Services. PASSIVE_LEVEL.
RDAPI NTSTATUS NTAPI RdQueryDriver(PCUNICODE_STRING service, RD_DRIVER_STATE* state);

/// ZwQuerySystemInformation's private class: what exists in the system.
enum { RD_SYSTEM_COUNTS_CLASS = 0x5244 };
struct RD_SYSTEM_COUNTS {
    ULONG Threads, Timers, Handles, Devices, WorkItems, Drivers, Files, Irps;
};

/// ZwQuerySystemInformation(SystemModuleInformation = 11), as Windows lays it out.
struct RD_MODULE_INFORMATION {
    HANDLE Section;
    PVOID MappedBase, ImageBase;
    ULONG ImageSize, Flags;
    USHORT LoadOrderIndex, InitOrderIndex, LoadCount, OffsetToFileName;
    CHAR FullPathName[256];
};
struct RD_MODULES {
    ULONG NumberOfModules;
    RD_MODULE_INFORMATION Modules[1];
};

/// ZwQuerySystemInformation(SystemPoolTagInformation = 22).
struct RD_POOL_TAG_INFORMATION {
    ULONG Tag, PagedAllocs, PagedFrees;
    SIZE_T PagedUsed;
    ULONG NonPagedAllocs, NonPagedFrees;
    SIZE_T NonPagedUsed;
};
struct RD_POOL_TAGS {
    ULONG Count;
    RD_POOL_TAG_INFORMATION TagInfo[1];
};

/// PASSIVE_LEVEL. STATUS_INFO_LENGTH_MISMATCH with the needed size in *needed when `bytes` is too small,
/// STATUS_INVALID_INFO_CLASS for a class this guest does not have. The caller's buffer.
RDAPI NTSTATUS NTAPI ZwQuerySystemInformation(ULONG information_class, PVOID information, ULONG bytes, PULONG needed);

/// 0 halt, 1 restart, 2 power off: calls the drivers that asked for IRP_MJ_SHUTDOWN (IoRegisterShutdownNotification first,
/// the last-chance ones after), then does it. PASSIVE_LEVEL. Returns only on bad parameters.
RDAPI NTSTATUS NTAPI ZwShutdownSystem(ULONG action);

/// Object manager, as kernel components use it. Not in the DDK headers.
RDAPI NTSTATUS NTAPI ObReferenceObjectByName(
    PUNICODE_STRING name, ULONG attributes, PACCESS_STATE state, ACCESS_MASK access, POBJECT_TYPE type,
    KPROCESSOR_MODE mode, PVOID parse_context, PVOID* object);
RDAPI NTSTATUS NTAPI ObOpenObjectByName(
    POBJECT_ATTRIBUTES attributes, POBJECT_TYPE type, KPROCESSOR_MODE mode, PACCESS_STATE state, ACCESS_MASK access,
    PVOID parse_context, PHANDLE handle);

/// Makes a driver object without an image and calls its entry point, for drivers that live inside the kernel.
/// `name` is "\Driver\Something" or null. PASSIVE_LEVEL.
RDAPI NTSTATUS NTAPI IoCreateDriver(PUNICODE_STRING name, PDRIVER_INITIALIZE entry);

/// Loads and starts a service's driver if it does not run yet and references its driver object. `service`: name of the
/// key under Services. PASSIVE_LEVEL. Free with ObDereferenceObject.
RDAPI NTSTATUS NTAPI RdLoadService(PCUNICODE_STRING service, PDRIVER_OBJECT* driver);

}  // extern "C"
