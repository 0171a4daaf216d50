// SPDX-License-Identifier: MIT
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <vector>

#include "base/file_io.hpp"
#include "run/evidence.hpp"

namespace rundown::run {
namespace fs = std::filesystem;

std::map<std::string, std::string> EvidencePaths::existing(std::size_t nic_count) const {
    std::map<std::string, std::string> paths = {
        {"directory", directory},
        {"trace", trace()},
        {"record", record()},
        {"debug_log", debug_log()},
        {"qmp_log", qmp_log()},
        {"rpc_log", rpc_log()},
        {"com2_log", com2_log()},
        {"screenshot", screenshot()},
        {"dump", dump()},
        {"domain_xml", domain_xml()},
        {"qemu_log", qemu_log()},
        {"scenario", scenario()},
    };
    for (std::size_t nic = 0; nic < nic_count; ++nic) {
        paths.emplace(fmt::format("nic{}_pcap", nic), capture(nic));
    }
    std::erase_if(paths, [](const auto& entry) {
        std::error_code error;
        return !fs::exists(entry.second, error);
    });
    return paths;
}

std::optional<Error> EvidencePaths::removed(std::size_t nic_count) const {
    std::vector<std::string> paths = {debug_log(), qmp_log(), domain_xml(), qemu_log()};
    for (std::size_t nic = 0; nic < nic_count; ++nic) {
        paths.push_back(capture(nic));
    }
    for (const auto& path : paths) {
        std::error_code error;
        if (!fs::exists(path, error)) {
            return fail(ErrorKind::environment, path + " was removed during the run");
        }
    }
    return std::nullopt;
}

result<std::string> make_invocation_directory(const std::string& out, const std::string& started) {
    std::random_device random;
    std::error_code error;
    fs::create_directories(out, error);
    fs::path directory;
    // Two programs that start in the same second must not share one.
    for (bool made = false; !error && !made;) {
        directory = fs::path(out) / fmt::format("{}-{:04x}", started, random() & 0xFFFF);
        made = fs::create_directory(directory, error);
    }
    if (!error && ::access(directory.c_str(), W_OK) != 0) {
        error = std::error_code(errno, std::generic_category());
    }
    if (error) {
        return fail(
            ErrorKind::environment,
            fmt::format(
                "cannot write evidence to {}: {}; choose another directory with --out",
                out,
                error.message()
            )
        );
    }
    return fs::absolute(directory).string();
}

result<EvidencePaths> make_run_directory(const std::string& invocation, const std::string& run_id) {
    const fs::path directory = fs::path(invocation) / run_id;
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) {
        return fail(
            ErrorKind::environment,
            fmt::format("cannot create {}: {}", directory.string(), error.message())
        );
    }
    return EvidencePaths(directory.string());
}

result<std::string> read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return fail(
            ErrorKind::usage, fmt::format("cannot read {}: {}", path, std::strerror(errno))
        );
    }
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string timestamp_now() {
    const auto now =
        std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    return fmt::format("{:%Y-%m-%dT%H-%M-%SZ}", fmt::gmtime(now));
}

}  // namespace rundown::run
