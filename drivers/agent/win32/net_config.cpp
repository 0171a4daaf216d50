// SPDX-License-Identifier: MIT
#include "agent/win32/net_config.hpp"

#include <new>

#include "agent/win32/answer.hpp"
#include "agent/win32/log.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/registry.hpp"
#include "agent/win32/setup_api.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr wchar_t kProtocols[] =
    L"SYSTEM\\CurrentControlSet\\Control\\Network\\{4D36E975-E325-11CE-BFC1-08002BE10318}";

/// Shared by who asks and the thread that does it; whoever leaves last frees it.
struct Job {
    NetConfigRequest request;
    NetConfigAnswer answer;
    HANDLE done = nullptr;
    volatile LONG users = 2;
};

volatile LONG busy;

void
leave(Job *job)
{
    if (InterlockedDecrement(&job->users))
        return;
    CloseHandle(job->done);
    delete job;
}

DWORD WINAPI
run(void *context)
{
    auto *job = static_cast<Job *>(context);
    job->answer = job->request.kind == NetConfigKind::update_driver
                      ? perform_driver_update(job->request)
                      : perform_net_config(job->request);
    InterlockedExchange(&busy, 0);
    SetEvent(job->done);
    leave(job);
    return 0;
}

} // namespace

uint32_t
NetConfigAnswer::status() const
{
    switch (end) {
    case NetConfigEnd::done:
        return 0;
    case NetConfigEnd::unsupported:
        return kStatusNotSupported;
    case NetConfigEnd::timed_out:
        return kStatusIoTimeout;
    case NetConfigEnd::busy:
        return agent::kStatusDeviceBusy;
    default:
        break;
    }
    const bool is_win32 = (code & 0x7FFF0000) == 0x00070000; // FACILITY_WIN32
    return is_win32 ? status_of(code & 0xFFFF) : kStatusUnsuccessful;
}

NetConfigAnswer
ask_net_config(const NetConfigRequest &request)
{
    if (InterlockedExchange(&busy, 1))
        return {NetConfigEnd::busy, 0, "an earlier use of INetCfg has not come back", false};
    auto *job = new (std::nothrow) Job;
    if (job)
        job->done = CreateEventW(nullptr, TRUE, FALSE, nullptr);
    if (job)
        job->request = request;
    HANDLE thread = job && job->done ? CreateThread(nullptr, 0, run, job, 0, nullptr) : nullptr;
    if (!thread) {
        delete job;
        InterlockedExchange(&busy, 0);
        return {NetConfigEnd::refused, E_OUTOFMEMORY, "no memory for a thread", false};
    }
    CloseHandle(thread);
    NetConfigAnswer answer;
    if (WaitForSingleObject(job->done, kNetConfigMs) == WAIT_OBJECT_0) {
        answer = job->answer;
    } else {
        answer = {
            NetConfigEnd::timed_out,
            0,
            format(
                "INetCfg has not answered in %lu s; it may do it yet",
                static_cast<unsigned long>(kNetConfigMs / 1000)),
            false};
        log_notable(answer.sentence, true);
    }
    leave(job);
    return answer;
}

bool
is_net_component(const std::string &service)
{
    RegistryKey protocols;
    if (protocols.open(kProtocols))
        return false;
    for (const std::wstring &instance : protocols.subkeys()) {
        RegistryKey ndi;
        if (!ndi.open(std::wstring(kProtocols) + L"\\" + instance + L"\\Ndi") &&
            same_name(narrow(ndi.text(L"Service")), service))
            return true;
    }
    return false;
}

std::string
first_hardware_id(const std::wstring &path)
{
    const SetupApi *api = SetupApi::get();
    if (!api || !api->open_inf || !api->close_inf || !api->find_first_line ||
        !api->get_string_field)
        return {};
    UINT error_line = 0;
    const HINF inf = api->open_inf(path.c_str(), nullptr, INF_STYLE_WIN4, &error_line);
    if (inf == INVALID_HANDLE_VALUE)
        return {};
    INFCONTEXT line;
    wchar_t models[256] = {}, id[256] = {};
    bool is_found = api->find_first_line(inf, L"Manufacturer", nullptr, &line) &&
                    api->get_string_field(&line, 1, models, 255, nullptr);
    const wchar_t *const native = sizeof(void *) == 8 ? L".NTamd64" : L".NTx86";
    bool has_id = false;
    for (const wchar_t *ending : {native, L".NT", L""}) {
        const std::wstring section = std::wstring(models) + ending;
        has_id =
            has_id || (is_found && api->find_first_line(inf, section.c_str(), nullptr, &line) &&
                       api->get_string_field(&line, 2, id, 255, nullptr));
    }
    api->close_inf(inf);
    return has_id ? narrow(id) : std::string();
}

} // namespace rundown::win32
