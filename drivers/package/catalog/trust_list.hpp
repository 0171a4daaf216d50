// SPDX-License-Identifier: MIT
// catalog/trust_list.hpp
//
// What a catalog says, before anybody signs it: a certificate trust list (szOID_CTL) whose subjects
// are files by their hashes. Pure: hashes come in, DER goes out.
#pragma once
#include <string>
#include <vector>

#include "package/catalog/authenticode.hpp"
#include "package/catalog/der.hpp"

namespace catalog
{

constexpr std::string_view kTrustListOid = "1.3.6.1.4.1.311.10.1";

/// A file that is in the catalog. With both hashes it has two entries: systems up to Windows 7 look
/// files up by SHA-1, later ones by SHA-256 first.
struct Member {
    std::string name; ///< Without a path.
    FileKind kind;
    Bytes sha1;
    Bytes sha256;
};

struct Contents {
    Bytes identifier;         ///< 16 bytes, another one for every catalog.
    int64_t made_at;          ///< Seconds since 1970.
    std::string systems;      ///< The catalog's "OS", as inf2cat writes it: "XPX86,7X86".
    std::string os_attribute; ///< Each member's "OSAttr": "2:5.1,2:6.1".
    std::vector<std::string> hardware_ids;
    std::vector<Member> members;
};

/// The encoded CertificateTrustList.
Bytes trust_list(const Contents &contents);

/// Upper-case hexadecimal digits.
std::string hexadecimal(const Bytes &bytes);

} // namespace catalog
