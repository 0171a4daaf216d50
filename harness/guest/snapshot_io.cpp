// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include "guest/snapshot_io.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/file_io.hpp"
#include "guest/held_file_io.hpp"
#include "guest/operations_io.hpp"
#include "guest/text_file_io.hpp"

namespace rundown::guest {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr Milliseconds kBetweenLooks{5};
/// QEMU's name of the file descriptor it is handed.
constexpr const char* kStateName = "rundown-state";
/// As fast as the disk takes it: the machine stands still.
constexpr const char* kBandwidth = "1000000000000";

class OpenFile {
  public:
    OpenFile(const std::string& path, int flags) : fd_(::open(path.c_str(), flags, 0600)) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    ~OpenFile() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    int fd() const { return fd_; }

  private:
    int fd_;
};

GuestAwaitable<void> perform(Guest& guest, std::string command, Deadline deadline) {
    const auto reply = co_await guest.qmp(std::move(command), deadline);
    RUNDOWN_CO_TRY(reply);
    co_return result<void>();
}

/// Waits until the state has been written, or read.
GuestAwaitable<void> transferred(Guest& guest, Deadline deadline) {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    while (true) {
        const auto reply = co_await guest.qmp(qmp_command("query-migrate"), deadline);
        RUNDOWN_CO_TRY(reply);
        const auto work = parse_migration_progress(*reply);
        RUNDOWN_CO_TRY(work);
        if (work->state == BackgroundState::completed)
            co_return result<void>();
        if (work->state == BackgroundState::failed)
            co_return fail(
                ErrorKind::hypervisor, "QEMU could not transfer the machine's state: " + work->words
            );
        if (deadline.passed(Clock::now()))
            co_return deadline.expired();
        pause.expires_after(kBetweenLooks);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

/// Hands QEMU the file and has it write the state there ("migrate") or read it
/// ("migrate-incoming").
GuestAwaitable<void> transfer(
    Guest& guest, const char* direction, const OpenFile& file, Deadline deadline
) {
    std::string hand = qmp_command("getfd", {{"fdname", json_text(kStateName)}});
    const auto handed = co_await guest.qmp_with_file(std::move(hand), file.fd(), deadline);
    RUNDOWN_CO_TRY(handed);
    std::string uri = json_text(fmt::format("fd:{}", kStateName));
    std::string command = qmp_command(direction, {{"uri", uri}});
    RUNDOWN_CO_TRY(co_await perform(guest, std::move(command), deadline));
    co_return co_await transferred(guest, deadline);
}

/// The machine stands still already.
GuestAwaitable<void> write_state(Guest& guest, std::string path, Deadline deadline) {
    const OpenFile file(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW);
    if (file.fd() < 0)
        co_return cannot_write(path, errno);
    std::string unbounded = qmp_command("migrate-set-parameters", {{"max-bandwidth", kBandwidth}});
    RUNDOWN_CO_TRY(co_await perform(guest, std::move(unbounded), deadline));
    co_return co_await transfer(guest, "migrate", file, deadline);
}

result<void> check_can_be_saved(const Guest& guest, const std::string& path) {
    if (!guest.spec().snapshots)
        return fail(ErrorKind::usage, "a guest is saved only when its spec has `snapshots`");
    std::error_code error;
    if (!path.starts_with('/') || fs::exists(path, error))
        return fail(
            ErrorKind::usage, fmt::format("a snapshot needs a new file, and {} is none", path)
        );
    return {};
}

/// The description first: a state file without one is never seen.
result<void> publish(
    HeldFile& draft, const std::string& path, const GuestSpec& spec, const std::string& qemu_version
) {
    std::error_code error;
    const auto bytes = fs::file_size(draft.path(), error);
    if (error)
        return cannot_read(draft.path(), error.value());
    const SnapshotRecord record{hardware_of(spec, qemu_version), bytes};
    RUNDOWN_TRY(write_whole_file(snapshot_record_path(path), to_json(record)));
    fs::rename(draft.path(), path, error);
    if (!error)
        return {};
    ::unlink(snapshot_record_path(path).c_str());
    return cannot_write(path, error.value());
}

}  // namespace

asio::awaitable<result<void>> save(
    Hypervisor& hypervisor, Guest& guest, std::string path, Deadline deadline
) {
    RUNDOWN_CO_TRY(check_can_be_saved(guest, path));
    const fs::path target(path);
    const std::string draft_path = throw_away_path(
        target.parent_path().string(), guest.names().domain + "-" + target.filename().string()
    );
    auto draft = HeldFile::claim(hypervisor, draft_path);
    if (!draft)
        co_return draft.error();
    RUNDOWN_CO_TRY(co_await pause(guest, deadline));
    result<void> saved = co_await write_state(guest, draft_path, deadline);
    if (saved)
        saved = publish(*draft, path, guest.spec(), hypervisor.qemu_version());
    if (!saved) {
        // A machine whose state could not be written is as it was, and goes on.
        static_cast<void>(co_await resume(guest, deadline));
    }
    co_return saved;
}

result<void> check_snapshot(const GuestSpec& spec, const std::string& qemu_version) {
    const std::string description = snapshot_record_path(spec.resume_from);
    std::error_code error;
    if (!fs::exists(description, error))
        return fail(
            ErrorKind::environment, fmt::format("the snapshot {} does not exist", spec.resume_from)
        );
    const auto record = snapshot_record_from_json(read_text_file(description), description);
    RUNDOWN_TRY(record);
    if (fs::file_size(spec.resume_from, error) != record->state_bytes || error)
        return fail(
            ErrorKind::environment,
            fmt::format("the snapshot {} is not whole: take it anew", spec.resume_from)
        );
    return check_fits(*record, hardware_of(spec, qemu_version), spec.resume_from);
}

asio::awaitable<result<void>> load_state(Guest& guest, Deadline deadline) {
    const std::string& path = guest.spec().resume_from;
    const OpenFile file(path, O_RDONLY | O_CLOEXEC);
    if (file.fd() < 0)
        co_return cannot_read(path, errno);
    // Nobody else has this guest's addresses, and frames it did not send would be found on the
    // wire.
    std::string silent = qmp_command("migrate-set-parameters", {{"announce-rounds", "0"}});
    RUNDOWN_CO_TRY(co_await perform(guest, std::move(silent), deadline));
    RUNDOWN_CO_TRY(co_await transfer(guest, "migrate-incoming", file, deadline));
    if (guest.spec().start_paused)
        co_return result<void>();
    co_return co_await resume(guest, deadline);
}

}  // namespace rundown::guest
