// SPDX-License-Identifier: MIT
#include "guest/guest_event.hpp"

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

}  // namespace

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
        case GuestEventKind::resumed:
            return "resumed";
        case GuestEventKind::paused:
            return "paused";
        case GuestEventKind::device_deleted:
            return "device_deleted";
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
        return {GuestEventKind::panicked, text_member(details, "action"), {}};
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
