// SPDX-License-Identifier: MIT
#include "agent/win32/registry.hpp"

#include "agent/win32/multi_text.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

RegistryKey::~RegistryKey()
{
    if (key_)
        RegCloseKey(key_);
}

DWORD
RegistryKey::open(const std::wstring &path, REGSAM access)
{
    return static_cast<DWORD>(RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.c_str(), 0, access, &key_));
}

DWORD
RegistryKey::create(const std::wstring &path, bool is_volatile)
{
    return static_cast<DWORD>(RegCreateKeyExW(
        HKEY_LOCAL_MACHINE,
        path.c_str(),
        0,
        nullptr,
        is_volatile ? REG_OPTION_VOLATILE : REG_OPTION_NON_VOLATILE,
        KEY_READ | KEY_WRITE,
        nullptr,
        &key_,
        nullptr));
}

DWORD
RegistryKey::set(const wchar_t *name, DWORD type, const void *data, size_t bytes)
{
    return static_cast<DWORD>(RegSetValueExW(
        key_, name, 0, type, static_cast<const BYTE *>(data), static_cast<DWORD>(bytes)));
}

DWORD
RegistryKey::set(const wchar_t *name, DWORD number)
{
    return set(name, REG_DWORD, &number, sizeof number);
}

DWORD
RegistryKey::set(const wchar_t *name, const std::wstring &text)
{
    return set(name, REG_SZ, text.c_str(), (text.size() + 1) * sizeof(wchar_t));
}

DWORD
RegistryKey::set(const wchar_t *name, const std::vector<std::string> &texts)
{
    const std::u16string value = multi_text(texts);
    return set(name, REG_MULTI_SZ, value.data(), value.size() * sizeof(char16_t));
}

DWORD
RegistryKey::remove_value(const wchar_t *name)
{
    const LONG error = RegDeleteValueW(key_, name);
    return error == ERROR_FILE_NOT_FOUND ? 0 : static_cast<DWORD>(error);
}

std::optional<DWORD>
RegistryKey::number(const wchar_t *name) const
{
    DWORD value = 0, type = 0, bytes = sizeof value;
    const LONG error =
        RegQueryValueExW(key_, name, nullptr, &type, reinterpret_cast<BYTE *>(&value), &bytes);
    if (error || type != REG_DWORD || bytes != sizeof value)
        return std::nullopt;
    return value;
}

std::wstring
RegistryKey::characters(const wchar_t *name, DWORD *type) const
{
    DWORD bytes = 0;
    if (RegQueryValueExW(key_, name, nullptr, type, nullptr, &bytes))
        return {};
    std::wstring value(bytes / sizeof(wchar_t) + 1, L'\0');
    if (RegQueryValueExW(key_, name, nullptr, type, reinterpret_cast<BYTE *>(value.data()), &bytes))
        return {};
    value.resize(bytes / sizeof(wchar_t));
    return value;
}

std::wstring
RegistryKey::text(const wchar_t *name) const
{
    DWORD type = 0;
    const std::wstring value = characters(name, &type);
    if (type != REG_SZ && type != REG_EXPAND_SZ && type != REG_MULTI_SZ)
        return {};
    return value.substr(0, value.find(L'\0'));
}

std::vector<std::string>
RegistryKey::texts(const wchar_t *name) const
{
    DWORD type = 0;
    const std::wstring value = characters(name, &type);
    if (type != REG_MULTI_SZ)
        return {};
    return texts_in(
        std::u16string_view(reinterpret_cast<const char16_t *>(value.data()), value.size()));
}

std::vector<std::wstring>
RegistryKey::subkeys() const
{
    std::vector<std::wstring> names;
    for (DWORD i = 0;; ++i) {
        wchar_t name[256];
        DWORD length = 256;
        if (RegEnumKeyExW(key_, i, name, &length, nullptr, nullptr, nullptr, nullptr))
            return names;
        names.emplace_back(name, length);
    }
}

DWORD
remove_registry_tree(const std::wstring &path)
{
    std::vector<std::wstring> below;
    {
        RegistryKey key;
        const DWORD error = key.open(path);
        if (error)
            return error == ERROR_FILE_NOT_FOUND ? 0 : error;
        below = key.subkeys();
    }
    for (const std::wstring &name : below)
        if (const DWORD error = remove_registry_tree(path + L"\\" + name))
            return error;
    return static_cast<DWORD>(RegDeleteKeyW(HKEY_LOCAL_MACHINE, path.c_str()));
}

std::wstring
service_key(const std::string &service)
{
    return L"SYSTEM\\CurrentControlSet\\Services\\" + widen(service);
}

} // namespace rundown::win32
