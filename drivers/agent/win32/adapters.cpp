// SPDX-License-Identifier: MIT
#include "agent/win32/adapters.hpp"

#include <string.h>

#include <iphlpapi.h>

#include "agent/win32/names.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/registry.hpp"
#include "agent/win32/setup_api.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr GUID kNetClass = {
    0x4d36e972, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};
constexpr wchar_t kClassKey[] = L"SYSTEM\\CurrentControlSet\\Control\\Class\\";
constexpr ULONG kStarted = 0x8;     // DN_STARTED
constexpr DWORD kCharVirtual = 0x1; // NCF_VIRTUAL
constexpr DWORD kCharHidden = 0x8;  // NCF_HIDDEN
constexpr DWORD kChangeMs = 30000;

constexpr uint32_t kQueryGlobalStats = 0x00170002; // IOCTL_NDIS_QUERY_GLOBAL_STATS
constexpr uint32_t kOidFilter = 0x0001010E, kOidMedia = 0x00010114, kOidSent = 0x00020101,
                   kOidReceived = 0x00020102, kOidAddress = 0x01010102;

/// A list of devices of the network class.
class DeviceList
{
  public:
    explicit DeviceList(const SetupApi &api)
        : api_(api), list_(api.get_class_devices(&kNetClass, nullptr, nullptr, DIGCF_PRESENT))
    {
    }
    ~DeviceList()
    {
        if (*this)
            api_.destroy_list(list_);
    }
    DeviceList(const DeviceList &) = delete;
    DeviceList &operator=(const DeviceList &) = delete;
    explicit operator bool() const
    {
        return list_ != INVALID_HANDLE_VALUE;
    }
    HDEVINFO get() const
    {
        return list_;
    }
    bool device(DWORD index, SP_DEVINFO_DATA *device) const
    {
        *device = {};
        device->cbSize = sizeof *device;
        return api_.enum_device(list_, index, device);
    }

  private:
    const SetupApi &api_;
    HDEVINFO list_;
};

bool
query_oid(const std::string &guid, uint32_t oid, void *to, uint32_t bytes)
{
    uint32_t filled = 0;
    const uint32_t status = device_control(
        adapter_device(guid), kQueryGlobalStats, &oid, sizeof oid, to, bytes, &filled);
    return succeeded(status) && filled == bytes;
}

/// What NDIS answers for its miniport. A system without this interface answers nothing.
void
ask_ndis(Adapter &adapter)
{
    uint32_t media = 0, sent = 0, received = 0;
    adapter.knows_mac = query_oid(adapter.guid, kOidAddress, adapter.mac, sizeof adapter.mac);
    adapter.knows_link = query_oid(adapter.guid, kOidMedia, &media, sizeof media);
    adapter.link_up = adapter.knows_link && media == 0; // NdisMediaStateConnected
    adapter.knows_filter =
        query_oid(adapter.guid, kOidFilter, &adapter.packet_filter, sizeof adapter.packet_filter);
    adapter.knows_frames = query_oid(adapter.guid, kOidSent, &sent, sizeof sent) &&
                           query_oid(adapter.guid, kOidReceived, &received, sizeof received);
    adapter.frames_out = sent;
    adapter.frames_in = received;
}

/// What TCP/IP knows of the adapters it is bound to.
void
ask_ip_helper(std::vector<Adapter> &adapters)
{
    const auto get_adapters =
        function<DWORD WINAPI(IP_ADAPTER_INFO *, ULONG *)>(L"iphlpapi.dll", "GetAdaptersInfo");
    const auto get_entry = function<DWORD WINAPI(MIB_IFROW *)>(L"iphlpapi.dll", "GetIfEntry");
    std::vector<uint8_t> memory(32 << 10);
    ULONG bytes = static_cast<ULONG>(memory.size());
    auto *info = reinterpret_cast<IP_ADAPTER_INFO *>(memory.data());
    if (!get_adapters || get_adapters(info, &bytes))
        return;
    for (; info; info = info->Next) {
        for (Adapter &adapter : adapters) {
            if (!same_name(adapter.guid, info->AdapterName))
                continue;
            if (!adapter.knows_mac && info->AddressLength == sizeof adapter.mac) {
                memcpy(adapter.mac, info->Address, sizeof adapter.mac);
                adapter.knows_mac = true;
            }
            MIB_IFROW row = {};
            row.dwIndex = info->Index;
            if (adapter.knows_link || !get_entry || get_entry(&row))
                continue;
            adapter.knows_link = true;
            adapter.link_up = row.dwOperStatus >= MIB_IF_OPER_STATUS_CONNECTED;
        }
    }
}

void
read_pci_address(HDEVINFO list, SP_DEVINFO_DATA *device, Adapter &adapter)
{
    const SetupApi &api = *SetupApi::get();
    DWORD bus = 0, address = 0;
    auto *bus_bytes = reinterpret_cast<BYTE *>(&bus);
    auto *address_bytes = reinterpret_cast<BYTE *>(&address);
    adapter.knows_pci =
        adapter.instance.rfind("PCI\\", 0) == 0 &&
        api.get_property(list, device, SPDRP_BUSNUMBER, nullptr, bus_bytes, 4, nullptr) &&
        api.get_property(list, device, SPDRP_ADDRESS, nullptr, address_bytes, 4, nullptr);
    if (adapter.knows_pci)
        adapter.pci_address = bus << 8 | (address >> 16 & 0x1F) << 3 | (address & 7);
}

