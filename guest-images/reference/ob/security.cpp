// SPDX-License-Identifier: MIT
// ob/security.cpp
//
// Security descriptors of objects. This guest has one user, the system, who may do everything: a descriptor is kept with its
// object and given back, and never refuses anybody (README.md).
#include "ob/object.hpp"

namespace ob {

constexpr ULONG kSecurityTag = 'cSbO';

/// A self-relative descriptor.
struct Security {
    ULONG bytes;
    UCHAR descriptor[];
};

void free_security(Security* security) {
    if (security) ExFreePoolWithTag(security, kSecurityTag);
}

namespace {

/// The parts of a descriptor of either form. Null: not there.
struct Parts {
    PSID owner = nullptr, group = nullptr;
    PACL dacl = nullptr, sacl = nullptr;
    bool has_dacl = false, has_sacl = false;
};

template <class Part>
Part part_at(PSECURITY_DESCRIPTOR base, ULONG offset) {
    return offset ? reinterpret_cast<Part>(static_cast<PUCHAR>(base) + offset) : nullptr;
}

Parts parts_of(PSECURITY_DESCRIPTOR descriptor) {
    Parts parts;
    auto* absolute = static_cast<PISECURITY_DESCRIPTOR>(descriptor);
    parts.has_dacl = absolute->Control & SE_DACL_PRESENT;
    parts.has_sacl = absolute->Control & SE_SACL_PRESENT;
    if (absolute->Control & SE_SELF_RELATIVE) {
        const auto* relative = static_cast<const SECURITY_DESCRIPTOR_RELATIVE*>(descriptor);
        parts.owner = part_at<PSID>(descriptor, relative->Owner);
        parts.group = part_at<PSID>(descriptor, relative->Group);
        parts.dacl = part_at<PACL>(descriptor, parts.has_dacl ? relative->Dacl : 0);
        parts.sacl = part_at<PACL>(descriptor, parts.has_sacl ? relative->Sacl : 0);
    } else {
        parts.owner = absolute->Owner;
        parts.group = absolute->Group;
        parts.dacl = parts.has_dacl ? absolute->Dacl : nullptr;
        parts.sacl = parts.has_sacl ? absolute->Sacl : nullptr;
    }
    return parts;
}

/// The new descriptor: what `information` names comes from `given`, the rest stays.
NTSTATUS merge(const Security* kept, PSECURITY_DESCRIPTOR given, SECURITY_INFORMATION information, Security** merged) {
    const Parts before = kept ? parts_of(const_cast<UCHAR*>(kept->descriptor)) : Parts();
    const Parts after = parts_of(given);
    const bool dacl = information & DACL_SECURITY_INFORMATION, sacl = information & SACL_SECURITY_INFORMATION;
    SECURITY_DESCRIPTOR whole;
    NTSTATUS status = RtlCreateSecurityDescriptor(&whole, SECURITY_DESCRIPTOR_REVISION);
    if (!NT_SUCCESS(status)) return status;
    whole.Owner = information & OWNER_SECURITY_INFORMATION ? after.owner : before.owner;
    whole.Group = information & GROUP_SECURITY_INFORMATION ? after.group : before.group;
    whole.Dacl = dacl ? after.dacl : before.dacl;
    whole.Sacl = sacl ? after.sacl : before.sacl;
    if (dacl ? after.has_dacl : before.has_dacl) whole.Control |= SE_DACL_PRESENT;
    if (sacl ? after.has_sacl : before.has_sacl) whole.Control |= SE_SACL_PRESENT;
    ULONG bytes = RtlLengthSecurityDescriptor(&whole);
    auto* made = static_cast<Security*>(ExAllocatePoolWithTag(PagedPool, sizeof(Security) + bytes, kSecurityTag));
    if (!made) return STATUS_INSUFFICIENT_RESOURCES;
    made->bytes = bytes;
    status = RtlAbsoluteToSelfRelativeSD(&whole, made->descriptor, &bytes);
    if (!NT_SUCCESS(status)) {
        free_security(made);
        return status;
    }
    *merged = made;
    return STATUS_SUCCESS;
}

}  // namespace
}  // namespace ob

extern "C" {

/// Takes the parts that `information` names from the descriptor (absolute or self-relative) over to the object's.
/// STATUS_INVALID_SECURITY_DESCR, STATUS_INSUFFICIENT_RESOURCES. PASSIVE_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-obsetsecurityobjectbypointer
NTSTATUS NTAPI
ObSetSecurityObjectByPointer(PVOID object, SECURITY_INFORMATION information, PSECURITY_DESCRIPTOR descriptor) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObSetSecurityObjectByPointer");
    ob::Header* header = ob::header_of(object, "ObSetSecurityObjectByPointer");
    if (!descriptor || static_cast<PISECURITY_DESCRIPTOR>(descriptor)->Revision != SECURITY_DESCRIPTOR_REVISION)
        return STATUS_INVALID_SECURITY_DESCR;
    const ob::NameLock lock;  // descriptors change under it as names do
    ob::Security* merged;
    const NTSTATUS status = ob::merge(header->security, descriptor, information, &merged);
    if (!NT_SUCCESS(status)) return status;
    ob::free_security(header->security);
    header->security = merged;
    return STATUS_SUCCESS;
}

/// A copy of the object's descriptor, self-relative; null when none was ever set, as for objects without security on Windows.
/// Free with ObReleaseObjectSecurity. PASSIVE_LEVEL.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-obgetobjectsecurity
NTSTATUS NTAPI ObGetObjectSecurity(PVOID Object, PSECURITY_DESCRIPTOR* SecurityDescriptor, PBOOLEAN MemoryAllocated) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObGetObjectSecurity");
    const ob::Header* header = ob::header_of(Object, "ObGetObjectSecurity");
    *SecurityDescriptor = nullptr;
    *MemoryAllocated = FALSE;
    const ob::NameLock lock;
    if (!header->security) return STATUS_SUCCESS;
    *SecurityDescriptor = ExAllocatePoolWithTag(PagedPool, header->security->bytes, ob::kSecurityTag);
    if (!*SecurityDescriptor) return STATUS_INSUFFICIENT_RESOURCES;
    RtlCopyMemory(*SecurityDescriptor, header->security->descriptor, header->security->bytes);
    *MemoryAllocated = TRUE;
    return STATUS_SUCCESS;
}

/// <= APC_LEVEL.
VOID NTAPI ObReleaseObjectSecurity(PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN MemoryAllocated) {
    if (SecurityDescriptor && MemoryAllocated) ExFreePoolWithTag(SecurityDescriptor, ob::kSecurityTag);
}

}  // extern "C"
