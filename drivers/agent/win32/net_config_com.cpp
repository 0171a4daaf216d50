// SPDX-License-Identifier: MIT
// agent/win32/net_config_com.cpp
//
// INetCfg itself: the write lock taken, one change made and applied, everything released. Learn:
// "Network Configuration Interfaces" (INetCfg, INetCfgClassSetup, INetCfgComponentBindings).
#include <windows.h>

#include <netcfgx.h>

#include "agent/win32/com_pointer.hpp"
#include "agent/win32/library.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/net_config.hpp"
#include "agent/win32/setup_api.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr GUID kNetCfgClassId = {
    0x5b035261, 0x40f9, 0x11d1, {0xaa, 0xec, 0x00, 0x80, 0x5f, 0xc1, 0x27, 0x0e}};
constexpr GUID kProtocolClass = {
    0x4d36e975, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};
constexpr DWORD kLockMs = 15000;

/// ole32, for the thread that uses it.
struct Ole {
    HRESULT(WINAPI *initialise)(void *, DWORD);
    void(WINAPI *uninitialise)();
    HRESULT(WINAPI *create)(REFCLSID, IUnknown *, DWORD, REFIID, void **);
    void(WINAPI *release_memory)(void *);

    static const Ole *get()
    {
        static const Ole ole = {
            function<HRESULT WINAPI(void *, DWORD)>(L"ole32.dll", "CoInitializeEx"),
            function<void WINAPI()>(L"ole32.dll", "CoUninitialize"),
            function<HRESULT WINAPI(REFCLSID, IUnknown *, DWORD, REFIID, void **)>(
                L"ole32.dll", "CoCreateInstance"),
            function<void WINAPI(void *)>(L"ole32.dll", "CoTaskMemFree"),
        };
        const bool is_whole =
            ole.initialise && ole.uninitialise && ole.create && ole.release_memory;
        return is_whole ? &ole : nullptr;
    }
};

/// Takes a text a method gave, and its memory.
std::string
taken(wchar_t *text)
{
    const std::string narrowed = text ? narrow(text) : std::string();
    if (text)
        Ole::get()->release_memory(text);
    return narrowed;
}

std::string
bind_name_of(INetCfgComponent *component)
{
    wchar_t *text = nullptr;
    return SUCCEEDED(component->GetBindName(&text)) ? taken(text) : std::string();
}

std::string
id_of(INetCfgComponent *component)
{
    wchar_t *text = nullptr;
    return SUCCEEDED(component->GetId(&text)) ? taken(text) : std::string();
}

NetConfigAnswer
failed(HRESULT code, const std::string &what)
{
    const bool is_absent = code == E_NOTIMPL || code == E_NOINTERFACE ||
                           code == REGDB_E_CLASSNOTREG || code == CO_E_DLLNOTFOUND;
    const std::string said = error_text(static_cast<DWORD>(code));
    return {
        is_absent ? NetConfigEnd::unsupported : NetConfigEnd::refused,
        code,
        what + (said.empty() ? "" : ": " + said) +
            format(" (0x%08lX)", static_cast<unsigned long>(code)),
        false};
}

/// INetCfg with its write lock, for a scope.
class NetConfig
{
  public:
    ~NetConfig()
    {
        if (is_initialised_)
            config_->Uninitialize();
        if (has_lock_)
            lock_->ReleaseWriteLock();
    }

