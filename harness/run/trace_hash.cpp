// SPDX-License-Identifier: MIT
#include "run/trace_hash.hpp"

#include <fmt/format.h>

#include "agent/core/sha256.hpp"
#include "trace/reader.hpp"

namespace rundown::run {

std::string trace_hash(const trace::Trace& trace) {
    if (trace.records.empty())
        return {};
    agent::Sha256 hash;
    static_cast<void>(trace::write(trace, [&hash](std::string_view part) -> result<void> {
        hash.update(reinterpret_cast<const std::uint8_t*>(part.data()), part.size());
        return {};
    }));
    std::uint8_t digest[agent::kSha256Bytes];
    hash.finish(digest);
    std::string text;
    for (const std::uint8_t byte : digest)
        text += fmt::format("{:02x}", byte);
    return text;
}

}  // namespace rundown::run
