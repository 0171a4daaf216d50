// SPDX-License-Identifier: MIT
// The Win32 agent's pure parts besides names: command line, REG_MULTI_SZ, versions, marks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/win32/mark_ring.hpp"
#include "agent/win32/multi_text.hpp"
#include "agent/win32/options.hpp"
#include "agent/win32/system_facts.hpp"

namespace rundown::win32 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kGuid = "{4D36E972-E325-11CE-BFC1-08002BE10318}";

TEST(Win32Options, EachModeWithItsValues) {
    const Options options =
        parse_options({"--console", "--port", "COM2", "--files", "C:\\f", "--log", "C:\\l.log"});
    EXPECT_EQ(options.error, "");
    EXPECT_EQ(options.mode, Mode::console);
    EXPECT_THAT(
        arguments_of(options),
        ElementsAre("--port", "COM2", "--files", "C:\\f", "--log", "C:\\l.log")
    );
    EXPECT_EQ(parse_options({"--service"}).mode, Mode::service);
    EXPECT_EQ(parse_options({"--remove"}).mode, Mode::remove);
    EXPECT_EQ(parse_options({"--version"}).mode, Mode::version);
    EXPECT_EQ(parse_options({}).mode, Mode::help);
    EXPECT_EQ(parse_options({"--console"}).port, "COM1");
    EXPECT_TRUE(parse_options({"--install", "--start"}).starts_now);
    EXPECT_EQ(parse_options({"--console", "--successor-of", "4294967295"}).predecessor, 4294967295);
}

TEST(Win32Options, WhatIsWrongIsSaid) {
    const auto error = [](std::vector<std::string> arguments) {
        return parse_options(arguments).error;
    };
    EXPECT_THAT(error({"--console", "--install"}), HasSubstr("another mode"));
    EXPECT_THAT(error({"--bad"}), HasSubstr("unknown option --bad"));
    EXPECT_THAT(error({"--console", "--port"}), HasSubstr("--port needs a value"));
    EXPECT_THAT(error({"--console", "--port", "..\\x"}), HasSubstr("no name of a COM port"));
    EXPECT_THAT(error({"--console", "--start"}), HasSubstr("--install"));
    EXPECT_THAT(error({"--console", "--successor-of", "4294967296"}), HasSubstr("process id"));
    EXPECT_THAT(error({"--console", "--successor-of", "12x"}), HasSubstr("process id"));
}

TEST(Win32Options, ArgumentsAreQuotedWhereTheyNeedIt) {
    EXPECT_EQ(quoted("C:\\x"), "C:\\x");
    EXPECT_EQ(quoted("C:\\a b\\"), "\"C:\\a b\\\\\"");
    EXPECT_EQ(quoted("say \"x\\\""), "\"say \\\"x\\\\\\\"\"");
    EXPECT_EQ(quoted(""), "\"\"");
}

TEST(Win32MultiText, EndsWithTwoNuls) {
    EXPECT_EQ(multi_text({"ab", "", "c"}), std::u16string(u"ab\0c\0\0", 6));
    EXPECT_EQ(multi_text({}), std::u16string(2, u'\0'));
    EXPECT_EQ(multi_text({"\xFF"}), std::u16string(u"?\0\0", 3));
}

TEST(Win32MultiText, IsReadWhateverItsEnd) {
    const auto read = [](const std::u16string& value) { return texts_in(value); };
    EXPECT_THAT(read(multi_text({"ab", "c"})), ElementsAre("ab", "c"));
    EXPECT_THAT(read(u"ab"), ElementsAre("ab"));
    EXPECT_THAT(read(std::u16string(u"ab\0c", 4)), ElementsAre("ab", "c"));
    EXPECT_THAT(read(std::u16string(u"ab\0\0c\0", 6)), ElementsAre("ab"));
    EXPECT_THAT(read(u""), ElementsAre());
    EXPECT_THAT(read(u"\u00E9"), ElementsAre("?"));
}

TEST(Win32MultiText, LinkageNamesEachAdapterThreeTimes) {
    const Linkage linkage = linkage_of("protocol5", {kGuid});
    EXPECT_THAT(linkage.bind, ElementsAre("\\Device\\" + kGuid));
    EXPECT_THAT(linkage.export_, ElementsAre("\\Device\\protocol5_" + kGuid));
    EXPECT_THAT(linkage.route, ElementsAre("\"" + kGuid + "\""));
}

TEST(Win32MultiText, TextsComeAndGoOnce) {
    EXPECT_THAT(with_text({"a"}, "B"), ElementsAre("a", "B"));
    EXPECT_THAT(with_text({"a", "b"}, "B"), ElementsAre("a", "b"));
    EXPECT_THAT(without_text({"a", "b", "B"}, "B"), ElementsAre("a"));
}

