// SPDX-License-Identifier: MIT
// integration/support/tiny_hive.hpp
//
// A registry hive file ("regf" 1.3) out of a few keys, so that tests of what edits hives need no
// Windows. Keys are made in one bin; names are ASCII; values are REG_DWORDs. Header only.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rundown::integration {

struct HiveKey {
    std::string name;
    std::vector<std::pair<std::string, std::uint32_t>> values;
    std::vector<HiveKey> children;  // In the order of their upper-case names.
};

class TinyHive {
  public:
    static std::string of(const HiveKey& root) {
        TinyHive hive;
        hive.security_ = hive.cell(hive.security());
        const std::uint32_t root_cell = hive.key(root, 0, true);
        return hive.file(root_cell);
    }

  private:
    static constexpr std::size_t kPage = 4096;
    static constexpr std::size_t kBinHeader = 32;
    static constexpr std::uint32_t kNone = 0xFFFFFFFF;

    static std::string number(std::uint32_t value, int bytes = 4) {
        std::string text;
        for (int byte = 0; byte < bytes; ++byte) {
            text.push_back(static_cast<char>(value >> (8 * byte)));
        }
        return text;
    }
    static void put(std::string& text, std::size_t at, std::uint32_t value) {
        text.replace(at, 4, number(value));
    }

    /// Adds a cell; gives back its offset as other cells name it.
    std::uint32_t cell(std::string contents) {
        const auto at = static_cast<std::uint32_t>(kBinHeader + cells_.size());
        const std::size_t size = (contents.size() + 4 + 7) / 8 * 8;
        contents.resize(size - 4);
        cells_ += number(static_cast<std::uint32_t>(-static_cast<std::int32_t>(size))) + contents;
        return at;
    }

    std::string security() const {
        // A self-relative descriptor without owner, group or lists.
        const std::string descriptor = number(0x80000001) + std::string(16, '\0');
        const auto self = static_cast<std::uint32_t>(kBinHeader);
        return "sk" + number(0, 2) + number(self) + number(self) + number(100) +
               number(static_cast<std::uint32_t>(descriptor.size())) + descriptor;
    }

    std::uint32_t key(const HiveKey& wanted, std::uint32_t parent, bool is_root) {
        std::string node = "nk" + number(is_root ? 0x2C : 0x20, 2) + std::string(8, '\0') +
                           number(0) + number(parent);
        node += number(static_cast<std::uint32_t>(wanted.children.size())) + number(0) +
                number(kNone) + number(kNone);
        node += number(static_cast<std::uint32_t>(wanted.values.size())) + number(kNone) +
                number(security_) + number(kNone);
        node += std::string(20, '\0') + number(static_cast<std::uint32_t>(wanted.name.size()), 2) +
                number(0, 2) + wanted.name;
        const std::uint32_t at = cell(node);
        const std::size_t contents = at - kBinHeader + 4;
        if (!wanted.values.empty()) {
            put(cells_, contents + 40, values(wanted));
        }
        if (!wanted.children.empty()) {
            std::string list = "lf" + number(static_cast<std::uint32_t>(wanted.children.size()), 2);
            for (const auto& child : wanted.children) {
                std::string hint = child.name.substr(0, 4);
                hint.resize(4);
                list += number(key(child, at, false)) + hint;
            }
            put(cells_, contents + 28, cell(list));
        }
        return at;
    }

    std::uint32_t values(const HiveKey& key) {
        std::string list;
        for (const auto& [name, value] : key.values) {
            list += number(cell(
                "vk" + number(static_cast<std::uint32_t>(name.size()), 2) + number(0x80000004) +
                number(value) + number(4) + number(1, 2) + number(0, 2) + name
            ));
        }
        return cell(list);
    }

    std::string file(std::uint32_t root) {
        const std::size_t used = kBinHeader + cells_.size();
        const std::size_t bin = (used + 16 + kPage - 1) / kPage * kPage;
        std::string header = "hbin" + number(0) + number(static_cast<std::uint32_t>(bin));
        header.resize(kBinHeader);
        std::string bytes = header + cells_ + number(static_cast<std::uint32_t>(bin - used));
        bytes.resize(bin);
        std::string base = "regf" + number(1) + number(1) + std::string(8, '\0') + number(1) +
                           number(3) + number(0) + number(1) + number(root) +
                           number(static_cast<std::uint32_t>(bin)) + number(1);
        base.resize(kPage);
        std::uint32_t sum = 0;
        for (std::size_t at = 0; at < 508; at += 4) {
            for (int byte = 0; byte < 4; ++byte) {
                sum ^= static_cast<std::uint32_t>(static_cast<unsigned char>(base[at + byte]))
                       << (8 * byte);
            }
        }
        put(base, 508, sum);
        return base + bytes;
    }

    std::string cells_;
    std::uint32_t security_ = 0;
};

}  // namespace rundown::integration
