// SPDX-License-Identifier: MIT
#include "guest/places.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace rundown::guest {

namespace {

// What libvirt appends to the runtime directory for its longest socket, 78 characters with a
// process directory of 18:
// "/4194304-123456789/v/lib/qemu/domain-99999-rd-4194304-9999/monitor.sock" and some to spare.
constexpr std::size_t kLongestSocketBelow = 78;
constexpr std::size_t kSocketPathMax = 107;

}  // namespace

Places choose_places(const Environment& environment, unsigned user_id) {
    Places places;
    const auto runtime = environment("XDG_RUNTIME_DIR");
    if (runtime && runtime->starts_with('/') &&
        runtime->size() + 8 + kLongestSocketBelow <= kSocketPathMax)
        places.runtime = *runtime + "/rundown";
    else
        places.runtime = fmt::format("/tmp/rundown-{}", user_id);
    const auto cache = environment("XDG_CACHE_HOME");
    const auto home = environment("HOME");
    if (cache && cache->starts_with('/'))
        places.cache = *cache + "/rundown";
    else if (home && home->starts_with('/'))
        places.cache = *home + "/.cache/rundown";
    else
        places.cache = fmt::format("/var/tmp/rundown-{}", user_id);
    return places;
}

Places Places::of_this_process() {
    return choose_places(
        [](const char* name) -> std::optional<std::string> {
            const char* value = std::getenv(name);
            return value ? std::optional<std::string>(value) : std::nullopt;
        },
        ::getuid()
    );
}

result<void> make_private_directory(const std::string& path) {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::path(path).parent_path();
    if (!parent.empty())
        std::filesystem::create_directories(parent, error);
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return fail(
            ErrorKind::environment,
            fmt::format("cannot make the directory {}: {}", path, std::strerror(errno))
        );
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
        return fail(ErrorKind::environment, fmt::format("{} is not a directory; remove it", path));
    if (status.st_uid != ::geteuid())
        return fail(
            ErrorKind::environment,
            fmt::format("the directory {} belongs to another user; remove it", path)
        );
    if ((status.st_mode & 0022) != 0)
        return fail(
            ErrorKind::environment,
            fmt::format("others can write to the directory {}; run chmod 700 {}", path, path)
        );
    return {};
}

}  // namespace rundown::guest
