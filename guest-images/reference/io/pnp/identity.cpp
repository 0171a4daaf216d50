// SPDX-License-Identifier: MIT
// io/pnp/identity.cpp
//
// Identifiers of PCI devices, as Windows spells them.
// https://learn.microsoft.com/windows-hardware/drivers/install/identifiers-for-pci-devices
#include "device_node.hpp"
#include "text_writer.hpp"

namespace pnp {

namespace {

constexpr ULONG kTag = 'dIpP';
constexpr SIZE_T kIdCharacters = 320;

TextWriter& vendor_device(TextWriter& out, const PciIdentity& id) {
    return out.text(L"PCI\\VEN_").hex(id.vendor, 4).text(L"&DEV_").hex(id.device, 4);
}

TextWriter& subsystem(TextWriter& out, const PciIdentity& id) {
    return out.text(L"&SUBSYS_").hex(id.subsystem, 4).hex(id.subsystem_vendor, 4);
}

TextWriter& revision(TextWriter& out, const PciIdentity& id) { return out.text(L"&REV_").hex(id.revision, 2); }

void device_id(TextWriter& out, const PciIdentity& id) {
    revision(subsystem(vendor_device(out, id), id), id);
}

/// The most specific first: drivers are matched in this order.
void hardware_ids(TextWriter& out, const PciIdentity& id) {
    device_id(out, id);
    out.end_string();
    subsystem(vendor_device(out, id), id).end_string();
    vendor_device(out, id).text(L"&CC_").hex(id.base_class, 2).hex(id.sub_class, 2).hex(id.programming, 2).end_string();
    vendor_device(out, id).text(L"&CC_").hex(id.base_class, 2).hex(id.sub_class, 2).end_string();
}

void compatible_ids(TextWriter& out, const PciIdentity& id) {
    revision(vendor_device(out, id), id).end_string();
    vendor_device(out, id).end_string();
    out.text(L"PCI\\VEN_").hex(id.vendor, 4).text(L"&CC_").hex(id.base_class, 2).hex(id.sub_class, 2).end_string();
    out.text(L"PCI\\CC_").hex(id.base_class, 2).hex(id.sub_class, 2).hex(id.programming, 2).end_string();
    out.text(L"PCI\\CC_").hex(id.base_class, 2).hex(id.sub_class, 2).end_string();
}

}  // namespace

PWSTR build_id(const DeviceNode& node, IdKind kind) {
    auto* text = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, kIdCharacters * sizeof(WCHAR), kTag));
    if (!text) return nullptr;
    RtlZeroMemory(text, kIdCharacters * sizeof(WCHAR));  // which is also the second terminator of a multi-string
    TextWriter out(text, kIdCharacters - 1);
    switch (kind) {
        case IdKind::device: device_id(out, node.id); break;
        case IdKind::hardware: hardware_ids(out, node.id); break;
        case IdKind::compatible: compatible_ids(out, node.id); break;
        case IdKind::instance:
            // Bus and slot: the same from boot to boot, as a device without a serial number is told apart.
            out.text(L"3&").hex(node.address.bus, 2).text(L"&0&").hex(node.address.number() & 0xff, 2);
            break;
    }
    return text;
}

SIZE_T multi_length(const WCHAR* text) {
    SIZE_T length = 0;
    while (text[length] != L'\0' || text[length + 1] != L'\0') ++length;
    return length + 2;
}

}  // namespace pnp