SystemVersion nt(std::uint32_t major, std::uint32_t minor, std::uint32_t build) {
    SystemVersion version;
    version.major = major;
    version.minor = minor;
    version.build = build;
    return version;
}

constexpr std::uint16_t ndis(int major, int minor) {
    return static_cast<std::uint16_t>(major << 8 | minor);
}

TEST(Win32SystemFacts, NdisFollowsFromTheSystem) {
    EXPECT_THAT(ndis_versions(nt(5, 1, 2600)), ElementsAre(ndis(5, 1)));
    EXPECT_THAT(ndis_versions(nt(6, 0, 6000)), ElementsAre(ndis(5, 1), ndis(6, 0)));
    EXPECT_THAT(ndis_versions(nt(6, 0, 6002)), ElementsAre(ndis(5, 1), ndis(6, 1)));
    EXPECT_THAT(ndis_versions(nt(6, 1, 7601)), ElementsAre(ndis(5, 1), ndis(6, 20)));
    EXPECT_THAT(ndis_versions(nt(6, 3, 9600)), ElementsAre(ndis(6, 40)));
    EXPECT_THAT(ndis_versions(nt(10, 0, 17763)), ElementsAre(ndis(6, 82)));
    EXPECT_THAT(ndis_versions(nt(10, 0, 19045)), ElementsAre(ndis(6, 84)));
    EXPECT_THAT(ndis_versions(nt(10, 0, 26100)), ElementsAre(ndis(6, 89)));
}

TEST(Win32SystemFacts, ReactosIsNdis51AndWineHasNone) {
    SystemVersion version = nt(5, 2, 3790);
    version.is_reactos = true;
    version.product = "ReactOS";
    version.service_pack = "Service Pack 2";
    EXPECT_THAT(ndis_versions(version), ElementsAre(ndis(5, 1)));
    EXPECT_STREQ(guest_name(version), "reactos");
    EXPECT_EQ(version_text(version), "ReactOS (NT 5.2.3790 Service Pack 2)");
    version.is_wine = true;
    EXPECT_THAT(ndis_versions(version), ElementsAre());
    EXPECT_STREQ(guest_name(version), "wine");
    EXPECT_EQ(version_text(nt(6, 1, 7601)), "Windows (NT 6.1.7601)");
}

TEST(Win32SystemFacts, MachineOfAnImage) {
    std::vector<std::uint8_t> image(256);
    image[0] = 'M';
    image[1] = 'Z';
    image[60] = 0x80;
    image[0x80] = 'P';
    image[0x81] = 'E';
    image[0x84] = 0x64;
    image[0x85] = 0x86;
    EXPECT_EQ(pe_machine(image.data(), image.size()), 0x8664);
    EXPECT_EQ(pe_machine(image.data(), 0x85), 0) << "cut off";
    EXPECT_EQ(pe_machine(image.data(), 10), 0);
    image[63] = 0xFF;
    EXPECT_EQ(pe_machine(image.data(), image.size()), 0) << "the header lies beyond the end";
    image[63] = 0;
    image[0x82] = 1;
    EXPECT_EQ(pe_machine(image.data(), image.size()), 0);
}

TEST(Win32MarkRing, IsDrainedInOrderOnce) {
    MarkRing ring;
    ring.add(10, 1, RD_MARK_BIND, 5);
    ring.add(11, 1, RD_MARK_LOAD, 6);
    rd_trace_record records[4];
    std::uint64_t first = 99;
    ASSERT_EQ(ring.drain(records, 1, &first), 1u);
    EXPECT_EQ(first, 0u);
    EXPECT_EQ(records[0].commit, 1u);
    EXPECT_EQ(records[0].event, RD_EV_MARK);
    EXPECT_EQ(records[0].source, RD_SOURCE_AGENT);
    EXPECT_EQ(records[0].arg[0], static_cast<std::uint64_t>(RD_MARK_BIND));
    EXPECT_EQ(records[0].arg[1], 5u);
    ASSERT_EQ(ring.drain(records, 4, &first), 1u);
    EXPECT_EQ(first, 1u);
    EXPECT_EQ(ring.drain(records, 4, &first), 0u);
    EXPECT_EQ(first, 2u);
}

TEST(Win32MarkRing, TheOldestAreLostAndCounted) {
    MarkRing ring;
    for (std::size_t i = 0; i < MarkRing::kCapacity + 3; ++i) {
        ring.add(i, 1, RD_MARK_LOAD, i);
    }
    std::vector<rd_trace_record> records(MarkRing::kCapacity);
    std::uint64_t first = 0;
    EXPECT_EQ(ring.drain(records.data(), records.size(), &first), MarkRing::kCapacity);
    EXPECT_EQ(first, 3u);
    EXPECT_EQ(records[0].arg[1], 3u);
    EXPECT_EQ(ring.lost(), 3u);
}

}  // namespace
}  // namespace rundown::win32
