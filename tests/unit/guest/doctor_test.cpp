// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <optional>

#include "guest/doctor_io.hpp"
#include "guest/find_program_io.hpp"
#include "unit/guest/temporary_directory.hpp"

namespace rundown::guest {
namespace {

using testing::HasSubstr;

/// A program that prints `text` whatever it is asked.
std::string fake_program(
    const TemporaryDirectory& here, const std::string& name, const std::string& script
) {
    write(here / name, "#!/bin/sh\n" + script + "\n");
    ::chmod((here / name).c_str(), 0755);
    return here / name;
}

TEST(FindProgram, MissingQemuIsOneSentenceWithItsPackage) {
    const auto found = find_program("qemu-system-nosuch");
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().kind, ErrorKind::environment);
    EXPECT_THAT(found.error().sentence, HasSubstr("apt-get install qemu-system-x86"));
    EXPECT_FALSE(find_program("/nowhere/qemu-system-x86_64").has_value());
}

TEST(FindProgram, LooksInPath) {
    EXPECT_EQ(find_program("sh").value().substr(0, 1), "/");
    TemporaryDirectory here;
    const std::string program = fake_program(here, "tool", "true");
    EXPECT_EQ(find_program(program).value(), program);
}

TEST(VersionLine, IsTheFirstLineOrNothing) {
    TemporaryDirectory here;
    EXPECT_EQ(version_line(fake_program(here, "two", "echo one; echo two")), "one");
    EXPECT_EQ(version_line(fake_program(here, "silent", "true")), "");
    EXPECT_EQ(version_line(here / "nosuch"), "");
}

TEST(Doctor, QemuFoundMissingAndBroken) {
    TemporaryDirectory here;
    const auto good = check_qemu(
        fake_program(here, "qemu-system-x86_64", "echo QEMU emulator version 7.2.22 '(x)'")
    );
    EXPECT_EQ(good.state, DoctorState::ok);
    EXPECT_THAT(good.sentence, HasSubstr("7.2.22"));
    const auto broken = check_qemu(fake_program(here, "qemu-system-i386", "exit 1"));
    EXPECT_EQ(broken.state, DoctorState::missing);
    EXPECT_EQ(broken.package, "qemu-system-x86");
    const auto missing = check_qemu(here / "qemu-system-none");
    EXPECT_EQ(missing.state, DoctorState::missing);
    EXPECT_EQ(missing.package, "qemu-system-x86");
}

/// Sets a variable for the life of this object.
class ScopedVariable {
  public:
    ScopedVariable(const char* name, const std::string& value) : name_(name) {
        if (const char* before = std::getenv(name))
            before_ = before;
        ::setenv(name, value.c_str(), 1);
    }
    ~ScopedVariable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

  private:
    const char* name_;
    std::optional<std::string> before_;
};

TEST(Doctor, ImageToolsThatAreMissingAreNamedWithTheirPackages) {
    TemporaryDirectory here;
    const ScopedVariable path("PATH", here / ""), firmware("RUNDOWN_OVMF", here / "");
    const auto none = check_image_tools();
    EXPECT_EQ(none.state, DoctorState::warning);
    EXPECT_EQ(none.package, "qemu-utils xorriso mtools wimtools ovmf");
    for (const char* name : {"qemu-img", "xorriso", "mcopy"})
        fake_program(here, name, "true");
    write(here / "OVMF_CODE.fd", "x");
    write(here / "OVMF_VARS.fd", "x");
    const auto one = check_image_tools();
    EXPECT_THAT(one.sentence, HasSubstr("need wimlib-imagex: install"));
    EXPECT_EQ(one.package, "wimtools");
    fake_program(here, "wimlib-imagex", "true");
    EXPECT_EQ(check_image_tools().state, DoctorState::ok);
}

TEST(Doctor, BootImagesAreNamed) {
    TemporaryDirectory here;
    write(here / "boot.elf", "x");
    EXPECT_EQ(check_boot_images(here / "boot.elf", "").state, DoctorState::ok);
    const auto missing = check_boot_images(here / "boot.elf", here / "initrd.tar");
    EXPECT_EQ(missing.state, DoctorState::missing);
    EXPECT_THAT(missing.sentence, HasSubstr("initrd.tar"));
}

TEST(Doctor, SharedMemoryAndPlaces) {
    EXPECT_EQ(check_shared_memory(1).state, DoctorState::ok);
    EXPECT_EQ(check_shared_memory(1u << 31).state, DoctorState::missing);
    TemporaryDirectory here;
    EXPECT_EQ(check_places({here / "run", here / "cache"}).state, DoctorState::ok);
    write(here / "file", "");
    EXPECT_EQ(check_places({here / "run", here / "file"}).state, DoctorState::missing);
}

TEST(Doctor, ReportsEverything) {
    TemporaryDirectory here;
    const auto findings =
        doctor({here / "run", here / "cache"}, "qemu-system-nosuch", "/nowhere/boot.elf", "");
    ASSERT_EQ(findings.size(), 7u);
    for (const DoctorFinding& finding : findings) {
        EXPECT_NE(finding.state, DoctorState::invalid);
        EXPECT_FALSE(finding.name.empty());
        EXPECT_FALSE(finding.sentence.empty());
    }
}

}  // namespace
}  // namespace rundown::guest
