// SPDX-License-Identifier: MIT
#include "guest/guest_event.hpp"

#include <fmt/format.h>
#include <libvirt/libvirt.h>

#include <boost/json.hpp>

namespace rundown::guest {

namespace {

namespace json = boost::json;

/// The string member `name` of a JSON object; "" when there is none. QMP data comes from QEMU but
/// is still only text.
std::string text_member(const json::value& value, std::string_view name) {
    const json::object* object = value.if_object();
    const json::value* member = object ? object->if_contains(name) : nullptr;
    const json::string* text = member ? member->if_string() : nullptr;
    return text ? std::string(text->c_str()) : std::string();
}

bool true_member(const json::value& value, std::string_view name) {
    const json::object* object = value.if_object();
    const json::value* member = object ? object->if_contains(name) : nullptr;
    const bool* flag = member ? member->if_bool() : nullptr;
    return flag && *flag;
}

std::uint64_t number_member(const json::value& value, std::string_view name) {
    const json::object* object = value.if_object();
    const json::value* member = object ? object->if_contains(name) : nullptr;
    if (member && member->is_uint64())
        return member->get_uint64();
    // QEMU writes numbers above 2^63 as what they are; small ones come as signed.
    return member && member->is_int64() ? static_cast<std::uint64_t>(member->get_int64()) : 0;
}

/// GUEST_PANICKED's "info"; pvpanic's events have none.
GuestPanic panic_of(const json::value& details) {
    const json::object* object = details.if_object();
    const json::value* info = object ? object->if_contains("info") : nullptr;
    if (!info)
        return {PanicSource::pvpanic, 0, {}};
    if (text_member(*info, "type") != "hyper-v")
        return {};
    GuestPanic panic{PanicSource::hyperv, number_member(*info, "arg1"), {}};
    for (std::size_t index = 0; index < panic.parameters.size(); ++index)
        panic.parameters[index] = number_member(*info, fmt::format("arg{}", index + 2));
    return panic;
}

/// "ua-disk0: write: No space left on device"
std::string disk_error_of(const json::value& details) {
    const std::string device = text_member(details, "qom-path");
    const auto ours = device.find("ua-");
    return fmt::format(
        "{}: {}: {}",
        ours == std::string::npos ? text_member(details, "node-name") : device.substr(ours),
        text_member(details, "operation"),
        text_member(details, "reason")
    );
}

}  // namespace

std::string sentence_of(const GuestPanic& panic) {
    switch (panic.source) {
        case PanicSource::unknown:
            break;
        case PanicSource::pvpanic:
            return "the guest signalled a panic (pvpanic)";
        case PanicSource::hyperv:
            return fmt::format(
                "the guest stopped with STOP {:#x} ({:#x}, {:#x}, {:#x}, {:#x})",
                panic.code,
                panic.parameters[0],
                panic.parameters[1],
                panic.parameters[2],
                panic.parameters[3]
            );
    }
    return "the guest signalled a panic";
}

std::string_view to_string(GuestEventKind kind) {
    switch (kind) {
        case GuestEventKind::none:
            return "none";
        case GuestEventKind::powering_off:
            return "powering_off";
        case GuestEventKind::reset:
            return "reset";
        case GuestEventKind::panicked:
            return "panicked";
        case GuestEventKind::crash_loaded:
            return "crash_loaded";
        case GuestEventKind::resumed:
            return "resumed";
        case GuestEventKind::paused:
            return "paused";
        case GuestEventKind::device_deleted:
            return "device_deleted";
        case GuestEventKind::disk_error:
            return "disk_error";
        case GuestEventKind::dump_completed:
            return "dump_completed";
        case GuestEventKind::stopped:
            return "stopped";
        case GuestEventKind::died:
            return "died";
    }
    return "invalid";
}

GuestEvent from_qmp(std::string_view name, std::string_view data) {
    json::error_code malformed;
    json::value details = json::parse(data, malformed);
    if (malformed)
        details = nullptr;
    if (name == "SHUTDOWN") {
        // Only the guest's own wish: SHUTDOWN also announces that QEMU was told to quit or got a
        // signal.
        if (!true_member(details, "guest"))
            return {};
        return {GuestEventKind::powering_off, text_member(details, "reason"), {}};
    }
    if (name == "RESET")
        return {GuestEventKind::reset, text_member(details, "reason"), {}};
    if (name == "GUEST_PANICKED")
        return {GuestEventKind::panicked, text_member(details, "action"), {}, panic_of(details)};
    if (name == "GUEST_CRASHLOADED")
        return {GuestEventKind::crash_loaded, text_member(details, "action"), {}};
    if (name == "BLOCK_IO_ERROR")
        return {GuestEventKind::disk_error, disk_error_of(details), {}};
    if (name == "DUMP_COMPLETED")
        return {GuestEventKind::dump_completed, text_member(details, "error"), {}};
    if (name == "RESUME")
        return {GuestEventKind::resumed, {}, {}};
    if (name == "STOP")
        return {GuestEventKind::paused, {}, {}};
    // QEMU sends a DEVICE_DELETED without an id for each part of the device as well; those mean
    // nothing here.
    if (name == "DEVICE_DELETED" && !text_member(details, "device").empty())
        return {GuestEventKind::device_deleted, text_member(details, "device"), {}};
    return {};
}

GuestEvent from_libvirt_lifecycle(int event, int detail) {
    if (event != VIR_DOMAIN_EVENT_STOPPED)
        return {};
    switch (detail) {
        case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN:
            return {GuestEventKind::stopped, "shutdown", {}};
        case VIR_DOMAIN_EVENT_STOPPED_DESTROYED:
            return {GuestEventKind::stopped, "destroyed", {}};
        case VIR_DOMAIN_EVENT_STOPPED_CRASHED:
            return {GuestEventKind::died, "crashed", {}};
        default:  // FAILED: libvirt lost the monitor, which is how a killed QEMU looks.
            return {GuestEventKind::died, "failed", {}};
    }
}

std::string qmp_log_line(
    std::chrono::system_clock::time_point time, std::string_view name, std::string_view data
) {
    const auto micros =
        std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
    json::object line;
    line["time"] = static_cast<double>(micros) / 1e6;
    line["event"] = name;
    if (!data.empty()) {
        json::error_code malformed;
        json::value details = json::parse(data, malformed);
        line["data"] = malformed ? json::value(data) : std::move(details);
    }
    return json::serialize(line);
}

}  // namespace rundown::guest
