// SPDX-License-Identifier: MIT
#include "image/media/pe_probe.hpp"

#include "image/media/byte_source.hpp"

namespace rundown::image {
namespace {

constexpr std::size_t kVersionCharactersMax = 64;

std::string wide(std::string_view text) {
    std::string bytes;
    for (const char letter : text) {
        bytes += letter;
        bytes += '\0';
    }
    return bytes;
}

}  // namespace

Arch arch_of_pe(std::string_view file) {
    constexpr unsigned kI386 = 0x14C, kAmd64 = 0x8664;
    if (file.size() < 0x40 || !file.starts_with("MZ")) {
        return Arch::invalid;
    }
    const std::uint64_t header = le32(file, 0x3C);
    if (header > file.size() || file.size() - header < 6 ||
        file.substr(header, 4) != std::string_view("PE\0\0", 4)) {
        return Arch::invalid;
    }
    const unsigned machine = le16(file, header + 4);
    return machine == kI386 ? Arch::i386 : machine == kAmd64 ? Arch::x86_64 : Arch::invalid;
}

std::string product_version_of_pe(std::string_view file) {
    const std::string key = wide(std::string_view("ProductVersion\0", 15));
    std::size_t at = file.find(key);
    if (at == std::string_view::npos) {
        return {};
    }
    at += key.size();
    // The value is aligned to 4 bytes with zeros.
    while (at + 1 < file.size() && file[at] == 0 && file[at + 1] == 0) {
        at += 2;
    }
    std::size_t end = at;
    while (end + 1 < file.size() && (file[end] != 0 || file[end + 1] != 0) &&
           end - at < 2 * kVersionCharactersMax) {
        end += 2;
    }
    return utf8_from_utf16(file.substr(at, end - at), false);
}

}  // namespace rundown::image
