// SPDX-License-Identifier: MIT
#include "guest/doctor_io.hpp"

#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "guest/find_program_io.hpp"
#include "guest/firmware_io.hpp"
#include "guest/host_identity_io.hpp"
#include "guest/initialize_io.hpp"

namespace rundown::guest {

namespace {

DoctorFinding ok(std::string name, std::string sentence) {
    return {DoctorState::ok, std::move(name), std::move(sentence), {}};
}

DoctorFinding missing(std::string name, std::string sentence, std::string package = {}) {
    return {DoctorState::missing, std::move(name), std::move(sentence), std::move(package)};
}

/// Where distributions put libvirt's driver modules.
constexpr std::array kModuleDirectories = {
    "/usr/lib/x86_64-linux-gnu/libvirt/connection-driver",
    "/usr/lib64/libvirt/connection-driver",
    "/usr/lib/libvirt/connection-driver",
};

/// Where libvirt will look: its own variable first, as it does.
bool has_qemu_module() {
    std::error_code error;
    if (const char* given = std::getenv("LIBVIRT_DRIVER_DIR"))
        return std::filesystem::exists(std::string(given) + "/libvirt_driver_qemu.so", error);
    for (const char* directory : kModuleDirectories) {
        if (std::filesystem::exists(std::string(directory) + "/libvirt_driver_qemu.so", error))
            return true;
    }
    return false;
}

/// "QEMU emulator version 7.2.22 (Debian ...)" -> "7.2.22", as libvirt gives it.
std::string version_number(const std::string& line) {
    const auto word = line.find("version ");
    if (word == std::string::npos)
        return {};
    const std::string rest = line.substr(word + 8);
    return rest.substr(0, rest.find_first_not_of("0123456789."));
}

}  // namespace

DoctorFinding check_qemu(const std::string& emulator) {
    const auto program = find_program(emulator.empty() ? std::string(kDefaultEmulator) : emulator);
    if (!program)
        return missing("QEMU", program.error().sentence, "qemu-system-x86");
    const std::string line = version_line(*program);
    if (version_number(line).empty())
        return missing(
            "QEMU",
            fmt::format("{} does not tell its version: reinstall it", *program),
            "qemu-system-x86"
        );
    return ok("QEMU", fmt::format("{}: {}", *program, line));
}

DoctorFinding check_libvirt() {
    unsigned long version = 0;
    if (!initialize_libvirt("/dev/null") || virGetVersion(&version, nullptr, nullptr) != 0)
        return missing("libvirt", "the libvirt library does not work: reinstall it", "libvirt0");
    if (!has_qemu_module())
        return missing(
            "libvirt",
            "libvirt's QEMU driver was not found: install it with \"apt-get install "
            "libvirt-daemon-driver-qemu\"",
            "libvirt-daemon-driver-qemu"
        );
    return ok(
        "libvirt",
        fmt::format(
            "{}.{}.{} with its QEMU driver",
            version / 1000000,
            version / 1000 % 1000,
            version % 1000
        )
    );
}

DoctorFinding check_kvm(const Places& places, const std::string& emulator) {
    const std::string unusable = kvm_unusable();
    if (!unusable.empty())
        return {DoctorState::warning, "KVM", unusable + "; guests run under TCG, more slowly", {}};
    const auto program = find_program(emulator.empty() ? std::string(kDefaultEmulator) : emulator);
    const std::string qemu = program ? version_number(version_line(*program)) : std::string();
    const auto remembered = remembered_accelerator(places.cache, host_identity(qemu));
    if (!remembered)
        return {
            DoctorState::warning,
            "KVM",
            "/dev/kvm opens; whether it runs a guest is tried at the next run",
            {}};
    if (remembered->accelerator == Accelerator::kvm)
        return ok("KVM", remembered->reason);
    return {
        DoctorState::warning,
        "KVM",
        remembered->reason + "; guests run under TCG, more slowly",
        {}};
}

DoctorFinding check_shared_memory(unsigned window_mib) {
    struct statvfs room = {};
    if (::statvfs("/dev/shm", &room) != 0 || ::access("/dev/shm", W_OK) != 0)
        return missing("shared memory", "/dev/shm cannot be written: mount a tmpfs there");
    const auto mib = (static_cast<unsigned long long>(room.f_bavail) * room.f_frsize) >> 20;
    if (mib < window_mib)
        return missing(
            "shared memory",
            fmt::format(
                "/dev/shm has {} MiB free and a guest's trace window needs {}", mib, window_mib
            )
        );
    return ok("shared memory", fmt::format("/dev/shm has {} MiB free", mib));
}

DoctorFinding check_boot_images(const std::string& kernel, const std::string& initrd) {
    for (const std::string& image : {kernel, initrd}) {
        if (!image.empty() && ::access(image.c_str(), R_OK) != 0)
            return missing(
                "boot images", fmt::format("{} cannot be read: build it with \"make\"", image)
            );
    }
    return ok("boot images", initrd.empty() ? kernel : kernel + ", " + initrd);
}

DoctorFinding check_places(const Places& places) {
    for (const std::string& directory : {places.runtime, places.cache}) {
        const auto made = make_private_directory(directory);
        if (!made)
            return missing("directories", made.error().sentence);
        if (::access(directory.c_str(), W_OK | X_OK) != 0)
            return missing(
                "directories", fmt::format("the directory {} cannot be written", directory)
            );
    }
    return ok("directories", fmt::format("{} and {}", places.runtime, places.cache));
}

namespace {

struct ImageTool {
    const char* program;
    const char* package;
};

constexpr ImageTool kImageTools[] = {
    {"qemu-img", "qemu-utils"},
    {"xorriso", "xorriso"},
    {"mcopy", "mtools"},
    {"wimlib-imagex", "wimtools"},
};

}  // namespace

DoctorFinding check_image_tools() {
    std::string names, packages;
    const auto add = [](std::string& list, std::string_view separator, std::string_view word) {
        list += list.empty() ? std::string(word) : fmt::format("{}{}", separator, word);
    };
    for (const ImageTool& tool : kImageTools) {
        if (find_program(tool.program))
            continue;
        add(names, ", ", tool.program);
        add(packages, " ", tool.package);
    }
    if (!find_ovmf()) {
        add(names, ", ", "OVMF");
        add(packages, " ", "ovmf");
    }
    if (names.empty())
        return ok("image tools", "qemu-img, xorriso, mcopy, wimlib-imagex and OVMF are there");
    return {
        DoctorState::warning,
        "image tools",
        fmt::format(
            "images of ReactOS and Windows need {}: install with \"apt-get install {}\"",
            names,
            packages
        ),
        packages};
}

std::vector<DoctorFinding> doctor(
    const Places& places,
    const std::string& emulator,
    const std::string& kernel,
    const std::string& initrd
) {
    return {
        check_qemu(emulator),
        check_libvirt(),
        check_kvm(places, emulator),
        check_shared_memory(GuestSpec{}.trace_window_mib),
        check_boot_images(kernel, initrd),
        check_image_tools(),
        check_places(places),
    };
}

}  // namespace rundown::guest
