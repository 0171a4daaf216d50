// SPDX-License-Identifier: MIT
// support/windows_cases.hpp
//
// Installations of Windows for tests: every system, architecture, firmware and choice there is a
// recipe for, with media and built things that look like the real ones.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "image/windows/plan.hpp"
#include "image/windows/systems.hpp"

namespace rundown::tests {

struct WindowsCase {
    std::string name;  // "10 x86-64 uefi virtio"
    const image::windows::WindowsSystem* system = nullptr;
    image::Arch arch = image::Arch::invalid;
    image::Firmware firmware = image::Firmware::bios;
    image::DiskBus bus = image::DiskBus::invalid;
    bool product_key = false;
    bool virtio = false;
    bool our_nics = false;
};

/// Every system, architecture and firmware, each with the system's own disk bus and, where it can
/// be, with virtio and virtio-scsi; keys and our NIC drivers go along with some.
std::vector<WindowsCase> all_windows_cases();

/// A key of the right form, which is nobody's.
inline constexpr const char* kTestKey = "AAAAA-BBBBB-CCCCC-DDDDD-11111";

/// A self-signed certificate in DER for code signing, valid for `days` from 2026-01-01; the same
/// one for one `days` within a process.
std::string test_certificate(int days = 3650);
inline constexpr const char* kTestNow = "2026-11-24T00:00:00Z";
inline constexpr const char* kTestSoon = "2026-12-24T00:00:00Z";

/// The files of a virtio-win CD: NetKVM, viostor, vioscsi, fwcfg, pvpanic, with every folder the
/// table of systems names.
std::vector<std::string> virtio_tree();

/// An image of a WIM for a system with answer files in XML.
image::windows::WimImage wim_image(const image::windows::WindowsSystem& system, image::Arch arch);

image::windows::WindowsRequest request_for(const WindowsCase& windows_case);
image::windows::WindowsMedia media_for(const WindowsCase& windows_case);

/// The bytes of a planned file; fails the test when it is not there.
std::string bytes_of(
    const std::vector<image::windows::PlannedFile>& files, const std::string& path
);

/// What a test looks at for each case, in one test: thousands of cases are no thousands of tests.
struct WindowsFixture {
    virtual ~WindowsFixture() = default;
    virtual void set_up() {}
    virtual void check() = 0;
    const WindowsCase& one() const { return case_; }

    WindowsCase case_;
};

/// Runs `Check` on every case of that installer; the first fatal failure ends it.
template <class Check>
void check_every_case(image::InstallerStyle style) {
    int checked = 0;
    for (const auto& one : all_windows_cases()) {
        if (style != image::InstallerStyle::none && one.system->style != style) {
            continue;
        }
        SCOPED_TRACE(one.name);
        Check check;
        check.case_ = one;
        check.set_up();
        if (!testing::Test::HasFatalFailure()) {
            check.check();
        }
        if (testing::Test::HasFatalFailure()) {
            return;
        }
        ++checked;
    }
    EXPECT_GT(checked, 0);
}

}  // namespace rundown::tests

/// TEST(Fixture, name) whose body runs for every case of kStyle, as a member of the fixture.
#define RUNDOWN_EVERY_CASE(fixture, name)                                       \
    struct fixture##name : fixture {                                            \
        void check() override;                                                  \
    };                                                                          \
    TEST(fixture##s, name) {                                                    \
        rundown::tests::check_every_case<fixture##name>(fixture##name::kStyle); \
    }                                                                           \
    void fixture##name::check()
