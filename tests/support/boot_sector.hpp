// SPDX-License-Identifier: MIT
// support/boot_sector.hpp
//
// Guests of one boot sector, in real mode, written by the test itself: what a guest that boots from
// a disk, a floppy or a CD needs to be asked something. Header only.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>

namespace rundown::guest {

inline constexpr std::uint16_t kCom1 = 0x3F8, kCom2 = 0x2F8;

class BootSector {
  public:
    static constexpr std::size_t kBytes = 512;
    static constexpr std::uint16_t kLoadedAt = 0x7C00, kBuffer = 0x9000;

    /// All segments zero; DL, the BIOS's number of what was booted, kept at 0x0600.
    BootSector() {
        bytes({0xFA, 0x31, 0xC0, 0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0, 0xBC, 0x00, 0x7C, 0xFB});
        bytes({0x88, 0x16, 0x00, 0x06});
    }

    BootSector& out8(std::uint16_t port, std::uint8_t value) {
        return dx(port).bytes({0xB0, value, 0xEE});
    }
    BootSector& out16(std::uint16_t port, std::uint16_t value) {
        return dx(port).bytes({0xB8, low(value), high(value), 0xEF});
    }
    BootSector& print(std::uint16_t port, std::string_view text) {
        for (const char c : text)
            out8(port, static_cast<std::uint8_t>(c));
        return *this;
    }
    /// White letters on blue, from the left upper corner of the text screen.
    BootSector& draw(std::string_view text) {
        bytes({0xB8, 0x00, 0xB8, 0x8E, 0xC0});
        std::uint16_t at = 0;
        for (const char c : text) {
            bytes({0x26, 0xC7, 0x06, low(at), high(at), static_cast<std::uint8_t>(c), 0x1F});
            at += 2;
        }
        return bytes({0x31, 0xC0, 0x8E, 0xC0});
    }
    /// A word into memory, by an instruction: it is nowhere in the sector as such.
    BootSector& store(std::uint16_t address, std::uint16_t value) {
        return bytes({0xC7, 0x06, low(address), high(address), low(value), high(value)});
    }
    /// At a non-maskable interrupt: `letter` on COM1, then on where it was.
    BootSector& answer_nmi(char letter) {
        const std::uint16_t handler = here() + 6 + 6 + 2;  // behind two stores and a jump
        store(0x0008, handler).store(0x000A, 0);
        bytes({0xEB, 11});  // over the handler
        return bytes(
            {0x50,
             0x52,
             0xBA,
             0xF8,
             0x03,
             0xB0,
             static_cast<std::uint8_t>(letter),
             0xEE,
             0x5A,
             0x58,
             0xCF}
        );
    }
    /// Waits for one byte on the port.
    BootSector& await_byte(std::uint16_t port) {
        dx(port + 5).bytes({0xEC, 0xA8, 0x01, 0x74, 0xFB});
        return dx(port).bytes({0xEC});
    }
    /// Sends back what the port receives, for ever.
    BootSector& echo(std::uint16_t port) {
        const std::uint16_t begin = here();
        return await_byte(port).bytes({0xEE}).jump(begin);
    }
    /// For each byte on COM1: reads a sector through the BIOS and says its first byte, '!' when it
    /// cannot be read. Floppy A:, first sector.
    BootSector& tell_floppy() {
        const std::uint16_t begin = here();
        await_byte(kCom1);
        bytes({0x31, 0xC0, 0xB2, 0x00, 0xCD, 0x13});  // reset drive 0
        bytes(
            {0xB8,
             0x01,
             0x02,
             0xBB,
             low(kBuffer),
             high(kBuffer),
             0xB9,
             0x01,
             0x00,
             0xBA,
             0x00,
             0x00,
             0xCD,
             0x13}
        );
        return say_buffer().jump(begin);
    }
    /// The same of block `block` (of 2048 bytes) of the CD that was booted.
    BootSector& tell_cd(std::uint16_t block) {
        const std::uint16_t begin = here();
        await_byte(kCom1);
        store(0x0700, 0x0010).store(0x0702, 1).store(0x0704, kBuffer).store(0x0706, 0);
        store(0x0708, block).store(0x070A, 0).store(0x070C, 0).store(0x070E, 0);
        bytes({0xBE, 0x00, 0x07, 0x8A, 0x16, 0x00, 0x06, 0xB8, 0x00, 0x42, 0xCD, 0x13});
        return say_buffer().jump(begin);
    }
    /// Says each character that is typed, for ever.
    BootSector& tell_keys() {
        const std::uint16_t begin = here();
        bytes({0x31, 0xC0, 0xCD, 0x16});  // wait for a key
        return dx(kCom1).bytes({0xEE}).jump(begin);
    }
    /// Writes what is at kBuffer to sector `number` (1 to 63) of the disk that was booted.
    BootSector& write_sector(std::uint8_t number) {
        bytes({0xB8, 0x01, 0x03, 0xBB, low(kBuffer), high(kBuffer), 0xB9, number, 0x00});
        return bytes({0xB6, 0x00, 0x8A, 0x16, 0x00, 0x06, 0xCD, 0x13});
    }
    BootSector& spin() { return bytes({0xEB, 0xFE}); }
    /// Interrupts wake it and it sleeps again.
    BootSector& sleep() { return bytes({0xF4, 0xEB, 0xFD}); }

