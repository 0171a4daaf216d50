// SPDX-License-Identifier: MIT
// agent/win32/census_operations.cpp
//
// What exists in the system at a moment, as far as it tells: pool by tag, modules, threads and
// handles of the system process, adapters. NDIS's own books are closed to a program: those fields
// are named as unknown.
#include "agent/win32/adapters.hpp"
#include "agent/win32/answer.hpp"
#include "agent/win32/lock.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

/// The last census, told in as many answers as it needs.
Lock lock;
std::vector<PoolUse> last_pool;
std::vector<LoadedModule> last_modules;

constexpr pb_size_t kNeverKnown[] = {
    rundown_rpc_Census_protocols_tag,
    rundown_rpc_Census_opens_tag,
    rundown_rpc_Census_filters_tag,
    rundown_rpc_Census_packet_pools_tag,
    rundown_rpc_Census_packets_out_tag,
    rundown_rpc_Census_buffer_pools_tag,
    rundown_rpc_Census_buffers_out_tag,
    rundown_rpc_Census_requests_pending_tag,
    rundown_rpc_Census_sends_pending_tag,
    rundown_rpc_Census_receives_out_tag,
    rundown_rpc_Census_timers_tag,
    rundown_rpc_Census_devices_tag,
    rundown_rpc_Census_work_items_tag,
};

void
tell_unknown(rundown_rpc_Census &census, pb_size_t tag)
{
    census.unknown[census.unknown_count++] = tag;
}

void
count_adapters(rundown_rpc_Census &census)
{
    std::vector<Adapter> adapters;
    if (list_adapters(&adapters).error)
        return tell_unknown(census, rundown_rpc_Census_adapters_tag);
    for (const Adapter &adapter : adapters)
        census.adapters += adapter.started;
}

/// Counts anew. What the system does not tell is named.
void
take(rundown_rpc_Census &census)
{
    last_pool.clear();
    last_modules.clear();
    if (!succeeded(list_pool(&last_pool)))
        tell_unknown(census, rundown_rpc_Census_pool_tag);
    if (!succeeded(list_modules(&last_modules)))
        tell_unknown(census, rundown_rpc_Census_module_tag);
    if (!succeeded(count_system_process(&census.threads, &census.handles))) {
        tell_unknown(census, rundown_rpc_Census_threads_tag);
        tell_unknown(census, rundown_rpc_Census_handles_tag);
    }
    count_adapters(census);
    for (const pb_size_t tag : kNeverKnown)
        tell_unknown(census, tag);
}

void
tell_pool(rundown_rpc_Census &census, size_t from)
{
    const size_t room = sizeof census.pool / sizeof *census.pool;
    for (size_t i = from; i < last_pool.size() && census.pool_count < room; ++i) {
        auto &to = census.pool[census.pool_count++];
        to.tag = last_pool[i].tag;
        to.bytes = last_pool[i].bytes;
        to.blocks = last_pool[i].blocks;
        to.paged_blocks = last_pool[i].paged_blocks;
    }
    census.pool_total = static_cast<uint32_t>(last_pool.size());
}

void
tell_modules(rundown_rpc_Census &census, size_t from)
{
    const size_t room = sizeof census.module / sizeof *census.module;
    for (size_t i = from; i < last_modules.size() && census.module_count < room; ++i) {
        auto &to = census.module[census.module_count++];
        copy(to.name, last_modules[i].name);
        to.base = last_modules[i].base;
        to.bytes = last_modules[i].bytes;
    }
    census.module_total = static_cast<uint32_t>(last_modules.size());
}

void
census(void *, const Request &request, Response &response)
{
    const auto &query = request.op.census;
    const Guard guard(lock);
    response.which_result = rundown_rpc_Response_census_tag;
    auto &result = response.result.census;
    if (!query.pool_from && !query.module_from)
        take(result);
    tell_pool(result, query.pool_from);
    tell_modules(result, query.module_from);
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_census_tag, agent::kBlocks | agent::kRepeatable, census},
};

} // namespace

OperationTable
census_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
