// SPDX-License-Identifier: MIT
// catalog/signing.hpp
//
// What needs libcrypto: hashes, the self-signed test certificate, and PKCS #7 around a trust list.
// Everything that fails throws std::runtime_error, saying what.
#pragma once
#include <memory>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string>

#include "package/catalog/authenticode.hpp"
#include "package/catalog/der.hpp"

namespace catalog
{

enum class Hash { Sha1, Sha256 };

Bytes digest(Hash hash, const std::vector<std::span<const uint8_t>> &ranges);

template <auto Free> struct Freer {
    template <typename T> void operator()(T *object) const
    {
        Free(object);
    }
};

/// A key and its certificate.
struct Identity {
    std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> key;
    std::unique_ptr<X509, Freer<X509_free>> certificate;
};

/// An RSA key with a self-signed certificate for code signing, valid from a day before `now` (the
/// guest's clock may be behind) for `years`.
Identity make_identity(const std::string &name, int64_t now, int years);

/// Private key and certificate as PEM, the certificate as DER too; the key is readable by its owner
/// only.
void store_identity(
    const Identity &identity,
    const std::string &key_file,
    const std::string &pem_file,
    const std::string &der_file);
Identity load_identity(const std::string &key_file, const std::string &pem_file);

/// Days from `now` until the certificate expires; negative when it has.
int days_left(const Identity &identity, int64_t now);

/// The catalog: signed data over `trust_list`, the certificate in it, signed with SHA-256.
Bytes sign_catalog(const Bytes &trust_list, const Identity &identity);

} // namespace catalog
