// SPDX-License-Identifier: MIT
// agent/win32/driver_update.cpp
//
// The driver of an INF for every device that has a hardware id, in place of what it has
// (UpdateDriverForPlugAndPlayDevices).
#include "agent/win32/library.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/net_config.hpp"
#include "agent/win32/setup_api.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr DWORD kForce = 1, kNonInteractive = 4; // INSTALLFLAG_*

/// Does a device that is there have that hardware id? Asked first: Wine's installer says success to
/// everything.
bool
is_present(const SetupApi &api, const std::string &hardware_id)
{
    const HDEVINFO list =
        api.get_class_devices(nullptr, nullptr, nullptr, DIGCF_PRESENT | DIGCF_ALLCLASSES);
    if (list == INVALID_HANDLE_VALUE)
        return false;
    SP_DEVINFO_DATA device = {};
    device.cbSize = sizeof device;
    bool is_found = false;
    for (DWORD i = 0; !is_found && api.enum_device(list, i, &device); ++i)
        for (const std::string &id : device_texts(list, &device, SPDRP_HARDWAREID))
            is_found = is_found || same_name(id, hardware_id);
    api.destroy_list(list);
    return is_found;
}

} // namespace

NetConfigAnswer
perform_driver_update(const NetConfigRequest &request)
{
    const auto update =
        function<BOOL WINAPI(HWND, const wchar_t *, const wchar_t *, DWORD, BOOL *)>(
            L"newdev.dll", "UpdateDriverForPlugAndPlayDevicesW");
    const SetupApi *api = SetupApi::get();
    if (!update || !api)
        return {
            NetConfigEnd::unsupported,
            E_NOTIMPL,
            "this system has no UpdateDriverForPlugAndPlayDevices",
            false};
    if (!is_present(*api, request.hardware_id))
        return {
            NetConfigEnd::refused,
            HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND),
            "there is no device with the hardware id " + request.hardware_id,
            false};
    if (api->set_non_interactive)
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
