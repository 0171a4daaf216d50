// SPDX-License-Identifier: MIT
#include "support/windows_cases.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <map>
#include <memory>

namespace rundown::tests {
namespace {

using namespace image;
using namespace image::windows;

void add_extension(X509* certificate, int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

std::string make_certificate(int days) {
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(X509_new(), X509_free);
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), "20260101000000Z");
    const std::int64_t ends = 1767225600 + std::int64_t{days} * 86400;
    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), ends);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    const auto* text = reinterpret_cast<const unsigned char*>("rundown test");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    add_extension(certificate.get(), NID_ext_key_usage, "codeSigning");
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    unsigned char* der = nullptr;
    const int size = i2d_X509(certificate.get(), &der);
    const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    return bytes;
}

BuiltForArch built_for(const std::string& arch) {
    BuiltForArch built;
    built.agent = "/built/agent-" + arch + "/rundown-agent.exe";
    for (const std::string name : {"e1000", "protocol5", "virtionet"}) {
        const std::string folder = fmt::format("/built/packages/{}/{}/", arch, name);
        built.packages.push_back(
            {name,
             name + ".inf",
             {folder + name + ".cat", folder + name + ".inf", folder + name + ".sys"}}
        );
    }
    return built;
}

void add_cases(
    std::vector<WindowsCase>& cases, const WindowsSystem& system, Arch arch, Firmware firmware
) {
    WindowsCase plain{
        .system = &system, .arch = arch, .firmware = firmware, .bus = system.disk_bus};
    plain.product_key = system.style == InstallerStyle::text_mode;
    plain.name = fmt::format("{} {} {}", system.id, to_string(arch), to_string(firmware));
    cases.push_back(plain);
    WindowsCase with_nics = plain;
    with_nics.our_nics = with_nics.virtio = true;
    with_nics.name += " our-nics";
    cases.push_back(with_nics);
    if (system.style == InstallerStyle::text_mode) {
        return;
    }
    for (const DiskBus bus : {DiskBus::virtio, DiskBus::scsi, DiskBus::ide}) {
        WindowsCase other = plain;
        other.bus = bus;
        other.virtio = bus != DiskBus::ide;
        other.product_key = bus != DiskBus::scsi;
        other.name += fmt::format(" {}", to_string(bus));
        cases.push_back(other);
    }
}

}  // namespace

std::vector<WindowsCase> all_windows_cases() {
    std::vector<WindowsCase> cases;
    for (const auto& system : all_systems()) {
        for (const Arch arch : {Arch::i386, Arch::x86_64}) {
            if (!has_arch(system, arch)) {
                continue;
            }
            if (system.bios) {
                add_cases(cases, system, arch, Firmware::bios);
            }
            if (system.uefi && arch == Arch::x86_64) {
                add_cases(cases, system, arch, Firmware::uefi);
            }
        }
    }
    return cases;
}

std::string test_certificate(int days) {
    static std::map<int, std::string> made;
    auto& der = made[days];
    if (der.empty()) {
        der = make_certificate(days);
    }
    return der;
}

std::vector<std::string> virtio_tree() {
    std::vector<std::string> files = {"virtio-win_license.txt", "guest-agent/qemu-ga-x86_64.msi"};
    for (const std::string name : {"NetKVM", "viostor", "vioscsi", "fwcfg", "pvpanic"}) {
        std::string stem;
        for (const char c : name) {
            stem += static_cast<char>(std::tolower(c));
        }
        for (const std::string folder :
             {"xp",
              "2k3",
              "2k8",
              "w7",
              "2k8R2",
              "w8",
              "2k12",
              "w8.1",
              "2k12R2",
              "w10",
              "w11",
              "2k16",
              "2k19",
              "2k22",
              "2k25"}) {
            const bool old = folder == "xp" || folder == "2k3";
            if (old && name != "NetKVM" && name != "viostor") {
                continue;
            }
            for (const std::string arch : {"x86", "amd64"}) {
                for (const std::string extension : {"inf", "sys", "cat", "pdb"}) {
                    files.push_back(
                        fmt::format("{}/{}/{}/{}.{}", name, folder, arch, stem, extension)
                    );
                }
            }
        }
    }
    return files;
}

WimImage wim_image(const WindowsSystem& system, Arch arch) {
    WimImage image;
    image.index = 6;
    image.name = std::string(system.title) + (system.server ? " SERVERSTANDARD" : " Pro");
    image.edition_id = system.server ? "ServerStandard" : "Professional";
    image.arch = arch;
    image.server = system.server;
    image.version_major = system.version_major;
    image.version_minor = system.version_minor;
    image.build = system.build_min;
    image.languages = {"en-US", "de-DE"};
    return image;
}

WindowsRequest request_for(const WindowsCase& windows_case) {
    WindowsRequest request;
    request.ask.kind = ImageKind::windows;
    request.ask.iso = "/media/windows.iso";
    request.ask.firmware = windows_case.firmware;
    if (windows_case.bus != windows_case.system->disk_bus) {
        request.ask.disk_bus = windows_case.bus;
    }
    if (windows_case.product_key) {
        request.ask.product_key = kTestKey;
    }
    if (windows_case.our_nics) {
        request.ask.nic_drivers = DriverSource::ours;
    }
    request.built_i386 = built_for("i386");
    request.built_x64 = built_for("x64");
    request.certificate_file = "/built/packages/rundown-test.cer";
    request.certificate_der = test_certificate();
    request.now = kTestNow;
    request.soon = kTestSoon;
    return request;
}

WindowsMedia media_for(const WindowsCase& windows_case) {
    const WindowsSystem& system = *windows_case.system;
    WindowsMedia media;
    media.medium.path = "/media/windows.iso";
    media.medium.kind = ImageKind::windows;
    media.medium.style = system.style;
    media.medium.bios_bootable = true;
    media.medium.uefi_bootable = system.uefi;
    if (system.style == InstallerStyle::text_mode) {
        const bool xp64 = system.id == "xp" && windows_case.arch == Arch::x86_64;
        media.medium.arch = windows_case.arch;
        media.medium.os_version = system.id == "xp" && !xp64 ? "5.1" : "5.2";
        media.medium.os_name = xp64 ? "Windows XP x64" : std::string(system.title);
        media.medium.source_folder = windows_case.arch == Arch::i386 ? "I386" : "AMD64";
    } else {
        media.medium.install_file = "sources/install.wim";
        media.images = {wim_image(system, windows_case.arch)};
    }
    if (windows_case.virtio) {
        media.virtio_iso = "/media/virtio-win.iso";
        media.virtio_files = virtio_tree();
    }
    return media;
}

std::string bytes_of(const std::vector<PlannedFile>& files, const std::string& path) {
    for (const auto& file : files) {
        if (file.path == path) {
            return file.bytes;
        }
    }
    ADD_FAILURE() << path << " is not among the planned files";
    return {};
}

}  // namespace rundown::tests
