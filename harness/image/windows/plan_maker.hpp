// SPDX-License-Identifier: MIT
// image/windows/plan_maker.hpp
//
// A plan while it is made, and the steps that make it, in the order they are called. For plan*.cpp.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "image/windows/answers.hpp"
#include "image/windows/certificate.hpp"
#include "image/windows/plan.hpp"
#include "image/windows/virtio.hpp"

namespace rundown::image::windows {

inline Error refuse(std::string sentence) {
    return fail(ErrorKind::usage, std::move(sentence));
}

/// A plan while it is made.
struct Maker {
    const WindowsRequest& request;
    const WindowsMedia& media;
    WindowsPlan plan;
    AnswerFacts facts;
    CertificateFacts certificate;
    std::vector<VirtioDriver> virtio;

    const BuildRequest& ask() const { return request.ask; }
    const WindowsSystem& system() const { return *plan.system; }
    const BuiltForArch& built() const {
        return facts.arch == Arch::i386 ? request.built_i386 : request.built_x64;
    }
    std::string title() const {
        return fmt::format("{} ({})", system().title, to_string(facts.arch));
    }
    bool is_text_mode() const { return system().style == InstallerStyle::text_mode; }
};

// plan_system.cpp: what is installed.
/// Which system, edition and architecture.
result<void> choose_system(Maker& maker);
result<void> choose_firmware(Maker& maker);
result<void> choose_language(Maker& maker);
result<void> take_product_key(Maker& maker);

// plan_machine.cpp: on what.
/// The disk's bus, and which drivers of the virtio-win CD the system gets with it.
result<void> choose_disk_bus(Maker& maker);
result<void> choose_machine(Maker& maker);

// plan_files.cpp: with which files.
result<void> check_account(const Maker& maker);
result<void> take_certificate(Maker& maker);
result<void> check_built(const Maker& maker);
/// The configuration CD and the floppy disk.
result<void> make_disks(Maker& maker);

}  // namespace rundown::image::windows
