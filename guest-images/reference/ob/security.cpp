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

}  // namespace ob

/// Keeps a copy of the descriptor (absolute or self-relative) with the object, in place of the one before. Which parts
/// `information` names is not told apart: the descriptor is replaced as a whole. STATUS_INVALID_SECURITY_DESCR.
/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-obsetsecurityobjectbypointer
extern "C" NTSTATUS NTAPI
ObSetSecurityObjectByPointer(PVOID object, SECURITY_INFORMATION information, PSECURITY_DESCRIPTOR descriptor) {
    UNREFERENCED_PARAMETER(information);
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "ObSetSecurityObjectByPointer");
    ob::Header* header = ob::header_of(object, "ObSetSecurityObjectByPointer");
    const ULONG bytes = RtlLengthSecurityDescriptor(descriptor);
    if (bytes < sizeof(SECURITY_DESCRIPTOR_RELATIVE)) return STATUS_INVALID_SECURITY_DESCR;
    auto* made = static_cast<ob::Security*>(ExAllocatePoolWithTag(PagedPool, sizeof(ob::Security) + bytes, ob::kSecurityTag));
    if (!made) return STATUS_INSUFFICIENT_RESOURCES;
    made->bytes = bytes;
    ULONG room = bytes;
    const bool relative = static_cast<PISECURITY_DESCRIPTOR>(descriptor)->Control & SE_SELF_RELATIVE;
    if (relative) {
        RtlCopyMemory(made->descriptor, descriptor, bytes);
    } else {
        const NTSTATUS status = RtlAbsoluteToSelfRelativeSD(descriptor, made->descriptor, &room);
        if (!NT_SUCCESS(status)) {
            ob::free_security(made);
            return status;
        }
    }
    const ULONG64 saved = KiEnterAtomic();
    ob::Security* before = header->security;
    header->security = made;
    KiLeaveAtomic(saved);
    ob::free_security(before);
    return STATUS_SUCCESS;
}
