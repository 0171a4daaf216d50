// SPDX-License-Identifier: MIT
// io/attach.cpp
//
// Stacks of devices.
#include "io/iop.hpp"

namespace {

PDEVICE_OBJECT top_of(PDEVICE_OBJECT device) {
    while (device->AttachedDevice) device = device->AttachedDevice;
    return device;
}

}  // namespace

/// <= DISPATCH_LEVEL. Not referenced.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iogetattacheddevice
PDEVICE_OBJECT NTAPI IoGetAttachedDevice(PDEVICE_OBJECT DeviceObject) {
    const IopLockGuard lock;
    return top_of(DeviceObject);
}

/// <= DISPATCH_LEVEL. Free with ObDereferenceObject.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iogetattacheddevicereference
PDEVICE_OBJECT NTAPI IoGetAttachedDeviceReference(PDEVICE_OBJECT DeviceObject) {
    const IopLockGuard lock;
    PDEVICE_OBJECT top = top_of(DeviceObject);
    ObfReferenceObject(top);
    return top;
}

/// <= DISPATCH_LEVEL. The device below, referenced; null: there is none.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iogetlowerdeviceobject
PDEVICE_OBJECT NTAPI IoGetLowerDeviceObject(PDEVICE_OBJECT DeviceObject) {
    const IopLockGuard lock;
    PDEVICE_OBJECT lower = IopDeviceOf(DeviceObject)->AttachedTo;
    if (lower) ObfReferenceObject(lower);
    return lower;
}

/// <= DISPATCH_LEVEL. The bottom of the stack, referenced.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-iogetdeviceattachmentbaseref
PDEVICE_OBJECT NTAPI IoGetDeviceAttachmentBaseRef(PDEVICE_OBJECT DeviceObject) {
    const IopLockGuard lock;
    while (IopDeviceOf(DeviceObject)->AttachedTo) DeviceObject = IopDeviceOf(DeviceObject)->AttachedTo;
    ObfReferenceObject(DeviceObject);
    return DeviceObject;
}

/// <= DISPATCH_LEVEL. *AttachedToDeviceObject is set under the lock, before requests can come through.
/// STATUS_NO_SUCH_DEVICE: the target is on its way out.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-ioattachdevicetodevicestacksafe
NTSTATUS NTAPI IoAttachDeviceToDeviceStackSafe(
    PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice, PDEVICE_OBJECT* AttachedToDeviceObject) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoAttachDeviceToDeviceStackSafe");
    const IopLockGuard lock;
    PDEVICE_OBJECT top = top_of(TargetDevice);
    *AttachedToDeviceObject = nullptr;
    if (IopDeviceOf(top)->ExtensionFlags || top->Flags & DO_DEVICE_INITIALIZING) return STATUS_NO_SUCH_DEVICE;
    SourceDevice->StackSize = static_cast<CCHAR>(top->StackSize + 1);
    SourceDevice->AlignmentRequirement = top->AlignmentRequirement;
    SourceDevice->SectorSize = top->SectorSize;
    IopDeviceOf(SourceDevice)->AttachedTo = top;
    top->AttachedDevice = SourceDevice;
    *AttachedToDeviceObject = top;
    return STATUS_SUCCESS;
}

/// <= DISPATCH_LEVEL. The device attached to, which was the top until now; null as above.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioattachdevicetodevicestack
PDEVICE_OBJECT NTAPI IoAttachDeviceToDeviceStack(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice) {
    PDEVICE_OBJECT below;
    IoAttachDeviceToDeviceStackSafe(SourceDevice, TargetDevice, &below);
    return below;
}

/// The older form of it. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-ioattachdevicebypointer
NTSTATUS NTAPI IoAttachDeviceByPointer(PDEVICE_OBJECT SourceDevice, PDEVICE_OBJECT TargetDevice) {
    PDEVICE_OBJECT below;
    return IoAttachDeviceToDeviceStackSafe(SourceDevice, TargetDevice, &below);
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioattachdevice
NTSTATUS NTAPI IoAttachDevice(PDEVICE_OBJECT SourceDevice, PUNICODE_STRING TargetDevice, PDEVICE_OBJECT* AttachedDevice) {
    PFILE_OBJECT file;
    PDEVICE_OBJECT target;
    NTSTATUS status = IoGetDeviceObjectPointer(TargetDevice, FILE_READ_ATTRIBUTES, &file, &target);
    if (!NT_SUCCESS(status)) return status;
    status = IoAttachDeviceToDeviceStackSafe(SourceDevice, target, AttachedDevice);
    ObDereferenceObject(file);
    return status;
}

/// <= DISPATCH_LEVEL. The argument is the device below, as IoAttachDevice* returned it.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iodetachdevice
VOID NTAPI IoDetachDevice(PDEVICE_OBJECT TargetDevice) {
    KiRequireIrqlAtMost(DISPATCH_LEVEL, "IoDetachDevice");
    IOP_DRIVER* driver = IopDriverOf(TargetDevice->DriverObject);
    ObfReferenceObject(&driver->Public);
    {
        const IopLockGuard lock;
        if (!TargetDevice->AttachedDevice)
            IopViolation(IOP_CALL_OF_NO_DEVICE, "IoDetachDevice: nothing is attached to it", TargetDevice, 0, 0);
        IopDeviceOf(TargetDevice->AttachedDevice)->AttachedTo = nullptr;
        TargetDevice->AttachedDevice = nullptr;
    }
    IopContinueUnload(driver);
    ObfDereferenceObject(&driver->Public);
}
