// SPDX-License-Identifier: MIT
// The table of systems, and looking things up in it. A field that needs a source has it beside it.
#include "image/windows/systems.hpp"

#include <algorithm>

namespace rundown::image::windows {
namespace {

// E1000 and RTL8139: drivers in the system from XP to Windows 7; the e1000 driver stayed in the x64
// systems after that as far as we know. E1000E: from 8.1 on.
constexpr InboxNic kNicsXp[] = {
    {"e1000", "e1000325.sys", "e1g5132e.sys", Evidence::unconfirmed},
    {"rtl8139", "rtl8139.sys", "rtl8139.sys", Evidence::documented},
};
constexpr InboxNic kNicsVista[] = {
    {"e1000", "e1g60i32.sys", "e1g6032e.sys", Evidence::documented},
    {"rtl8139", "rtnicxp.sys", "rtnic64.sys", Evidence::unconfirmed},
};
constexpr InboxNic kNics81[] = {
    {"e1000e", "e1i63x32.sys", "e1i63x64.sys", Evidence::unconfirmed},
    {"e1000", "", "e1g6032e.sys", Evidence::unconfirmed},
};
constexpr InboxNic kNics10[] = {
    {"e1000e", "e1i65x32.sys", "e1i65x64.sys", Evidence::unconfirmed},
    {"e1000", "", "e1g6032e.sys", Evidence::unconfirmed},
};

// Folders of a virtio-win CD. A release newer than the CD falls back to its predecessor's driver.
constexpr std::string_view kXp[] = {"xp"};
constexpr std::string_view kXp64[] = {"2k3"};  // XP x64 is built from Server 2003's sources.
constexpr std::string_view k2003[] = {"2k3"};
constexpr std::string_view k2008[] = {"2k8"};  // Vista's, too.
constexpr std::string_view k7[] = {"w7"};
constexpr std::string_view k2008r2[] = {"2k8R2"};
constexpr std::string_view k8[] = {"w8"};
constexpr std::string_view k2012[] = {"2k12"};
constexpr std::string_view k81[] = {"w8.1"};
constexpr std::string_view k2012r2[] = {"2k12R2"};
constexpr std::string_view k10[] = {"w10"};
constexpr std::string_view k11[] = {"w11", "w10"};
constexpr std::string_view k2016[] = {"2k16"};
constexpr std::string_view k2019[] = {"2k19", "2k16"};
constexpr std::string_view k2022[] = {"2k22", "2k19"};
constexpr std::string_view k2025[] = {"2k25", "2k22"};

// Ranges by build. Semi-annual server releases belong to the long-term one before them.
constexpr std::uint32_t kAnyBuild = 0xffffffff;

// What the releases of one kernel family share. A row of the table is its family with its own name.
constexpr WindowsSystem kFive = {
    .style = InstallerStyle::text_mode,
    .i386 = true,
    .x64 = true,
    .bios = true,
    .version_major = 5,
    .memory_mib_min = 128,
    .memory_mib = 512,
    .disk_gib_min = 4,
    .disk_gib = 8,
    .machine = "pc",
    .cpu_x86 = "core2duo",
    .cpu_x64 = "core2duo",
    .disk_bus = DiskBus::ide,
    .nics = kNicsXp,
    .signing = SigningRule::none,
    .nmi_dumps_by_value = true,
};

// No UEFI: the loader of these wants the video BIOS, which OVMF has not.
constexpr WindowsSystem kSixZero = {
    .style = InstallerStyle::answer_xml,
    .i386 = true,
    .x64 = true,
    .bios = true,
    .version_major = 6,
    .version_minor = 0,
    .memory_mib_min = 512,
    .memory_mib = 1024,
    .disk_gib_min = 20,
    .disk_gib = 24,
    .system_partition_mib = 100,
    .machine = "pc",
    .cpu_x86 = "core2duo",
    .cpu_x64 = "core2duo",
    .disk_bus = DiskBus::ide,
    .nics = kNicsVista,
    .signing = SigningRule::test_sha1,
    .nmi_dumps_by_value = true,
    .network_location_page = true,
    .skips_machine_oobe = true,
};

// Windows 7 learned SHA-256 with an update (KB3033929) that no medium has.
constexpr WindowsSystem with_seven(WindowsSystem system) {
    system.version_minor = 1;
    system.memory_mib_min = 1024;
    system.memory_mib = 2048;
    system.wireless_page = true;
    system.skips_machine_oobe = false;
    return system;
}
constexpr WindowsSystem kSixOne = with_seven(kSixZero);

constexpr WindowsSystem with_eight(WindowsSystem system) {
    system.uefi = true;
    system.version_minor = 2;
    system.system_partition_mib = 350;
    system.machine = "q35";
    system.cpu_x86 = "Nehalem";
    system.cpu_x64 = "Nehalem";
    system.disk_bus = DiskBus::sata;
    system.nics = kNics81;
    system.signing = SigningRule::test_sha256;
    system.nmi_dumps_by_value = false;
    system.local_account_page = true;
    system.network_location_page = false;
    return system;
}
constexpr WindowsSystem kSixTwo = with_eight(kSixOne);

constexpr WindowsSystem with_blue(WindowsSystem system) {
    system.version_minor = 3;
    return system;
}
constexpr WindowsSystem kSixThree = with_blue(kSixTwo);

constexpr WindowsSystem with_ten(WindowsSystem system) {
    system.version_major = 10;
    system.version_minor = 0;
    system.memory_mib_min = 2048;
    system.memory_mib = 3072;
    system.disk_gib_min = 32;
    system.disk_gib = 40;
    system.system_partition_mib = 500;
    system.nics = kNics10;
    return system;
}
constexpr WindowsSystem kTen = with_ten(kSixThree);

struct Row {
    std::string_view id;
    std::string_view title;
    std::uint32_t build_min;
    std::uint32_t build_max;
    std::span<const std::string_view> virtio_folders;
};

constexpr WindowsSystem client(WindowsSystem family, const Row& row) {
    family.id = row.id;
    family.title = row.title;
    family.build_min = row.build_min;
    family.build_max = row.build_max;
    family.virtio_folders = row.virtio_folders;
    return family;
}

constexpr WindowsSystem server(const WindowsSystem& family, const Row& row) {
    WindowsSystem system = client(family, row);
    system.server = true;
    system.disk_gib_min = std::max(system.disk_gib_min, 32u);
    system.disk_gib = std::max(system.disk_gib, 32u);
    return system;
}

// From here on there are no 32-bit servers.
constexpr WindowsSystem server_x64(const WindowsSystem& family, const Row& row) {
    WindowsSystem system = server(family, row);
    system.i386 = false;
    system.cpu_x86 = {};
    return system;
}

constexpr WindowsSystem xp() {
    WindowsSystem system = client(kFive, {"xp", "Windows XP", 2600, 3790, kXp});
    system.version_minor = 1;  // The x64 edition is 5.2: see system_of_text_mode().
    system.virtio_folders_x64 = kXp64;
    return system;
}

constexpr WindowsSystem server_2003() {
    WindowsSystem system = client(kFive, {"2003", "Windows Server 2003", 3790, 3790, k2003});
    system.version_minor = 2;
    system.server = true;
    return system;
}

// Only with UEFI; the checks of its setup for a TPM and the like are switched off. 24H2 needs the
// SSE4.2 and POPCNT that Nehalem has.
constexpr WindowsSystem eleven() {
    WindowsSystem system = client(kTen, {"11", "Windows 11", 22000, kAnyBuild, k11});
    system.i386 = false;
    system.cpu_x86 = {};
    system.bios = false;
    system.memory_mib_min = 4096;
    system.memory_mib = 4096;
    system.disk_gib_min = 64;
    system.disk_gib = 64;
    system.requirements_bypassed = true;
    return system;
}

constexpr WindowsSystem kSystems[] = {
    xp(),
    server_2003(),
    client(kSixZero, {"vista", "Windows Vista", 6000, 6003, k2008}),
    server(kSixZero, {"2008", "Windows Server 2008", 6001, 6003, k2008}),
    client(kSixOne, {"7", "Windows 7", 7600, 7601, k7}),
    server_x64(kSixOne, {"2008r2", "Windows Server 2008 R2", 7600, 7601, k2008r2}),
    client(kSixTwo, {"8", "Windows 8", 9200, 9200, k8}),
    server_x64(kSixTwo, {"2012", "Windows Server 2012", 9200, 9200, k2012}),
    client(kSixThree, {"8.1", "Windows 8.1", 9600, 9600, k81}),
    server_x64(kSixThree, {"2012r2", "Windows Server 2012 R2", 9600, 9600, k2012r2}),
    client(kTen, {"10", "Windows 10", 10240, 21999, k10}),
    server_x64(kTen, {"2016", "Windows Server 2016", 14393, 17762, k2016}),
    server_x64(kTen, {"2019", "Windows Server 2019", 17763, 20347, k2019}),
    server_x64(kTen, {"2022", "Windows Server 2022", 20348, 26099, k2022}),
    eleven(),
    server_x64(kTen, {"2025", "Windows Server 2025", 26100, kAnyBuild, k2025}),
};

struct NdisOfBuild {
    std::uint32_t build;  // From this one on.
    std::string_view version;
};

// "Overview of NDIS versions", by the build each release first had.
constexpr NdisOfBuild kNdis[] = {
    {6000, "6.0"},
    {6001, "6.1"},
    {7600, "6.20"},
    {9200, "6.30"},
    {9600, "6.40"},
    {10240, "6.50"},
    {14393, "6.60"},
    {15063, "6.70"},
    {16299, "6.80"},
    {17134, "6.81"},
    {17763, "6.82"},
    {18362, "6.83"},
    {19041, "6.84"},
    {20348, "6.85"},
    {22000, "6.86"},
    {22621, "6.87"},
    {25398, "6.88"},
    {26100, "6.89"},
};

constexpr std::uint32_t kLastBuildWithNdis5 = 7601;

}  // namespace

std::span<const WindowsSystem> all_systems() {
    return kSystems;
}

const WindowsSystem* find_system(std::string_view id) {
    const auto* found =
        std::find_if(std::begin(kSystems), std::end(kSystems), [&](const WindowsSystem& system) {
            return system.id == id;
        });
    return found == std::end(kSystems) ? nullptr : found;
}

const WindowsSystem* system_of_version(
    std::uint32_t major, std::uint32_t minor, std::uint32_t build, bool server
) {
    for (const auto& system : kSystems) {
        if (system.style == InstallerStyle::answer_xml && system.version_major == major &&
            system.version_minor == minor && system.server == server && build >= system.build_min &&
            build <= system.build_max) {
            return &system;
        }
    }
    return nullptr;
}

const WindowsSystem* system_of_text_mode(
    std::string_view version, Arch arch, std::string_view name
) {
    if (version == "5.1") {
        return find_system("xp");
    }
    if (version == "5.2") {
        const bool xp = arch == Arch::x86_64 && name.find("XP") != std::string_view::npos;
        return find_system(xp ? "xp" : "2003");
    }
    return nullptr;
}

bool has_arch(const WindowsSystem& system, Arch arch) {
    return (arch == Arch::i386 && system.i386) || (arch == Arch::x86_64 && system.x64);
}

std::string_view ndis_of_build(std::uint32_t build) {
    std::string_view version;
    for (const auto& line : kNdis) {
        if (build >= line.build) {
            version = line.version;
        }
    }
    return version;
}

std::vector<std::string> ndis_versions(const WindowsSystem& system, std::uint32_t build) {
    std::vector<std::string> versions;
    if (system.style == InstallerStyle::text_mode || build <= kLastBuildWithNdis5) {
        versions = {"5.0", "5.1"};
    }
    if (system.style == InstallerStyle::answer_xml) {
        for (const auto& line : kNdis) {
            if (build >= line.build) {
                versions.emplace_back(line.version);
            }
        }
    }
    return versions;
}

std::string_view windows_arch(Arch arch) {
    switch (arch) {
        case Arch::i386:
            return "x86";
        case Arch::x86_64:
            return "amd64";
        case Arch::invalid:
            break;
    }
    return "";
}

}  // namespace rundown::image::windows
