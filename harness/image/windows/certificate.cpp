// SPDX-License-Identifier: MIT
// Certificates by libcrypto, blobs by hand.
#include "image/windows/certificate.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <optional>

#include "image/windows/text.hpp"

namespace rundown::image::windows {
namespace {

struct CertificateFree {
    void operator()(X509* certificate) const { X509_free(certificate); }
};

std::string hex(std::string_view bytes, bool upper) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += upper ? fmt::format("{:02X}", byte) : fmt::format("{:02x}", byte);
    }
    return text;
}

std::string digest(std::string_view bytes, const EVP_MD* kind) {
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), out, &size, kind, nullptr) != 1) {
        return {};
    }
    return {reinterpret_cast<const char*>(out), size};
}

std::optional<std::chrono::sys_seconds> time_of(const ASN1_TIME* time) {
    std::tm broken{};
    if (ASN1_TIME_to_tm(time, &broken) != 1) {
        return std::nullopt;
    }
    using namespace std::chrono;
    const auto day = year_month_day(
        year(broken.tm_year + 1900),
        month(static_cast<unsigned>(broken.tm_mon + 1)),
        std::chrono::day(static_cast<unsigned>(broken.tm_mday))
    );
    return sys_days(day) + hours(broken.tm_hour) + minutes(broken.tm_min) + seconds(broken.tm_sec);
}

void append_dword(std::string& out, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) {
        out.push_back(static_cast<char>(value >> shift & 0xff));
    }
}

void append_property(std::string& out, std::uint32_t number, std::string_view value) {
    append_dword(out, number);
    append_dword(out, 1);
    append_dword(out, static_cast<std::uint32_t>(value.size()));
    out += value;
}

std::uint32_t dword_at(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

/// "Blob"=hex:..., wrapped as regedit writes it: at most 80 columns, a backslash at the end.
std::string hex_value(std::string_view bytes) {
    std::string text = "\"Blob\"=hex:";
    std::size_t column = text.size();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (column > 75) {
            text += "\\\n  ";
            column = 2;
        }
        const bool last = i + 1 == bytes.size();
        text += fmt::format("{:02x}{}", static_cast<unsigned char>(bytes[i]), last ? "" : ",");
        column += 3;
    }
    return text + "\n";
}

}  // namespace

result<CertificateFacts> inspect_certificate(std::string_view der, const std::string& file) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<X509, CertificateFree> certificate(
        d2i_X509(nullptr, &at, static_cast<long>(der.size()))
    );
    const auto* end = reinterpret_cast<const unsigned char*>(der.data()) + der.size();
    if (!certificate || at != end) {
        return fail(ErrorKind::environment, file + " is not a certificate in DER");
    }
    const auto begins = time_of(X509_get0_notBefore(certificate.get()));
    const auto ends = time_of(X509_get0_notAfter(certificate.get()));
    if (!begins || !ends) {
        return fail(ErrorKind::environment, file + " is a certificate without a time of validity");
    }
    char subject[512];
    X509_NAME_oneline(X509_get_subject_name(certificate.get()), subject, sizeof subject);
    const std::uint32_t usage = X509_get_extended_key_usage(certificate.get());
    return CertificateFacts{
        .subject = subject,
        .sha1 = hex(digest(der, EVP_sha1()), true),
        .sha256 = hex(digest(der, EVP_sha256()), false),
        .not_before = *begins,
        .not_after = *ends,
        .for_code_signing = usage == UINT32_MAX || (usage & XKU_CODE_SIGN) != 0,
    };
}

std::string iso_time(std::chrono::sys_seconds time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    return fmt::format(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()),
        clock.hours().count(),
        clock.minutes().count(),
        clock.seconds().count()
    );
}

result<void> check_certificate(
    const CertificateFacts& facts,
    const std::string& now,
    const std::string& soon,
    const std::string& file
) {
    constexpr std::string_view kFix =
        "remove the directory of the built packages and run 'make build' for a new one";
    std::string what;
    if (!facts.for_code_signing) {
        what = "is not for signing code";
    } else if (now < iso_time(facts.not_before)) {
        what = fmt::format("is valid only from {} on", iso_time(facts.not_before));
    } else if (const std::string end = iso_time(facts.not_after); soon >= end) {
        what = fmt::format("{} {}", now >= end ? "expired at" : "expires at", end);
    } else {
        return {};
    }
    return fail(
        ErrorKind::environment, fmt::format("the drivers' certificate {} {}; {}", file, what, kFix)
    );
}

std::string certificate_blob(std::string_view der) {
    std::string blob;
    append_property(blob, kBlobSha1, digest(der, EVP_sha1()));
    append_property(blob, kBlobCertificate, der);
    return blob;
}

result<std::vector<BlobProperty>> parse_certificate_blob(std::string_view blob) {
    std::vector<BlobProperty> properties;
    while (!blob.empty()) {
        if (blob.size() < 12 || dword_at(blob, 4) != 1 || dword_at(blob, 8) > blob.size() - 12) {
            return fail(
                ErrorKind::environment,
                fmt::format("property {} of a certificate's blob is damaged", properties.size() + 1)
            );
        }
        const std::uint32_t size = dword_at(blob, 8);
        properties.push_back({dword_at(blob, 0), std::string(blob.substr(12, size))});
        blob.remove_prefix(12 + size);
    }
    return properties;
}

std::string certificate_reg_file(std::string_view der, const CertificateFacts& facts) {
    const std::string blob = certificate_blob(der);
    std::string text = "Windows Registry Editor Version 5.00\n";
    for (const std::string_view store : {"Root", "TrustedPublisher"}) {
        text += fmt::format(
            "\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\{}\\Certificates\\{}]"
            "\n",
            store,
            facts.sha1
        );
        text += hex_value(blob);
    }
    return with_crlf(text + "\n");
}

}  // namespace rundown::image::windows
