// SPDX-License-Identifier: MIT
// catalog/der.hpp
//
// DER (ITU-T X.690), as much of it as a catalog needs: every function returns one whole encoded
// value.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace catalog
{

using Bytes = std::vector<uint8_t>;

namespace der
{

constexpr uint8_t kOctets = 0x04, kSequence = 0x30, kSet = 0x31;

/// A context-specific tag: constructed ([n] EXPLICIT, or IMPLICIT over something constructed).
constexpr uint8_t
context(uint8_t number)
{
    return static_cast<uint8_t>(0xa0 | number);
}

/// A context-specific tag: primitive ([n] IMPLICIT over something primitive).
constexpr uint8_t
context_primitive(uint8_t number)
{
    return static_cast<uint8_t>(0x80 | number);
}

/// Tag, length and contents.
Bytes value(uint8_t tag, const Bytes &contents);

Bytes concatenate(const std::vector<Bytes> &parts);
Bytes sequence(const std::vector<Bytes> &parts);

/// SET OF: the parts in the order DER wants, ascending by their encoding.
Bytes set_of(std::vector<Bytes> parts);

Bytes integer(uint64_t number);
Bytes null();
Bytes octets(const Bytes &contents);

/// An object identifier from its dotted form, which must be one.
Bytes oid(std::string_view dotted);

/// Attribute ::= SEQUENCE { type, SET OF value }, of one value.
Bytes attribute(std::string_view type, const Bytes &value);

/// AlgorithmIdentifier without parameters.
Bytes algorithm(std::string_view dotted);

/// BMPString of ASCII text.
Bytes bmp_string(std::string_view ascii);

/// UTCTime of seconds since 1970, of a year from 1950 to 2049.
Bytes utc_time(int64_t seconds);

/// The contents of an encoded value, without its tag and length.
Bytes contents(const Bytes &encoded);

} // namespace der

/// ASCII text in UTF-16LE, with or without the final NUL.
Bytes utf16(std::string_view ascii, bool terminated);

/// The same in UTF-16BE, without a NUL.
Bytes utf16_big(std::string_view ascii);

} // namespace catalog
