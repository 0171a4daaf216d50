// SPDX-License-Identifier: MIT
// rundown-agent.exe loads wherever XP's libraries are: nothing else is imported, and the subsystem
// version in its header is XP's (i386) and Server 2003's (x86-64).
#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "integration/support/program.hpp"

namespace rundown::integration {
namespace {

/// What a command printed; the test fails when it ended badly.
std::string output_of(const std::string& command) {
    FILE* pipe = ::popen(command.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    if (pipe == nullptr) {
        return {};
    }
    std::string out;
    std::array<char, 4096> bytes;
    while (const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), pipe)) {
        out.append(bytes.data(), count);
    }
    EXPECT_EQ(::pclose(pipe), 0) << command;
    return out;
}

std::string lower(std::string text) {
    for (char& c : text) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return text;
}

/// "kernel32.dll CreateFileW" of each import.
std::set<std::string> imports_in(const std::string& headers) {
    std::set<std::string> imports;
    std::istringstream lines(headers);
    std::string library;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first, second, third;
        words >> first >> second >> third;
        if (first.empty()) {
            library.clear();  // The end of one library's list.
        } else if (first == "DLL" && second == "Name:") {
            library = lower(third);
        } else if (!library.empty() && line.starts_with('\t') && !third.empty() &&
                   third != "Member-Name") {
            imports.insert(library + " " + third);
        }
    }
    return imports;
}

std::set<std::string> allowed_imports() {
    std::set<std::string> allowed;
    std::ifstream file(
        std::string(RUNDOWN_SOURCE_DIR) + "/drivers/agent/win32/allowed_imports.txt"
    );
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string library;
        words >> library;
        if (library.empty() || library[0] == '#') {
            continue;
        }
        library.pop_back();
        for (std::string name; words >> name;) {
            allowed.insert(library + " " + name);
        }
    }
    return allowed;
}

struct Build {
    const char* folder;
    const char* minor;  // Of the subsystem's version.
};

class Win32Imports : public testing::TestWithParam<Build> {};

TEST_P(Win32Imports, AreThoseOfEverySystem) {
    const std::string program = built(std::string(GetParam().folder) + "/rundown-agent.exe");
    const std::string headers = output_of("x86_64-w64-mingw32-objdump -p '" + program + "'");
    const std::set<std::string> imports = imports_in(headers);
    const std::set<std::string> allowed = allowed_imports();
    EXPECT_GT(imports.size(), 100u) << "objdump's output was not understood";
    for (const std::string& import : imports) {
        EXPECT_TRUE(allowed.contains(import)) << import << " in " << program;
    }
    EXPECT_NE(headers.find("MajorSubsystemVersion\t5\n"), std::string::npos);
    EXPECT_NE(
        headers.find(std::string("MinorSubsystemVersion\t") + GetParam().minor + "\n"),
        std::string::npos
    );
}

INSTANTIATE_TEST_SUITE_P(
    Builds,
    Win32Imports,
    testing::Values(Build{"drivers-x64", "2"}, Build{"drivers-i386", "1"}),
    [](const auto& info) { return info.index == 0 ? std::string("x64") : std::string("i386"); }
);

}  // namespace
}  // namespace rundown::integration
