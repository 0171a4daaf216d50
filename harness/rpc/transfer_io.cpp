// SPDX-License-Identifier: MIT
// File transfers: chunks as large as the agent takes, and a hash at the end.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <fmt/format.h>

#include "agent/core/sha256.hpp"
#include "rpc/client_io.hpp"

namespace rundown::rpc {

namespace asio = boost::asio;

namespace {

constexpr std::uint64_t kFileBytesMax = 256 << 20;  // Of a file the guest claims to have.

std::string hash_of(const std::string& bytes) {
    std::uint8_t digest[agent::kSha256Bytes];
    agent::sha256(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), digest);
    return std::string(reinterpret_cast<const char*>(digest), sizeof digest);
}

/// The answer, or the refusal in it as an error.
asio::awaitable<result<Response>> ask(
    Client& client, Request request, std::string what, const Deadline& deadline
) {
    auto response = co_await client.call(std::move(request), deadline);
    if (!response) {
        co_return in_context("could not " + what, response.error());
    }
    if (response->status() != 0) {
        co_return fail(
            ErrorKind::refused,
            fmt::format(
                "the guest refused to {}: {} (status 0x{:08X})",
                what,
                response->message(),
                response->status()
            )
        );
    }
    co_return response;
}

}  // namespace

asio::awaitable<result<void>> put_file(
    Client& client, std::string name, std::string bytes, Deadline deadline
) {
    const std::string what = fmt::format("put {} ({} bytes) into the guest", name, bytes.size());
    Request begin;
    begin.mutable_file_put_begin()->set_name(name);
    begin.mutable_file_put_begin()->set_bytes(bytes.size());
    begin.mutable_file_put_begin()->set_sha256(hash_of(bytes));
    const auto begun = co_await ask(client, std::move(begin), what, deadline);
    RUNDOWN_CO_TRY(begun);
    const auto handle = static_cast<std::uint32_t>(begun->value());
    const std::size_t chunk_bytes = client.chunk_bytes();
    for (std::size_t offset = 0; offset < bytes.size(); offset += chunk_bytes) {
        Request chunk;
        chunk.mutable_file_put_chunk()->set_handle(handle);
        chunk.mutable_file_put_chunk()->set_offset(offset);
        chunk.mutable_file_put_chunk()->set_data(bytes.substr(offset, chunk_bytes));
        RUNDOWN_CO_TRY(co_await ask(client, std::move(chunk), what, deadline));
    }
    Request end;
    end.mutable_file_put_end()->set_handle(handle);
    RUNDOWN_CO_TRY(co_await ask(client, std::move(end), what, deadline));
    co_return result<void>{};
}

asio::awaitable<result<std::string>> get_file(Client& client, std::string name, Deadline deadline) {
    const std::string what = fmt::format("get {} from the guest", name);
    Request begin;
    begin.mutable_file_get_begin()->set_name(name);
    const auto begun = co_await ask(client, std::move(begin), what, deadline);
    RUNDOWN_CO_TRY(begun);
    const FileInfo& file = begun->file();
    if (file.bytes() > kFileBytesMax) {
        co_return fail(
            ErrorKind::protocol, fmt::format("the guest says {} has {} bytes", name, file.bytes())
        );
    }
    std::string bytes;
    while (bytes.size() < file.bytes()) {
        Request chunk;
        chunk.mutable_file_get_chunk()->set_handle(file.handle());
        chunk.mutable_file_get_chunk()->set_offset(bytes.size());
        chunk.mutable_file_get_chunk()->set_bytes(static_cast<std::uint32_t>(
            std::min<std::uint64_t>(client.chunk_bytes(), file.bytes() - bytes.size())
        ));
        const auto part = co_await ask(client, std::move(chunk), what, deadline);
        RUNDOWN_CO_TRY(part);
        if (part->data().empty() || part->data().size() > file.bytes() - bytes.size()) {
            co_return fail(
                ErrorKind::protocol,
                fmt::format("the guest sent a chunk of {} bytes of {}", part->data().size(), name)
            );
        }
        bytes += part->data();
    }
    if (hash_of(bytes) != file.sha256()) {
        co_return fail(
            ErrorKind::protocol,
            fmt::format("{} arrived with another hash than the guest told", name)
        );
    }
    co_return bytes;
}

}  // namespace rundown::rpc
