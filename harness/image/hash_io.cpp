// SPDX-License-Identifier: MIT
#include "image/hash_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/file_io.hpp"

namespace rundown::image {
namespace {

constexpr std::size_t kBlock = 1 << 20;

class Sha256 {
  public:
    Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
    }
    void update(const void* bytes, std::size_t count) {
        EVP_DigestUpdate(context_.get(), bytes, count);
    }
    std::string digits() {
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned length = 0;
        EVP_DigestFinal_ex(context_.get(), digest, &length);
        std::string text;
        for (unsigned i = 0; i < length; ++i) {
            text += fmt::format("{:02x}", digest[i]);
        }
        return text;
    }

  private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256(std::string_view bytes) {
    Sha256 hash;
    hash.update(bytes.data(), bytes.size());
    return hash.digits();
}

result<std::string> sha256_of_file(const std::string& path, const Watch& watch) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return cannot_read(path, errno);
    }
    Sha256 hash;
    std::vector<char> block(kBlock);
    for (;;) {
        const ssize_t got = ::read(fd, block.data(), block.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        const int error_number = errno;
        const bool cancelled = watch.cancelled && watch.cancelled();
        if (got <= 0 || cancelled) {
            ::close(fd);
            if (cancelled) {
                return fail(ErrorKind::cancelled, fmt::format("stopped while reading {}", path));
            }
            if (got < 0) {
                return cannot_read(path, error_number);
            }
            return hash.digits();
        }
        hash.update(block.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace rundown::image
