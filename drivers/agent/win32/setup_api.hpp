// SPDX-License-Identifier: MIT
// agent/win32/setup_api.hpp
//
// SetupAPI, loaded when it is first needed.
#pragma once
#include <windows.h>

#include <setupapi.h>

#include <string>
#include <vector>

#include "agent/win32/library.hpp"

namespace rundown::win32
{

/// Every member is null where the system does not have the function.
struct SetupApi {
    decltype(&SetupDiGetClassDevsW) get_class_devices;
    decltype(&SetupDiDestroyDeviceInfoList) destroy_list;
    decltype(&SetupDiEnumDeviceInfo) enum_device;
    decltype(&SetupDiGetDeviceRegistryPropertyW) get_property;
    decltype(&SetupDiGetDeviceInstanceIdW) get_instance_id;
    decltype(&SetupDiSetClassInstallParamsW) set_class_params;
    decltype(&SetupDiCallClassInstaller) call_class_installer;
    decltype(&SetupDiGetDeviceInstallParamsW) get_device_params;
    decltype(&SetupCopyOEMInfW) copy_oem_inf;
    decltype(&SetupOpenInfFileW) open_inf;
    decltype(&SetupCloseInfFile) close_inf;
    decltype(&SetupFindFirstLineW) find_first_line;
    decltype(&SetupGetStringFieldW) get_string_field;
    DWORD(WINAPI *get_status)(ULONG *status, ULONG *problem, DWORD device, ULONG flags);
    BOOL(WINAPI *set_non_interactive)(BOOL is_non_interactive);

    /// Null: the system has no SetupAPI, or one without what is needed to list devices.
    static const SetupApi *get();
};

/// Text of a device's property; empty: none.
std::wstring device_property(HDEVINFO list, SP_DEVINFO_DATA *device, DWORD property);

/// All texts of one that has many.
std::vector<std::string> device_texts(HDEVINFO list, SP_DEVINFO_DATA *device, DWORD property);

} // namespace rundown::win32
