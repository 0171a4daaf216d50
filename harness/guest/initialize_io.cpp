// SPDX-License-Identifier: MIT
#include "guest/initialize_io.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <cstdlib>

namespace rundown::guest {

result<void> initialize_libvirt(const std::string& log) {
    constexpr const char* kOutputs = "LIBVIRT_LOG_OUTPUTS";
    const bool ours = std::getenv(kOutputs) == nullptr;
    if (ours)
        ::setenv(kOutputs, ("3:file:" + log).c_str(), 1);
    virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    const bool initialized = virInitialize() == 0;
    if (ours)
        ::unsetenv(kOutputs);  // To a child of ours this file means nothing, or is gone.
    if (!initialized)
        return fail(
            ErrorKind::environment, "libvirt cannot be initialised: " + last_libvirt_error()
        );
    return {};
}

std::string last_libvirt_error() {
    const char* message = virGetLastErrorMessage();
    std::string line = message ? message : "unknown error";
    while (!line.empty() && (line.back() == '\n' || line.back() == ' '))
        line.pop_back();
    for (char& c : line)
        c = c == '\n' ? ' ' : c;
    return line;
}

}  // namespace rundown::guest
