// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "ldr/pe_image.hpp"
#include "run/driver_file.hpp"
#include "run/evidence.hpp"

namespace rundown::run {

result<DriverFile> read_driver(const std::string& path) {
    auto bytes = read_file(path);
    if (!bytes) {
        return bytes.error();
    }
    ldr::PeImage image;
    auto verdict = ldr::PeImage::parse(bytes->data(), bytes->size(), &image);
    if (verdict) {
        verdict = image.check_tables();
    }
    if (!verdict) {
        return fail(
            ErrorKind::usage,
            fmt::format("{} cannot be loaded as a driver: {}", path, verdict.sentence)
        );
    }
    return DriverFile{path, std::move(*bytes)};
}

}  // namespace rundown::run
