// SPDX-License-Identifier: MIT
// catalog/trust_list.cpp
//
// The structures are those of wintrust.h and mscat.h (CTL_INFO, CRYPTCATATTRIBUTE, CAT_MEMBERINFO,
// SIP_INDIRECT_DATA) in the encodings of wincrypt.h, and of "Windows Authenticode Portable
// Executable Signature Format". Names below are those of the headers.
#include "package/catalog/trust_list.hpp"

#include <algorithm>
#include <utility>

namespace catalog
{
namespace
{

constexpr std::string_view kCatalogList = "1.3.6.1.4.1.311.12.1.1";
constexpr std::string_view kCatalogListMember = "1.3.6.1.4.1.311.12.1.2";
constexpr std::string_view kNameValue = "1.3.6.1.4.1.311.12.2.1";
constexpr std::string_view kMemberInfo = "1.3.6.1.4.1.311.12.2.2";
constexpr std::string_view kIndirectData = "1.3.6.1.4.1.311.2.1.4";
constexpr std::string_view kPeImageData = "1.3.6.1.4.1.311.2.1.15";
constexpr std::string_view kLink = "1.3.6.1.4.1.311.2.1.25";
constexpr std::string_view kSha1 = "1.3.14.3.2.26", kSha256 = "2.16.840.1.101.3.4.2.1";

// Subject interface packages: who knows how to hash the file.
constexpr std::string_view kPeSubject = "{C689AAB8-8E78-11D0-8C47-00C04FC295EE}";
constexpr std::string_view kFlatSubject = "{DE351A42-8E59-11D0-8C47-00C04FC295EE}";

// CRYPTCAT_ATTR_AUTHENTICATED | CRYPTCAT_ATTR_NAMEASCII | CRYPTCAT_ATTR_DATAASCII.
constexpr uint64_t kAttributeFlags = 0x10010001;
constexpr uint64_t kMemberVersion = 0x200;

Bytes
name_value(std::string_view name, std::string_view text)
{
    return der::sequence(
        {der::bmp_string(name), der::integer(kAttributeFlags), der::octets(utf16(text, true))});
}

/// SpcLink, choice file [2], SpcString, choice unicode [0]: a field that says nothing any more.
Bytes
obsolete_link()
{
    return der::value(
        der::context(2), der::value(der::context_primitive(0), utf16_big("<<<Obsolete>>>")));
}

/// SpcAttributeTypeAndOptionalValue.
Bytes
subject_data(FileKind kind)
{
    if (kind == FileKind::Flat) {
        return der::sequence({der::oid(kLink), obsolete_link()});
    }

    const Bytes flags = {0x03, 0x02, 0x05, 0xa0}; // BIT STRING 101: include all of the image.
    const Bytes image_data = der::sequence({flags, der::value(der::context(0), obsolete_link())});

    return der::sequence({der::oid(kPeImageData), image_data});
}

/// SpcIndirectDataContent.
Bytes
indirect_data(FileKind kind, std::string_view hash_oid, const Bytes &hash)
{
    return der::sequence(
        {subject_data(kind), der::sequence({der::algorithm(hash_oid), der::octets(hash)})});
}

Bytes
member_info(FileKind kind)
{
    return der::sequence(
        {der::bmp_string(kind == FileKind::PeImage ? kPeSubject : kFlatSubject),
         der::integer(kMemberVersion)});
}

/// TrustedSubject: tagged with the hash in hexadecimal digits, as makecat does.
Bytes
trusted_subject(
    const Member &member,
    std::string_view hash_oid,
    const Bytes &hash,
    std::string_view os_attribute)
{
    return der::sequence(
        {der::octets(utf16(hexadecimal(hash), true)),
         der::set_of(
             {der::attribute(kNameValue, name_value("File", member.name)),
              der::attribute(kNameValue, name_value("OSAttr", os_attribute)),
              der::attribute(kMemberInfo, member_info(member.kind)),
              der::attribute(kIndirectData, indirect_data(member.kind, hash_oid, hash))})});
}

/// Sorted by their tags, so that they can be searched.
Bytes
trusted_subjects(const Contents &contents)
{
    std::vector<std::pair<Bytes, Bytes>> tagged;

    for (const Member &member : contents.members) {
        tagged.emplace_back(
            member.sha1, trusted_subject(member, kSha1, member.sha1, contents.os_attribute));
        tagged.emplace_back(
            member.sha256, trusted_subject(member, kSha256, member.sha256, contents.os_attribute));
    }
    std::sort(tagged.begin(), tagged.end());

    std::vector<Bytes> subjects;

    for (auto &[tag, subject] : tagged) {
        subjects.push_back(std::move(subject));
    }
    return der::sequence(subjects);
}

/// Extension ::= SEQUENCE { id, value OCTET STRING }: an attribute of the catalog as a whole.
Bytes
extension(std::string_view name, std::string_view text)
{
    return der::sequence({der::oid(kNameValue), der::octets(name_value(name, text))});
}

Bytes
extensions(const Contents &contents)
{
    std::vector<Bytes> all;

    for (size_t i = 0; i < contents.hardware_ids.size(); ++i) {
        all.push_back(extension("HWID" + std::to_string(i + 1), contents.hardware_ids[i]));
    }
    all.push_back(extension("OS", contents.systems));
    return der::value(der::context(0), der::sequence(all));
}

} // namespace

Bytes
trust_list(const Contents &contents)
{
    return der::sequence(
        {der::sequence({der::oid(kCatalogList)}),
         der::octets(contents.identifier),
         der::utc_time(contents.made_at),
         der::algorithm(kCatalogListMember),
         trusted_subjects(contents),
         extensions(contents)});
}

std::string
hexadecimal(const Bytes &bytes)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;

    for (const uint8_t byte : bytes) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

} // namespace catalog