    NetConfigAnswer open()
    {
        HRESULT code = Ole::get()->create(
            kNetCfgClassId,
            nullptr,
            CLSCTX_INPROC_SERVER,
            __uuidof(INetCfg),
            config_.receive_void());
        if (code != S_OK)
            return failed(code, "this system has no INetCfg");
        code = config_->QueryInterface(__uuidof(INetCfgLock), lock_.receive_void());
        if (code != S_OK)
            return failed(code, "INetCfg has no lock");
        wchar_t *holder = nullptr;
        code = lock_->AcquireWriteLock(kLockMs, L"rundown-agent", &holder);
        has_lock_ = code == S_OK;
        const std::string who = taken(holder);
        if (code == S_FALSE)
            return failed(HRESULT_FROM_WIN32(ERROR_BUSY), "INetCfg is locked by " + who);
        if (!has_lock_)
            return failed(code, "INetCfg's lock could not be taken");
        code = config_->Initialize(nullptr);
        is_initialised_ = SUCCEEDED(code);
        return is_initialised_ ? NetConfigAnswer{NetConfigEnd::done, S_OK, "", false}
                               : failed(code, "INetCfg could not be initialised");
    }

    /// Makes what was changed so.
    NetConfigAnswer apply(HRESULT changed)
    {
        const HRESULT code = config_->Apply();
        if (FAILED(code) && code != NETCFG_E_NEED_REBOOT)
            return failed(code, "INetCfg could not apply the change");
        const bool needs_reboot =
            code == NETCFG_S_REBOOT || changed == NETCFG_S_REBOOT || code == NETCFG_E_NEED_REBOOT;
        return {NetConfigEnd::done, code, "", needs_reboot};
    }

    /// A protocol by its service's name or its component id. S_FALSE: there is none.
    HRESULT find(const std::string &name, ComPointer<INetCfgComponent> &component)
    {
        ComPointer<IEnumNetCfgComponent> all;
        HRESULT code = config_->EnumComponents(&kProtocolClass, all.receive());
        if (code != S_OK)
            return FAILED(code) ? code : E_FAIL;
        ULONG count = 0;
        while (all->Next(1, component.receive(), &count) == S_OK && count == 1)
            if (same_name(bind_name_of(component.get()), name) ||
                same_name(id_of(component.get()), name))
                return S_OK;
        component.reset();
        return S_FALSE;
    }

    INetCfg *operator->() const
    {
        return config_.get();
    }

  private:
    ComPointer<INetCfg> config_;
    ComPointer<INetCfgLock> lock_;
    bool has_lock_ = false, is_initialised_ = false;
};

/// The name the lowest component of a binding path binds by: of an adapter, its "{GUID}".
std::string
lowest_of(INetCfgBindingPath *path)
{
    ComPointer<IEnumNetCfgBindingInterface> all;
    if (path->EnumBindingInterfaces(all.receive()) != S_OK)
        return {};
    ComPointer<INetCfgBindingInterface> one;
    std::string lowest;
    ULONG count = 0;
    while (all->Next(1, one.receive(), &count) == S_OK && count == 1) {
        ComPointer<INetCfgComponent> lower;
        if (one->GetLowerComponent(lower.receive()) == S_OK)
            lowest = bind_name_of(lower.get());
    }
    return lowest;
}

NetConfigAnswer
change_binding(NetConfig &config, const NetConfigRequest &request)
{
    ComPointer<INetCfgComponent> component;
    HRESULT code = config.find(request.component, component);
    if (code == S_FALSE)
        return failed(HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND), "there is no such protocol");
    if (code != S_OK)
        return failed(code, "INetCfg does not list its protocols");
    ComPointer<INetCfgComponentBindings> bindings;
    ComPointer<IEnumNetCfgBindingPath> paths;
    code = component->QueryInterface(__uuidof(INetCfgComponentBindings), bindings.receive_void());
    if (code == S_OK)
        code = bindings->EnumBindingPaths(EBP_BELOW, paths.receive());
    if (code != S_OK)
        return failed(
            FAILED(code) ? code : E_FAIL, "INetCfg does not list the protocol's bindings");
    ComPointer<INetCfgBindingPath> path;
    ULONG count = 0;
    while (paths->Next(1, path.receive(), &count) == S_OK && count == 1) {
        if (!same_name(lowest_of(path.get()), request.guid))
            continue;
        code = path->Enable(request.kind == NetConfigKind::bind);
        return FAILED(code) ? failed(code, "the binding could not be changed") : config.apply(code);
    }
    return failed(
        HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND), "the protocol has no path to that adapter");
}

