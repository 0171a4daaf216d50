// SPDX-License-Identifier: MIT
// protocol5/device.cpp
//
// The control device, through which the harness commands and questions the driver. All
// PASSIVE_LEVEL, in the thread of whoever asks; every IRP is completed before its dispatch routine
// returns. An open handle keeps Unload away.
#include "protocol5/sync_points.hpp"

namespace
{

volatile LONG DrainBusy;

struct ControlBuffer {
    PVOID Memory;
    ULONG InputLength;
    ULONG OutputLength;

    template <typename Input> const Input *In() const
    {
        return InputLength >= sizeof(Input) ? static_cast<const Input *>(Memory) : nullptr;
    }

    /// For an answer; the input, in the same memory, must have been read.
    template <typename Output> Output *Out() const
    {
        return OutputLength >= sizeof(Output) ? static_cast<Output *>(Memory) : nullptr;
    }
};

/// The name in a request, checked: NUL-terminated within its array and not empty.
bool
NameOf(const rd_p5_binding_name *request, PUNICODE_STRING name)
{
    USHORT characters = 0;

    while (characters < RTL_NUMBER_OF(request->name) && request->name[characters] != 0) {
        ++characters;
    }
    if (characters == 0 || characters == RTL_NUMBER_OF(request->name)) {
        return false;
    }
    name->Buffer = const_cast<PWCHAR>(reinterpret_cast<const WCHAR *>(request->name));
    name->Length = characters * sizeof(WCHAR);
    name->MaximumLength = name->Length;
    return true;
}

NTSTATUS
OpenOrClose(const rd_p5_binding_name *request, bool open)
{
    UNICODE_STRING name;

    if (request == nullptr || !NameOf(request, &name)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (!open) {
        return P5CloseBindingByName(&name);
    }
    if (!P5.Deregistration.IsOpen() || !P5.Opens.TryAcquire()) {
        return STATUS_INVALID_DEVICE_STATE; // Nothing to open with: deregistered.
    }

    const NTSTATUS status = P5OpenBinding(&name, nullptr);

    P5.Opens.Release();
    return status;
}

NTSTATUS
DrainTrace(const ControlBuffer &buffer, PULONG_PTR information)
{
    if (InterlockedExchange(&DrainBusy, 1) != 0) {
        return STATUS_DEVICE_BUSY;
    }
    *information = P5Trace.Drain(buffer.Memory, buffer.OutputLength);
    InterlockedExchange(&DrainBusy, 0);
    return *information != 0 ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
}

NTSTATUS
Deregister(const ControlBuffer &buffer, PULONG_PTR information)
{
    rd_p5_status *answer = buffer.Out<rd_p5_status>();

    if (answer == nullptr) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    answer->status = static_cast<ULONG>(P5Deregister());
    *information = sizeof(*answer);
    return STATUS_SUCCESS;
}

/// A record of the agent's, for guests whose agent cannot reach the trace itself.
NTSTATUS
Mark(const rd_p5_mark *mark)
{
    if (mark == nullptr) {
        return STATUS_INVALID_PARAMETER;
    }
    P5Trace.Write(
        {.Kind = RD_KIND_NOTE,
         .Event = RD_EV_MARK,
         .Source = RD_SOURCE_AGENT,
         .Arguments = {mark->mark, mark->value, 0}});
    return STATUS_SUCCESS;
}

/// Copies a whole answer out.
template <typename Answer>
NTSTATUS
Reply(const ControlBuffer &buffer, PULONG_PTR information, const Answer &answer)
{
    Answer *out = buffer.Out<Answer>();

    if (out == nullptr) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    *out = answer;
    *information = sizeof(answer);
    return STATUS_SUCCESS;
}

NTSTATUS
DescribeSyncs(const ControlBuffer &buffer, PULONG_PTR information)
{
    rd_p5_sync_state *state = buffer.Out<rd_p5_sync_state>();

    if (state == nullptr) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    P5DescribeSyncs(state);
    *information = sizeof(*state);
    return STATUS_SUCCESS;
}

/// Commands for the sync points and the trace.
NTSTATUS
CommandSync(ULONG code, const ControlBuffer &buffer)
{
    switch (code) {
    case RD_P5_IOCTL_SYNC_HOLD: {
        const rd_p5_sync_hold *hold = buffer.In<rd_p5_sync_hold>();

        return hold != nullptr ? P5HoldAtSync(hold) : STATUS_INVALID_PARAMETER;
    }
    case RD_P5_IOCTL_SYNC_RELEASE: {
        const rd_p5_sync_release *release = buffer.In<rd_p5_sync_release>();

        return release != nullptr ? P5ReleaseSync(release->point) : STATUS_INVALID_PARAMETER;
    }
    case RD_P5_IOCTL_MARK:
        return Mark(buffer.In<rd_p5_mark>());

    default:
        return STATUS_INVALID_DEVICE_REQUEST;
    }
}

/// Commands, which have input only.
NTSTATUS
Command(ULONG code, const ControlBuffer &buffer)
{
    const rd_p5_hold *hold = buffer.In<rd_p5_hold>();

    switch (code) {
    case RD_P5_IOCTL_SET_LOAD: {
        const rd_p5_load *load = buffer.In<rd_p5_load>();

        return load != nullptr ? P5SetLoad(load) : STATUS_INVALID_PARAMETER;
    }
    case RD_P5_IOCTL_HOLD_RECEIVES:
        if (hold == nullptr || hold->count > P5HeldMax) {
            return STATUS_INVALID_PARAMETER;
        }
        P5HoldReceives(hold->count);
        return STATUS_SUCCESS;

    case RD_P5_IOCTL_HOLD_REQUEST:
        return hold != nullptr ? P5HoldRequests(hold->count) : STATUS_INVALID_PARAMETER;

    case RD_P5_IOCTL_OPEN_BINDING:
    case RD_P5_IOCTL_CLOSE_BINDING:
        return OpenOrClose(buffer.In<rd_p5_binding_name>(), code == RD_P5_IOCTL_OPEN_BINDING);

    default:
        return CommandSync(code, buffer);
    }
}

NTSTATUS
Control(ULONG code, const ControlBuffer &buffer, PULONG_PTR information)
{
    switch (code) {
    case RD_P5_IOCTL_GET_COUNTERS: {
        rd_p5_counters *counters = buffer.Out<rd_p5_counters>();

        if (counters == nullptr) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        P5GetCounters(counters);
        *information = sizeof(*counters);
        return STATUS_SUCCESS;
    }
    case RD_P5_IOCTL_GET_BINDINGS: {
        rd_p5_bindings *bindings = buffer.Out<rd_p5_bindings>();

        if (bindings == nullptr) {
            return STATUS_BUFFER_TOO_SMALL;
        }
        P5DescribeBindings(bindings);
        *information = sizeof(*bindings);
        return STATUS_SUCCESS;
    }
    case RD_P5_IOCTL_DEREGISTER:
        return Deregister(buffer, information);

    case RD_P5_IOCTL_DRAIN_TRACE:
        return DrainTrace(buffer, information);

    case RD_P5_IOCTL_GET_TRACE:
        return Reply(buffer, information, P5Trace.Place());

    case RD_P5_IOCTL_SYNC_QUERY:
        return DescribeSyncs(buffer, information);

    default:
        return Command(code, buffer);
    }
}

NTSTATUS NTAPI
DispatchControl(PDEVICE_OBJECT device, PIRP irp)
{
    UNREFERENCED_PARAMETER(device);

    const PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
    const ULONG code = location->Parameters.DeviceIoControl.IoControlCode;
    const ControlBuffer buffer = {
        irp->AssociatedIrp.SystemBuffer,
        location->Parameters.DeviceIoControl.InputBufferLength,
        location->Parameters.DeviceIoControl.OutputBufferLength};
    P5CallbackTrace trace(P5Nobody, RD_EV_DEVICE_CONTROL, nullptr, code);
    ULONG_PTR information = 0;
    const NTSTATUS status = Control(code, buffer, &information);

    trace.Returns(static_cast<ULONG>(status));
    return P5CompleteIrp(irp, status, information);
}

/// CREATE, CLEANUP and CLOSE: handles carry no state. The first and the last leave records: while a
/// handle is open the system must not call Unload.
NTSTATUS NTAPI
DispatchHandle(PDEVICE_OBJECT device, PIRP irp)
{
    UNREFERENCED_PARAMETER(device);

    const PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);

    if (location->MajorFunction == IRP_MJ_CLEANUP) {
        return P5CompleteIrp(irp, STATUS_SUCCESS, 0);
    }

    const rd_trace_event event =
        location->MajorFunction == IRP_MJ_CREATE ? RD_EV_HANDLE_CREATE : RD_EV_HANDLE_CLOSE;
    const P5CallbackTrace trace(P5Nobody, event, location->FileObject);

    return P5CompleteIrp(irp, STATUS_SUCCESS, 0);
}

} // namespace

