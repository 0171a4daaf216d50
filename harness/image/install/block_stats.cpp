// SPDX-License-Identifier: MIT
#include "image/install/block_stats.hpp"

#include <boost/json.hpp>

namespace rundown::image {

namespace {

namespace json = boost::json;

const json::value* member(const json::value* value, std::string_view name) {
    const auto* object = value ? value->if_object() : nullptr;
    return object ? object->if_contains(name) : nullptr;
}

}  // namespace

result<std::uint64_t> bytes_written_in(std::string_view reply) {
    json::error_code malformed;
    const json::value value = json::parse(json::string_view(reply.data(), reply.size()), malformed);
    const auto* devices = malformed ? nullptr : member(&value, "return");
    if (!devices || !devices->is_array()) {
        return fail(ErrorKind::hypervisor, "QEMU's answer to query-blockstats makes no sense");
    }
    std::uint64_t bytes = 0;
    for (const auto& device : devices->get_array()) {
        const auto* written = member(member(&device, "stats"), "wr_bytes");
        if (!written || !written->is_number()) {
            return fail(ErrorKind::hypervisor, "QEMU's query-blockstats tells no bytes written");
        }
        bytes += written->to_number<std::uint64_t>(malformed);
    }
    return bytes;
}

}  // namespace rundown::image
