// SPDX-License-Identifier: MIT
// rtl/unicode_string.cpp
//
// Counted Unicode strings. Functions that fold case need PASSIVE_LEVEL on Windows, where the tables are pageable, and stop
// the guest above it here too; the others run at any IRQL their buffers allow.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_unicode_string
#include "ctype.hpp"
#include "nt_internal.hpp"

namespace {

constexpr ULONG kTag = 'grtS';
constexpr SIZE_T kBytesMax = 0xFFFE;  // an even number in a USHORT

USHORT characters_of(PCUNICODE_STRING string) { return string->Length / sizeof(WCHAR); }

void require_passive_to_fold(BOOLEAN fold, const char* function) {
    if (fold) KiRequireIrqlAtMost(PASSIVE_LEVEL, function);
}

LONG compare(const WCHAR* left, SIZE_T left_count, const WCHAR* right, SIZE_T right_count, BOOLEAN fold) {
    for (SIZE_T index = 0; index < left_count && index < right_count; ++index) {
        const WCHAR a = fold ? rtl::upcase(left[index]) : left[index];
        const WCHAR b = fold ? rtl::upcase(right[index]) : right[index];
        if (a != b) return static_cast<LONG>(a) - static_cast<LONG>(b);
    }
    return static_cast<LONG>(left_count) - static_cast<LONG>(right_count);
}

/// A buffer of `bytes` for the caller to free with RtlFreeUnicodeString.
bool allocate(PUNICODE_STRING string, SIZE_T bytes) {
    string->Buffer = static_cast<PWCHAR>(ExAllocatePoolWithTag(PagedPool, bytes ? bytes : sizeof(WCHAR), kTag));
    if (!string->Buffer) return false;
    string->MaximumLength = static_cast<USHORT>(bytes);
    return true;
}

NTSTATUS append(PUNICODE_STRING destination, const WCHAR* source, SIZE_T bytes) {
    if (bytes > SIZE_T{destination->MaximumLength} - destination->Length || destination->Length > destination->MaximumLength)
        return STATUS_BUFFER_TOO_SMALL;
    RtlMoveMemory(reinterpret_cast<PUCHAR>(destination->Buffer) + destination->Length, source, bytes);
    destination->Length = static_cast<USHORT>(destination->Length + bytes);
    if (destination->Length + sizeof(WCHAR) <= destination->MaximumLength)
        destination->Buffer[characters_of(destination)] = 0;
    return STATUS_SUCCESS;
}

using Fold = WCHAR (*)(WCHAR);

NTSTATUS change_case(PUNICODE_STRING to, PCUNICODE_STRING from, BOOLEAN allocate_to, Fold fold, const char* function) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, function);
    if (allocate_to) {
        if (!allocate(to, from->Length)) return STATUS_NO_MEMORY;
    } else if (to->MaximumLength < from->Length) {
        return STATUS_BUFFER_OVERFLOW;
    }
    for (USHORT index = 0; index < characters_of(from); ++index) to->Buffer[index] = fold(from->Buffer[index]);
    to->Length = from->Length;
    return STATUS_SUCCESS;
}

}  // namespace

/// Any IRQL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlinitunicodestring
VOID NTAPI RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString) {
    SIZE_T bytes = SourceString ? wcslen(SourceString) * sizeof(WCHAR) : 0;
    if (bytes > kBytesMax - sizeof(WCHAR)) bytes = kBytesMax - sizeof(WCHAR);
    DestinationString->Length = static_cast<USHORT>(bytes);
    DestinationString->MaximumLength = static_cast<USHORT>(SourceString ? bytes + sizeof(WCHAR) : 0);
    DestinationString->Buffer = const_cast<PWSTR>(SourceString);
}

/// <= DISPATCH_LEVEL. STATUS_NAME_TOO_LONG when the text does not fit a counted string.
extern "C" NTSTATUS NTAPI RtlInitUnicodeStringEx(PUNICODE_STRING destination, PCWSTR source) {
    if (source && wcslen(source) * sizeof(WCHAR) > kBytesMax - sizeof(WCHAR)) return STATUS_NAME_TOO_LONG;
    RtlInitUnicodeString(destination, source);
    return STATUS_SUCCESS;
}

/// Copies what fits. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlcopyunicodestring
VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString) {
    DestinationString->Length = 0;
    if (!SourceString) return;
    const USHORT room = DestinationString->MaximumLength & ~1u;
    append(DestinationString, SourceString->Buffer, SourceString->Length < room ? SourceString->Length : room);
}

/// PASSIVE_LEVEL when case does not count.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlequalunicodestring
BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive) {
    require_passive_to_fold(CaseInSensitive, "RtlEqualUnicodeString");
    return String1->Length == String2->Length &&
           compare(String1->Buffer, characters_of(String1), String2->Buffer, characters_of(String2), CaseInSensitive) == 0;
}

