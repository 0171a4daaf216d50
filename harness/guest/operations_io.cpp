// SPDX-License-Identifier: MIT
#pragma GCC diagnostic ignored \
    "-Wmismatched-new-delete"  // GCC 12 takes inlined coroutine frames for mismatches.
#include "guest/operations_io.hpp"

#include <fmt/format.h>
#include <libvirt/libvirt.h>
#include <unistd.h>

#include <functional>

#include "guest/initialize_io.hpp"

namespace rundown::guest {

namespace {

constexpr const char* kNoDisplay = "the guest has no display: choose Display::vga";

/// A command whose answer says nothing.
GuestAwaitable<void> perform(Guest& guest, std::string command, Deadline deadline) {
    const auto reply = co_await guest.qmp(std::move(command), deadline);
    RUNDOWN_CO_TRY(reply);
    co_return result<void>();
}

GuestAwaitable<void> change_medium(
    Guest& guest, std::string id, std::string file, std::string_view mode, Deadline deadline
) {
    std::string command = qmp_command(
        "blockdev-change-medium",
        {{"id", json_text(id)},
         {"filename", json_text(file)},
         {"format", json_text("raw")},
         {"force", "true"},
         {"read-only-mode", json_text(mode)}}
    );
    co_return co_await perform(guest, std::move(command), deadline);
}

result<void> check_cd(const Guest& guest, std::size_t index) {
    if (index < guest.spec().cdroms.size())
        return {};
    return fail(ErrorKind::usage, fmt::format("the guest has no CD drive {}", index));
}

result<void> check_medium(const std::string& file) {
    if (file.starts_with('/') && ::access(file.c_str(), R_OK) == 0)
        return {};
    return fail(ErrorKind::environment, fmt::format("the medium {} cannot be read", file));
}

std::string key_list(const std::vector<std::string>& keys) {
    std::string list;
    for (const std::string& key : keys)
        list += fmt::format(
            "{}{{\"type\":\"qcode\",\"data\":{}}}", list.empty() ? "" : ",", json_text(key)
        );
    return "[" + list + "]";
}

}  // namespace

GuestAwaitable<void> screenshot(Guest& guest, std::string path, Deadline deadline) {
    if (guest.spec().display == Display::none)
        co_return fail(ErrorKind::usage, kNoDisplay);
    std::string command =
        qmp_command("screendump", {{"filename", json_text(path)}, {"format", json_text("png")}});
    co_return co_await perform(guest, std::move(command), deadline);
}

GuestAwaitable<void> send_keys(Guest& guest, std::vector<std::string> keys, Deadline deadline) {
    std::string command = qmp_command("send-key", {{"keys", key_list(keys)}});
    co_return co_await perform(guest, std::move(command), deadline);
}

GuestAwaitable<void> type_text(Guest& guest, std::string text, Deadline deadline) {
    for (const char c : text)
        if (keys_of(c).empty())
            co_return fail(
                ErrorKind::usage, fmt::format("\"{}\" cannot be typed on a US keyboard", text)
            );
    for (const char c : text)
        RUNDOWN_CO_TRY(co_await send_keys(guest, keys_of(c), deadline));
    co_return result<void>();
}

GuestAwaitable<void> dump(Guest& guest, std::string path, DumpFormat format, Deadline deadline) {
    // Through libvirt and not by QMP alone: libvirt 9.0 crashes, and this process with it, at the
    // DUMP_COMPLETED of a dump that it knows nothing of.
    const unsigned libvirt_format = format == DumpFormat::elf ? VIR_DOMAIN_CORE_DUMP_FORMAT_RAW
                                                              : VIR_DOMAIN_CORE_DUMP_FORMAT_WIN_DMP;
    const std::function<result<void>(virDomainPtr)> call =
        [path, libvirt_format](virDomainPtr domain) -> result<void> {
        if (virDomainCoreDumpWithFormat(
                domain, path.c_str(), libvirt_format, VIR_DUMP_MEMORY_ONLY
            ) == 0)
            return {};
        return fail(
            ErrorKind::hypervisor, "QEMU could not dump the guest: " + last_libvirt_error()
        );
    };
    const auto done = co_await guest.call_libvirt("the dump of the guest's memory", call, deadline);
    if (!done)
        ::unlink(path.c_str());
    co_return done;
}

GuestAwaitable<void> inject_nmi(Guest& guest, Deadline deadline) {
    co_return co_await perform(guest, qmp_command("inject-nmi"), deadline);
}

GuestAwaitable<std::vector<DriveStatistics>> drive_statistics(Guest& guest, Deadline deadline) {
    const auto reply = co_await guest.qmp(qmp_command("query-blockstats"), deadline);
    RUNDOWN_CO_TRY(reply);
    co_return parse_drive_statistics(*reply);
}

GuestAwaitable<void> set_panic_action(Guest& guest, PanicAction action, Deadline deadline) {
    const char* word = action == PanicAction::pause ? "pause" : "none";
    std::string command = qmp_command("set-action", {{"panic", json_text(word)}});
    co_return co_await perform(guest, std::move(command), deadline);
}

GuestAwaitable<void> insert_cd(
    Guest& guest, std::size_t index, std::string file, Deadline deadline
) {
    RUNDOWN_CO_TRY(check_cd(guest, index));
    RUNDOWN_CO_TRY(check_medium(file));
    co_return co_await change_medium(guest, cdrom_id(index), file, "read-only", deadline);
}

GuestAwaitable<void> eject_cd(Guest& guest, std::size_t index, Deadline deadline) {
    RUNDOWN_CO_TRY(check_cd(guest, index));
    std::string command =
        qmp_command("eject", {{"id", json_text(cdrom_id(index))}, {"force", "true"}});
    co_return co_await perform(guest, std::move(command), deadline);
}

GuestAwaitable<void> insert_floppy(Guest& guest, std::string file, Deadline deadline) {
    if (!guest.spec().floppy)
        co_return fail(ErrorKind::usage, "the guest has no floppy drive");
    RUNDOWN_CO_TRY(check_medium(file));
    const char* mode = guest.spec().floppy->read_only ? "read-only" : "read-write";
    co_return co_await change_medium(guest, std::string(kFloppyId), file, mode, deadline);
}

GuestAwaitable<void> reset(Guest& guest, Deadline deadline) {
    co_return co_await perform(guest, qmp_command("system_reset"), deadline);
}

GuestAwaitable<void> pause(Guest& guest, Deadline deadline) {
    co_return co_await perform(guest, qmp_command("stop"), deadline);
}

GuestAwaitable<void> resume(Guest& guest, Deadline deadline) {
    co_return co_await perform(guest, qmp_command("cont"), deadline);
}

GuestAwaitable<std::vector<int>> processor_threads(Guest& guest, Deadline deadline) {
    const auto reply = co_await guest.qmp(qmp_command("query-cpus-fast"), deadline);
    RUNDOWN_CO_TRY(reply);
    co_return parse_processor_threads(*reply);
}

}  // namespace rundown::guest
