// SPDX-License-Identifier: MIT
// agent/win32/verifier_operations.cpp
//
// Driver Verifier: what is set for the next start (the registry values that verifier.exe writes),
// and what is in force now (SystemVerifierInformation).
#include "agent/win32/answer.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/registry.hpp"
#include "agent/win32/system.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr wchar_t kKey[] =
    L"SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Memory Management";
constexpr ULONG kVerifierInformation = 51;

/// The beginning of SYSTEM_VERIFIER_INFORMATION, one a verified driver.
struct VerifierEntry {
    ULONG next_offset;
    ULONG level;
    UNICODE_STRING driver;
};

struct Verifying {
    uint32_t flags = 0;
    std::vector<std::string> drivers;
};

DWORD
read_set(Verifying *set)
{
    RegistryKey key;
    const DWORD error = key.open(kKey);
    if (error)
        return error;
    set->flags = key.number(L"VerifyDriverLevel").value_or(0);
    const std::string names = narrow(key.text(L"VerifyDrivers"));
    for (size_t at = 0; at < names.size();) {
        const size_t end = names.find_first_of(" \t", at);
        if (end != at)
            set->drivers.push_back(names.substr(at, end - at));
        at = end == std::string::npos ? names.size() : end + 1;
    }
    return 0;
}

/// False: the system does not tell.
bool
read_active(Verifying *active)
{
    std::vector<uint8_t> data;
    // A system without the class, as Wine, may say success and fill in nothing.
    if (system_version().is_wine || !succeeded(query_system(kVerifierInformation, &data)))
        return false;
    const uintptr_t begin = reinterpret_cast<uintptr_t>(data.data());
    for (size_t at = 0; at + sizeof(VerifierEntry) <= data.size();) {
        const auto *entry = reinterpret_cast<const VerifierEntry *>(data.data() + at);
        const uintptr_t name = reinterpret_cast<uintptr_t>(entry->driver.Buffer);
        const bool is_inside = name >= begin && name + entry->driver.Length <= begin + data.size();
        if (!entry->driver.Length || !is_inside)
            break;
        active->flags = entry->level;
        active->drivers.push_back(
            narrow({entry->driver.Buffer, entry->driver.Length / sizeof(wchar_t)}));
        if (!entry->next_offset)
            break;
        at += entry->next_offset;
    }
    return true;
}

bool
are_same(const Verifying &a, const Verifying &b)
{
    if (a.drivers.size() != b.drivers.size() || (!a.drivers.empty() && a.flags != b.flags))
        return false;
    for (const std::string &one : a.drivers) {
        bool is_there = false;
        for (const std::string &other : b.drivers)
            is_there = is_there || same_name(one, other);
        if (!is_there)
            return false;
    }
    return true;
}

/// False: there are more than the answer holds.
bool
tell(char (&to)[8][64], pb_size_t *count, const std::vector<std::string> &names)
{
    for (const std::string &name : names) {
        if (*count == 8)
            return false;
        copy(to[(*count)++], name);
    }
    return true;
}

void
verifier_query(void *, const Request &, Response &response)
{
    Verifying set, active;
    if (const DWORD error = read_set(&set))
        return refuse_error(response, error, "what is to be verified cannot be read");
    response.which_result = rundown_rpc_Response_verifier_tag;
    auto &state = response.result.verifier;
    state.active_unknown = !read_active(&active);
    state.flags = set.flags;
    state.active_flags = active.flags;
    state.reboot_needed = state.active_unknown || !are_same(set, active);
    if (!tell(state.drivers, &state.drivers_count, set.drivers) ||
        !tell(state.active_drivers, &state.active_drivers_count, active.drivers)) {
        response.which_result = 0;
        refuse_plainly(
            response,
            agent::kStatusBufferOverflow,
            "more drivers are verified than an answer holds");
    }
}

DWORD
write_set(const rundown_rpc_VerifierSet &wanted, const std::string &names)
{
    RegistryKey key;
    DWORD error = key.create(kKey);
    if (!error && names.empty()) {
        error = key.remove_value(L"VerifyDrivers");
        return error ? error : key.remove_value(L"VerifyDriverLevel");
    }
    if (!error)
        error = key.set(L"VerifyDrivers", widen(names));
    return error ? error : key.set(L"VerifyDriverLevel", static_cast<DWORD>(wanted.flags));
}

void
verifier_set(void *, const Request &request, Response &response)
{
    const auto &wanted = request.op.verifier_set;
    std::string names;
    for (pb_size_t i = 0; i < wanted.drivers_count; ++i) {
        const std::string name = wanted.drivers[i];
        if (!is_file_name(name) || name.find(' ') != std::string::npos)
            return refuse_plainly(
                response, kStatusObjectNameInvalid, name + " is no name of a driver's image");
        names += (names.empty() ? "" : " ") + name;
    }
    if (const DWORD error = write_set(wanted, names))
        return refuse_error(response, error, "what is to be verified could not be set");
    verifier_query(nullptr, request, response);
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_verifier_set_tag, agent::kBlocks | agent::kRepeatable, verifier_set},
    {rundown_rpc_Request_verifier_query_tag, agent::kBlocks | agent::kRepeatable, verifier_query},
};

} // namespace

OperationTable
verifier_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