/// Problem codes of devices that are not there: CM_PROB_DEVICE_NOT_THERE, CM_PROB_PHANTOM.
bool
is_absent(ULONG problem)
{
    return problem == 24 || problem == 45;
}

/// False: it is not there, none of a bus's (a tunnel, a WAN miniport), or not installed.
bool
read_adapter(HDEVINFO list, SP_DEVINFO_DATA *device, Adapter &adapter)
{
    const SetupApi &api = *SetupApi::get();
    wchar_t instance[256] = {};
    RegistryKey key;
    if (key.open(kClassKey + device_property(list, device, SPDRP_DRIVER)))
        return false;
    const DWORD characteristics = key.number(L"Characteristics").value_or(0);
    adapter.guid = adapter_guid(narrow(key.text(L"NetCfgInstanceId")));
    if (api.get_instance_id && api.get_instance_id(list, device, instance, 255, nullptr))
        adapter.instance = narrow(instance);
    if (adapter.guid.empty() || (characteristics & (kCharVirtual | kCharHidden)) ||
        adapter.instance.rfind("ROOT\\", 0) == 0)
        return false;
    adapter.service = narrow(device_property(list, device, SPDRP_SERVICE));
    ULONG status = 0, problem = 0;
    if (api.get_status) {
        // ReactOS lists devices of another machine's, too.
        if (api.get_status(&status, &problem, device->DevInst, 0) != 0 || is_absent(problem))
            return false;
        adapter.started = status & kStarted;
    }
    read_pci_address(list, device, adapter);
    return true;
}

/// The device of an adapter, in the list. False: there is none.
bool
find_device(const DeviceList &list, const std::string &guid, SP_DEVINFO_DATA *device)
{
    for (DWORD i = 0; list.device(i, device); ++i) {
        Adapter adapter;
        if (read_adapter(list.get(), device, adapter) && same_name(adapter.guid, guid))
            return true;
    }
    return false;
}

/// 0, or the Win32 error of the class installer.
DWORD
change_state(const DeviceList &list, SP_DEVINFO_DATA *device, bool is_enabled, bool *needs_reboot)
{
    const SetupApi &api = *SetupApi::get();
    SP_PROPCHANGE_PARAMS change = {};
    change.ClassInstallHeader.cbSize = sizeof change.ClassInstallHeader;
    change.ClassInstallHeader.InstallFunction = DIF_PROPERTYCHANGE;
    change.StateChange = is_enabled ? DICS_ENABLE : DICS_DISABLE;
    change.Scope = DICS_FLAG_GLOBAL;
    if (!api.set_class_params(list.get(), device, &change.ClassInstallHeader, sizeof change) ||
        !api.call_class_installer(DIF_PROPERTYCHANGE, list.get(), device))
        return GetLastError();
    SP_DEVINSTALL_PARAMS_W params = {};
    params.cbSize = sizeof params;
    if (api.get_device_params && api.get_device_params(list.get(), device, &params))
        *needs_reboot = params.Flags & (DI_NEEDREBOOT | DI_NEEDRESTART);
    return 0;
}

/// False: the device was not so in time.
bool
wait_until(const SP_DEVINFO_DATA &device, bool is_started)
{
    const DWORD begin = GetTickCount();
    while (GetTickCount() - begin < kChangeMs) {
        ULONG status = 0, problem = 0;
        if (SetupApi::get()->get_status(&status, &problem, device.DevInst, 0) == 0 &&
            static_cast<bool>(status & kStarted) == is_started)
            return true;
        Sleep(20);
    }
    return false;
}

} // namespace

AdapterFailure
list_adapters(std::vector<Adapter> *adapters)
{
    const SetupApi *api = SetupApi::get();
    if (!api)
        return {ERROR_NOT_SUPPORTED, "this system has no SetupAPI that lists devices"};
    const DeviceList list(*api);
    if (!list)
        return {GetLastError(), "the network adapters cannot be listed"};
    SP_DEVINFO_DATA device;
    for (DWORD i = 0; list.device(i, &device); ++i) {
        Adapter adapter;
        if (read_adapter(list.get(), &device, adapter))
            adapters->push_back(adapter);
    }
    for (Adapter &adapter : *adapters)
        if (adapter.started)
            ask_ndis(adapter);
    ask_ip_helper(*adapters);
    return {};
}

AdapterFailure
change_adapter(const std::string &guid, bool is_enabled, bool *needs_reboot)
{
    const SetupApi *api = SetupApi::get();
    if (!api || !api->set_class_params || !api->call_class_installer || !api->get_status)
        return {ERROR_NOT_SUPPORTED, "this system has no SetupAPI that changes devices"};
    const DeviceList list(*api);
    SP_DEVINFO_DATA device;
    if (!list || !find_device(list, guid, &device))
        return {ERROR_FILE_NOT_FOUND, "there is no adapter " + guid};
    const DWORD error = change_state(list, &device, is_enabled, needs_reboot);
    const std::string what = is_enabled ? "enabled" : "disabled";
    if (error)
        return {error, "the adapter could not be " + what};
    if (*needs_reboot)
        return {ERROR_SUCCESS_REBOOT_REQUIRED, "the system wants to be restarted first"};
    if (!wait_until(device, is_enabled))
        return {ERROR_TIMEOUT, "the adapter was to be " + what + " and is not"};
    return {};
}

} // namespace rundown::win32
