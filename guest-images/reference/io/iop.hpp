// SPDX-License-Identifier: MIT
// io/iop.hpp
//
// The I/O manager's insides: what is behind the public parts of driver, device and file objects, and what its files say to
// each other. IopLock guards device lists, attachments, reference counts and the state of drivers; it is held for a few
// instructions and never while a driver is called.
#pragma once
#include "ob/ob.hpp"

#ifndef DO_DEVICE_HAS_NAME
#define DO_DEVICE_HAS_NAME 0x40
#endif

/// The return address of the export that says it: whose doing an allocation was.
#define IOP_CALLER reinterpret_cast<ULONG64>(__builtin_return_address(0))

struct LDR_MODULE;

/// Bug check 0xC9 (DRIVER_VERIFIER_IOMANAGER_VIOLATION): what its first parameter says.
enum IOP_VERIFIER : ULONG {
    IOP_FREE_OF_NO_IRP = 0x01,
    IOP_FREE_OF_BUSY_IRP = 0x02,
    IOP_CALL_WITH_NO_IRP = 0x03,
    IOP_CALL_OF_NO_DEVICE = 0x04,
    IOP_DISPATCH_CHANGED_IRQL = 0x05,
    IOP_COMPLETED_AS_PENDING = 0x06,
    IOP_COMPLETED_CANCELABLE = 0x07,
    IOP_TIMER_TWICE = 0x0A,
    IOP_COMPLETED_TOO_HIGH = 0x0E,
    IOP_TOO_MANY_BYTES = 0x1001,   ///< Ours: IoStatus.Information lies beyond the caller's buffer.
    IOP_NOBODY_STOPPED = 0x1002,   ///< Ours: a driver's own IRP ran through all completion routines.
    IOP_DEVICE_DELETED_TWICE = 0x1003,
    IOP_REMOVE_LOCK_MISUSED = 0x1004,
    IOP_CANCEL_CHANGED_IRQL = 0x1005,
};

/// Stops with 0xC9 and a sentence. Any IRQL.
[[noreturn]] VOID IopViolation(IOP_VERIFIER what, const char* sentence, const void* p2, ULONG_PTR p3, ULONG_PTR p4);

// ------------------------------------------------------------------------------------------------------ drivers

enum class DriverState : ULONG {
    starting,  ///< DriverEntry runs.
    running,
    stopping,  ///< Asked to unload: open handles are waited for, or Unload runs.
    stopped,   ///< Nothing of it will run again.
};

/// One IoAllocateDriverObjectExtension.
struct IOP_CLIENT_EXTENSION {
    IOP_CLIENT_EXTENSION* Next;
    PVOID ClientId;
    PVOID Padding;  // what follows is aligned to 16
    PVOID Padding2;
};

/// A routine registered for after DriverEntry.
struct IOP_REINITIALIZATION {
    IOP_REINITIALIZATION* Next;
    PDRIVER_REINITIALIZE Routine;
    PVOID Context;
};

/// A driver object as allocated.
struct IOP_DRIVER {
    DRIVER_OBJECT Public;
    DRIVER_EXTENSION Extension;
    IOP_CLIENT_EXTENSION* ClientExtensions;
    IOP_REINITIALIZATION* Reinitializations;
    LDR_MODULE* Module;      ///< Null for drivers inside the kernel and once the image has gone.
    DriverState State;       ///< By IopLock.
    BOOLEAN UnloadRequested; ///< By IopLock.
    LONG Opens;              ///< File objects on its devices, deleted devices included; by IopLock.
    volatile LONG WorkItems; ///< Queued or running IO_WORKITEMs of its devices.
    KEVENT Started;          ///< DriverEntry has returned.
    KEVENT Unloaded;         ///< Unload has returned and the image is gone.
    WORK_QUEUE_ITEM UnloadItem;
    NTSTATUS StartStatus;
};
static inline IOP_DRIVER* IopDriverOf(PDRIVER_OBJECT driver) { return CONTAINING_RECORD(driver, IOP_DRIVER, Public); }

/// Makes a driver object, state `starting`; the caller has a reference. `name` null: none. PASSIVE_LEVEL.
NTSTATUS IopCreateDriverObject(PCUNICODE_STRING name, PCUNICODE_STRING service, PDRIVER_INITIALIZE entry, IOP_DRIVER** driver);
/// Calls the entry point and what it had registered for afterwards; devices made there become ready. On this thread.
NTSTATUS IopInitializeDriver(IOP_DRIVER* driver, PUNICODE_STRING registry_path);
/// Called when an open of one of the driver's devices has gone, or a device was detached: goes on with an unload that
/// waited for it. <= DISPATCH_LEVEL.
VOID IopContinueUnload(IOP_DRIVER* driver);
/// Forgets a driver that is stopped: client extensions and name. PASSIVE_LEVEL.
VOID IopRetireDriver(IOP_DRIVER* driver);

