// SPDX-License-Identifier: MIT
// ob/name_path.hpp
//
// Names are components with one backslash between them. Pure (tests/unit/ob); characters are 16 bits wide in the guest.
#pragma once
#include <cstddef>

namespace ob {

/// A name, or what is left of one.
template <class Char>
struct NamePath {
    Char* text = nullptr;
    std::size_t length = 0;  // in characters

    bool empty() const { return length == 0; }
    bool absolute() const { return length != 0 && text[0] == '\\'; }
};

/// Takes the first component off `path`: "\A\B" gives "A" and leaves "\B", "A" gives "A" and leaves nothing. Returns an
/// empty one for "", "\" and "\\A", which no component begins.
template <class Char>
NamePath<Char> take_component(NamePath<Char>& path) {
    std::size_t begin = path.absolute() ? 1 : 0, end = begin;
    while (end < path.length && path.text[end] != '\\') ++end;
    const NamePath<Char> component = {path.text + begin, end - begin};
    path = {path.text + end, path.length - end};
    return component;
}

/// Whether a backslash has to go between two pieces of a name.
template <class Char>
bool needs_separator(NamePath<Char> prefix, NamePath<Char> rest) {
    return !rest.empty() && !rest.absolute() && (prefix.empty() || prefix.text[prefix.length - 1] != '\\');
}

/// Whether both pieces bring one, so that one must go.
template <class Char>
bool has_two_separators(NamePath<Char> prefix, NamePath<Char> rest) {
    return rest.absolute() && !prefix.empty() && prefix.text[prefix.length - 1] == '\\';
}

}  // namespace ob
