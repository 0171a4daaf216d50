// SPDX-License-Identifier: MIT
// The census: what exists in the guest now. A guest tells what it cannot know by field numbers, and
// more tags and modules than an answer holds in several answers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // GCC 12 and inlined coroutine frames.
#include <algorithm>

#include "run/agent_io.hpp"

namespace rundown::run {
namespace {

using rpc::Census;

constexpr std::size_t kTagsMax = 4096;  // Of a Windows: some 1,500.
constexpr std::size_t kModulesMax = 1024;

oracle::Census census_in(const Census& from) {
    const auto known = [&from](int field, std::uint32_t value) {
        const auto& unknown = from.unknown();
        const bool told = std::find(unknown.begin(), unknown.end(), field) == unknown.end();
        return told ? oracle::Census::Count(value) : std::nullopt;
    };
    oracle::Census census;
    census.protocols = known(Census::kProtocolsFieldNumber, from.protocols());
    census.opens = known(Census::kOpensFieldNumber, from.opens());
    census.filters = known(Census::kFiltersFieldNumber, from.filters());
    census.adapters = known(Census::kAdaptersFieldNumber, from.adapters());
    census.packet_pools = known(Census::kPacketPoolsFieldNumber, from.packet_pools());
    census.packets_out = known(Census::kPacketsOutFieldNumber, from.packets_out());
    census.buffer_pools = known(Census::kBufferPoolsFieldNumber, from.buffer_pools());
    census.buffers_out = known(Census::kBuffersOutFieldNumber, from.buffers_out());
    census.requests_pending = known(Census::kRequestsPendingFieldNumber, from.requests_pending());
    census.sends_pending = known(Census::kSendsPendingFieldNumber, from.sends_pending());
    census.receives_out = known(Census::kReceivesOutFieldNumber, from.receives_out());
    census.threads = known(Census::kThreadsFieldNumber, from.threads());
    census.timers = known(Census::kTimersFieldNumber, from.timers());
    census.handles = known(Census::kHandlesFieldNumber, from.handles());
    census.devices = known(Census::kDevicesFieldNumber, from.devices());
    census.work_items = known(Census::kWorkItemsFieldNumber, from.work_items());
    return census;
}

void add_lists(const Census& from, oracle::Census& census) {
    for (const auto& pool : from.pool()) {
        census.pool.push_back({pool.tag(), pool.bytes(), pool.blocks(), pool.paged_blocks()});
    }
    for (const auto& module : from.module()) {
        census.modules.push_back({module.name(), module.base(), module.bytes()});
    }
}

/// Is there more of it to ask for?
bool is_part(const Census& answer, const oracle::Census& census) {
    const bool came = answer.pool_size() != 0 || answer.module_size() != 0;
    return came && census.pool.size() < kTagsMax && census.modules.size() < kModulesMax &&
           (census.pool.size() < answer.pool_total() ||
            census.modules.size() < answer.module_total());
}

}  // namespace

Awaitable<oracle::Census> Agent::census(Deadline deadline) {
    oracle::Census census;
    for (bool first = true;; first = false) {
        rpc::Request request;
        auto& query = *request.mutable_census();
        query.set_pool_from(static_cast<std::uint32_t>(census.pool.size()));
        query.set_module_from(static_cast<std::uint32_t>(census.modules.size()));
        auto response = co_await ask(std::move(request), "take a census", deadline);
        RUNDOWN_CO_TRY(response);
        if (!response->has_census()) {
            co_return fail(ErrorKind::protocol, "the guest answered a census without one");
        }
        if (first) {
            census = census_in(response->census());
        }
        add_lists(response->census(), census);
        if (!is_part(response->census(), census)) {
            co_return census;
        }
    }
}

}  // namespace rundown::run
