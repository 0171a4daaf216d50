// SPDX-License-Identifier: MIT
// selftest/announce.cpp
//
// Which crime is wanted, and how it announces itself: of selftest.sys and of ndistest.sys (ndis/selftest), each with its own table.
#include "selftest/provoke.hpp"

/// One entry of .pdata, as RtlLookupFunctionEntry finds it; the DDK headers do not declare it for drivers.
struct FunctionEntry {
    ULONG begin, end, unwind;
};
extern "C" __declspec(dllimport) const FunctionEntry* NTAPI RtlLookupFunctionEntry(ULONG64 pc, PULONG64 base, PVOID history);

namespace {

char wanted[64];

bool same(const char* a, const char* b) {
    for (; *a && *a == *b; ++a, ++b) {}
    return *a == *b;
}

}  // namespace

namespace provoke {

void value(ULONG number, ULONG64 value) { DbgPrint("provoke %s: value %u %016I64x\n", wanted, number, value); }

void guilty(ULONG64 function) {
    ULONG64 base;
    const FunctionEntry* entry = RtlLookupFunctionEntry(function, &base, nullptr);
    const ULONG64 begin = entry ? base + entry->begin : function, end = entry ? base + entry->end : function;
    DbgPrint("provoke %s: guilty %016I64x %016I64x\n", wanted, begin, end);
}

bool is_wanted() { return RdCommandLineText("provoke", wanted, sizeof wanted); }

bool commit_wanted(const Crime* crimes, ULONG count) {
    for (ULONG index = 0; index < count; ++index) {
        if (!same(crimes[index].name, wanted)) continue;
        guilty(crimes[index].commit);
        crimes[index].commit();
        return true;
    }
    return false;
}

}  // namespace provoke
