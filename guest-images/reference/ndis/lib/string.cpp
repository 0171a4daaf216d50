// SPDX-License-Identifier: MIT
// ndis/lib/string.cpp
//
// Strings. Conversions need the system's tables: PASSIVE_LEVEL.
#include "ndis/lib/ndis_lib.hpp"

using namespace ndis;

namespace {
constexpr ULONG kStringTag = 'ssDN';  // "NDss"
}

/// Any IRQL. The source stays the buffer.
VOID NTAPI NdisInitUnicodeString(PNDIS_STRING DestinationString, PCWSTR SourceString) {
    RtlInitUnicodeString(DestinationString, SourceString);
}
VOID NTAPI NdisInitAnsiString(PANSI_STRING DestinationString, PCSTR SourceString) {
    RtlInitAnsiString(DestinationString, SourceString);
}

/// Allocates a Unicode copy of `Source`, to be freed with NdisFreeString; an empty string with a null buffer when there is no
/// memory. PASSIVE_LEVEL.
VOID NTAPI NdisInitializeString(PNDIS_STRING Destination, PUCHAR Source) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisInitializeString", NDIS_CALLER);
    ANSI_STRING ansi;
    RtlInitAnsiString(&ansi, reinterpret_cast<PCSZ>(Source));
    *Destination = {};
    const SIZE_T bytes = (static_cast<SIZE_T>(ansi.Length) + 1) * sizeof(WCHAR);
    if (bytes > 0xFFFE) return;
    Destination->Buffer = static_cast<PWSTR>(allocate_for(NDIS_CALLER, NonPagedPool, bytes, kStringTag));
    if (!Destination->Buffer) return;
    Destination->MaximumLength = static_cast<USHORT>(bytes);
    RtlAnsiStringToUnicodeString(Destination, &ansi, FALSE);
    Destination->Buffer[Destination->Length / sizeof(WCHAR)] = 0;
}

/// Into the destination's own buffer. NDIS_STATUS_RESOURCES (as the status is documented): it is too short. PASSIVE_LEVEL.
NDIS_STATUS NTAPI NdisAnsiStringToUnicodeString(PNDIS_STRING DestinationString, PANSI_STRING SourceString) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisAnsiStringToUnicodeString", NDIS_CALLER);
    return NT_SUCCESS(RtlAnsiStringToUnicodeString(DestinationString, SourceString, FALSE)) ? NDIS_STATUS_SUCCESS
                                                                                            : NDIS_STATUS_RESOURCES;
}
NDIS_STATUS NTAPI NdisUnicodeStringToAnsiString(PANSI_STRING DestinationString, PNDIS_STRING SourceString) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisUnicodeStringToAnsiString", NDIS_CALLER);
    return NT_SUCCESS(RtlUnicodeStringToAnsiString(DestinationString, SourceString, FALSE)) ? NDIS_STATUS_SUCCESS
                                                                                            : NDIS_STATUS_RESOURCES;
}
/// Into the destination's own buffer; NDIS_STATUS_FAILURE: it is too short. PASSIVE_LEVEL.
NDIS_STATUS NTAPI NdisUpcaseUnicodeString(PUNICODE_STRING DestinationString, PUNICODE_STRING SourceString) {
    require_irql_at_most(PASSIVE_LEVEL, "NdisUpcaseUnicodeString", NDIS_CALLER);
    return NT_SUCCESS(RtlUpcaseUnicodeString(DestinationString, SourceString, FALSE)) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

/// PASSIVE_LEVEL when the case is ignored, else any IRQL.
BOOLEAN NTAPI NdisEqualString(PNDIS_STRING String1, PNDIS_STRING String2, BOOLEAN CaseInsensitive) {
    if (CaseInsensitive) require_irql_at_most(PASSIVE_LEVEL, "NdisEqualString", NDIS_CALLER);
    return RtlEqualUnicodeString(String1, String2, CaseInsensitive);
}