// ------------------------------------------------------------------------------------------------------ devices

enum IOP_DEVICE_FLAGS : ULONG { DOE_UNLOAD_PENDING = 1, DOE_DELETE_PENDING = 2, DOE_REMOVE_PENDING = 4 };

/// sizeof(DEVICE_OBJECT) as Microsoft's compiler aligns it: where the driver's device extension begins.
constexpr SIZE_T IOP_DEVICE_BYTES = 0x150;

/// Behind the driver's device extension; the beginning is laid out as Windows' DEVOBJ_EXTENSION.
struct IOP_DEVICE {
    CSHORT Type;
    USHORT Size;
    PDEVICE_OBJECT DeviceObject;
    ULONG PowerFlags;
    PVOID Dope;
    ULONG ExtensionFlags;  ///< IOP_DEVICE_FLAGS; by IopLock.
    PVOID DeviceNode;
    PDEVICE_OBJECT AttachedTo;  ///< The device below; by IopLock.
    LONG StartIoCount, StartIoKey;
    ULONG StartIoFlags;
    PVOID Vpb;

    POWER_STATE SystemPower, DevicePower;
};
static inline IOP_DEVICE* IopDeviceOf(PDEVICE_OBJECT device) {
    return reinterpret_cast<IOP_DEVICE*>(device->DeviceObjectExtension);
}

/// One more file object on a device. STATUS_NO_SUCH_DEVICE: it is being deleted, unloaded or initialised;
/// STATUS_ACCESS_DENIED: exclusive, and open.
NTSTATUS IopReferenceDevice(PDEVICE_OBJECT device);
/// One less; finishes a pending deletion and unload. <= DISPATCH_LEVEL.
VOID IopDereferenceDevice(PDEVICE_OBJECT device);

VOID IopRemoveTimer(PDEVICE_OBJECT device);

/// The calling thread's critical regions, and whether the processor takes interrupts. Any IRQL.
LONG IopCriticalRegions(void);
bool IopInterruptsOn(void);

/// Delete procedures of the types.
VOID NTAPI IopDeleteDevice(PVOID device);
VOID NTAPI IopDeleteDriver(PVOID driver);

// ------------------------------------------------------------------------------------------------------ requests

/// Bits of IRP::ApcEnvironment, which no driver looks at: what the I/O manager knows of a request.
enum IOP_IRP_STATE : CCHAR {
    IOP_IRP_SENT = 1,      ///< Some driver has it.
    IOP_IRP_THREADED = 2,  ///< Ours to finish and free; has an IOP_IRP_TRAILER.
    IOP_IRP_ALLOCATED = 4, ///< From IoAllocateIrp, so counted.
    IOP_IRP_ASYNCHRONOUS = 8, ///< IoBuildAsynchronousFsdRequest.
};

/// Behind the stack locations of a request that the I/O manager finishes itself.
struct IOP_IRP_TRAILER {
    ULONG OutputLength;         ///< Room in UserBuffer for a buffered request.
    BOOLEAN EventReferenced;    ///< UserEvent is an object to dereference.
    PFILE_OBJECT File;          ///< Referenced; or null.
};
static inline IOP_IRP_TRAILER* IopTrailerOf(PIRP irp) {
    return reinterpret_cast<IOP_IRP_TRAILER*>(
        reinterpret_cast<PIO_STACK_LOCATION>(irp + 1) + irp->StackCount);
}

/// A request of IoAllocateIrp with a trailer, booked to `caller`. <= DISPATCH_LEVEL.
PIRP IopAllocateThreadedIrp(CCHAR stack_size, ULONG64 caller);
/// The last stage of IofCompleteRequest for the I/O manager's own requests. <= DISPATCH_LEVEL.
VOID IopFinishIrp(PIRP irp);
/// Frees what a request carries (buffer, MDLs) and itself, before it was ever sent.
VOID IopDiscardIrp(PIRP irp);

/// How a request's data travels.
enum class Transfer { none, buffered, direct_read, direct_write, neither };

/// Gives a threaded request its input and output buffers by the method. False: out of memory. <= DISPATCH_LEVEL
/// (direct with pageable buffers: PASSIVE_LEVEL).
bool IopAttachControlBuffers(PIRP irp, ULONG code, PVOID input, ULONG input_bytes, PVOID output, ULONG output_bytes);
/// The same for IRP_MJ_READ and IRP_MJ_WRITE, by the device's flags.
bool IopAttachTransferBuffer(PIRP irp, PDEVICE_OBJECT device, UCHAR major, PVOID buffer, ULONG bytes);

