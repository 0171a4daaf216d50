// SPDX-License-Identifier: MIT
// rtl/security.cpp
//
// Security identifiers, access control lists and descriptors, as data: this system has one user and checks no access, but
// drivers build and hand them over. PASSIVE_LEVEL on Windows; nothing here blocks.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlcreatesecuritydescriptor
#include "nt_internal.hpp"

namespace {

constexpr UCHAR kRevision = 1, kAclRevision = 2, kAclRevisionDs = 4, kSubAuthoritiesMax = 15;

const SID* sid_of(PSID sid) { return static_cast<const SID*>(sid); }
ULONG sid_bytes(PSID sid) { return 8u + 4u * sid_of(sid)->SubAuthorityCount; }
PISECURITY_DESCRIPTOR absolute(PSECURITY_DESCRIPTOR descriptor) { return static_cast<PISECURITY_DESCRIPTOR>(descriptor); }

NTSTATUS check_absolute(PSECURITY_DESCRIPTOR descriptor) {
    if (absolute(descriptor)->Revision != kRevision) return STATUS_UNKNOWN_REVISION;
    return absolute(descriptor)->Control & SE_SELF_RELATIVE ? STATUS_INVALID_SECURITY_DESCR : STATUS_SUCCESS;
}

void flag(PSECURITY_DESCRIPTOR descriptor, USHORT bits, bool on) {
    USHORT& control = absolute(descriptor)->Control;
    control = static_cast<USHORT>(on ? control | bits : control & ~bits);
}

/// First byte after the last ACE; null: the list is damaged.
PUCHAR end_of(PACL acl) {
    PUCHAR at = reinterpret_cast<PUCHAR>(acl + 1), limit = reinterpret_cast<PUCHAR>(acl) + acl->AclSize;
    for (USHORT index = 0; index < acl->AceCount; ++index) {
        const auto* ace = reinterpret_cast<const ACE_HEADER*>(at);
        if (at + sizeof(ACE_HEADER) > limit || ace->AceSize < sizeof(ACE_HEADER) || at + ace->AceSize > limit) return nullptr;
        at += ace->AceSize;
    }
    return at;
}

/// Copies one part behind the others and returns its offset.
ULONG place(PUCHAR base, ULONG* used, const void* part, ULONG bytes) {
    if (!part) return 0;
    const ULONG offset = *used;
    RtlCopyMemory(base + offset, part, bytes);
    *used += (bytes + 3) & ~3u;
    return offset;
}

ULONG acl_bytes(PACL acl) { return acl ? acl->AclSize : 0; }
ULONG rounded(ULONG bytes) { return (bytes + 3) & ~3u; }

}  // namespace

