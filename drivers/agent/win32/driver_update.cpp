// SPDX-License-Identifier: MIT
// agent/win32/driver_update.cpp
//
// The driver of an INF for every device that has a hardware id, in place of what it has
// (UpdateDriverForPlugAndPlayDevices).
#include "agent/win32/library.hpp"
#include "agent/win32/net_config.hpp"
#include "agent/win32/setup_api.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr DWORD kForce = 1, kNonInteractive = 4; // INSTALLFLAG_*

} // namespace

NetConfigAnswer
perform_driver_update(const NetConfigRequest &request)
{
    const auto update =
        function<BOOL WINAPI(HWND, const wchar_t *, const wchar_t *, DWORD, BOOL *)>(
            L"newdev.dll", "UpdateDriverForPlugAndPlayDevicesW");
    if (!update)
        return {
            NetConfigEnd::unsupported,
            E_NOTIMPL,
            "this system has no UpdateDriverForPlugAndPlayDevices",
            false};
    const SetupApi *api = SetupApi::get();
    if (api && api->set_non_interactive)
        api->set_non_interactive(TRUE);
    BOOL needs_reboot = FALSE;
    if (update(
            nullptr,
            widen(request.hardware_id).c_str(),
            request.inf.c_str(),
            kForce | kNonInteractive,
            &needs_reboot))
        return {NetConfigEnd::done, S_OK, "", needs_reboot != FALSE};
    const DWORD error = GetLastError();
    return {
        error == ERROR_CALL_NOT_IMPLEMENTED ? NetConfigEnd::unsupported : NetConfigEnd::refused,
        HRESULT_FROM_WIN32(error),
        "the driver could not be installed: " + error_text(error) +
            format(" (error 0x%lX)", static_cast<unsigned long>(error)),
        false};
}

} // namespace rundown::win32
