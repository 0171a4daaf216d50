// SPDX-License-Identifier: MIT
#include "agent/win32/setup_api.hpp"

#include "agent/win32/multi_text.hpp"

namespace rundown::win32
{

namespace
{

template <class Pointer>
void
find(Pointer *to, const char *name)
{
    *to = function<std::remove_pointer_t<Pointer>>(L"setupapi.dll", name);
}

SetupApi
load()
{
    SetupApi api = {};
    find(&api.get_class_devices, "SetupDiGetClassDevsW");
    find(&api.destroy_list, "SetupDiDestroyDeviceInfoList");
    find(&api.enum_device, "SetupDiEnumDeviceInfo");
    find(&api.get_property, "SetupDiGetDeviceRegistryPropertyW");
    find(&api.get_instance_id, "SetupDiGetDeviceInstanceIdW");
    find(&api.set_class_params, "SetupDiSetClassInstallParamsW");
    find(&api.call_class_installer, "SetupDiCallClassInstaller");
    find(&api.get_device_params, "SetupDiGetDeviceInstallParamsW");
    find(&api.copy_oem_inf, "SetupCopyOEMInfW");
    find(&api.open_inf, "SetupOpenInfFileW");
    find(&api.close_inf, "SetupCloseInfFile");
    find(&api.find_first_line, "SetupFindFirstLineW");
    find(&api.get_string_field, "SetupGetStringFieldW");
    find(&api.get_status, "CM_Get_DevNode_Status");
    find(&api.set_non_interactive, "SetupSetNonInteractiveMode");
    return api;
}

} // namespace

const SetupApi *
SetupApi::get()
{
    static const SetupApi api = load();
    const bool can_list =
        api.get_class_devices && api.destroy_list && api.enum_device && api.get_property;
    return can_list ? &api : nullptr;
}

namespace
{

/// A property's characters; empty: it is not there, or no text.
std::wstring
characters(HDEVINFO list, SP_DEVINFO_DATA *device, DWORD property)
{
    wchar_t text[1024] = {};
    auto *bytes = reinterpret_cast<BYTE *>(text);
    DWORD type = 0, filled = 0;
    const bool is_there = SetupApi::get()->get_property(
        list, device, property, &type, bytes, sizeof text - sizeof *text, &filled);
    if (!is_there || (type != REG_SZ && type != REG_MULTI_SZ) || filled >= sizeof text)
        return {};
    return std::wstring(text, filled / sizeof *text);
}

} // namespace

std::wstring
device_property(HDEVINFO list, SP_DEVINFO_DATA *device, DWORD property)
{
    const std::wstring text = characters(list, device, property);
    return text.substr(0, text.find(L'\0'));
}

std::vector<std::string>
device_texts(HDEVINFO list, SP_DEVINFO_DATA *device, DWORD property)
{
    const std::wstring text = characters(list, device, property);
    return texts_in({reinterpret_cast<const char16_t *>(text.data()), text.size()});
}

} // namespace rundown::win32
