// SPDX-License-Identifier: MIT
// lib/atomic64_i386.cpp
//
// On i386 GCC makes 64-bit atomics from x87 or SSE moves, which kernel code may not use, and
// otherwise calls these three functions. CMPXCHG8B does the same in one instruction. Any IRQL; the
// memory order asked for is always met.
#if defined(__i386__)
#include <stdint.h>

namespace
{

/// Stores `desired` if *where is `expected`; returns what *where was.
uint64_t
CompareExchange64(volatile uint64_t *where, uint64_t expected, uint64_t desired)
{
    __asm__ __volatile__("lock; cmpxchg8b %1"
                         : "+A"(expected), "+m"(*where)
                         : "b"(static_cast<uint32_t>(desired)),
                           "c"(static_cast<uint32_t>(desired >> 32))
                         : "memory", "cc");
    return expected;
}

} // namespace

extern "C" uint64_t
AtomicFetchAdd64(volatile void *where, uint64_t value, int) __asm__("___atomic_fetch_add_8");
extern "C" void
AtomicStore64(volatile void *where, uint64_t value, int) __asm__("___atomic_store_8");
extern "C" uint64_t AtomicLoad64(const volatile void *where, int) __asm__("___atomic_load_8");

uint64_t
AtomicFetchAdd64(volatile void *where, uint64_t value, int)
{
    auto *cell = static_cast<volatile uint64_t *>(where);
    uint64_t expected = *cell; // May be torn; then the exchange fails and tells the truth.

    for (;;) {
        const uint64_t seen = CompareExchange64(cell, expected, expected + value);

        if (seen == expected) {
            return seen;
        }
        expected = seen;
    }
}

void
AtomicStore64(volatile void *where, uint64_t value, int)
{
    auto *cell = static_cast<volatile uint64_t *>(where);
    uint64_t expected = *cell;

    for (;;) {
        const uint64_t seen = CompareExchange64(cell, expected, value);

        if (seen == expected) {
            return;
        }
        expected = seen;
    }
}

uint64_t
AtomicLoad64(const volatile void *where, int)
{
    return CompareExchange64(
        const_cast<volatile uint64_t *>(static_cast<const volatile uint64_t *>(where)), 0, 0);
}
#endif
