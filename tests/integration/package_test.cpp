// SPDX-License-Identifier: MIT
// The driver packages: signed by the certificate that guests are told to trust, told of by their
// catalogs, installable by their INFs, and asking of a system no more than Windows XP and ReactOS
// have. Judged by tools that are not ours, where there are any.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <regex>
#include <set>

#include "integration/support/packages.hpp"
#include "integration/support/program.hpp"
#include "integration/support/shell.hpp"

namespace rundown::integration {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Bytes = std::vector<std::uint8_t>;

class PackageTest : public testing::TestWithParam<Package> {
  protected:
    void SetUp() override {
        for (const char* extension : {"sys", "inf", "cat"})
            ASSERT_TRUE(fs::exists(GetParam().file(extension)))
                << GetParam().file(extension) << " is not there: make packages";
        authority_ = place_.file("trusted.pem", trusted_certificate_pem());
    }

    ShellOutcome verify(const fs::path& image, const fs::path& catalog = {}) const {
        const std::string by = catalog.empty() ? "" : " -catalog " + quoted(catalog.string());
        return shell(
            "osslsigncode verify -CAfile " + quoted(authority_) + by + " -in " +
            quoted(image.string())
        );
    }

    /// A copy with one byte changed.
    std::string spoilt(const fs::path& path, std::size_t at) const {
        Bytes bytes = read_bytes(path);
        bytes.at(at) ^= 1;
        return place_.file(
            "spoilt" + path.extension().string(), std::string(bytes.begin(), bytes.end())
        );
    }

    std::string inf_text() const {
        const Bytes bytes = read_bytes(GetParam().file("inf"));
        return std::string(bytes.begin(), bytes.end());
    }

    TemporaryDirectory place_;
    std::string authority_;
};

std::string name_of(const testing::TestParamInfo<Package>& info) {
    return info.param.arch + "_" + info.param.name;
}

INSTANTIATE_TEST_SUITE_P(All, PackageTest, testing::ValuesIn(packages()), name_of);

/// Every hash behind "Calculated message digest", as osslsigncode computes it from the image.
std::vector<std::string> calculated_digests(const std::string& text) {
    std::vector<std::string> found;
    const std::regex line("Calculated message digest\\s*: ([0-9A-F]+)");
    for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at)
        found.push_back((*at)[1]);
    return found;
}

/// The text in the encoding of a catalog's tags.
std::string in_utf16(const std::string& text) {
    std::string all;
    for (const char c : text)
        all += {c, '\0'};
    return all;
}

std::string first_word(const std::string& text) {
    return text.substr(0, text.find(' '));
}

