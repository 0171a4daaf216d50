// SPDX-License-Identifier: MIT
// catalog/der.cpp
#include "package/catalog/der.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <stdexcept>
#include <string>

namespace catalog
{
namespace der
{
namespace
{

constexpr uint8_t kInteger = 0x02, kNull = 0x05, kOid = 0x06, kUtcTime = 0x17, kBmpString = 0x1e;

/// Bytes of a number, most significant first, without leading zeros; one byte at least.
Bytes
big_endian(uint64_t number)
{
    Bytes bytes;

    do {
        bytes.insert(bytes.begin(), static_cast<uint8_t>(number));
        number >>= 8;
    } while (number != 0);
    return bytes;
}

/// Base 128, the high bit on all but the last byte.
void
append_arc(Bytes &to, uint64_t arc)
{
    Bytes bytes;

    do {
        const auto more = static_cast<uint8_t>(bytes.empty() ? 0 : 0x80);

        bytes.insert(bytes.begin(), static_cast<uint8_t>((arc & 0x7f) | more));
        arc >>= 7;
    } while (arc != 0);
    to.insert(to.end(), bytes.begin(), bytes.end());
}

std::vector<uint64_t>
arcs_of(std::string_view dotted)
{
    std::vector<uint64_t> arcs;
    const char *at = dotted.data(), *const end = at + dotted.size();

    while (at != end) {
        uint64_t arc = 0;
        const auto [next, error] = std::from_chars(at, end, arc);

        if (error != std::errc() || (next != end && *next != '.')) {
            throw std::invalid_argument("not an object identifier: " + std::string(dotted));
        }
        arcs.push_back(arc);
        at = next == end ? end : next + 1;
    }
    if (arcs.size() < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39)) {
        throw std::invalid_argument("not an object identifier: " + std::string(dotted));
    }
    return arcs;
}

} // namespace

Bytes
value(uint8_t tag, const Bytes &contents)
{
    Bytes encoded = {tag};

    if (contents.size() < 0x80) {
        encoded.push_back(static_cast<uint8_t>(contents.size()));
    } else {
        const Bytes length = big_endian(contents.size());

        encoded.push_back(static_cast<uint8_t>(0x80 | length.size()));
        encoded.insert(encoded.end(), length.begin(), length.end());
    }
    encoded.insert(encoded.end(), contents.begin(), contents.end());
    return encoded;
}

Bytes
concatenate(const std::vector<Bytes> &parts)
{
    Bytes all;

    for (const Bytes &part : parts) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

Bytes
sequence(const std::vector<Bytes> &parts)
{
    return value(kSequence, concatenate(parts));
}

Bytes
set_of(std::vector<Bytes> parts)
{
    std::sort(parts.begin(), parts.end());
    return value(kSet, concatenate(parts));
}

Bytes
integer(uint64_t number)
{
    Bytes bytes = big_endian(number);

    if ((bytes.front() & 0x80) != 0) {
        bytes.insert(bytes.begin(), 0); // Positive.
    }
    return value(kInteger, bytes);
}

Bytes
null()
{
    return value(kNull, {});
}

Bytes
octets(const Bytes &contents)
{
    return value(kOctets, contents);
}

Bytes
oid(std::string_view dotted)
{
    const std::vector<uint64_t> arcs = arcs_of(dotted);
    Bytes bytes;

    append_arc(bytes, 40 * arcs[0] + arcs[1]);
    for (size_t i = 2; i < arcs.size(); ++i) {
        append_arc(bytes, arcs[i]);
    }
    return value(kOid, bytes);
}

Bytes
bmp_string(std::string_view ascii)
{
    return value(kBmpString, utf16_big(ascii));
}

Bytes
utc_time(int64_t seconds)
{
    const auto time = static_cast<time_t>(seconds);
    tm parts = {};
    char text[16];

    gmtime_r(&time, &parts);

    const size_t length = std::strftime(text, sizeof(text), "%y%m%d%H%M%SZ", &parts);

    return value(kUtcTime, Bytes(text, text + length));
}

Bytes
contents(const Bytes &encoded)
{
    const size_t header = encoded.at(1) < 0x80 ? 2 : 2 + (encoded[1] & 0x7fu);

    return Bytes(encoded.begin() + static_cast<ptrdiff_t>(header), encoded.end());
}

Bytes
attribute(std::string_view type, const Bytes &value)
{
    return sequence({oid(type), set_of({value})});
}

Bytes
algorithm(std::string_view dotted)
{
    return sequence({oid(dotted), null()});
}

} // namespace der

Bytes
utf16(std::string_view ascii, bool terminated)
{
    Bytes bytes;

    for (const char c : ascii) {
        bytes.insert(bytes.end(), {static_cast<uint8_t>(c), 0});
    }
    if (terminated) {
        bytes.insert(bytes.end(), {0, 0});
    }
    return bytes;
}

Bytes
utf16_big(std::string_view ascii)
{
    Bytes bytes;

    for (const char c : ascii) {
        bytes.insert(bytes.end(), {0, static_cast<uint8_t>(c)});
    }
    return bytes;
}

} // namespace catalog
