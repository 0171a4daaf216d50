// SPDX-License-Identifier: MIT
#include "image/image_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "image/room_io.hpp"
#include "report/json_text.hpp"

namespace rundown::image {
namespace {

namespace json = boost::json;

constexpr std::size_t kColumns = 7;
using Row = std::array<std::string, kColumns>;

Row row_of(const ListedImage& image) {
    if (!image.manifest) {
        return {image.name, "-", "-", "-", "-", size_text(image.bytes_on_disk), "-"};
    }
    const Manifest& manifest = *image.manifest;
    std::string system = fmt::format("{} {}", manifest.os_name, manifest.os_version);
    return {
        image.name,
        std::string(to_string(manifest.kind)),
        system,
        std::string(to_string(manifest.arch)),
        std::string(to_string(manifest.firmware)),
        size_text(image.bytes_on_disk),
        manifest.created};
}

std::string table(const std::vector<Row>& rows) {
    std::array<std::size_t, kColumns> widths{};
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < kColumns; ++i) {
            widths[i] = std::max(widths[i], row[i].size());
        }
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < kColumns; ++i) {
            line += fmt::format("{:<{}}  ", row[i], widths[i]);
        }
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

}  // namespace

std::string list_to_text(const std::string& store, const std::vector<ListedImage>& images) {
    if (images.empty()) {
        return fmt::format("no images in {}; build one with `rundown image build`\n", store);
    }
    std::vector<Row> rows = {{"NAME", "KIND", "SYSTEM", "ARCH", "FIRMWARE", "ON DISK", "CREATED"}};
    std::string notes;
    for (const auto& image : images) {
        rows.push_back(row_of(image));
        if (!image.complaint.empty()) {
            notes += fmt::format("{} cannot be used: {}\n", image.name, image.complaint);
        }
        if (image.in_use) {
            notes += fmt::format("{} is in use\n", image.name);
        }
    }
    return table(rows) + notes;
}

std::string list_to_json(const std::string& store, const std::vector<ListedImage>& images) {
    json::array list;
    for (const auto& image : images) {
        json::object object;
        object["name"] = image.name;
        object["usable"] = image.complaint.empty();
        object["complaint"] = image.complaint;
        object["in_use"] = image.in_use;
        object["bytes_on_disk"] = image.bytes_on_disk;
        object["manifest"] =
            image.manifest ? json::parse(to_json(*image.manifest)) : json::value(nullptr);
        list.push_back(std::move(object));
    }
    json::object document;
    document["schema"] = "rundown.images/1";
    document["store"] = store;
    document["images"] = std::move(list);
    return report::indented(document);
}

}  // namespace rundown::image