std::string upper(std::string text) {
    for (char& c : text)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

/// The checksum of an image: its 16-bit words added with carry, but for the field itself, plus its
/// length (IMAGEHLP's CheckSumMappedFile).
std::uint32_t checksum(const Bytes& image, std::size_t field) {
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < image.size(); at += 2) {
        if (at == field || at == field + 2)
            continue;
        sum += image[at] | (at + 1 < image.size() ? image[at + 1] << 8 : 0);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return sum + static_cast<std::uint32_t>(image.size());
}

std::uint32_t word_at(const Bytes& image, std::size_t at) {
    return image.at(at) | image.at(at + 1) << 8 | image.at(at + 2) << 16 |
           static_cast<std::uint32_t>(image.at(at + 3)) << 24;
}

TEST_P(PackageTest, TheImageIsSignedForOldSystemsAndNew) {
    const ShellOutcome outcome = verify(GetParam().file("sys"));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.text;
    const auto digests = calculated_digests(outcome.text);
    ASSERT_EQ(digests.size(), 2u) << outcome.text;
    EXPECT_EQ(digests[0].size(), 40u) << "SHA-1 first";
    EXPECT_EQ(digests[1].size(), 64u) << "then SHA-256";
    EXPECT_THAT(outcome.text, Not(HasSubstr("MISMATCH")));
}

TEST_P(PackageTest, TheCatalogHasTheHashesThatOthersCompute) {
    const Bytes bytes = read_bytes(GetParam().file("cat"));
    const std::string catalog(bytes.begin(), bytes.end());
    for (const std::string& digest : calculated_digests(verify(GetParam().file("sys")).text))
        EXPECT_THAT(catalog, HasSubstr(in_utf16(digest)));
    for (const char* tool : {"sha1sum ", "sha256sum "}) {
        const std::string file = GetParam().file("inf").string();
        const std::string digest = upper(first_word(shell(tool + quoted(file)).text));
        EXPECT_THAT(catalog, HasSubstr(in_utf16(digest)));
    }
}

TEST_P(PackageTest, TheCatalogIsSignedAndSpeaksForTheImage) {
    const ShellOutcome alone = verify(GetParam().file("cat"));
    EXPECT_EQ(alone.exit_code, 0) << alone.text;
    const ShellOutcome both = verify(GetParam().file("sys"), GetParam().file("cat"));
    EXPECT_EQ(both.exit_code, 0) << both.text;
    EXPECT_THAT(both.text, HasSubstr("File is signed in catalog"));
}

TEST_P(PackageTest, AByteChangedIsNoticed) {
    const Bytes image = read_bytes(GetParam().file("sys"));
    const std::string changed = spoilt(GetParam().file("sys"), image.size() / 3);
    EXPECT_NE(verify(changed).exit_code, 0);
    EXPECT_NE(verify(changed, GetParam().file("cat")).exit_code, 0);

    // In the trust list: the first letter of the member's file name.
    const Bytes bytes = read_bytes(GetParam().file("cat"));
    const std::string catalog(bytes.begin(), bytes.end());
    const std::size_t at = catalog.find(in_utf16(GetParam().name + ".sys"));
    ASSERT_NE(at, std::string::npos);
    EXPECT_NE(verify(spoilt(GetParam().file("cat"), at)).exit_code, 0);
}

TEST_P(PackageTest, AnotherCertificateIsNotTrusted) {
    const std::string folder = place_.path() + "/other";
    const fs::path tool = build_folder() / "package-tools" / "rundown-catalog";
    const ShellOutcome made = shell(quoted(tool.string()) + " certificate " + quoted(folder));
    ASSERT_EQ(made.exit_code, 0) << made.text;
    authority_ = folder + "/certificate.pem";
    EXPECT_NE(verify(GetParam().file("sys")).exit_code, 0);
    EXPECT_NE(verify(GetParam().file("cat")).exit_code, 0);
}

TEST_P(PackageTest, TheImageIsOneThatAKernelLoads) {
    const Bytes image = read_bytes(GetParam().file("sys"));
    const std::size_t header = word_at(image, 0x3c), optional = header + 24;
    const bool wide = GetParam().arch == "x64";
    EXPECT_EQ(word_at(image, header + 4) & 0xffff, wide ? 0x8664u : 0x14cu);
    EXPECT_EQ(word_at(image, optional + 68) & 0xffff, 1u) << "subsystem native";
    EXPECT_EQ(word_at(image, header + 22) & 1, 0u) << "relocations stripped";
    EXPECT_NE(word_at(image, optional + (wide ? 112 : 96) + 5 * 8 + 4), 0u) << "no relocations";
    EXPECT_EQ(word_at(image, optional + 64), checksum(image, optional + 64));
}

/// "module function" of what images of that architecture may import.
std::set<std::pair<std::string, std::string>> allowed_imports(const std::string& arch) {
    std::set<std::pair<std::string, std::string>> all;
    std::ifstream file(RUNDOWN_SOURCE_DIR "/drivers/package/allowed/imports.txt");
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line);
        std::string module, function, since, where;
        words >> module >> function >> since >> where;
        if (!module.starts_with('#') && (where == arch || where == "both"))
            all.emplace(module, function);
    }
    return all;
}

TEST_P(PackageTest, ImportsOnlyWhatOldSystemsHave) {
    const auto allowed = allowed_imports(GetParam().arch);
    ASSERT_GT(allowed.size(), 50u);
    const auto wanted = imports(GetParam().file("sys"));
    EXPECT_GT(wanted.size(), 20u) << "objdump's list was not understood";
    std::set<std::string> modules;
    for (const auto& import : wanted) {
        modules.insert(import.first);
        EXPECT_TRUE(allowed.contains(import))
            << import.first << " " << import.second << " is not in allowed/imports.txt";
        EXPECT_THAT(import.second, Not(HasSubstr("@"))) << "decorated: no system exports it so";
    }
    EXPECT_THAT(modules, Contains("ndis.sys"));
    EXPECT_THAT(modules, Contains("ntoskrnl.exe"));
}

