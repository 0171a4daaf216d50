// SPDX-License-Identifier: MIT
// ndis/lib/error_log.cpp
//
// NdisWriteErrorLogEntry: this guest's event log is the debug channel.
#include <stdarg.h>

#include "ndis/lib/ndis_lib.hpp"

using namespace ndis;

namespace {
constexpr ULONG kValuesMax = 16;
}

/// One line with the code and the values; more than 16 values are counted only. <= DISPATCH_LEVEL.
VOID __cdecl NdisWriteErrorLogEntry(NDIS_HANDLE NdisAdapterHandle, NDIS_ERROR_CODE ErrorCode, ULONG NumberOfErrorValues, ...) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisWriteErrorLogEntry", NDIS_CALLER);
    DbgPrint("ndis: error log of adapter %p: code %08lx, %lu values", NdisAdapterHandle, ErrorCode, NumberOfErrorValues);
    va_list values;
    va_start(values, NumberOfErrorValues);
    for (ULONG i = 0; i < NumberOfErrorValues && i < kValuesMax; ++i) DbgPrint(" %08lx", va_arg(values, ULONG));
    va_end(values);
    DbgPrint("\n");
}
