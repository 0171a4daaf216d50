// SPDX-License-Identifier: MIT
#include "guest/embedded_root_io.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "guest/places.hpp"
#include "guest/text_file_io.hpp"

namespace rundown::guest {

namespace {

namespace fs = std::filesystem;

constexpr const char* kCapabilitiesInRoot = "/cache/qemu/capabilities";
constexpr const char* kCapabilitiesInCache = "/libvirt-capabilities";

int copy_changed(const std::string& from, const std::string& to) {
    int copied = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(from, error)) {
        if (entry.path().extension() != ".xml" || !entry.is_regular_file(error))
            continue;
        const std::string target = to + "/" + entry.path().filename().string();
        const std::string text = read_text_file(entry.path().string());
        if (!text.empty() && text != read_text_file(target) && replace_text_file(target, text))
            ++copied;
    }
    return copied;
}

}  // namespace

std::string qemu_conf(bool as_root) {
    std::string text =
        "stdio_handler = \"file\"\n"    // Else libvirt wants the daemon virtlogd.
        "security_driver = \"none\"\n"  // No SELinux or AppArmor labels on the user's files,
        "dynamic_ownership = 0\n"       // nor another owner,
        "remember_owner = 0\n"          // nor extended attributes that outlive a killed run.
        "namespaces = []\n"
        "cgroup_controllers = []\n";
    if (as_root)
        text += "user = \"root\"\ngroup = \"root\"\n";
    return text;
}

result<void> prepare_embedded_root(const std::string& root, bool as_root) {
    RUNDOWN_TRY(make_private_directory(root));
    std::error_code error;
    // libvirt makes these when its driver starts, i.e. once in a process, but needs them at each
    // guest.
    for (const char* directory :
         {"/etc", "/log/qemu", "/run/qemu", "/lib/qemu", kCapabilitiesInRoot}) {
        fs::create_directories(root + directory, error);
        if (error)
            return fail(
                ErrorKind::environment,
                fmt::format("cannot make the directory {}{}: {}", root, directory, error.message())
            );
    }
    if (!replace_text_file(root + "/etc/qemu.conf", qemu_conf(as_root)))
        return fail(ErrorKind::environment, fmt::format("cannot write {}/etc/qemu.conf", root));
    return {};
}

void restore_capabilities(const std::string& cache, const std::string& root) {
    copy_changed(cache + kCapabilitiesInCache, root + kCapabilitiesInRoot);
}

int save_capabilities(const std::string& root, const std::string& cache) {
    if (!make_private_directory(cache) || !make_private_directory(cache + kCapabilitiesInCache))
        return 0;
    return copy_changed(root + kCapabilitiesInRoot, cache + kCapabilitiesInCache);
}

}  // namespace rundown::guest