// ------------------------------------------------------------------------------------------------------ files

/// What ZwCreateFile and its kin tell the device's parse procedure.
struct IOP_OPEN {
    ULONG Disposition, Options, FileAttributes, ShareAccess;
    PLARGE_INTEGER AllocationSize;
    PVOID EaBuffer;
    ULONG EaLength;
    PFILE_OBJECT RelatedFile;  ///< The open is relative to it; or null.
    NTSTATUS Status;           ///< Out.
    ULONG_PTR Information;     ///< Out: FILE_CREATED...
};

/// Opens a file below a device and sends IRP_MJ_CREATE; parse procedures use it.
NTSTATUS IopOpenFile(OB_PARSE* parse, PDEVICE_OBJECT device, IOP_OPEN* open);
NTSTATUS IopParseDevice(OB_PARSE* parse);
NTSTATUS IopParseFile(OB_PARSE* parse);
VOID IopCloseFile(PVOID object, ACCESS_MASK granted, ULONG handles);
VOID NTAPI IopDeleteFile(PVOID object);

/// Sends a request that carries nothing but a file object (CLEANUP, CLOSE) and waits for it. PASSIVE_LEVEL.
NTSTATUS IopSendFileRequest(PFILE_OBJECT file, UCHAR major);

/// Waits for exclusive use of a file opened for synchronous I/O, and ends it. PASSIVE_LEVEL.
VOID IopLockFile(PFILE_OBJECT file);
VOID IopUnlockFile(PFILE_OBJECT file);

/// A request on a file handle on its way out of a Zw function.
struct IOP_FILE_CALL {
    PFILE_OBJECT File;     ///< Referenced.
    PDEVICE_OBJECT Device; ///< The top of its stack.
    PKEVENT Event;         ///< The caller's, referenced; or null.
    PIO_STATUS_BLOCK StatusBlock;
    bool Synchronous;      ///< The file was opened so: wait here.
};
/// Takes the handles apart. STATUS_NOT_SUPPORTED for APC routines, which this guest does not have.
NTSTATUS IopBeginFileCall(
    HANDLE file, ACCESS_MASK access, HANDLE event, PIO_APC_ROUTINE apc, PIO_STATUS_BLOCK status_block, IOP_FILE_CALL* call);
/// Gives everything back without having sent anything; returns `status`.
NTSTATUS IopAbandonFileCall(IOP_FILE_CALL* call, NTSTATUS status);
/// Sends the request and, for a synchronous file or when `wait`, waits for it.
NTSTATUS IopSendFileCall(IOP_FILE_CALL* call, PIRP irp, bool wait);

// ------------------------------------------------------------------------------------------------------ the rest

extern KSPIN_LOCK IopLock;
class IopLockGuard {
  public:
    IopLockGuard() { KeAcquireSpinLock(&IopLock, &irql_); }
    ~IopLockGuard() { KeReleaseSpinLock(&IopLock, irql_); }
    IopLockGuard(const IopLockGuard&) = delete;
    IopLockGuard& operator=(const IopLockGuard&) = delete;

  private:
    KIRQL irql_;
};

extern POBJECT_TYPE IopDeviceType, IopDriverType, IopFileType;

extern "C" {
extern ULONG IopDeviceCount, IopDriverCount, IopFileCount, IopIrpCount;
PVOID MiAllocatePool(POOL_TYPE type, SIZE_T bytes, ULONG tag, ULONG64 caller);

/// A file's bytes in paged pool, the caller's. For the loader. PASSIVE_LEVEL.
NTSTATUS IopReadWholeFile(PCUNICODE_STRING path, PVOID* bytes, SIZE_T* size);
}
/// Types Driver, Device, File. Fatal if memory lacks.
VOID IopCreateTypes(void);
/// \Device\RamDisk with the boot archive's files, \SystemRoot and \??\C:.
NTSTATUS IopInitializeRamDisk(const LOADER_BLOCK* block);
/// Runs `routine(context)` on a new system thread and, if `wait`, waits for its end. PASSIVE_LEVEL.
NTSTATUS IopRunOnThread(PKSTART_ROUTINE routine, PVOID context, bool wait);

static inline VOID IopCount(ULONG* counter, LONG change) {
    __atomic_fetch_add(counter, static_cast<ULONG>(change), __ATOMIC_RELAXED);
}
