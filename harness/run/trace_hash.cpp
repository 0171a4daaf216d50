// SPDX-License-Identifier: MIT
#include "run/trace_hash.hpp"

#include <fmt/format.h>

#include "agent/core/sha256.hpp"
#include "trace/reader.hpp"

namespace rundown::run {

std::string trace_hash(const trace::Trace& trace) {
    if (trace.records.empty())
        return {};
    const std::string bytes = trace::write(trace);
    std::uint8_t digest[agent::kSha256Bytes];
    agent::sha256(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), digest);
    std::string text;
    for (const std::uint8_t byte : digest)
        text += fmt::format("{:02x}", byte);
    return text;
}

}  // namespace rundown::run
