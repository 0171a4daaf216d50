// SPDX-License-Identifier: MIT
// selftest/provoke.hpp
//
// What crimes share. Each says beforehand what the bug check must name: the host compares (harness/selftest).
#pragma once
#include "rd_exports.hpp"

namespace provoke {

/// Announces value `number` (1 to 4): "provoke NAME: value 1 ffff...". Any IRQL.
void value(ULONG number, ULONG64 value);
inline void value(ULONG number, const volatile void* address) { value(number, reinterpret_cast<ULONG64>(address)); }

/// Announces the function that must be on the stack, in place of the crime itself: a callback. Any IRQL.
void guilty(ULONG64 function);
template <class Function>
void guilty(Function* function) {
    guilty(reinterpret_cast<ULONG64>(function));
}

struct Crime {
    const char* name;
    VOID (*commit)();
};
/// Does provoke=NAME stand on the kernel's command line? To be asked before the rest. PASSIVE_LEVEL.
bool is_wanted();
/// Commits the crime of that name; false: the table has none. Returns only when the guest has survived. PASSIVE_LEVEL.
bool commit_wanted(const Crime* crimes, ULONG count);
template <ULONG Count>
bool commit_wanted(const Crime (&crimes)[Count]) {
    return commit_wanted(crimes, Count);
}

/// The driver that commits the crime. Its Unload calls what at_unload() was given, then returns.
PDRIVER_OBJECT driver();
void at_unload(VOID (*action)());

/// Runs `routine(context)` on a thread of its own and waits for its end. False: no thread. PASSIVE_LEVEL.
bool on_thread(PKSTART_ROUTINE routine, PVOID context);
/// Waits so long, in milliseconds. PASSIVE_LEVEL.
void pause(LONG milliseconds);
/// Queues to DelayedWorkQueue what keeps each of its workers busy, in the kernel's code, for 40 ms at least: what is queued
/// behind it stays queued so long. The caller's priority becomes 16, the workers' is less. PASSIVE_LEVEL.
void keep_workers_busy();
/// Hides a value from the compiler, which would see the crime coming.
template <class T>
T hide(T value) {
    asm volatile("" : "+r"(value));
    return value;
}
constexpr ULONG kTag = 'tsvP';

}  // namespace provoke
