// SPDX-License-Identifier: MIT
// catalog/identity.cpp
//
// The key that signs test packages and its self-signed certificate: made once in a build directory,
// worth nothing anywhere but in guests that are told to trust it.
#include <cstdio>
#include <ctime>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <sys/stat.h>

#include "package/catalog/signing.hpp"

namespace catalog
{
namespace
{

constexpr int kKeyBits = 2048;
constexpr int64_t kDay = 24 * 60 * 60;
constexpr long kVersion3 = 2;
constexpr mode_t kOwnerOnly = 0600;

void
require(bool good, const char *what)
{
    if (!good) {
        throw std::runtime_error(what);
    }
}

using File = std::unique_ptr<std::FILE, Freer<std::fclose>>;

File
open_file(const std::string &path, const char *mode)
{
    File file(std::fopen(path.c_str(), mode));

    if (file == nullptr) {
        throw std::runtime_error("cannot open " + path);
    }
    return file;
}

void
close_written(File file, const std::string &path)
{
    if (std::fclose(file.release()) != 0) {
        throw std::runtime_error("cannot write " + path);
    }
}

void
add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);

    const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value));

    require(
        extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1,
        "cannot extend the certificate");
}

void
set_serial(X509 *certificate)
{
    uint8_t random[8];

    require(RAND_bytes(random, sizeof(random)) == 1, "no random numbers");
    random[0] = static_cast<uint8_t>((random[0] & 0x7f) | 0x40); // Positive, and of full length.

    uint64_t serial = 0;

    for (const uint8_t byte : random) {
        serial = serial << 8 | byte;
    }
    require(
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) == 1,
        "cannot number the certificate");
}

void
set_validity(X509 *certificate, int64_t now, int years)
{
    const int64_t begin = now - kDay, end = now + 365 * kDay * years;

    require(
        ASN1_TIME_set(X509_getm_notBefore(certificate), begin) != nullptr &&
            ASN1_TIME_set(X509_getm_notAfter(certificate), end) != nullptr,
        "cannot date the certificate");
}

} // namespace

Identity
make_identity(const std::string &name, int64_t now, int years)
{
    Identity identity{
        std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>(EVP_RSA_gen(kKeyBits)),
        std::unique_ptr<X509, Freer<X509_free>>(X509_new())};
    X509 *certificate = identity.certificate.get();

    require(identity.key != nullptr && certificate != nullptr, "cannot make a key");
    require(X509_set_version(certificate, kVersion3) == 1, "cannot make a certificate");
    set_serial(certificate);
    set_validity(certificate, now, years);

    X509_NAME *subject = X509_get_subject_name(certificate);

    require(
        X509_NAME_add_entry_by_txt(
            subject,
            "CN",
            MBSTRING_ASC,
            reinterpret_cast<const unsigned char *>(name.c_str()),
            -1,
            -1,
            0) == 1 &&
            X509_set_issuer_name(certificate, subject) == 1 &&
            X509_set_pubkey(certificate, identity.key.get()) == 1,
        "cannot name the certificate");
    add_extension(certificate, NID_ext_key_usage, "codeSigning");
    add_extension(certificate, NID_key_usage, "digitalSignature");
    add_extension(certificate, NID_subject_key_identifier, "hash");
    require(
        X509_sign(certificate, identity.key.get(), EVP_sha256()) != 0,
        "cannot sign the certificate");
    return identity;
}

void
store_identity(
    const Identity &identity,
    const std::string &key_file,
    const std::string &pem_file,
    const std::string &der_file)
{
    const mode_t before = umask(~kOwnerOnly & 0777);
    File key = open_file(key_file, "w");

    umask(before);
    require(
        PEM_write_PrivateKey(
            key.get(), identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
        "cannot write the key");
    close_written(std::move(key), key_file);

    File der = open_file(der_file, "wb");

    require(i2d_X509_fp(der.get(), identity.certificate.get()) == 1, "cannot write it as DER");
    close_written(std::move(der), der_file);

    // Last, because it is what a build looks for.
    File pem = open_file(pem_file, "w");

    require(PEM_write_X509(pem.get(), identity.certificate.get()) == 1, "cannot write it as PEM");
    close_written(std::move(pem), pem_file);
}

Identity
load_identity(const std::string &key_file, const std::string &pem_file)
{
    const File key = open_file(key_file, "r"), pem = open_file(pem_file, "r");
    Identity identity{
        std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>(
            PEM_read_PrivateKey(key.get(), nullptr, nullptr, nullptr)),
        std::unique_ptr<X509, Freer<X509_free>>(
            PEM_read_X509(pem.get(), nullptr, nullptr, nullptr))};

    require(
        identity.key != nullptr && identity.certificate != nullptr,
        "key or certificate cannot be read");
    require(
        X509_check_private_key(identity.certificate.get(), identity.key.get()) == 1,
        "the certificate is not the key's");
    return identity;
}

int
days_left(const Identity &identity, int64_t now)
{
    const std::unique_ptr<ASN1_TIME, Freer<ASN1_TIME_free>> today(ASN1_TIME_set(nullptr, now));
    int days = 0, seconds = 0;

    require(
        ASN1_TIME_diff(
            &days, &seconds, today.get(), X509_get0_notAfter(identity.certificate.get())) == 1,
        "the certificate's dates cannot be read");
    return seconds < 0 ? days - 1 : days;
}

} // namespace catalog
