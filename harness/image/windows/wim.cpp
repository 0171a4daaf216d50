// SPDX-License-Identifier: MIT
// The header and the XML description of a WIM file.
#include "image/windows/wim.hpp"

#include <fmt/format.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/nearest.hpp"

namespace rundown::image::windows {
namespace {

// Offsets in the header.
constexpr std::size_t kHeaderSizeAt = 8;
constexpr std::size_t kPartAt = 40;
constexpr std::size_t kImagesAt = 44;
constexpr std::size_t kXmlAt = 72;  // Resource: 7 bytes size, flags, offset, size when unpacked.
constexpr unsigned char kResourceCompressed = 0x04;

// Values of ARCH in the description: those of SYSTEM_INFO.wProcessorArchitecture.
constexpr std::string_view kArchX86 = "0";
constexpr std::string_view kArchX64 = "9";

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

Error complaint(const std::string& file, std::string_view what) {
    return fail(ErrorKind::environment, fmt::format("{} {}", file, what));
}

struct DocumentFree {
    void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
using Document = std::unique_ptr<xmlDoc, DocumentFree>;

/// The first child element of that name; null: none.
const xmlNode* child(const xmlNode* node, std::string_view name) {
    for (const xmlNode* at = node == nullptr ? nullptr : node->children; at != nullptr;
         at = at->next) {
        if (at->type == XML_ELEMENT_NODE && name == reinterpret_cast<const char*>(at->name)) {
            return at;
        }
    }
    return nullptr;
}

std::string text_of(const xmlNode* node) {
    std::string text;
    for (const xmlNode* at = node == nullptr ? nullptr : node->children; at != nullptr;
         at = at->next) {
        if ((at->type == XML_TEXT_NODE || at->type == XML_CDATA_SECTION_NODE) &&
            at->content != nullptr) {
            text += reinterpret_cast<const char*>(at->content);
        }
    }
    const auto first = text.find_first_not_of(" \t\r\n");
    const auto last = text.find_last_not_of(" \t\r\n");
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

std::uint32_t number_of(const std::string& text) {
    std::uint32_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::uint32_t index_of(const xmlNode* image) {
    xmlChar* text = xmlGetNoNsProp(image, reinterpret_cast<const xmlChar*>("INDEX"));
    const std::uint32_t index =
        text == nullptr ? 0 : number_of(reinterpret_cast<const char*>(text));
    xmlFree(text);
    return index;
}

std::vector<std::string> languages_of(const xmlNode* windows) {
    const xmlNode* languages = child(windows, "LANGUAGES");
    std::vector<std::string> all;
    const std::string first = text_of(child(languages, "DEFAULT"));
    if (!first.empty()) {
        all.push_back(first);
    }
    for (const xmlNode* at = languages == nullptr ? nullptr : languages->children; at != nullptr;
         at = at->next) {
        if (at->type == XML_ELEMENT_NODE &&
            std::string_view("LANGUAGE") == reinterpret_cast<const char*>(at->name)) {
            const std::string language = text_of(at);
            if (!language.empty() && std::find(all.begin(), all.end(), language) == all.end()) {
                all.push_back(language);
            }
        }
    }
    return all;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : static_cast<char>(c);
    });
    return text;
}

WimImage image_of(const xmlNode* node, const xmlNode* windows) {
    const xmlNode* version = child(windows, "VERSION");
    const std::string arch = text_of(child(windows, "ARCH"));
    const std::string installation = lower(text_of(child(windows, "INSTALLATIONTYPE")));
    WimImage image;
    image.index = index_of(node);
    image.name = text_of(child(node, "NAME"));
    image.edition_id = text_of(child(windows, "EDITIONID"));
    image.arch = arch == kArchX86 ? Arch::i386 : arch == kArchX64 ? Arch::x86_64 : Arch::invalid;
    image.server = lower(text_of(child(windows, "PRODUCTTYPE"))) == "servernt" ||
                   installation.starts_with("server");
    image.core = installation == "server core" || lower(image.edition_id).ends_with("core") ||
                 lower(image.edition_id).ends_with("corev");
    image.evaluation = lower(image.edition_id).ends_with("eval");
    image.version_major = number_of(text_of(child(version, "MAJOR")));
    image.version_minor = number_of(text_of(child(version, "MINOR")));
    image.build = number_of(text_of(child(version, "BUILD")));
    image.update = number_of(text_of(child(version, "SPBUILD")));
    image.languages = languages_of(windows);
    return image;
}

std::string list_of(const std::vector<WimImage>& images) {
    std::string text;
    for (const auto& image : images) {
        text += fmt::format("{}{}", text.empty() ? "" : "; ", to_text(image));
    }
    return text;
}

Error edition_complaint(
    const std::vector<WimImage>& images, const std::string& file, std::string_view what
) {
    return fail(ErrorKind::usage, fmt::format("{} {}; there are: {}", file, what, list_of(images)));
}

}  // namespace

result<WimXmlPlace> wim_xml_place(
    std::string_view header, std::uint64_t file_bytes, const std::string& file
) {
    using namespace std::string_view_literals;
    if (header.size() < kWimHeaderBytes || !header.starts_with("MSWIM\0\0\0"sv)) {
        return complaint(file, "is no WIM file: it does not begin with the header of one");
    }
    if (number_at(header, kHeaderSizeAt, 4) != kWimHeaderBytes) {
        return complaint(file, "is a WIM file of a version this program does not know");
    }
    if (number_at(header, kPartAt, 2) != 1) {
        return complaint(file, "is a later part of a split WIM; its first part is needed");
    }
    WimXmlPlace place;
    place.bytes = number_at(header, kXmlAt, 7);
    place.offset = number_at(header, kXmlAt + 8, 8);
    place.images = static_cast<std::uint32_t>(number_at(header, kImagesAt, 4));
    if ((static_cast<unsigned char>(header[kXmlAt + 7]) & kResourceCompressed) != 0) {
        return complaint(file, "is damaged: its description claims to be compressed");
    }
    if (place.bytes == 0 || place.bytes > kWimXmlBytesMax) {
        return complaint(file, "is damaged: its description has an impossible size");
    }
    if (place.offset < kWimHeaderBytes || place.offset > file_bytes ||
        place.bytes > file_bytes - place.offset) {
        return complaint(file, "is cut short: its description lies behind its end");
    }
    return place;
}

result<std::vector<WimImage>> parse_wim_xml(std::string_view xml, const std::string& file) {
    if (xml.size() > kWimXmlBytesMax) {
        return complaint(file, "is damaged: its description has an impossible size");
    }
    const Document document(xmlReadMemory(
        xml.data(),
        static_cast<int>(xml.size()),
        "wim.xml",
        nullptr,
        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING
    ));
    const xmlNode* root = document ? xmlDocGetRootElement(document.get()) : nullptr;
    if (root == nullptr || std::string_view("WIM") != reinterpret_cast<const char*>(root->name)) {
        return complaint(
            file, "has a description that is no XML of a WIM file (an encrypted ESD has none)"
        );
    }
    std::vector<WimImage> images;
    for (const xmlNode* node = root->children; node != nullptr; node = node->next) {
        if (node->type != XML_ELEMENT_NODE ||
            std::string_view("IMAGE") != reinterpret_cast<const char*>(node->name)) {
            continue;
        }
        const xmlNode* windows = child(node, "WINDOWS");
        if (windows != nullptr && index_of(node) != 0 &&
            lower(text_of(child(windows, "EDITIONID"))) != "windowspe") {
            images.push_back(image_of(node, windows));
        }
    }
    if (images.empty()) {
        return complaint(file, "holds no image of a Windows that could be installed");
    }
    return images;
}

std::string to_text(const WimImage& image) {
    const std::string_view arch = image.arch == Arch::i386     ? "x86"
                                  : image.arch == Arch::x86_64 ? "amd64"
                                                               : "another architecture";
    std::string text =
        fmt::format("{}: {} ({}, {}", image.index, image.name, image.edition_id, arch);
    for (const auto& language : image.languages) {
        text += ", " + language;
    }
    return text + ")";
}

result<WimImage> choose_edition(
    const std::vector<WimImage>& images, const std::string& wanted, const std::string& file
) {
    if (wanted.empty()) {
        if (images.size() == 1) {
            return images.front();
        }
        return edition_complaint(images, file, "has several editions; choose one with --edition");
    }
    std::vector<WimImage> named;
    std::vector<WimImage> of_edition;
    for (const auto& image : images) {
        if (lower(image.name) == lower(wanted)) {
            named.push_back(image);
        }
        if (lower(image.edition_id) == lower(wanted)) {
            of_edition.push_back(image);
        }
    }
    std::vector<WimImage> fitting = named.empty() ? of_edition : named;
    if (fitting.size() > 1) {
        std::erase_if(fitting, [](const WimImage& image) { return image.core; });
    }
    if (fitting.size() == 1) {
        return fitting.front();
    }
    if (fitting.empty()) {
        std::vector<std::string> names;
        for (const auto& image : images) {
            names.push_back(image.name);
            names.push_back(image.edition_id);
        }
        return edition_complaint(
            images, file, fmt::format("has no edition '{}'{}", wanted, did_you_mean(wanted, names))
        );
    }
    return edition_complaint(
        images, file, fmt::format("has more than one edition '{}'; use a name", wanted)
    );
}

}  // namespace rundown::image::windows