    /// The sector, signature and all.
    std::string sector() const {
        std::string image = code_;
        image.resize(kBytes, '\0');
        image[510] = '\x55';
        image[511] = '\xAA';
        return image;
    }
    bool fits() const { return code_.size() <= 510; }

    /// A raw disk of 1 MiB that begins with the sector.
    void write_disk(const std::string& path) const {
        std::string image = sector();
        image.resize(1 << 20, '\0');
        std::ofstream(path, std::ios::binary) << image;
    }

    static constexpr std::uint16_t kCdDataBlock = 21;
    /// A CD that boots the sector (El Torito without emulation); block kCdDataBlock begins with
    /// `letter`.
    void write_cd(const std::string& path, char letter) const {
        constexpr std::size_t kBlock = 2048;
        std::string image(32 * kBlock, '\0');
        const auto put = [&image](std::size_t at, std::string_view text) {
            std::memcpy(&image[at], text.data(), text.size());
        };
        put(16 * kBlock,
            std::string_view(
                "\x01"
                "CD001\x01",
                7
            ));
        put(17 * kBlock,
            std::string_view(
                "\x00"
                "CD001\x01"
                "EL TORITO SPECIFICATION",
                30
            ));
        image[17 * kBlock + 0x47] = 19;  // the catalogue's block
        put(18 * kBlock,
            std::string_view(
                "\xFF"
                "CD001\x01",
                7
            ));
        put(19 * kBlock, std::string_view("\x01", 1));
        put(19 * kBlock + 28, std::string_view("\xAA\x55\x55\xAA", 4));
        image[19 * kBlock + 32] = '\x88';  // bootable, no emulation
        image[19 * kBlock + 38] = 4;       // sectors of 512 bytes
        image[19 * kBlock + 40] = 20;      // from this block
        put(20 * kBlock, sector());
        image[kCdDataBlock * kBlock] = letter;
        std::ofstream(path, std::ios::binary) << image;
    }

  private:
    static std::uint8_t low(std::uint16_t value) { return static_cast<std::uint8_t>(value); }
    static std::uint8_t high(std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); }
    std::uint16_t here() const { return static_cast<std::uint16_t>(kLoadedAt + code_.size()); }
    BootSector& dx(int port) {
        const auto value = static_cast<std::uint16_t>(port);
        return bytes({0xBA, low(value), high(value)});
    }
    BootSector& jump(std::uint16_t target) {
        const auto distance = static_cast<std::uint16_t>(target - here() - 3);
        return bytes({0xE9, low(distance), high(distance)});
    }
    /// After a call of the BIOS: the first byte it has read, or '!' with the carry set.
    BootSector& say_buffer() {
        bytes({0xA0, low(kBuffer), high(kBuffer), 0x73, 0x02, 0xB0, '!'});
        return dx(kCom1).bytes({0xEE});
    }
    BootSector& bytes(std::initializer_list<std::uint8_t> values) {
        for (const std::uint8_t value : values)
            code_.push_back(static_cast<char>(value));
        return *this;
    }
    std::string code_;
};

}  // namespace rundown::guest
