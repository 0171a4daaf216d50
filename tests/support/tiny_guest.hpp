// SPDX-License-Identifier: MIT
// support/tiny_guest.hpp
//
// Guests of a few instructions, written by the test or benchmark itself, so that they need nothing
// but QEMU. Header only.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace rundown::guest {

/// Builds a PVH guest: 32-bit code at 1 MiB behind a 64-bit ELF header with Xen's note 18.
class TinyGuest {
  public:
    TinyGuest& out8(std::uint16_t port, std::uint8_t value) {
        return port_in_dx(port).bytes({0xB0, value, 0xEE});
    }
    TinyGuest& out16(std::uint16_t port, std::uint16_t value) {
        return port_in_dx(port).bytes({0x66, 0xB8, low(value), high(value), 0x66, 0xEF});
    }
    TinyGuest& print(std::uint16_t port, std::string_view text) {
        for (const char c : text)
            out8(port, static_cast<std::uint8_t>(c));
        return *this;
    }
    /// Sends back what COM1 receives, for ever.
    TinyGuest& echo_serial() {
        port_in_dx(0x3FD).bytes({0xEC, 0xA8, 0x01, 0x74, 0xF7});   // until data is ready
        return port_in_dx(0x3F8).bytes({0xEC, 0xEE, 0xEB, 0xEF});  // in, out, again
    }
    /// Says '?', takes `count` bytes from COM1 through its FIFO, then says '!'.
    TinyGuest& swallow_serial(std::uint32_t count) {
        out8(0x3FA, 0xC7);  // FIFO on and empty, trigger at 14 bytes
        out8(0x3F8, '?');
        bytes({0xB9});  // counter
        for (int shift = 0; shift < 32; shift += 8)
            bytes({static_cast<std::uint8_t>(count >> shift)});
        port_in_dx(0x3FD).bytes({0xEC, 0xA8, 0x01, 0x74, 0xFB});  // until data is ready
        port_in_dx(0x3F8).bytes({0xEC, 0x49, 0x75, 0xEF});        // in, count down, again
        return out8(0x3F8, '!');
    }
    /// Stops until the host ends it.
    TinyGuest& halt() { return bytes({0xFA, 0xF4, 0xEB, 0xFD}); }
    /// Waits for one byte from COM1.
    TinyGuest& await_byte() {
        port_in_dx(0x3FD).bytes({0xEC, 0xA8, 0x01, 0x74, 0xF7});
        return port_in_dx(0x3F8).bytes({0xEC});
    }

    std::string elf() const {
        constexpr std::uint64_t kLoad = 0x100000, kHeaders = 64 + 2 * 56, kNote = kHeaders,
                                kCode = kNote + 24;
        std::string image(kCode, '\0');
        const auto put = [&image](std::size_t at, auto value) {
            std::memcpy(&image[at], &value, sizeof value);
        };
        std::memcpy(
            image.data(),
            "\x7F"
            "ELF\x02\x01\x01",
            7
        );
        put(16, std::uint16_t{2}), put(18, std::uint16_t{62}),
            put(20, std::uint32_t{1});               // EXEC, x86-64
        put(24, kLoad), put(32, std::uint64_t{64});  // entry, program headers
        put(52, std::uint16_t{64}), put(54, std::uint16_t{56}), put(56, std::uint16_t{2}),
            put(58, std::uint16_t{64});
        const auto segment = [&put](
                                 std::size_t at,
                                 std::uint32_t type,
                                 std::uint64_t offset,
                                 std::uint64_t address,
                                 std::uint64_t size
                             ) {
            put(at, type), put(at + 4, std::uint32_t{7}), put(at + 8, offset),
                put(at + 16, address);
            put(at + 24, address), put(at + 32, size), put(at + 40, size),
                put(at + 48, std::uint64_t{4});
        };
        segment(64, 1, kCode, kLoad, code_.size());
        segment(64 + 56, 4, kNote, kLoad + 0x10000, 24);
        put(kNote, std::uint32_t{4}), put(kNote + 4, std::uint32_t{8}),
            put(kNote + 8, std::uint32_t{18});
        std::memcpy(&image[kNote + 12], "Xen", 4);
        put(kNote + 16, kLoad);
        return image + code_;
    }

  private:
    static std::uint8_t low(std::uint16_t value) { return static_cast<std::uint8_t>(value); }
    static std::uint8_t high(std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); }
    TinyGuest& port_in_dx(std::uint16_t port) { return bytes({0x66, 0xBA, low(port), high(port)}); }
    TinyGuest& bytes(std::initializer_list<std::uint8_t> values) {
        for (const std::uint8_t value : values)
            code_.push_back(static_cast<char>(value));
        return *this;
    }
    std::string code_;
};

}  // namespace rundown::guest
