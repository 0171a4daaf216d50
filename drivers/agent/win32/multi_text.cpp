// SPDX-License-Identifier: MIT
#include "agent/win32/multi_text.hpp"

#include <stddef.h>

#include "agent/win32/names.hpp"

namespace rundown::win32
{

std::u16string
multi_text(const std::vector<std::string> &texts)
{
    std::u16string value;
    for (const std::string &text : texts) {
        if (text.empty())
            continue;
        for (const char c : text)
            value += static_cast<unsigned char>(c) < 0x80 ? static_cast<char16_t>(c) : u'?';
        value += u'\0';
    }
    if (value.empty())
        value += u'\0';
    value += u'\0';
    return value;
}

std::vector<std::string>
texts_in(std::u16string_view value)
{
    std::vector<std::string> texts;
    std::string text;
    for (const char16_t c : value) {
        if (c != u'\0') {
            text += c < 0x80 ? static_cast<char>(c) : '?';
            continue;
        }
        if (text.empty())
            return texts;
        texts.push_back(text);
        text.clear();
    }
    if (!text.empty())
        texts.push_back(text);
    return texts;
}

Linkage
linkage_of(std::string_view service, const std::vector<std::string> &guids)
{
    Linkage linkage;
    for (const std::string &guid : guids) {
        linkage.bind.push_back(adapter_device(guid));
        linkage.export_.push_back(adapter_device(std::string(service) + "_" + guid));
        linkage.route.push_back("\"" + guid + "\"");
    }
    return linkage;
}

std::vector<std::string>
without_text(std::vector<std::string> texts, const std::string &text)
{
    std::vector<std::string> left;
    for (std::string &one : texts)
        if (!same_name(one, text))
            left.push_back(one);
    return left;
}

std::vector<std::string>
with_text(std::vector<std::string> texts, const std::string &text)
{
    for (const std::string &one : texts)
        if (same_name(one, text))
            return texts;
    texts.push_back(text);
    return texts;
}

} // namespace rundown::win32
