// SPDX-License-Identifier: MIT
// agent/win32/multi_text.hpp
//
// REG_MULTI_SZ: texts one after the other, each ended by a NUL, and a NUL at the end of all; and
// what NDIS expects below a protocol's Linkage key in it. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace rundown::win32
{

/// The value's characters, the last NUL included. Texts of ASCII; empty ones are left out, as they
/// would end the value early.
std::u16string multi_text(const std::vector<std::string> &texts);

/// The texts of a value as the registry holds it, which need not be ended properly. What is not
/// ASCII becomes '?'.
std::vector<std::string> texts_in(std::u16string_view value);

/// The three values of Linkage for a protocol bound to these adapters ("{GUID}"): what it is bound
/// to, what it offers above, and the way between.
struct Linkage {
    std::vector<std::string> bind;
    std::vector<std::string> export_;
    std::vector<std::string> route;
};
Linkage linkage_of(std::string_view service, const std::vector<std::string> &guids);

/// The value with a text more, or without it; compared without regard to case.
std::vector<std::string> with_text(std::vector<std::string> texts, const std::string &text);
std::vector<std::string> without_text(std::vector<std::string> texts, const std::string &text);

} // namespace rundown::win32
