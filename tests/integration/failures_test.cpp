// SPDX-License-Identifier: MIT
// What can go wrong around a run: one clear sentence, the right exit code, within a deadline,
// evidence kept, and no process, socket, shared memory or temporary file left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "integration/support/result_document.hpp"

namespace rundown::integration {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// A run of a driver file that cannot be one; nothing may boot for it.
void expect_bad_driver(const std::string& file, const std::string& sentence_part) {
    TemporaryDirectory out;
    const Outcome outcome =
        run_program({"run", "unload-idle", "--nic", "e1000", "--driver", file, "--out", out.path()}
        );
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(file));
    EXPECT_THAT(outcome.err, HasSubstr(sentence_part));
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(BadDriver, IsRefusedBeforeAnythingBoots) {
    TemporaryDirectory directory;
    expect_bad_driver("/nowhere/x.sys", "No such file");
    expect_bad_driver(
        directory.file("text.sys", "this is not a driver at all, only text\n"), "not a PE image"
    );
    expect_bad_driver(directory.file("empty.sys", ""), "not a PE image");
    const std::string image = contents_of(built("drivers-x64/protocol5.sys"));
    ASSERT_GT(image.size(), 4096u);
    expect_bad_driver(directory.file("half.sys", image.substr(0, image.size() / 2)), "half.sys");
    expect_bad_driver(built("drivers-i386/protocol5.sys"), "is an i386 driver");
}

TEST(BadDriver, UnresolvedImportsAreAllNamed) {
    const JsonRun run(
        {"unload-idle", "--nic", "e1000", "--driver", built("drivers-x64/missing-imports.sys")}
    );
    EXPECT_EQ(run.outcome().exit_code, 69) << run.describe();
    const std::string sentence(run.run(0).at("verdict").as_object().at("sentence").as_string());
    EXPECT_GE(std::count(sentence.begin(), sentence.end(), '!'), 3)
        << "module!name, three of them: " << sentence;
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(GuestFailure, ABugCheckIsToldWithCodeModuleAndTheGuestsLastWords) {
    const JsonRun run(
        {"unload-idle", "--nic", "e1000", "--driver", built("drivers-x64/bug-checks.sys")}
    );
    EXPECT_EQ(run.outcome().exit_code, 1) << run.describe();
    EXPECT_THAT(run.rules(0), HasSubstr("bug-check"));
    EXPECT_THAT(run.outcome().err, HasSubstr("bug-checks.sys+0x"));
    EXPECT_THAT(contents_of(run.artifact(0, "debug_log")), HasSubstr("*** STOP 0x"));
    EXPECT_THAT(contents_of(run.artifact(0, "qmp_log")), HasSubstr("GUEST_PANICKED"));
    EXPECT_LT(run.outcome().seconds, 15);  // No deadline had to pass.
    EXPECT_THAT(leftovers(), IsEmpty());
}

TEST(HostFailure, AMissingQemuIsNamedWithItsPackage) {
    TemporaryDirectory empty_path;
    Invocation invocation;
    invocation.arguments = {"run", "no-adapter", "--out", empty_path.path()};
    invocation.environment = {"PATH=" + empty_path.path()};
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69);
    EXPECT_THAT(outcome.err, HasSubstr("qemu-system-x86"));
}

TEST(HostFailure, AMissingLibvirtDriverIsNamedWithItsPackage) {
    TemporaryDirectory nothing;
    Invocation invocation;
    invocation.arguments = {"run", "no-adapter", "--out", nothing.path()};
    invocation.environment = {"LIBVIRT_DRIVER_DIR=" + nothing.path()};
    const Outcome outcome = run_program(invocation);
    EXPECT_EQ(outcome.exit_code, 69);
    EXPECT_THAT(outcome.err, HasSubstr("libvirt-daemon-driver-qemu"));
    EXPECT_THAT(leftovers(), IsEmpty());
}

}  // namespace
}  // namespace rundown::integration