TEST_P(PackageTest, TheInfIsFilledInAndOfWindowsLines) {
    const std::string text = inf_text();
    EXPECT_THAT(text, Not(HasSubstr("@")));
    std::size_t lines = 0, bare = 0;
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; ++at) {
        ++lines;
        bare += at == 0 || text[at - 1] != '\r';
    }
    EXPECT_GT(lines, 40u);
    EXPECT_EQ(bare, 0u);
    EXPECT_TRUE(std::regex_search(
        text,
        std::regex("\r\nDriverVer = (0[1-9]|1[0-2])/(0[1-9]|[12][0-9]|3[01])/20[0-9]{2},"
                   "[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+\r\n")
    ));
    EXPECT_THAT(text, HasSubstr("\r\nCatalogFile = " + GetParam().name + ".cat\r\n"));
}

TEST_P(PackageTest, EveryStringOfTheInfIsThere) {
    const std::string text = inf_text();
    const Inf inf = read_inf(text);
    const std::regex token("(^|[^%])%([A-Za-z][A-Za-z0-9]*)%($|[^%])");
    std::size_t seen = 0;
    for (const auto& [section, lines] : inf.sections)
        for (const std::string& line : lines)
            for (std::sregex_iterator at(line.begin(), line.end(), token), end; at != end; ++at) {
                ++seen;
                EXPECT_THAT(inf.directives("Strings", (*at)[2]), Not(IsEmpty())) << line;
            }
    EXPECT_GT(seen, 5u);
}

/// The models sections that [Manufacturer] names, for this architecture and for older setups.
std::vector<std::string> models_sections(const Inf& inf) {
    std::vector<std::string> all;
    for (const std::string& line : inf.sections.at("manufacturer")) {
        const auto parts = fields(line.substr(line.find('=') + 1));
        for (std::size_t i = 1; i < parts.size(); ++i)
            all.push_back(parts[0] + "." + parts[i]);
        if (inf.has(parts[0]))
            all.push_back(parts[0]);
    }
    return all;
}

TEST_P(PackageTest, EveryModelHasWhatInstallsIt) {
    const Inf inf = read_inf(inf_text());
    const auto models = models_sections(inf);
    const std::string decorated = GetParam().arch == "x64" ? "Rundown.NTamd64" : "Rundown.NTx86";
    EXPECT_THAT(models, Contains(decorated));
    EXPECT_EQ(inf.has("Rundown"), GetParam().arch == "i386");
    for (const std::string& section : models) {
        ASSERT_TRUE(inf.has(section)) << section;
        EXPECT_FALSE(inf.sections.at(lower(section)).empty());
        for (const std::string& line : inf.sections.at(lower(section))) {
            const auto model = fields(line.substr(line.find('=') + 1));
            ASSERT_EQ(model.size(), 2u) << line;
            EXPECT_TRUE(inf.has(model[0])) << line;
            EXPECT_TRUE(inf.has(model[0] + ".Services")) << line;
        }
    }
}

TEST_P(PackageTest, EverySectionThatIsNamedIsThere) {
    const Inf inf = read_inf(inf_text());
    std::size_t seen = 0;
    const auto expect_section = [&](const std::string& name, const std::string& where) {
        ++seen;
        EXPECT_TRUE(inf.has(name)) << "[" << where << "] names [" << name << "]";
    };
    for (const auto& [section, lines] : inf.sections) {
        for (const char* directive : {"AddReg", "DelReg", "CopyFiles", "DelFiles"})
            for (const auto& names : inf.directives(section, directive))
                for (const std::string& name : names)
                    expect_section(name, section);
        for (const auto& service : inf.directives(section, "AddService"))
            for (std::size_t i = 2; i < service.size(); ++i)
                expect_section(service[i], section);
    }
    EXPECT_GE(seen, 4u);
}

