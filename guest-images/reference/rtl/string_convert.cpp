// SPDX-License-Identifier: MIT
// rtl/string_convert.cpp
//
// Between 8-bit and Unicode strings. The ANSI and OEM code page of this system is Latin-1, so the first 256 characters keep
// their number and every other one becomes '?'; UTF-8 is converted as it is. PASSIVE_LEVEL where Windows' tables are pageable.
#include "ctype.hpp"
#include "nt_internal.hpp"

namespace {

constexpr ULONG kTag = 'grtS';

CHAR narrow(WCHAR c) { return c < 0x100 ? static_cast<CHAR>(c) : '?'; }
WCHAR widen(CHAR c) { return static_cast<UCHAR>(c); }
CHAR upper_narrow(WCHAR c) { return narrow(rtl::upcase(c)); }

/// Converts as many characters as fit; STATUS_BUFFER_OVERFLOW when some did not.
template <typename To, typename From>
NTSTATUS convert(To* to, ULONG to_bytes, PULONG result_bytes, const From* from, ULONG from_bytes, To (*one)(From)) {
    const ULONG wanted = from_bytes / sizeof(From), room = to_bytes / sizeof(To);
    const ULONG count = wanted < room ? wanted : room;
    for (ULONG index = 0; index < count; ++index) to[index] = one(from[index]);
    if (result_bytes) *result_bytes = count * sizeof(To);
    return wanted > room ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

/// Counted string to counted string, NUL-terminated, into the destination's buffer or a new one.
template <typename To, typename From, typename ToString, typename FromString>
NTSTATUS convert_string(
    ToString* to, const FromString* from, BOOLEAN allocate, To (*one)(From), const char* function) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, function);
    const SIZE_T count = from->Length / sizeof(From), bytes = (count + 1) * sizeof(To);
    if (bytes > 0xFFFF) return STATUS_INVALID_PARAMETER_2;
    if (allocate) {
        to->Buffer = static_cast<To*>(ExAllocatePoolWithTag(PagedPool, bytes, kTag));
        if (!to->Buffer) return STATUS_NO_MEMORY;
        to->MaximumLength = static_cast<USHORT>(bytes);
    } else if (bytes > to->MaximumLength) {
        return STATUS_BUFFER_OVERFLOW;
    }
    to->Length = static_cast<USHORT>(bytes - sizeof(To));
    for (SIZE_T index = 0; index < count; ++index) to->Buffer[index] = one(from->Buffer[index]);
    to->Buffer[count] = 0;
    return STATUS_SUCCESS;
}

}  // namespace

extern "C" {

/// PASSIVE_LEVEL. Free an allocated destination with RtlFreeUnicodeString.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlansistringtounicodestring
NTSTATUS NTAPI RtlAnsiStringToUnicodeString(
    PUNICODE_STRING DestinationString, PCANSI_STRING SourceString, BOOLEAN AllocateDestinationString) {
    return convert_string(
        DestinationString, SourceString, AllocateDestinationString, widen, "RtlAnsiStringToUnicodeString");
}
/// PASSIVE_LEVEL. Free an allocated destination with RtlFreeAnsiString.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlunicodestringtoansistring
NTSTATUS NTAPI RtlUnicodeStringToAnsiString(
    PANSI_STRING DestinationString, PCUNICODE_STRING SourceString, BOOLEAN AllocateDestinationString) {
    return convert_string(
        DestinationString, SourceString, AllocateDestinationString, narrow, "RtlUnicodeStringToAnsiString");
}
/// PASSIVE_LEVEL. Free an allocated destination with RtlFreeAnsiString.
NTSTATUS NTAPI RtlUpcaseUnicodeStringToAnsiString(
    PANSI_STRING DestinationString, PCUNICODE_STRING SourceString, BOOLEAN AllocateDestinationString) {
    return convert_string(
        DestinationString, SourceString, AllocateDestinationString, upper_narrow, "RtlUpcaseUnicodeStringToAnsiString");
}

/// Bytes of the converted string with its terminator.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlansistringtounicodesize
ULONG NTAPI RtlxAnsiStringToUnicodeSize(PCANSI_STRING AnsiString) { return (AnsiString->Length + 1u) * sizeof(WCHAR); }
ULONG NTAPI RtlxUnicodeStringToAnsiSize(PCUNICODE_STRING UnicodeString) { return UnicodeString->Length / sizeof(WCHAR) + 1u; }

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlunicodetomultibyten
NTSTATUS NTAPI RtlUnicodeToMultiByteN(
    PCHAR MultiByteString, ULONG MaxBytesInMultiByteString, PULONG BytesInMultiByteString, PCWCH UnicodeString,
    ULONG BytesInUnicodeString) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlUnicodeToMultiByteN");
    return convert(
        MultiByteString, MaxBytesInMultiByteString, BytesInMultiByteString, UnicodeString, BytesInUnicodeString, narrow);
}
/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlupcaseunicodetomultibyten
NTSTATUS NTAPI RtlUpcaseUnicodeToMultiByteN(
    PCHAR MultiByteString, ULONG MaxBytesInMultiByteString, PULONG BytesInMultiByteString, PCWCH UnicodeString,
    ULONG BytesInUnicodeString) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlUpcaseUnicodeToMultiByteN");
    return convert(
        MultiByteString, MaxBytesInMultiByteString, BytesInMultiByteString, UnicodeString, BytesInUnicodeString,
        upper_narrow);
}
/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlmultibytetounicoden
NTSTATUS NTAPI RtlMultiByteToUnicodeN(
    PWCH UnicodeString, ULONG MaxBytesInUnicodeString, PULONG BytesInUnicodeString, const CHAR* MultiByteString,
    ULONG BytesInMultiByteString) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlMultiByteToUnicodeN");
    return convert(
        UnicodeString, MaxBytesInUnicodeString, BytesInUnicodeString, MultiByteString, BytesInMultiByteString, widen);
}
/// PASSIVE_LEVEL. Without a terminator.
NTSTATUS NTAPI RtlUnicodeToMultiByteSize(PULONG BytesInMultiByteString, PCWCH, ULONG BytesInUnicodeString) {
    *BytesInMultiByteString = BytesInUnicodeString / sizeof(WCHAR);
    return STATUS_SUCCESS;
}
NTSTATUS NTAPI RtlMultiByteToUnicodeSize(PULONG BytesInUnicodeString, const CHAR*, ULONG BytesInMultiByteString) {
    *BytesInUnicodeString = BytesInMultiByteString * sizeof(WCHAR);
    return STATUS_SUCCESS;
}
/// Moves *SourceCharacter on. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlansichartounicodechar
WCHAR NTAPI RtlAnsiCharToUnicodeChar(PUCHAR* SourceCharacter) { return *(*SourceCharacter)++; }

}  // extern "C"