extern "C" {

BOOLEAN NTAPI RtlValidSid(PSID Sid) {
    return Sid && sid_of(Sid)->Revision == SID_REVISION && sid_of(Sid)->SubAuthorityCount <= kSubAuthoritiesMax;
}
ULONG NTAPI RtlLengthSid(PSID Sid) { return sid_bytes(Sid); }
ULONG NTAPI RtlLengthRequiredSid(ULONG SubAuthorityCount) { return 8 + 4 * SubAuthorityCount; }
NTSTATUS NTAPI RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, UCHAR SubAuthorityCount) {
    if (SubAuthorityCount > kSubAuthoritiesMax) return STATUS_INVALID_PARAMETER;
    auto* sid = static_cast<SID*>(Sid);
    sid->Revision = SID_REVISION;
    sid->SubAuthorityCount = SubAuthorityCount;
    sid->IdentifierAuthority = *IdentifierAuthority;
    return STATUS_SUCCESS;
}
PULONG NTAPI RtlSubAuthoritySid(PSID Sid, ULONG SubAuthority) { return &static_cast<SID*>(Sid)->SubAuthority[SubAuthority]; }
BOOLEAN NTAPI RtlEqualSid(PSID Sid1, PSID Sid2) {
    return sid_of(Sid1)->SubAuthorityCount == sid_of(Sid2)->SubAuthorityCount &&
           memcmp(Sid1, Sid2, sid_bytes(Sid1)) == 0;
}
NTSTATUS NTAPI RtlCopySid(ULONG Length, PSID Destination, PSID Source) {
    if (Length < sid_bytes(Source)) return STATUS_BUFFER_TOO_SMALL;
    RtlCopyMemory(Destination, Source, sid_bytes(Source));
    return STATUS_SUCCESS;
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlcreateacl
NTSTATUS NTAPI RtlCreateAcl(PACL Acl, ULONG AclLength, ULONG AclRevision) {
    if (AclLength < sizeof(ACL)) return STATUS_BUFFER_TOO_SMALL;
    if (AclRevision < kAclRevision || AclRevision > kAclRevisionDs || AclLength > 0xFFFF) return STATUS_INVALID_PARAMETER;
    *Acl = {static_cast<UCHAR>(AclRevision), 0, static_cast<USHORT>(AclLength & ~3u), 0, 0};
    return STATUS_SUCCESS;
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtladdaccessallowedaceex
NTSTATUS NTAPI RtlAddAccessAllowedAceEx(PACL Acl, ULONG AceRevision, ULONG AceFlags, ACCESS_MASK AccessMask, PSID Sid) {
    if (!RtlValidSid(Sid)) return STATUS_INVALID_SID;
    if (Acl->AclRevision > kAclRevisionDs || AceRevision > kAclRevisionDs) return STATUS_REVISION_MISMATCH;
    const PUCHAR at = end_of(Acl);
    if (!at) return STATUS_INVALID_ACL;
    const ULONG bytes = 8 + sid_bytes(Sid);  // header, mask, identifier
    if (at + bytes > reinterpret_cast<PUCHAR>(Acl) + Acl->AclSize) return STATUS_ALLOTTED_SPACE_EXCEEDED;
    auto* ace = reinterpret_cast<PACCESS_ALLOWED_ACE>(at);
    ace->Header = {ACCESS_ALLOWED_ACE_TYPE, static_cast<UCHAR>(AceFlags), static_cast<USHORT>(bytes)};
    ace->Mask = AccessMask;
    RtlCopyMemory(&ace->SidStart, Sid, sid_bytes(Sid));
    ++Acl->AceCount;
    if (AceRevision > Acl->AclRevision) Acl->AclRevision = static_cast<UCHAR>(AceRevision);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlAddAccessAllowedAce(PACL Acl, ULONG AceRevision, ACCESS_MASK AccessMask, PSID Sid) {
    return RtlAddAccessAllowedAceEx(Acl, AceRevision, 0, AccessMask, Sid);
}

/// Generic rights become the specific ones of a type of object.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlmapgenericmask
VOID NTAPI RtlMapGenericMask(PACCESS_MASK AccessMask, PGENERIC_MAPPING GenericMapping) {
    const ACCESS_MASK wanted = *AccessMask;
    ACCESS_MASK mask = wanted & ~(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
    if (wanted & GENERIC_READ) mask |= GenericMapping->GenericRead;
    if (wanted & GENERIC_WRITE) mask |= GenericMapping->GenericWrite;
    if (wanted & GENERIC_EXECUTE) mask |= GenericMapping->GenericExecute;
    if (wanted & GENERIC_ALL) mask |= GenericMapping->GenericAll;
    *AccessMask = mask;
}

NTSTATUS NTAPI RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, ULONG Revision) {
    if (Revision != kRevision) return STATUS_UNKNOWN_REVISION;
    RtlZeroMemory(SecurityDescriptor, sizeof(SECURITY_DESCRIPTOR));
    absolute(SecurityDescriptor)->Revision = kRevision;
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlSetDaclSecurityDescriptor(
    PSECURITY_DESCRIPTOR SecurityDescriptor, BOOLEAN DaclPresent, PACL Dacl, BOOLEAN DaclDefaulted) {
    if (const NTSTATUS status = check_absolute(SecurityDescriptor); !NT_SUCCESS(status)) return status;
    flag(SecurityDescriptor, SE_DACL_PRESENT, DaclPresent);
    flag(SecurityDescriptor, SE_DACL_DEFAULTED, DaclPresent && DaclDefaulted);
    if (DaclPresent) absolute(SecurityDescriptor)->Dacl = Dacl;
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlSetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Owner, BOOLEAN OwnerDefaulted) {
    if (const NTSTATUS status = check_absolute(SecurityDescriptor); !NT_SUCCESS(status)) return status;
    absolute(SecurityDescriptor)->Owner = Owner;
    flag(SecurityDescriptor, SE_OWNER_DEFAULTED, OwnerDefaulted);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlSetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor, PSID Group, BOOLEAN GroupDefaulted) {
    if (const NTSTATUS status = check_absolute(SecurityDescriptor); !NT_SUCCESS(status)) return status;
    absolute(SecurityDescriptor)->Group = Group;
    flag(SecurityDescriptor, SE_GROUP_DEFAULTED, GroupDefaulted);
    return STATUS_SUCCESS;
}

/// STATUS_BUFFER_TOO_SMALL with the needed size in *BufferLength.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlabsolutetoselfrelativesd
NTSTATUS NTAPI RtlAbsoluteToSelfRelativeSD(
    PSECURITY_DESCRIPTOR AbsoluteSecurityDescriptor, PSECURITY_DESCRIPTOR SelfRelativeSecurityDescriptor,
    PULONG BufferLength) {
    const PISECURITY_DESCRIPTOR from = absolute(AbsoluteSecurityDescriptor);
    if (from->Control & SE_SELF_RELATIVE) return STATUS_BAD_DESCRIPTOR_FORMAT;
    const PACL dacl = from->Control & SE_DACL_PRESENT ? from->Dacl : nullptr;
    const PACL sacl = from->Control & SE_SACL_PRESENT ? from->Sacl : nullptr;
    const ULONG owner = from->Owner ? sid_bytes(from->Owner) : 0, group = from->Group ? sid_bytes(from->Group) : 0;
    const ULONG bytes = sizeof(SECURITY_DESCRIPTOR_RELATIVE) + rounded(owner) + rounded(group) + rounded(acl_bytes(sacl)) +
                        rounded(acl_bytes(dacl));
    const ULONG room = *BufferLength;
    *BufferLength = bytes;
    if (room < bytes || !SelfRelativeSecurityDescriptor) return STATUS_BUFFER_TOO_SMALL;
    auto* base = static_cast<PUCHAR>(SelfRelativeSecurityDescriptor);
    RtlZeroMemory(base, bytes);
    ULONG used = sizeof(SECURITY_DESCRIPTOR_RELATIVE);
    auto* to = static_cast<PISECURITY_DESCRIPTOR_RELATIVE>(SelfRelativeSecurityDescriptor);
    to->Revision = from->Revision;
    to->Sbz1 = from->Sbz1;
    to->Control = static_cast<USHORT>(from->Control | SE_SELF_RELATIVE);
    to->Sacl = place(base, &used, sacl, acl_bytes(sacl));
    to->Dacl = place(base, &used, dacl, acl_bytes(dacl));
    to->Owner = place(base, &used, from->Owner, owner);
    to->Group = place(base, &used, from->Group, group);
    return STATUS_SUCCESS;
}

/// Bytes of a descriptor and all its parts, in either form.
ULONG NTAPI RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor) {
    const PISECURITY_DESCRIPTOR descriptor = absolute(SecurityDescriptor);
    PUCHAR base = static_cast<PUCHAR>(SecurityDescriptor);
    if (!(descriptor->Control & SE_SELF_RELATIVE)) {
        const PACL dacl = descriptor->Control & SE_DACL_PRESENT ? descriptor->Dacl : nullptr;
        const PACL sacl = descriptor->Control & SE_SACL_PRESENT ? descriptor->Sacl : nullptr;
        return sizeof(SECURITY_DESCRIPTOR) + (descriptor->Owner ? rounded(sid_bytes(descriptor->Owner)) : 0) +
               (descriptor->Group ? rounded(sid_bytes(descriptor->Group)) : 0) + rounded(acl_bytes(dacl)) +
               rounded(acl_bytes(sacl));
    }
    const auto* relative = static_cast<PISECURITY_DESCRIPTOR_RELATIVE>(SecurityDescriptor);
    ULONG bytes = sizeof(SECURITY_DESCRIPTOR_RELATIVE);
    if (relative->Owner) bytes += rounded(sid_bytes(base + relative->Owner));
    if (relative->Group) bytes += rounded(sid_bytes(base + relative->Group));
    if (relative->Dacl) bytes += rounded(reinterpret_cast<PACL>(base + relative->Dacl)->AclSize);
    if (relative->Sacl) bytes += rounded(reinterpret_cast<PACL>(base + relative->Sacl)->AclSize);
    return bytes;
}

}  // extern "C"
