// SPDX-License-Identifier: MIT
#include "image/reactos/installed_disk_io.hpp"

#include <fmt/format.h>

#include "image/install/iso_copy_io.hpp"
#include "image/media/media.hpp"
#include "image/reactos/answers.hpp"
#include "image/reactos/fat_disk_io.hpp"
#include "image/reactos/freeldr_ini.hpp"
#include "image/reactos/hive_io.hpp"

namespace rundown::image::reactos {

namespace {

constexpr const char* kBootMenu = "freeldr.ini";
constexpr std::size_t kBootMenuMax = 65536;

/// Where the system is on a disk, and how its SYSTEM hive is called.
struct System {
    std::string directory;
    std::string hive() const { return directory + "/system32/config/system"; }
};

result<System> find_system(const FatDisk& disk) {
    const auto menu = disk.get(kBootMenu);
    if (!menu) {
        return menu.error();
    }
    const auto directory = system_directory(*menu, "FREELDR.INI of " + disk.path());
    if (!directory) {
        return directory.error();
    }
    return System{*directory};
}

/// Puts registry values into the SYSTEM hive; `make_text` is given the control set in use.
template <class MakeText>
result<void> edit_registry(
    const FatDisk& disk, const System& system, const Watch& watch, MakeText make_text
) {
    const auto hive = disk.get(system.hive());
    if (!hive) {
        return hive.error();
    }
    const auto control_set = control_set_of(*hive, watch);
    if (!control_set) {
        return control_set.error();
    }
    const result<std::string> text = make_text(*control_set);
    if (!text) {
        return text.error();
    }
    const auto edited = with_registry_values(*hive, *text, watch);
    if (!edited) {
        return edited.error();
    }
    return disk.put(system.hive(), *edited);
}

}  // namespace

result<void> prepare_disk(
    const std::string& path, const std::vector<ReplacedDriver>& drivers, const Watch& watch
) {
    const auto disk = FatDisk::open(path, watch);
    if (!disk) {
        return disk.error();
    }
    const auto system = find_system(*disk);
    if (!system) {
        return system.error();
    }
    const auto menu = disk->get(kBootMenu);
    if (!menu) {
        return menu.error();
    }
    const auto edited = with_boot_options(*menu, kDebugOptions, "FREELDR.INI of " + path);
    if (!edited) {
        return edited.error();
    }
    RUNDOWN_TRY(disk->put(kBootMenu, *edited));
    for (const auto& driver : drivers) {
        const std::string file = system->directory + "/system32/drivers/" + driver.file;
        if (!disk->has(file)) {
            return fail(
                ErrorKind::environment,
                fmt::format("the system on {} has no {} to be replaced", path, driver.file)
            );
        }
        RUNDOWN_TRY(disk->put(file, driver.contents));
    }
    return edit_registry(*disk, *system, watch, system_reg);
}

result<void> put_agent(const std::string& path, const std::string& program, const Watch& watch) {
    const auto disk = FatDisk::open(path, watch);
    if (!disk) {
        return disk.error();
    }
    const auto system = find_system(*disk);
    if (!system) {
        return system.error();
    }
    const std::string folder(kAgentFolder);
    RUNDOWN_TRY(disk->make_directory(folder));
    RUNDOWN_TRY(disk->put(folder + "/" + std::string(kAgentFile), program));
    return edit_registry(*disk, *system, watch, [](unsigned control_set) {
        return agent_reg(control_set, "COM1");
    });
}

result<void> make_boot_cd(
    const std::string& iso, const std::string& copy, const std::string& answers
) {
    const auto medium = MediaImage::open(iso);
    if (!medium) {
        return medium.error();
    }
    const auto menu = (*medium)->read_file(kBootMenu, kBootMenuMax);
    if (!menu) {
        return menu.error();
    }
    const auto edited = with_boot_options(*menu, kSetupOptions, "freeldr.ini of " + iso);
    if (!edited) {
        return edited.error();
    }
    return copy_iso_with(iso, copy, {{kBootMenu, *edited}, {"reactos/unattend.inf", answers}});
}

}  // namespace rundown::image::reactos
