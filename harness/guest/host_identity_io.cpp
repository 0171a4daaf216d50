// SPDX-License-Identifier: MIT
#include "guest/host_identity_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "guest/places.hpp"
#include "guest/text_file_io.hpp"

namespace rundown::guest {

namespace {

std::string processor_model() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("model name"))
            return line.substr(std::min(line.size(), line.find(':') + 2));
    }
    return "unknown";
}

std::string cache_file(const std::string& cache) {
    return cache + "/accelerator.json";
}

}  // namespace

HostIdentity host_identity(const std::string& qemu) {
    utsname kernel = {};
    ::uname(&kernel);
    return {kernel.release, qemu, processor_model()};
}

std::string kvm_unusable() {
    const int fd = ::open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        if (errno == ENOENT)
            return "/dev/kvm does not exist";
        if (errno == EACCES)
            return "/dev/kvm may not be opened by this user (group kvm)";
        return fmt::format("/dev/kvm does not open: {}", std::strerror(errno));
    }
    const int version = ::ioctl(fd, KVM_GET_API_VERSION, 0);
    ::close(fd);
    return version == KVM_API_VERSION ? "" : "/dev/kvm does not answer as KVM";
}

std::optional<AcceleratorChoice> remembered_accelerator(
    const std::string& cache, const HostIdentity& host
) {
    return from_cache(read_text_file(cache_file(cache)), host);
}

void remember_accelerator(
    const std::string& cache, const HostIdentity& host, const AcceleratorChoice& choice
) {
    if (make_private_directory(cache))
        replace_text_file(cache_file(cache), to_cache(host, choice));
}

}  // namespace rundown::guest