/// Completes the IRP and returns its status, for a dispatch routine to return. IRQL <=
/// DISPATCH_LEVEL.
NTSTATUS
P5CompleteIrp(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

/// PASSIVE_LEVEL, in DriverEntry. Leaves nothing behind when it fails.
NTSTATUS
P5CreateDevice(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING deviceName;
    UNICODE_STRING linkName;

    RtlInitUnicodeString(&deviceName, RD_P5_DEVICE_NAME);
    RtlInitUnicodeString(&linkName, RD_P5_LINK_NAME);
    DriverObject->MajorFunction[IRP_MJ_CREATE] = DispatchHandle;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = DispatchHandle;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = DispatchHandle;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = DispatchControl;
    DriverObject->MajorFunction[IRP_MJ_SHUTDOWN] = P5DispatchShutdown;

    NTSTATUS status = IoCreateDevice(
        DriverObject,
        0,
        &deviceName,
        FILE_DEVICE_NETWORK,
        FILE_DEVICE_SECURE_OPEN,
        FALSE,
        &P5.Device);
    if (!NT_SUCCESS(status)) {
        P5.Device = nullptr;
        return status;
    }

    status = IoCreateSymbolicLink(&linkName, &deviceName);
    P5.LinkCreated = NT_SUCCESS(status);
    if (!NT_SUCCESS(status)) {
        P5DeleteDevice();
    }
    return status;
}

/// PASSIVE_LEVEL. Nothing when there is no device.
void
P5DeleteDevice(void)
{
    UNICODE_STRING linkName;

    if (P5.LinkCreated) {
        RtlInitUnicodeString(&linkName, RD_P5_LINK_NAME);
        IoDeleteSymbolicLink(&linkName);
        P5.LinkCreated = FALSE;
    }
    if (P5.Device != nullptr) {
        IoDeleteDevice(P5.Device);
        P5.Device = nullptr;
    }
}
