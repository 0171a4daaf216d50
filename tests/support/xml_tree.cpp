// SPDX-License-Identifier: MIT
#include "support/xml_tree.hpp"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <memory>

namespace rundown::tests {
namespace {

std::string text_from(const xmlChar* text) {
    return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

void take_attributes(const xmlNode* node, XmlElement& element) {
    for (const xmlAttr* at = node->properties; at != nullptr; at = at->next) {
        const std::string prefix =
            at->ns != nullptr && at->ns->prefix != nullptr ? text_from(at->ns->prefix) + ":" : "";
        xmlChar* value = xmlNodeListGetString(node->doc, at->children, 1);
        element.attributes[prefix + text_from(at->name)] = text_from(value);
        xmlFree(value);
    }
}

XmlElement element_from(const xmlNode* node) {
    XmlElement element;
    element.name = text_from(node->name);
    element.xml_namespace = node->ns == nullptr ? "" : text_from(node->ns->href);
    take_attributes(node, element);
    for (const xmlNode* at = node->children; at != nullptr; at = at->next) {
        if (at->type == XML_ELEMENT_NODE) {
            element.children.push_back(element_from(at));
        } else if (at->type == XML_TEXT_NODE) {
            element.text += text_from(at->content);
        }
    }
    return element;
}

}  // namespace

std::vector<const XmlElement*> XmlElement::all(std::string_view child) const {
    std::vector<const XmlElement*> found;
    for (const auto& element : children) {
        if (element.name == child) {
            found.push_back(&element);
        }
    }
    return found;
}

const XmlElement* XmlElement::find(std::string_view path) const {
    const std::size_t slash = path.find('/');
    const auto found = all(path.substr(0, slash));
    if (found.empty()) {
        return nullptr;
    }
    return slash == path.npos ? found.front() : found.front()->find(path.substr(slash + 1));
}

std::optional<std::string> XmlElement::at(std::string_view path) const {
    const XmlElement* element = find(path);
    return element == nullptr ? std::nullopt : std::optional(element->text);
}

std::string XmlElement::attribute(const std::string& attribute_name) const {
    const auto found = attributes.find(attribute_name);
    return found == attributes.end() ? "" : found->second;
}

std::optional<XmlElement> parse_xml(std::string_view text) {
    const std::unique_ptr<xmlDoc, void (*)(xmlDoc*)> document(
        xmlReadMemory(
            text.data(),
            static_cast<int>(text.size()),
            "test.xml",
            nullptr,
            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING
        ),
        xmlFreeDoc
    );
    const xmlNode* root = document ? xmlDocGetRootElement(document.get()) : nullptr;
    return root == nullptr ? std::nullopt : std::optional(element_from(root));
}

}  // namespace rundown::tests
