// SPDX-License-Identifier: MIT
// io/notification.cpp
//
// PnP notifications: callbacks for interfaces that come and go. Hardware profiles never change in this guest, so those who ask
// about them are registered and not called. Notifications of one target device are refused: the PnP manager does not send
// them. https://learn.microsoft.com/windows-hardware/drivers/kernel/using-pnp-notification
#include "io/interface.hpp"

#include "rtl/literal.hpp"

namespace {

constexpr ULONG kTag = 'nPoI';
constexpr GUID kArrival = {0xcb3a4004, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};
constexpr GUID kRemoval = {0xcb3a4005, 0x46f0, 0x11d0, {0xb0, 0x8f, 0x00, 0x60, 0x97, 0x13, 0x05, 0x3f}};

struct Registration {
    LIST_ENTRY entry;
    IO_NOTIFICATION_EVENT_CATEGORY category;
    GUID interface_class;
    PDRIVER_OBJECT driver;  ///< Referenced.
    PDRIVER_NOTIFICATION_CALLBACK_ROUTINE callback;
    PVOID context;
    LONG uses;     ///< The registration's own and those of callbacks that run; by IopLock.
    bool removed;  ///< By IopLock.
};

LIST_ENTRY registrations = {&registrations, &registrations};

void release(Registration* registration) {
    {
        const IopLockGuard lock;
        if (--registration->uses) return;
        RemoveEntryList(&registration->entry);
    }
    ObfDereferenceObject(registration->driver);
    ExFreePoolWithTag(registration, kTag);
}

/// The registration behind `after` (or the first) that wants the class, in use by the caller; `after` is released.
Registration* next_for(const GUID& interface_class, Registration* after) {
    Registration* found = nullptr;
    {
        const IopLockGuard lock;
        PLIST_ENTRY at = after ? after->entry.Flink : registrations.Flink;
        for (; at != &registrations && !found; at = at->Flink) {
            auto* candidate = CONTAINING_RECORD(at, Registration, entry);
            if (candidate->removed || candidate->category != EventCategoryDeviceInterfaceChange) continue;
            if (RtlCompareMemory(&candidate->interface_class, &interface_class, sizeof(GUID)) != sizeof(GUID)) continue;
            ++candidate->uses;
            found = candidate;
        }
    }
    if (after) release(after);
    return found;
}

void call(Registration* registration, const GUID& interface_class, PCUNICODE_STRING link, bool arrival) {
    DEVICE_INTERFACE_CHANGE_NOTIFICATION notification = {
        1, sizeof notification, arrival ? kArrival : kRemoval, interface_class, const_cast<PUNICODE_STRING>(link)};
    registration->callback(&notification, registration->context);
}

void tell_existing(Registration* registration) {
    PWSTR list;
    if (!NT_SUCCESS(IoGetDeviceInterfaces(&registration->interface_class, nullptr, 0, &list))) return;
    for (PWSTR at = list; *at;) {
        const UNICODE_STRING link = rtl::counted(at);
        call(registration, registration->interface_class, &link, true);
        at += link.Length / sizeof(WCHAR) + 1;
    }
    ExFreePool(list);
}

}  // namespace

void io::notify_interface(const GUID& interface_class, PCUNICODE_STRING link, bool arrival) {
    for (Registration* at = next_for(interface_class, nullptr); at; at = next_for(interface_class, at))
        call(at, interface_class, link, arrival);
}

/// PASSIVE_LEVEL. STATUS_NOT_SUPPORTED: EventCategoryTargetDeviceChange.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioregisterplugplaynotification
NTSTATUS NTAPI IoRegisterPlugPlayNotification(
    IO_NOTIFICATION_EVENT_CATEGORY EventCategory, ULONG EventCategoryFlags, PVOID EventCategoryData,
    PDRIVER_OBJECT DriverObject, PDRIVER_NOTIFICATION_CALLBACK_ROUTINE CallbackRoutine, PVOID Context,
    PVOID* NotificationEntry) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoRegisterPlugPlayNotification");
    const bool about_interfaces = EventCategory == EventCategoryDeviceInterfaceChange;
    if (EventCategory == EventCategoryTargetDeviceChange) return STATUS_NOT_SUPPORTED;
    if (!about_interfaces && EventCategory != EventCategoryHardwareProfileChange) return STATUS_INVALID_PARAMETER;
    if (about_interfaces && !EventCategoryData) return STATUS_INVALID_PARAMETER;
    auto* made = static_cast<Registration*>(ExAllocatePoolWithTag(NonPagedPool, sizeof(Registration), kTag));
    if (!made) return STATUS_INSUFFICIENT_RESOURCES;
    RtlZeroMemory(made, sizeof *made);
    made->category = EventCategory;
    if (about_interfaces) made->interface_class = *static_cast<const GUID*>(EventCategoryData);
    made->driver = DriverObject;
    made->callback = CallbackRoutine;
    made->context = Context;
    made->uses = 1;
    ObfReferenceObject(DriverObject);
    {
        const IopLockGuard lock;
        InsertTailList(&registrations, &made->entry);
    }
    *NotificationEntry = made;
    if (about_interfaces && EventCategoryFlags & PNPNOTIFY_DEVICE_INTERFACE_INCLUDE_EXISTING_INTERFACES) tell_existing(made);
    return STATUS_SUCCESS;
}

/// PASSIVE_LEVEL. A callback that runs already may still be running, as on Windows.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iounregisterplugplaynotification
NTSTATUS NTAPI IoUnregisterPlugPlayNotification(PVOID NotificationEntry) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "IoUnregisterPlugPlayNotification");
    auto* registration = static_cast<Registration*>(NotificationEntry);
    {
        const IopLockGuard lock;
        registration->removed = true;
    }
    release(registration);
    return STATUS_SUCCESS;
}
