// SPDX-License-Identifier: MIT
#include "image/windows/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "support/windows_cases.hpp"

namespace rundown::image::windows {
namespace {

using testing::HasSubstr;
using tests::kTestNow;
using tests::kTestSoon;
using tests::test_certificate;

CertificateFacts facts_of(const std::string& der) {
    const auto facts = inspect_certificate(der, "test.cer");
    EXPECT_TRUE(facts) << facts.error().sentence;
    return facts ? *facts : CertificateFacts{};
}

TEST(Certificate, IsInspected) {
    const auto facts = facts_of(test_certificate());
    EXPECT_EQ(facts.subject, "/CN=rundown test");
    EXPECT_EQ(facts.sha1.size(), 40u);
    EXPECT_EQ(facts.sha256.size(), 64u);
    EXPECT_TRUE(facts.for_code_signing);
    EXPECT_EQ(iso_time(facts.not_before), "2026-01-01T00:00:00Z");
    EXPECT_EQ(iso_time(facts.not_after), "2035-12-30T00:00:00Z");
}

TEST(Certificate, WhatIsNone) {
    const std::string der = test_certificate();
    for (const auto& bad :
         {std::string(),
          std::string("-----BEGIN CERTIFICATE-----"),
          der.substr(0, der.size() - 1),
          der + "x"}) {
        const auto facts = inspect_certificate(bad, "test.cer");
        ASSERT_FALSE(facts);
        EXPECT_EQ(facts.error().sentence, "test.cer is not a certificate in DER");
    }
}

TEST(Certificate, ThatEndsSoonIsRefused) {
    const auto good = facts_of(test_certificate());
    EXPECT_TRUE(check_certificate(good, kTestNow, kTestSoon, "c"));
    const auto ended = facts_of(test_certificate(100));
    EXPECT_THAT(
        check_certificate(ended, kTestNow, kTestSoon, "c.cer").error().sentence,
        HasSubstr("certificate c.cer expired at 2026-04-11T00:00:00Z; remove")
    );
    const auto ending = facts_of(test_certificate(340));
    EXPECT_THAT(
        check_certificate(ending, kTestNow, kTestSoon, "c").error().sentence,
        HasSubstr("expires at")
    );
    EXPECT_TRUE(check_certificate(ending, kTestNow, "2026-11-29T00:00:00Z", "c"));
    EXPECT_THAT(
        check_certificate(good, "2025-12-31T23:00:00Z", "2026-02-01T00:00:00Z", "c")
            .error()
            .sentence,
        HasSubstr("is valid only from")
    );
    auto other = good;
    other.for_code_signing = false;
    EXPECT_THAT(
        check_certificate(other, kTestNow, kTestSoon, "c").error().sentence,
        HasSubstr("signing code")
    );
}

TEST(CertificateBlob, ParsedBackIsTheCertificate) {
    const std::string der = test_certificate();
    const auto properties = parse_certificate_blob(certificate_blob(der));
    ASSERT_TRUE(properties);
    ASSERT_EQ(properties->size(), 2u);
    EXPECT_EQ(properties->at(0).number, kBlobSha1);
    EXPECT_EQ(properties->at(0).value.size(), 20u);
    EXPECT_EQ(properties->at(1).number, kBlobCertificate);
    EXPECT_EQ(properties->at(1).value, der);
    EXPECT_EQ(facts_of(properties->at(1).value).sha1, facts_of(der).sha1);
}

TEST(CertificateBlob, ADamagedOneIsNoticed) {
    const std::string blob = certificate_blob(test_certificate());
    EXPECT_FALSE(parse_certificate_blob(blob.substr(0, blob.size() - 1)));
    EXPECT_FALSE(parse_certificate_blob(blob.substr(0, 11)));
    std::string other = blob;
    other[4] = 2;
    EXPECT_FALSE(parse_certificate_blob(other));
    other = blob;
    other[11] = '\x7f';
    EXPECT_FALSE(parse_certificate_blob(other));
    EXPECT_TRUE(parse_certificate_blob("")->empty());
}

/// The bytes of a hex: value whose first line is `line`, its continuations read from `text`.
std::string hex_bytes(std::string line, std::istream& text) {
    std::string digits = line.substr(line.find("hex:") + 4);
    while (digits.ends_with("\\")) {
        digits.pop_back();
        std::getline(text, line);
        line.erase(std::remove(line.begin(), line.end(), '\r'), line.end());
        EXPECT_TRUE(line.starts_with("  "));
        EXPECT_LE(line.size(), 80u);
        digits += line.substr(2);
    }
    std::string bytes;
    std::istringstream pairs(digits);
    for (std::string pair; std::getline(pairs, pair, ',');) {
        EXPECT_EQ(pair.size(), 2u);
        bytes.push_back(static_cast<char>(std::stoi(pair, nullptr, 16)));
    }
    return bytes;
}

TEST(CertificateRegFile, PutsTheBlobIntoBothStores) {
    const std::string der = test_certificate();
    const auto facts = facts_of(der);
    std::istringstream text(certificate_reg_file(der, facts));
    std::vector<std::string> keys;
    std::string line;
    std::getline(text, line);
    EXPECT_EQ(line, "Windows Registry Editor Version 5.00\r");
    while (std::getline(text, line)) {
        ASSERT_TRUE(line.ends_with("\r")) << line;
        line.pop_back();
        if (line.starts_with("[")) {
            keys.push_back(line);
        } else if (line.starts_with("\"Blob\"=hex:")) {
            EXPECT_EQ(hex_bytes(line, text), certificate_blob(der));
        } else {
            EXPECT_EQ(line, "");
        }
    }
    const std::string root = "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\";
    EXPECT_THAT(
        keys,
        testing::ElementsAre(
            root + "Root\\Certificates\\" + facts.sha1 + "]",
            root + "TrustedPublisher\\Certificates\\" + facts.sha1 + "]"
        )
    );
}

}  // namespace
}  // namespace rundown::image::windows
