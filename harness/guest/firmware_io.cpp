// SPDX-License-Identifier: MIT
#include "guest/firmware_io.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace rundown::guest {

namespace {

struct FlashNames {
    const char* code;
    const char* vars;
};

/// Of Debian, Ubuntu and Fedora. Those of 4 MiB first: what newer systems write into the variables
/// does not fit into the others.
constexpr FlashNames kNames[] = {
    {"OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"},
    {"OVMF_CODE.fd", "OVMF_VARS.fd"},
};
constexpr const char* kDirectories[] = {"/usr/share/OVMF", "/usr/share/edk2/ovmf"};

bool readable(const std::string& path) {
    return ::access(path.c_str(), R_OK) == 0;
}

}  // namespace

result<UefiSpec> find_ovmf() {
    std::vector<std::string> directories(std::begin(kDirectories), std::end(kDirectories));
    if (const char* given = std::getenv("RUNDOWN_OVMF"); given && *given)
        directories = {given};
    for (const std::string& directory : directories) {
        for (const FlashNames& names : kNames) {
            const std::string code = directory + "/" + names.code;
            const std::string vars = directory + "/" + names.vars;
            if (readable(code) && readable(vars))
                return UefiSpec{code, vars, {}};
        }
    }
    return fail(
        ErrorKind::environment,
        "the UEFI firmware OVMF was not found: install it with \"apt-get install ovmf\""
    );
}

}  // namespace rundown::guest
