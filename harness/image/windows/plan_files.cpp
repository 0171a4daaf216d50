// SPDX-License-Identifier: MIT
// With which files it is installed: what of ours must be there, and the disks it goes on.
#include <algorithm>

#include "image/windows/plan_maker.hpp"
#include "image/windows/text.hpp"

namespace rundown::image::windows {
namespace {

constexpr std::size_t kComputerNameMax = 15;

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_wanted(const Maker& maker, const BuiltPackage& package) {
    return package.name == "protocol5" || maker.ask().nic_drivers == DriverSource::ours;
}

void add_packages(Maker& maker) {
    for (const auto& package : maker.built().packages) {
        if (!is_wanted(maker, package)) {
            continue;
        }
        const std::string folder = "packages/" + package.name;
        for (const auto& file : package.files) {
            maker.plan.config_cd.push_back(
                {.path = fmt::format("rundown/{}/{}", folder, file_name(file)), .host_path = file}
            );
        }
        maker.facts.driver_folders.push_back(folder);
        maker.facts.staged_infs.push_back(folder + "/" + package.inf);
    }
    for (const auto& driver : maker.virtio) {
        const std::string folder = "virtio/" + driver.name;
        for (const auto& file : driver.files) {
            maker.plan.config_cd.push_back(
                {.path = fmt::format("rundown/{}/{}", folder, file_name(file)), .virtio_path = file}
            );
        }
        maker.facts.driver_folders.push_back(folder);
        maker.facts.staged_infs.push_back(folder + "/" + driver.inf);
    }
}

/// Adds a text, or gives back why there is none.
result<void> add_text(
    std::vector<PlannedFile>& files, const std::string& path, result<std::string> text
) {
    if (!text) {
        return text.error();
    }
    files.push_back({.path = path, .bytes = std::move(*text)});
    return {};
}

}  // namespace

result<void> check_account(const Maker& maker) {
    const std::string& name = maker.request.computer_name;
    const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '-';
    });
    if (name.empty() || name.size() > kComputerNameMax || !plain) {
        return refuse(fmt::format(
            "'{}' cannot be a computer's name: take up to 15 letters, digits and '-'", name
        ));
    }
    if (maker.request.password.empty() || maker.request.user.empty()) {
        return refuse("the account that is logged on once needs a name and a password");
    }
    return {};
}

result<void> take_certificate(Maker& maker) {
    const WindowsRequest& request = maker.request;
    if (request.certificate_der.empty()) {
        return fail(
            ErrorKind::environment,
            fmt::format("there is no certificate {}: run 'make build'", request.certificate_file)
        );
    }
    auto facts = inspect_certificate(request.certificate_der, request.certificate_file);
    if (!facts) {
        return facts.error();
    }
    RUNDOWN_TRY(check_certificate(*facts, request.now, request.soon, request.certificate_file));
    maker.certificate = std::move(*facts);
    return {};
}

result<void> check_built(const Maker& maker) {
    const BuiltForArch& built = maker.built();
    if (built.agent.empty()) {
        return fail(
            ErrorKind::environment,
            fmt::format(
                "the agent for {} is not built: run 'make build'", to_string(maker.facts.arch)
            )
        );
    }
    std::vector<std::string> needed = {"protocol5"};
    if (maker.ask().nic_drivers == DriverSource::ours) {
        needed.insert(needed.end(), {"e1000", "virtionet"});
    }
    for (const auto& name : needed) {
        const bool there = std::any_of(
            built.packages.begin(),
            built.packages.end(),
            [&](const BuiltPackage& package) { return package.name == name; }
        );
        if (!there) {
            return fail(
                ErrorKind::environment,
                fmt::format(
                    "the driver package {} for {} is not built: run 'make build'",
                    name,
                    to_string(maker.facts.arch)
                )
            );
        }
    }
    return {};
}

result<void> make_disks(Maker& maker) {
    const WindowsRequest& request = maker.request;
    auto& cd = maker.plan.config_cd;
    cd.push_back({.path = "rundown/agent/rundown-agent.exe", .host_path = maker.built().agent});
    add_packages(maker);
    RUNDOWN_TRY(add_text(cd, "rundown/settings.cmd", settings_cmd(maker.facts)));
    RUNDOWN_TRY(add_text(cd, "rundown/setup.cmd", setup_cmd(maker.facts)));
    cd.push_back({.path = "rundown/rundown-test.cer", .bytes = request.certificate_der});
    RUNDOWN_TRY(add_text(
        cd,
        "rundown/rundown-test.reg",
        utf16le(certificate_reg_file(request.certificate_der, maker.certificate))
    ));
    if (maker.is_text_mode()) {
        RUNDOWN_TRY(add_text(maker.plan.floppy, "winnt.sif", winnt_sif(maker.facts)));
        RUNDOWN_TRY(add_text(maker.plan.floppy, "rundown.cmd", floppy_cmd()));
    } else {
        RUNDOWN_TRY(add_text(cd, "autounattend.xml", autounattend_xml(maker.facts)));
    }
    std::sort(cd.begin(), cd.end(), [](const PlannedFile& a, const PlannedFile& b) {
        return a.path < b.path;
    });
    return {};
}

}  // namespace rundown::image::windows
