// SPDX-License-Identifier: MIT
// diskboot/ports.hpp
//
// Port accesses, and how the loader gives up: a line on port 0xE9, pvpanic, power off, as boot/ does.
#pragma once
#include <stdint.h>

inline void out8(uint16_t port, uint8_t value) { asm volatile("outb %b0, %w1" ::"a"(value), "d"(port)); }
inline void out16(uint16_t port, uint16_t value) { asm volatile("outw %w0, %w1" ::"a"(value), "d"(port)); }
inline uint8_t in8(uint16_t port) {
    uint8_t value;
    asm volatile("inb %w1, %b0" : "=a"(value) : "d"(port));
    return value;
}

inline void put(const char* text) {
    for (; *text; ++text) out8(0xE9, static_cast<uint8_t>(*text));
}

[[noreturn]] inline void fail(const char* why) {
    put("rundown diskboot: ");
    put(why);
    put("\n");
    out8(0x505, 1);
    out16(0x604, 0x2000);
    for (;;) asm volatile("cli; hlt");
}
