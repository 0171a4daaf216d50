// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include "run/debug_log_io.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace rundown::run {

namespace asio = boost::asio;

struct DebugLine::State {
    State(guest::Guest::SerialStream from, std::string to, std::function<void()> news)
        : stream(std::move(from)), path(std::move(to)), on_news(std::move(news)) {}
    ~State() { close(); }

    void keep(std::string_view came) {
        bytes += came.size();
        const std::uint64_t room = written < kFileMax ? kFileMax - written : 0;
        const auto part = came.substr(0, static_cast<std::size_t>(room));
        left_out += came.size() - part.size();
        if (file == nullptr || part.empty()) {
            return;
        }
        if (std::fwrite(part.data(), 1, part.size(), file) != part.size() ||
            std::fflush(file) != 0) {
            complain();
        }
        written += part.size();
    }

    void complain() {
        if (!error) {
            error = fail(
                ErrorKind::environment,
                fmt::format("cannot write {}: {}", path, std::strerror(errno))
            );
        }
    }

    void close() {
        boost::system::error_code ignored;
        stream.close(ignored);
        if (file != nullptr && std::fclose(file) != 0) {
            complain();
        }
        file = nullptr;
        on_news = nullptr;
    }

    guest::Guest::SerialStream stream;
    std::string path;
    std::function<void()> on_news;
    std::FILE* file = nullptr;
    std::uint64_t bytes = 0;
    std::uint64_t written = 0;
    std::uint64_t left_out = 0;
    std::optional<Error> error;
    DebugLog log;
    bool told = false;
};

namespace {

/// Holds the state itself: the run may let go of the line while a read is under way.
template <class State>
asio::awaitable<void> read_on(std::shared_ptr<State> state) {
    std::array<char, 4096> buffer;
    for (;;) {
        const auto [error, count] = co_await state->stream.async_read_some(
            asio::buffer(buffer), asio::as_tuple(asio::use_awaitable)
        );
        if (error) {
            co_return;
        }
        const std::string_view came(buffer.data(), count);
        state->keep(came);
        const std::string answer = state->log.feed(came);
        if (!answer.empty()) {
            const auto [failed, sent] = co_await asio::async_write(
                state->stream, asio::buffer(answer), asio::as_tuple(asio::use_awaitable)
            );
            if (failed) {
                co_return;
            }
        }
        const bool news =
            state->log.stands_still() || (state->log.bug_check() && state->log.visits().empty());
        if (news && !state->told && state->on_news) {
            state->told = true;
            const auto tell = state->on_news;  // It may close the line.
            tell();
        }
    }
}

}  // namespace

result<std::unique_ptr<DebugLine>> DebugLine::start(
    guest::Guest::SerialStream stream, const std::string& path, std::function<void()> on_news
) {
    auto state = std::make_shared<State>(std::move(stream), path, std::move(on_news));
    state->file = std::fopen(path.c_str(), "wbe");
    if (state->file == nullptr) {
        return fail(
            ErrorKind::environment, fmt::format("cannot write {}: {}", path, std::strerror(errno))
        );
    }
    asio::co_spawn(state->stream.get_executor(), read_on(state), asio::detached);
    return std::unique_ptr<DebugLine>(new DebugLine(std::move(state)));
}

DebugLine::~DebugLine() {
    state_->close();
}

const DebugLog& DebugLine::log() const {
    return state_->log;
}
std::uint64_t DebugLine::bytes() const {
    return state_->bytes;
}
std::uint64_t DebugLine::bytes_left_out() const {
    return state_->left_out;
}
const std::optional<Error>& DebugLine::error() const {
    return state_->error;
}
void DebugLine::close() {
    state_->close();
}

}  // namespace rundown::run