TEST_P(PackageTest, EveryFileThatIsCopiedIsInThePackage) {
    const Inf inf = read_inf(inf_text());
    std::size_t copied = 0;
    for (const auto& [section, lines] : inf.sections)
        for (const auto& names : inf.directives(section, "CopyFiles"))
            for (const std::string& name : names)
                for (const std::string& line : inf.sections.at(lower(name))) {
                    const auto file = fields(line);
                    const std::string source =
                        file.size() > 1 && !file[1].empty() ? file[1] : file[0];
                    const auto disks = inf.directives("SourceDisksFiles", source);
                    ASSERT_EQ(disks.size(), 1u) << source;
                    EXPECT_THAT(inf.directives("SourceDisksNames", disks[0][0]), Not(IsEmpty()));
                    EXPECT_TRUE(fs::exists(GetParam().folder / source)) << source;
                    ++copied;
                }
    EXPECT_EQ(copied, 1u);
    EXPECT_THAT(inf.directives("DestinationDirs", "DefaultDestDir"), Not(IsEmpty()));
}

TEST_P(PackageTest, TheServiceRunsTheFileThatIsCopied) {
    const Inf inf = read_inf(inf_text());
    const bool protocol = GetParam().name == "protocol5";
    const std::string install = protocol ? "Protocol5" : "Adapter";
    const auto services = inf.directives(install + ".Services", "AddService");
    ASSERT_EQ(services.size(), 1u);
    const std::string service = services[0][0];
    const auto binary = inf.directives(services[0][2], "ServiceBinary");
    ASSERT_EQ(binary.size(), 1u);
    EXPECT_EQ(binary[0][0], "%12%\\" + service + ".sys");
    EXPECT_EQ(fields(inf.sections.at(lower(install + ".Files"))[0])[0], service + ".sys");
    EXPECT_THAT(
        inf.sections.at(lower(install + ".AddReg")),
        Contains("HKR, Ndi, Service, 0, \"" + service + "\"")
    );
    EXPECT_EQ(inf.directives(services[0][2], "StartType")[0][0], "3");
    EXPECT_EQ(
        inf.directives("Version", "ClassGuid")[0][0],
        protocol ? "{4D36E975-E325-11CE-BFC1-08002BE10318}"
                 : "{4D36E972-E325-11CE-BFC1-08002BE10318}"
    );
}

TEST(PackageIdentity, TheKeyIsItsOwnersAndNotInThePackages) {
    const fs::path key = build_folder() / "package-tools" / "identity" / "key.pem";
    struct stat status = {};
    ASSERT_EQ(::stat(key.c_str(), &status), 0) << key << " is not there: make packages";
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    for (const auto& entry : fs::recursive_directory_iterator(build_folder() / "packages"))
        EXPECT_NE(entry.path().extension(), ".pem") << entry.path();
}

TEST(PackageIdentity, ACertificateAboutToExpireIsTold) {
    const TemporaryDirectory place;
    const std::string tool =
        quoted((build_folder() / "package-tools" / "rundown-catalog").string());
    const std::string folder = quoted(place.path() + "/identity");
    // Made almost ten years ago.
    const ShellOutcome made = shell(
        "SOURCE_DATE_EPOCH=$(($(date +%s) - 3600 * 86400)) " + tool + " certificate " + folder
    );
    EXPECT_EQ(made.exit_code, 1) << made.text;
    EXPECT_THAT(made.text, ContainsRegex("has (49|50) days left"));
    EXPECT_THAT(made.text, HasSubstr("make packages"));
}

TEST(PackageIdentity, WhatCannotBeReadOrHashedIsNamed) {
    const TemporaryDirectory place;
    const std::string tool =
        quoted((build_folder() / "package-tools" / "rundown-catalog").string());
    const ShellOutcome none = shell(tool + " hash " + quoted(place.path() + "/none.sys"));
    EXPECT_EQ(none.exit_code, 1);
    EXPECT_THAT(none.text, HasSubstr("none.sys: No such file"));
    std::string image(512, '\0');
    image[0] = 'M';
    image[1] = 'Z';
    const ShellOutcome odd = shell(tool + " hash " + quoted(place.file("odd.sys", image)));
    EXPECT_EQ(odd.exit_code, 1);
    EXPECT_THAT(odd.text, HasSubstr("odd.sys: it begins as an image, and has no PE header"));
    EXPECT_EQ(shell(tool).exit_code, 2);
    EXPECT_EQ(shell(tool + " make a b --os").exit_code, 1) << "no identity there";
}

}  // namespace
}  // namespace rundown::integration
