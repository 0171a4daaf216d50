// SPDX-License-Identifier: MIT
// cm/expand.hpp
//
// Expansion of %variables% in REG_EXPAND_SZ values. Kernel code has no environment of its own; these are the variables that
// values of services and drivers use.
#pragma once
#include "cm/name.hpp"

namespace cm {

struct Variable {
    const char* name;
    const char* text;
};
inline constexpr Variable kVariables[] = {
    {"SystemRoot", "C:\\Windows"}, {"windir", "C:\\Windows"}, {"SystemDrive", "C:"}};

/// The variable at text[0..units), which begins behind a '%'; *length: its characters up to the closing '%'.
template <typename Unit>
const Variable* find_variable(const Unit* text, size_t units, size_t* length) {
    for (const Variable& variable : kVariables) {
        size_t i = 0;
        while (variable.name[i] && i < units &&
               upcase(static_cast<uint16_t>(text[i])) == upcase(static_cast<unsigned char>(variable.name[i])))
            ++i;
        if (variable.name[i] || i >= units || text[i] != '%') continue;
        *length = i;
        return &variable;
    }
    return nullptr;
}

/// Writes at most `room` units of the expanded text and returns how many there are. Unknown variables stay as they are.
template <typename Unit>
unsigned expand_variables(const Unit* text, size_t units, Unit* out, size_t room) {
    size_t written = 0;
    const auto put = [&](Unit unit) {
        if (written < room) out[written] = unit;
        ++written;
    };
    for (size_t i = 0; i < units; ++i) {
        size_t length;
        const Variable* variable = text[i] == '%' ? find_variable(text + i + 1, units - i - 1, &length) : nullptr;
        if (!variable) {
            put(text[i]);
            continue;
        }
        for (const char* c = variable->text; *c; ++c) put(static_cast<Unit>(static_cast<unsigned char>(*c)));
        i += length + 1;
    }
    return static_cast<unsigned>(written);
}

}  // namespace cm