/// PASSIVE_LEVEL when case does not count.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlcompareunicodestring
LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive) {
    require_passive_to_fold(CaseInSensitive, "RtlCompareUnicodeString");
    return compare(String1->Buffer, characters_of(String1), String2->Buffer, characters_of(String2), CaseInSensitive);
}

/// True: `String1` is the beginning of `String2`. PASSIVE_LEVEL when case does not count.
BOOLEAN NTAPI RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive) {
    require_passive_to_fold(CaseInSensitive, "RtlPrefixUnicodeString");
    return String1->Length <= String2->Length &&
           compare(String1->Buffer, characters_of(String1), String2->Buffer, characters_of(String1), CaseInSensitive) == 0;
}

/// STATUS_BUFFER_TOO_SMALL leaves the destination as it was.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlappendunicodestringtostring
NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source) {
    return append(Destination, Source->Buffer, Source->Length);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlappendunicodetostring
NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source) {
    return Source ? append(Destination, Source, wcslen(Source) * sizeof(WCHAR)) : STATUS_SUCCESS;
}

/// PASSIVE_LEVEL. False: no memory, or too long. Free with RtlFreeUnicodeString.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlcreateunicodestring
BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlCreateUnicodeString");
    const SIZE_T bytes = wcslen(SourceString) * sizeof(WCHAR) + sizeof(WCHAR);
    if (bytes > kBytesMax || !allocate(DestinationString, bytes)) return FALSE;
    RtlCopyMemory(DestinationString->Buffer, SourceString, bytes);
    DestinationString->Length = static_cast<USHORT>(bytes - sizeof(WCHAR));
    return TRUE;
}

/// PASSIVE_LEVEL. Flags: 1 terminates the copy, 2 makes a buffer for an empty string too.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlduplicateunicodestring
extern "C" NTSTATUS NTAPI RtlDuplicateUnicodeString(ULONG Flags, PCUNICODE_STRING StringIn, PUNICODE_STRING StringOut) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlDuplicateUnicodeString");
    if (Flags > 3 || Flags == 2 || StringIn->Length % 2) return STATUS_INVALID_PARAMETER;
    *StringOut = {};
    if (!StringIn->Length && Flags != 3) return STATUS_SUCCESS;
    const SIZE_T bytes = StringIn->Length + (Flags & 1 ? sizeof(WCHAR) : 0);
    if (bytes > kBytesMax) return STATUS_NAME_TOO_LONG;
    if (!allocate(StringOut, bytes)) return STATUS_NO_MEMORY;
    return append(StringOut, StringIn->Buffer, StringIn->Length);
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlfreeunicodestring
VOID NTAPI RtlFreeUnicodeString(PUNICODE_STRING UnicodeString) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlFreeUnicodeString");
    if (UnicodeString->Buffer) ExFreePool(UnicodeString->Buffer);
    *UnicodeString = {};
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlupcaseunicodechar
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR SourceCharacter) { return rtl::upcase(SourceCharacter); }
/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtldowncaseunicodechar
WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR SourceCharacter) { return rtl::downcase(SourceCharacter); }

/// PASSIVE_LEVEL. Free an allocated destination with RtlFreeUnicodeString.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlupcaseunicodestring
NTSTATUS NTAPI RtlUpcaseUnicodeString(
    PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString, BOOLEAN AllocateDestinationString) {
    return change_case(
        DestinationString, SourceString, AllocateDestinationString, rtl::upcase<WCHAR>, "RtlUpcaseUnicodeString");
}
/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtldowncaseunicodestring
extern "C" NTSTATUS NTAPI RtlDowncaseUnicodeString(
    PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString, BOOLEAN AllocateDestinationString) {
    return change_case(
        DestinationString, SourceString, AllocateDestinationString, rtl::downcase<WCHAR>, "RtlDowncaseUnicodeString");
}

/// The documented algorithms are HASH_STRING_ALGORITHM_DEFAULT (0) and X65599 (1), which are the same.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlhashunicodestring
NTSTATUS NTAPI RtlHashUnicodeString(
    CONST UNICODE_STRING* String, BOOLEAN CaseInSensitive, ULONG HashAlgorithm, PULONG HashValue) {
    if (!String || !HashValue || HashAlgorithm > 1) return STATUS_INVALID_PARAMETER;
    require_passive_to_fold(CaseInSensitive, "RtlHashUnicodeString");
    ULONG hash = 0;
    for (USHORT index = 0; index < characters_of(String); ++index)
        hash = hash * 65599 + (CaseInSensitive ? rtl::upcase(String->Buffer[index]) : String->Buffer[index]);
    *HashValue = hash;
    return STATUS_SUCCESS;
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlvalidateunicodestring
extern "C" NTSTATUS NTAPI RtlValidateUnicodeString(ULONG Flags, PCUNICODE_STRING String) {
    if (Flags) return STATUS_INVALID_PARAMETER;
    if (!String) return STATUS_SUCCESS;
    const bool good = String->Length % 2 == 0 && String->MaximumLength % 2 == 0 && String->Length <= String->MaximumLength &&
                      (String->Buffer || !String->MaximumLength);
    return good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}
