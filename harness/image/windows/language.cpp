// SPDX-License-Identifier: MIT
// The table of winnt.sif's languages.
#include "image/windows/language.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rundown::image::windows {
namespace {

struct Line {
    std::string_view tag;
    unsigned id;
    unsigned group;
};

// Locale identifiers of [MS-LCID]; groups of the deployment guide's "LanguageGroup".
constexpr Line kLines[] = {
    {"en-US", 0x0409, 1},  {"en-GB", 0x0809, 1},  {"de-DE", 0x0407, 1},  {"fr-FR", 0x040c, 1},
    {"es-ES", 0x0c0a, 1},  {"it-IT", 0x0410, 1},  {"nl-NL", 0x0413, 1},  {"pt-PT", 0x0816, 1},
    {"pt-BR", 0x0416, 1},  {"da-DK", 0x0406, 1},  {"sv-SE", 0x041d, 1},  {"nb-NO", 0x0414, 1},
    {"fi-FI", 0x040b, 1},  {"cs-CZ", 0x0405, 2},  {"hu-HU", 0x040e, 2},  {"pl-PL", 0x0415, 2},
    {"ro-RO", 0x0418, 2},  {"el-GR", 0x0408, 4},  {"ru-RU", 0x0419, 5},  {"uk-UA", 0x0422, 5},
    {"tr-TR", 0x041f, 6},  {"ja-JP", 0x0411, 7},  {"ko-KR", 0x0412, 8},  {"zh-TW", 0x0404, 9},
    {"zh-CN", 0x0804, 10}, {"th-TH", 0x041e, 11}, {"he-IL", 0x040d, 12}, {"ar-SA", 0x0401, 13},
};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

bool is_language_tag(std::string_view tag) {
    std::size_t part = 0;
    std::size_t parts = 1;
    for (const char c : tag) {
        if (c == '-') {
            if (part < 2) {
                return false;
            }
            part = 0;
            ++parts;
        } else if (is_letter(c) || (parts > 1 && is_digit(c))) {
            ++part;
        } else {
            return false;
        }
        if (part > (parts == 1 ? 3u : 8u)) {
            return false;
        }
    }
    return part >= 2 && parts >= 2 && parts <= 3;
}

result<SifLanguage> sif_language(const std::string& tag) {
    for (const auto& line : kLines) {
        if (line.tag == tag) {
            return SifLanguage{fmt::format("{:08x}", line.id), fmt::format("{}", line.group)};
        }
    }
    std::string known;
    for (const auto& line : kLines) {
        known += fmt::format("{}{}", known.empty() ? "" : ", ", line.tag);
    }
    return fail(
        ErrorKind::usage,
        fmt::format(
            "Windows XP and Server 2003 have no language '{}' here; choose from {}", tag, known
        )
    );
}

}  // namespace rundown::image::windows
