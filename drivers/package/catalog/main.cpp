// SPDX-License-Identifier: MIT
// catalog/main.cpp
//
// rundown-catalog: what the packages' build needs beyond a compiler.
//
//   certificate FOLDER          makes key.pem, certificate.pem and certificate.der unless they are
//                               there; fails when the certificate has less than 90 days left
//   hash FILE...                what a catalog would say of each file: kind, SHA-1, SHA-256
//   make FOLDER CATALOG [--os SYSTEMS] [--os-attribute VERSIONS] [--hardware-id ID]... FILE...
//                               a catalog of the files, signed with the identity in FOLDER
//
// Exit code 0, 1 when something failed (on standard error), 2 for a wrong command line.
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "package/catalog/signing.hpp"
#include "package/catalog/trust_list.hpp"

namespace
{

using catalog::Bytes;
namespace fs = std::filesystem;

constexpr int kYears = 10, kDaysWarned = 90;
constexpr size_t kIdentifierBytes = 16;

struct Usage : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct IdentityFiles {
    std::string key, pem, der;

    explicit IdentityFiles(const fs::path &folder)
        : key(folder / "key.pem"), pem(folder / "certificate.pem"), der(folder / "certificate.der")
    {
    }
};

/// SOURCE_DATE_EPOCH, for builds that are to come out the same each time, or now.
int64_t
build_time()
{
    const char *fixed = std::getenv("SOURCE_DATE_EPOCH");

    return fixed != nullptr ? std::strtoll(fixed, nullptr, 10)
                            : static_cast<int64_t>(std::time(nullptr));
}

Bytes
read_file(const std::string &path)
{
    std::ifstream file(path, std::ios::binary);

    if (!file) {
        throw std::runtime_error("cannot open " + path + ": " + std::strerror(errno));
    }

    Bytes bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};

    if (file.bad()) {
        throw std::runtime_error("cannot read " + path);
    }
    return bytes;
}

void
write_file(const std::string &path, const Bytes &bytes)
{
    std::ofstream file(path, std::ios::binary | std::ios::trunc);

    file.write(
        reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) {
        throw std::runtime_error("cannot write " + path);
    }
}

catalog::Member
member_of(const std::string &path)
{
    const Bytes file = read_file(path);

    try {
        const catalog::HashedBytes hashed = catalog::hashed_bytes(file);

        return {
            fs::path(path).filename(),
            hashed.kind,
            catalog::digest(catalog::Hash::Sha1, hashed.ranges),
            catalog::digest(catalog::Hash::Sha256, hashed.ranges)};
    } catch (const std::runtime_error &error) {
        throw std::runtime_error(path + ": " + error.what());
    }
}

void
certificate(const std::string &folder)
{
    const IdentityFiles files(folder);

    if (!fs::exists(files.pem)) {
        fs::create_directories(folder);
        catalog::store_identity(
            catalog::make_identity("rundown test signing", build_time(), kYears),
            files.key,
            files.pem,
            files.der);
    }

    const catalog::Identity identity = catalog::load_identity(files.key, files.pem);
    const int left = catalog::days_left(identity, static_cast<int64_t>(std::time(nullptr)));

    if (left < kDaysWarned) {
        throw std::runtime_error(
            "the test certificate in " + folder + " has " + std::to_string(left) +
            " days left. Remove that folder and build the packages again (make packages); guests "
            "that trust the old one must be built again, too");
    }
}

void
hash(const std::vector<std::string> &files)
{
    for (const std::string &file : files) {
        const catalog::Member member = member_of(file);

        std::cout << (member.kind == catalog::FileKind::PeImage ? "pe " : "flat ")
                  << catalog::hexadecimal(member.sha1) << ' ' << catalog::hexadecimal(member.sha256)
                  << ' ' << member.name << '\n';
    }
}

/// Options and files of `make`, after the first two arguments.
catalog::Contents
contents_of(const std::vector<std::string> &arguments)
{
    catalog::Contents contents;

    for (size_t i = 0; i < arguments.size(); ++i) {
        const std::string &argument = arguments[i];

        if (!argument.starts_with("--")) {
            contents.members.push_back(member_of(argument));
            continue;
        }
        if (i + 1 == arguments.size()) {
            throw Usage(argument + " wants a value");
        }

        const std::string &value = arguments[++i];

        if (argument == "--os") {
            contents.systems = value;
        } else if (argument == "--os-attribute") {
            contents.os_attribute = value;
        } else if (argument == "--hardware-id") {
            contents.hardware_ids.push_back(value);
        } else {
            throw Usage("no such option: " + argument);
        }
    }
    if (contents.members.empty()) {
        throw Usage("a catalog of no files");
    }
    return contents;
}

void
make(const std::string &folder, const std::string &path, const std::vector<std::string> &rest)
{
    const IdentityFiles files(folder);
    const catalog::Identity identity = catalog::load_identity(files.key, files.pem);
    catalog::Contents contents = contents_of(rest);
    Bytes hashes;

    contents.made_at = build_time();
    // Another catalog for other files, the same one for the same.
    for (const catalog::Member &member : contents.members) {
        hashes.insert(hashes.end(), member.sha256.begin(), member.sha256.end());
    }
    contents.identifier = catalog::digest(catalog::Hash::Sha256, {hashes});
    contents.identifier.resize(kIdentifierBytes);
    write_file(path, catalog::sign_catalog(catalog::trust_list(contents), identity));
}

void
perform(const std::vector<std::string> &arguments)
{
    const std::string command = arguments.empty() ? "" : arguments[0];

    if (command == "certificate" && arguments.size() == 2) {
        certificate(arguments[1]);
    } else if (command == "hash" && arguments.size() >= 2) {
        hash({arguments.begin() + 1, arguments.end()});
    } else if (command == "make" && arguments.size() >= 4) {
        make(arguments[1], arguments[2], {arguments.begin() + 3, arguments.end()});
    } else {
        throw Usage("certificate FOLDER | hash FILE... | make FOLDER CATALOG [OPTIONS] FILE...");
    }
}

} // namespace

int
main(int count, char **arguments)
{
    try {
        perform({arguments + 1, arguments + count});
        return 0;
    } catch (const Usage &usage) {
        std::cerr << "rundown-catalog: " << usage.what() << '\n';
        return 2;
    } catch (const std::exception &error) {
        std::cerr << "rundown-catalog: " << error.what() << '\n';
        return 1;
    }
}
