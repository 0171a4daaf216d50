// SPDX-License-Identifier: MIT
// image/windows/certificate.hpp
//
// The certificate our drivers are signed with, as Windows's own stores keep it. Systems without
// certutil (XP) get it as a registry file: in HKLM, the value Blob of the key
// SOFTWARE/Microsoft/SystemCertificates/<store>/Certificates/<SHA-1>. It is a row of properties:
// number, 1, length, value, each a little-endian DWORD but the value ([MS-GPEF] 2.2.1.1.1,
// "Certificate BLOB Properties"). Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rundown::image::windows {

struct CertificateFacts {
    std::string subject;
    std::string sha1;    // 40 upper-case hexadecimal digits: the key's name in a store.
    std::string sha256;  // 64 lower-case ones.
    std::chrono::sys_seconds not_before;
    std::chrono::sys_seconds not_after;
    bool for_code_signing = false;  // Its extended key usage, if it has one, names code signing.
};

/// Reads a DER certificate. Errors begin with `file`; kind: environment.
result<CertificateFacts> inspect_certificate(std::string_view der, const std::string& file);

/// Refuses a certificate that cannot sign drivers, is not valid `now` yet or no longer at `soon`
/// (both as iso_time() writes them, and calendar_io.hpp); the sentence says how to have a new one.
result<void> check_certificate(
    const CertificateFacts& facts,
    const std::string& now,
    const std::string& soon,
    const std::string& file
);

/// The value Blob of the certificate.
std::string certificate_blob(std::string_view der);

struct BlobProperty {
    std::uint32_t number = 0;
    std::string value;
};

/// Reads such a value. Error: a length that does not fit, a second DWORD that is not 1.
result<std::vector<BlobProperty>> parse_certificate_blob(std::string_view blob);

inline constexpr std::uint32_t kBlobSha1 = 3;
inline constexpr std::uint32_t kBlobCertificate = 32;

/// A registry file ("Windows Registry Editor Version 5.00", CR LF, UTF-8 here: see utf16le()) that
/// puts the certificate into Root and TrustedPublisher of the machine.
std::string certificate_reg_file(std::string_view der, const CertificateFacts& facts);

/// "2036-11-24T00:00:00Z"
std::string iso_time(std::chrono::sys_seconds time);

}  // namespace rundown::image::windows
