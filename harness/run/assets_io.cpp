// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "run/assets.hpp"

namespace rundown::run {
namespace fs = std::filesystem;

Assets locate_assets() {
    std::error_code error;
    fs::path directory = fs::read_symlink("/proc/self/exe", error).parent_path();
    if (const char* given = std::getenv("RUNDOWN_ASSETS"); given != nullptr && *given != '\0') {
        directory = given;
    }
    return assets_in(directory.string());
}

Assets assets_in(const std::string& place) {
    const fs::path directory = place;
    return Assets{
        directory.string(),
        (directory / "guest/boot.elf").string(),
        (directory / "guest/initrd.tar").string(),
        (directory / "drivers-x64/protocol5.sys").string(),
        (directory / "drivers-i386/protocol5.sys").string(),
        (directory / "scenarios").string(),
        (directory / "divergences.toml").string(),
        (directory / "packages").string(),
    };
}

result<void> check_boot_files(const Assets& assets) {
    for (const auto& file : {assets.boot_elf, assets.initrd}) {
        std::error_code error;
        if (!fs::is_regular_file(file, error)) {
            return fail(
                ErrorKind::environment,
                fmt::format("{} is missing: build the reference guest with `make build`", file)
            );
        }
    }
    return {};
}

}  // namespace rundown::run