NetConfigAnswer
install(NetConfig &config, const NetConfigRequest &request)
{
    if (request.component.empty())
        return failed(E_INVALIDARG, "the INF names no component");
    ComPointer<INetCfgComponent> component;
    if (config.find(request.component, component) == S_OK)
        return {NetConfigEnd::done, S_OK, "it was installed already", false};
    const SetupApi *api = SetupApi::get();
    if (!api || !api->copy_oem_inf)
        return failed(E_NOTIMPL, "this system has no SetupCopyOEMInf");
    const std::wstring folder = folder_of(request.inf);
    if (!api->copy_oem_inf(
            request.inf.c_str(), folder.c_str(), SPOST_PATH, 0, nullptr, 0, nullptr, nullptr))
        return failed(HRESULT_FROM_WIN32(GetLastError()), "the INF could not be taken over");
    ComPointer<INetCfgClassSetup> setup;
    HRESULT code = config->QueryNetCfgClass(
        &kProtocolClass, __uuidof(INetCfgClassSetup), setup.receive_void());
    if (code != S_OK)
        return failed(FAILED(code) ? code : E_FAIL, "INetCfg has no installer for protocols");
    OBO_TOKEN on_behalf = {};
    on_behalf.Type = OBO_USER;
    code = setup->Install(
        widen(request.component).c_str(), &on_behalf, 0, 0, nullptr, nullptr, component.receive());
    return FAILED(code) ? failed(code, "the component could not be installed") : config.apply(code);
}

NetConfigAnswer
remove(NetConfig &config, const NetConfigRequest &request)
{
    ComPointer<INetCfgComponent> component;
    HRESULT code = config.find(request.component, component);
    if (code == S_FALSE)
        return failed(HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND), "there is no such component");
    if (code != S_OK)
        return failed(code, "INetCfg does not list its protocols");
    ComPointer<INetCfgClassSetup> setup;
    code = config->QueryNetCfgClass(
        &kProtocolClass, __uuidof(INetCfgClassSetup), setup.receive_void());
    if (code != S_OK)
        return failed(FAILED(code) ? code : E_FAIL, "INetCfg has no installer for protocols");
    OBO_TOKEN on_behalf = {};
    on_behalf.Type = OBO_USER;
    wchar_t *needed_by = nullptr;
    code = setup->DeInstall(component.get(), &on_behalf, &needed_by);
    const std::string who = taken(needed_by);
    if (FAILED(code))
        return failed(
            code,
            "the component could not be removed" + (who.empty() ? "" : ", " + who + " needs it"));
    return config.apply(code);
}

NetConfigAnswer
perform(const NetConfigRequest &request)
{
    NetConfig config;
    const NetConfigAnswer opened = config.open();
    if (opened.end != NetConfigEnd::done)
        return opened;
    switch (request.kind) {
    case NetConfigKind::install:
        return install(config, request);
    case NetConfigKind::remove:
        return remove(config, request);
    default:
        return change_binding(config, request);
    }
}

} // namespace

NetConfigAnswer
perform_net_config(const NetConfigRequest &request)
{
    const Ole *ole = Ole::get();
    if (!ole)
        return failed(E_NOTIMPL, "this system has no COM");
    const HRESULT code = ole->initialise(nullptr, COINIT_APARTMENTTHREADED);
    if (FAILED(code))
        return failed(code, "COM could not be initialised");
    // Nobody is there to press a button: a question is an error.
    const SetupApi *api = SetupApi::get();
    if (api && api->set_non_interactive)
        api->set_non_interactive(TRUE);
    const NetConfigAnswer answer = perform(request);
    ole->uninitialise();
    return answer;
}

} // namespace rundown::win32
