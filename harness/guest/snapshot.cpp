// SPDX-License-Identifier: MIT
#include "guest/snapshot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace rundown::guest {

namespace {

namespace json = boost::json;

constexpr std::string_view kSchema = "rundown.snapshot/1";
constexpr const char* kAbsent = "none";

Error damaged(const std::string& file, std::string_view what) {
    return fail(
        ErrorKind::environment,
        fmt::format("{} is no snapshot's description: {}; take the snapshot anew", file, what)
    );
}

std::string without_spaces(std::string text) {
    std::ranges::replace_if(
        text, [](unsigned char c) { return c <= 0x20; }, '_'
    );
    return text;
}

std::string_view variant_name(VirtioVariant variant) {
    switch (variant) {
        case VirtioVariant::both:
            break;
        case VirtioVariant::transitional:
            return "-transitional";
        case VirtioVariant::modern:
            return "-modern";
        case VirtioVariant::legacy:
            return "-legacy";
    }
    return "";
}

const std::string* find(const Hardware& hardware, const std::string& name) {
    for (const auto& [key, value] : hardware)
        if (key == name)
            return &value;
    return nullptr;
}

Error differs(
    const std::string& file,
    const std::string& name,
    const std::string& then,
    const std::string& now
) {
    return fail(
        ErrorKind::usage,
        fmt::format(
            "the snapshot {} was taken with {}={} and this guest has {}={}: take it anew",
            file,
            name,
            then,
            name,
            now
        )
    );
}

}  // namespace

Hardware hardware_of(const GuestSpec& spec, std::string_view qemu_version) {
    Hardware parts = {
        {"qemu", std::string(qemu_version)},
        {"machine", spec.machine},
        {"accelerator", std::string(to_string(spec.accelerator))},
        {"cpu", spec.cpu},
        {"processors", std::to_string(spec.processors)},
        {"memory", std::to_string(spec.memory_mib)},
        {"firmware", std::string(to_string(spec.firmware))},
        {"window", std::to_string(spec.trace_window_mib)},
        {"display", std::string(to_string(spec.display))},
        {"com2", spec.second_serial == SecondSerial::stream ? "yes" : "no"},
        {"clock", spec.clock == GuestClock::windows ? "windows" : "utc"},
        {"hyperv", spec.hyperv && hyperv_left_out(spec).empty() ? "yes" : "no"},
        {"vmcoreinfo", spec.vmcoreinfo ? "yes" : "no"},
        {"floppy", spec.floppy ? "yes" : "no"},
    };
    if (spec.icount)
        parts.emplace_back("icount", std::to_string(spec.icount->shift));
    for (std::size_t index = 0; index < spec.nics.size(); ++index) {
        const NicSpec& nic = spec.nics[index];
        parts.emplace_back(
            fmt::format("nic{}", index),
            fmt::format("{}{},{}", to_string(nic.model), variant_name(nic.variant), nic.mac)
        );
    }
    for (std::size_t index = 0; index < spec.disks.size(); ++index)
        parts.emplace_back(
            fmt::format("disk{}", index), std::string(to_string(spec.disks[index].bus))
        );
    for (std::size_t index = 0; index < spec.cdroms.size(); ++index)
        parts.emplace_back(
            fmt::format("cd{}", index), std::string(to_string(spec.cdroms[index].bus))
        );
    for (auto& [name, value] : parts)
        value = without_spaces(value);
    return parts;
}

std::string hardware_line(const Hardware& hardware) {
    std::string line;
    for (const auto& [name, value] : hardware)
        line += fmt::format("{}{}={}", line.empty() ? "" : " ", name, value);
    return line;
}

std::string snapshot_record_path(std::string_view state_file) {
    return std::string(state_file) + ".json";
}

std::string to_json(const SnapshotRecord& record) {
    json::object hardware;
    for (const auto& [name, value] : record.hardware)
        hardware[name] = value;
    return json::serialize(json::object{
               {"schema", kSchema},
               {"state_bytes", record.state_bytes},
               {"hardware", std::move(hardware)}}) +
           "\n";
}

result<SnapshotRecord> snapshot_record_from_json(std::string_view text, const std::string& file) {
    json::error_code malformed;
    const json::value value = json::parse(text, malformed);
    const json::object* object = malformed ? nullptr : value.if_object();
    if (!object)
        return damaged(file, "no JSON object");
    const json::value* schema = object->if_contains("schema");
    if (!schema || !schema->is_string() || std::string_view(schema->get_string()) != kSchema)
        return damaged(file, fmt::format("no schema \"{}\"", kSchema));
    const json::value* hardware = object->if_contains("hardware");
    const json::value* bytes = object->if_contains("state_bytes");
    if (!hardware || !hardware->is_object() || !bytes || !bytes->is_int64() ||
        bytes->get_int64() <= 0)
        return damaged(file, "hardware or state_bytes is missing");
    SnapshotRecord record;
    record.state_bytes = static_cast<std::uint64_t>(bytes->get_int64());
    for (const auto& part : hardware->get_object()) {
        if (!part.value().is_string())
            return damaged(file, "a part of the hardware is no text");
        record.hardware.emplace_back(part.key(), part.value().get_string().c_str());
    }
    return record;
}

result<void> check_fits(
    const SnapshotRecord& record, const Hardware& hardware, const std::string& file
) {
    for (const auto& [name, now] : hardware) {
        const std::string* then = find(record.hardware, name);
        if (!then || *then != now)
            return differs(file, name, then ? *then : kAbsent, now);
    }
    for (const auto& [name, then] : record.hardware)
        if (!find(hardware, name))
            return differs(file, name, then, kAbsent);
    return {};
}

}  // namespace rundown::guest
