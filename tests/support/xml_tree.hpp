// SPDX-License-Identifier: MIT
// support/xml_tree.hpp
//
// An XML document for tests, read by libxml2: well-formed or not, and plain questions to its
// elements.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rundown::tests {

struct XmlElement {
    std::string name;                               // Without prefix.
    std::string xml_namespace;                      // "urn:schemas-microsoft-com:unattend"
    std::map<std::string, std::string> attributes;  // By name as written: "wcm:action".
    std::string text;                               // Of an element without children.
    std::vector<XmlElement> children;

    /// The children of that name.
    std::vector<const XmlElement*> all(std::string_view child) const;
    /// Text of the element at "a/b/c" below this one, first of each name; nothing: not there.
    std::optional<std::string> at(std::string_view path) const;
    /// Element at "a/b/c"; null: not there.
    const XmlElement* find(std::string_view path) const;
    std::string attribute(const std::string& attribute_name) const;
};

/// The root of a well-formed document; nothing when it is none.
std::optional<XmlElement> parse_xml(std::string_view text);

}  // namespace rundown::tests
