// SPDX-License-Identifier: MIT
// rtl/ansi_string.cpp
//
// Counted 8-bit strings. Any IRQL their buffers allow; case folds for ASCII alone.
#include "ctype.hpp"
#include "nt_internal.hpp"

namespace {

constexpr SIZE_T kBytesMax = 0xFFFF;

CHAR fold(CHAR c, BOOLEAN wanted) {
    return wanted ? static_cast<CHAR>(rtl::to_upper(static_cast<UCHAR>(c))) : c;
}

LONG compare(const CHAR* left, USHORT left_count, const CHAR* right, USHORT right_count, BOOLEAN insensitive) {
    for (USHORT index = 0; index < left_count && index < right_count; ++index) {
        const auto a = static_cast<UCHAR>(fold(left[index], insensitive));
        const auto b = static_cast<UCHAR>(fold(right[index], insensitive));
        if (a != b) return LONG{a} - LONG{b};
    }
    return LONG{left_count} - LONG{right_count};
}

NTSTATUS append(PSTRING destination, const CHAR* source, SIZE_T bytes) {
    if (destination->Length > destination->MaximumLength ||
        bytes > static_cast<SIZE_T>(destination->MaximumLength - destination->Length))
        return STATUS_BUFFER_TOO_SMALL;
    RtlMoveMemory(destination->Buffer + destination->Length, source, bytes);
    destination->Length = static_cast<USHORT>(destination->Length + bytes);
    return STATUS_SUCCESS;
}

}  // namespace

extern "C" {

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlinitansistring
VOID NTAPI RtlInitString(PSTRING DestinationString, PCSZ SourceString) {
    SIZE_T bytes = SourceString ? strlen(SourceString) : 0;
    if (bytes > kBytesMax - 1) bytes = kBytesMax - 1;
    DestinationString->Length = static_cast<USHORT>(bytes);
    DestinationString->MaximumLength = static_cast<USHORT>(SourceString ? bytes + 1 : 0);
    DestinationString->Buffer = const_cast<PCHAR>(SourceString);
}
VOID NTAPI RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString) {
    RtlInitString(DestinationString, SourceString);
}
/// STATUS_NAME_TOO_LONG when the text does not fit a counted string.
NTSTATUS NTAPI RtlInitAnsiStringEx(PANSI_STRING DestinationString, PCSZ SourceString) {
    if (SourceString && strlen(SourceString) > kBytesMax - 1) return STATUS_NAME_TOO_LONG;
    RtlInitString(DestinationString, SourceString);
    return STATUS_SUCCESS;
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlfreeansistring
VOID NTAPI RtlFreeAnsiString(PANSI_STRING AnsiString) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlFreeAnsiString");
    if (AnsiString->Buffer) ExFreePool(AnsiString->Buffer);
    *AnsiString = {};
}

/// Copies what fits. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-rtlcopystring
VOID NTAPI RtlCopyString(PSTRING DestinationString, PSTRING SourceString) {
    DestinationString->Length = 0;
    if (!SourceString) return;
    const USHORT room = DestinationString->MaximumLength;
    append(DestinationString, SourceString->Buffer, SourceString->Length < room ? SourceString->Length : room);
}

/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-rtlequalstring
BOOLEAN NTAPI RtlEqualString(PSTRING String1, PSTRING String2, BOOLEAN CaseInSensitive) {
    return String1->Length == String2->Length &&
           compare(String1->Buffer, String1->Length, String2->Buffer, String2->Length, CaseInSensitive) == 0;
}
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-rtlcomparestring
LONG NTAPI RtlCompareString(PSTRING String1, PSTRING String2, BOOLEAN CaseInSensitive) {
    return compare(String1->Buffer, String1->Length, String2->Buffer, String2->Length, CaseInSensitive);
}
/// True: `String1` is the beginning of `String2`.
BOOLEAN NTAPI RtlPrefixString(const STRING* String1, const STRING* String2, BOOLEAN CaseInSensitive) {
    return String1->Length <= String2->Length &&
           compare(String1->Buffer, String1->Length, String2->Buffer, String1->Length, CaseInSensitive) == 0;
}

/// STATUS_BUFFER_TOO_SMALL leaves the destination as it was.
NTSTATUS NTAPI RtlAppendStringToString(PSTRING Destination, const STRING* Source) {
    return append(Destination, Source->Buffer, Source->Length);
}
NTSTATUS NTAPI RtlAppendAsciizToString(PSTRING Destination, PCSZ Source) {
    return Source ? append(Destination, Source, strlen(Source)) : STATUS_SUCCESS;
}

CHAR NTAPI RtlUpperChar(CHAR Character) { return fold(Character, TRUE); }
/// Copies what fits, in upper case. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-rtlupperstring
VOID NTAPI RtlUpperString(PSTRING DestinationString, PSTRING SourceString) {
    RtlCopyString(DestinationString, SourceString);
    for (USHORT index = 0; index < DestinationString->Length; ++index)
        DestinationString->Buffer[index] = fold(DestinationString->Buffer[index], TRUE);
}

}  // extern "C"
