// SPDX-License-Identifier: MIT
// rtl/number_string.cpp
//
// Integers and GUIDs from and to counted strings.
#include "ctype.hpp"
#include "nt_internal.hpp"

namespace {

constexpr ULONG kTag = 'grtS';

/// Digits of `value` at the end of `text`; returns how many. Bases 0 (decimal), 2, 8, 10, 16; others: -1.
int print(ULONG64 value, ULONG base, CHAR (&text)[64]) {
    if (base == 0) base = 10;
    if (base != 2 && base != 8 && base != 10 && base != 16) return -1;
    int count = 0;
    do text[63 - count++] = "0123456789ABCDEF"[value % base];
    while (value /= base);
    return count;
}

NTSTATUS to_string(ULONG64 value, ULONG base, PUNICODE_STRING string, const char* function) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, function);
    CHAR text[64];
    const int count = print(value, base, text);
    if (count < 0) return STATUS_INVALID_PARAMETER;
    const SIZE_T bytes = static_cast<SIZE_T>(count) * sizeof(WCHAR);
    if (string->MaximumLength < bytes) return STATUS_BUFFER_OVERFLOW;
    for (int index = 0; index < count; ++index) string->Buffer[index] = static_cast<WCHAR>(text[64 - count + index]);
    string->Length = static_cast<USHORT>(bytes);
    if (string->MaximumLength >= bytes + sizeof(WCHAR)) string->Buffer[count] = 0;
    return STATUS_SUCCESS;
}

/// Blanks, sign, 0x/0o/0b when the base is 0, digits. Stops at the first character that is no digit.
template <typename Char>
NTSTATUS parse(const Char* text, SIZE_T count, ULONG base, PULONG value) {
    SIZE_T at = 0;
    const auto peek = [&](SIZE_T where) { return where < count ? static_cast<int>(text[where]) : 0; };
    while (at < count && peek(at) <= ' ') ++at;
    const bool negative = peek(at) == '-';
    if (peek(at) == '-' || peek(at) == '+') ++at;
    if (base == 0) {
        base = 10;
        if (peek(at) == '0') {
            const int kind = peek(at + 1);
            const ULONG marked = kind == 'x' ? 16u : kind == 'o' ? 8u : kind == 'b' ? 2u : 0u;
            if (marked) {
                base = marked;
                at += 2;
            }
        }
    }
    if (base != 2 && base != 8 && base != 10 && base != 16) return STATUS_INVALID_PARAMETER;
    ULONG result = 0;
    for (; at < count && rtl::digit_value(peek(at)) < base; ++at) result = result * base + rtl::digit_value(peek(at));
    *value = negative ? 0 - result : result;
    return STATUS_SUCCESS;
}

bool parse_hex(const WCHAR* text, int digits, ULONG* value) {
    *value = 0;
    for (int index = 0; index < digits; ++index) {
        const unsigned digit = rtl::digit_value(text[index]);
        if (digit >= 16) return false;
        *value = *value << 4 | digit;
    }
    return true;
}

void print_hex(WCHAR* text, int digits, ULONG value) {
    while (digits--) {
        text[digits] = static_cast<WCHAR>("0123456789ABCDEF"[value & 15]);
        value >>= 4;
    }
}

constexpr int kGuidCharacters = 38;  // {xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}

}  // namespace

extern "C" {

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlintegertounicodestring
NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String) {
    return to_string(Value, Base, String, "RtlIntegerToUnicodeString");
}
/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlint64tounicodestring
NTSTATUS NTAPI RtlInt64ToUnicodeString(ULONGLONG Value, ULONG Base, PUNICODE_STRING String) {
    return to_string(Value, Base, String, "RtlInt64ToUnicodeString");
}
/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlunicodestringtointeger
NTSTATUS NTAPI RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlUnicodeStringToInteger");
    return parse(String->Buffer, String->Length / sizeof(WCHAR), Base, Value);
}
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-rtlchartointeger
NTSTATUS NTAPI RtlCharToInteger(PCSZ String, ULONG Base, PULONG Value) { return parse(String, strlen(String), Base, Value); }
/// STATUS_BUFFER_OVERFLOW when the digits do not fit; a terminator only when there is room.
NTSTATUS NTAPI RtlIntegerToChar(ULONG Value, ULONG Base, ULONG Length, PCHAR String) {
    CHAR text[64];
    const int count = print(Value, Base, text);
    if (count < 0) return STATUS_INVALID_PARAMETER;
    if (static_cast<ULONG>(count) > Length) return STATUS_BUFFER_OVERFLOW;
    RtlCopyMemory(String, text + 64 - count, static_cast<SIZE_T>(count));
    if (static_cast<ULONG>(count) < Length) String[count] = 0;
    return STATUS_SUCCESS;
}

/// PASSIVE_LEVEL. Free the string with RtlFreeUnicodeString.
/// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlstringfromguid
NTSTATUS NTAPI RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING GuidString) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlStringFromGUID");
    constexpr SIZE_T kBytes = (kGuidCharacters + 1) * sizeof(WCHAR);
    auto* text = static_cast<PWCHAR>(ExAllocatePoolWithTag(PagedPool, kBytes, kTag));
    if (!text) return STATUS_NO_MEMORY;
    *GuidString = {kBytes - sizeof(WCHAR), kBytes, text};
    text[0] = '{', text[9] = text[14] = text[19] = text[24] = '-', text[37] = '}', text[38] = 0;
    print_hex(text + 1, 8, Guid.Data1);
    print_hex(text + 10, 4, Guid.Data2);
    print_hex(text + 15, 4, Guid.Data3);
    for (int index = 0; index < 8; ++index) print_hex(text + (index < 2 ? 20 : 21) + index * 2, 2, Guid.Data4[index]);
    return STATUS_SUCCESS;
}

/// PASSIVE_LEVEL. https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtlguidfromstring
NTSTATUS NTAPI RtlGUIDFromString(PUNICODE_STRING GuidString, GUID* Guid) {
    KiRequireIrqlAtMost(PASSIVE_LEVEL, "RtlGUIDFromString");
    const WCHAR* text = GuidString->Buffer;
    ULONG part[3], byte[8];
    if (GuidString->Length != kGuidCharacters * sizeof(WCHAR) || text[0] != '{' || text[37] != '}' || text[9] != '-' ||
        text[14] != '-' || text[19] != '-' || text[24] != '-' || !parse_hex(text + 1, 8, &part[0]) ||
        !parse_hex(text + 10, 4, &part[1]) || !parse_hex(text + 15, 4, &part[2]))
        return STATUS_INVALID_PARAMETER;
    for (int index = 0; index < 8; ++index)
        if (!parse_hex(text + (index < 2 ? 20 : 21) + index * 2, 2, &byte[index])) return STATUS_INVALID_PARAMETER;
    *Guid = {part[0], static_cast<USHORT>(part[1]), static_cast<USHORT>(part[2]), {}};
    for (int index = 0; index < 8; ++index) Guid->Data4[index] = static_cast<UCHAR>(byte[index]);
    return STATUS_SUCCESS;
}

}  // extern "C"
