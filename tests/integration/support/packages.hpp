// SPDX-License-Identifier: MIT
// integration/support/packages.hpp
//
// The driver packages that `make packages` has built, and INF files read as setup reads them.
#pragma once

#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace rundown::integration {

struct Package {
    std::string arch;  // x64, i386.
    std::string name;  // protocol5, e1000, virtionet.
    std::filesystem::path folder;
    std::filesystem::path file(const std::string& extension) const {
        return folder / (name + "." + extension);
    }
};

inline void PrintTo(const Package& package, std::ostream* out) {
    *out << package.arch << "/" << package.name;
}

/// Where the build is: $RUNDOWN_ASSETS, or the program's folder.
std::filesystem::path build_folder();

/// All six, whether they are there or not.
std::vector<Package> packages();

std::vector<std::uint8_t> read_bytes(const std::filesystem::path& path);

/// The certificate guests are told to trust as PEM, from its DER.
std::string trusted_certificate_pem();

/// An INF: each section's lines, comments and blanks taken off. Section names in lower case.
struct Inf {
    std::map<std::string, std::vector<std::string>> sections;
    bool has(const std::string& section) const;
    /// The values of a directive in a section: what is behind the `=`, at its commas.
    std::vector<std::vector<std::string>> directives(
        const std::string& section, const std::string& name
    ) const;
};

Inf read_inf(const std::string& text);
std::string lower(std::string text);
/// Splits at commas outside of quotes, and takes the blanks off.
std::vector<std::string> fields(const std::string& line);

/// "dll function" of every import of an image, the module in lower case, as objdump lists them.
std::vector<std::pair<std::string, std::string>> imports(const std::filesystem::path& image);

}  // namespace rundown::integration
