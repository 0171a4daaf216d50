// SPDX-License-Identifier: MIT
// catalog/signing.cpp
//
// PKCS #7 1.5 (RFC 2315) as Authenticode uses it: the digest is over the content without its tag
// and length, and what is signed is the set of authenticated attributes.
#include "package/catalog/signing.hpp"

#include "package/catalog/trust_list.hpp"

namespace catalog
{
namespace
{

constexpr std::string_view kSignedData = "1.2.840.113549.1.7.2";
constexpr std::string_view kContentType = "1.2.840.113549.1.9.3";
constexpr std::string_view kMessageDigest = "1.2.840.113549.1.9.4";
constexpr std::string_view kRsa = "1.2.840.113549.1.1.1";
constexpr std::string_view kSha256 = "2.16.840.1.101.3.4.2.1";
constexpr std::string_view kOpusInfo = "1.3.6.1.4.1.311.2.1.12";
constexpr std::string_view kStatementType = "1.3.6.1.4.1.311.2.1.11";
constexpr std::string_view kIndividual = "1.3.6.1.4.1.311.2.1.21";

/// What libcrypto encodes.
template <typename Encoder, typename Object>
Bytes
encoded(Encoder encoder, Object *object)
{
    uint8_t *data = nullptr;
    const int length = encoder(object, &data);

    if (length < 0) {
        throw std::runtime_error("libcrypto cannot encode the certificate");
    }

    Bytes bytes(data, data + length);

    OPENSSL_free(data);
    return bytes;
}

/// RSA, PKCS #1 1.5, SHA-256.
Bytes
sign(const Bytes &what, EVP_PKEY *key)
{
    const std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
    size_t length = 0;

    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &length, what.data(), what.size()) != 1) {
        throw std::runtime_error("the key cannot sign");
    }

    Bytes signature(length);

    if (EVP_DigestSign(context.get(), signature.data(), &length, what.data(), what.size()) != 1) {
        throw std::runtime_error("signing failed");
    }
    signature.resize(length);
    return signature;
}

Bytes
signer_info(const Bytes &trust_list, const Identity &identity)
{
    const Bytes content = der::contents(trust_list);
    const X509 *certificate = identity.certificate.get();
    const Bytes issuer_and_serial = der::sequence(
        {encoded(i2d_X509_NAME, X509_get_issuer_name(certificate)),
         encoded(i2d_ASN1_INTEGER, X509_get0_serialNumber(certificate))});
    const Bytes attributes = der::set_of(
        {der::attribute(kContentType, der::oid(kTrustListOid)),
         der::attribute(kMessageDigest, der::octets(digest(Hash::Sha256, {content}))),
         der::attribute(kStatementType, der::sequence({der::oid(kIndividual)})),
         der::attribute(kOpusInfo, der::sequence({}))});

    return der::sequence(
        {der::integer(1),
         issuer_and_serial,
         der::algorithm(kSha256),
         der::value(der::context(0), der::contents(attributes)),
         der::algorithm(kRsa),
         der::octets(sign(attributes, identity.key.get()))});
}

} // namespace

Bytes
digest(Hash hash, const std::vector<std::span<const uint8_t>> &ranges)
{
    const std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
    const EVP_MD *algorithm = hash == Hash::Sha1 ? EVP_sha1() : EVP_sha256();
    Bytes result(EVP_MAX_MD_SIZE);
    unsigned length = 0;
    bool good = EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1;

    for (const auto &range : ranges) {
        good = good && EVP_DigestUpdate(context.get(), range.data(), range.size()) == 1;
    }
    if (!good || EVP_DigestFinal_ex(context.get(), result.data(), &length) != 1) {
        throw std::runtime_error("hashing failed");
    }
    result.resize(length);
    return result;
}

Bytes
sign_catalog(const Bytes &trust_list, const Identity &identity)
{
    const Bytes content =
        der::sequence({der::oid(kTrustListOid), der::value(der::context(0), trust_list)});
    const Bytes signed_data = der::sequence(
        {der::integer(1),
         der::set_of({der::algorithm(kSha256)}),
         content,
         der::value(der::context(0), encoded(i2d_X509, identity.certificate.get())),
         der::set_of({signer_info(trust_list, identity)})});

    return der::sequence({der::oid(kSignedData), der::value(der::context(0), signed_data)});
}

} // namespace catalog
