// SPDX-License-Identifier: MIT
// cm/seed.cpp
//
// Brings the registry up and writes what a setup would have written: the services of the boot archive, the network class, and
// what drivers ask about the system. The PnP manager adds devices, ndis.sys bindings.
#include "cm/cm.hpp"

namespace cm {

namespace {

constexpr uint32_t kKernelDriver = 1, kBootStart = 0, kSystemStart = 1, kDemandStart = 3, kErrorNormal = 1;

/// Writes below one key; remembers the first failure.
class Writer {
  public:
    explicit Writer(Key* root) : root_(root), key_(root) {}

    /// Goes to a key below the root, making what is missing.
    Writer& at(PCWSTR path) {
        key_ = root_;
        while (*path && NT_SUCCESS(status_)) {
            Name name = {reinterpret_cast<const uint16_t*>(path), 0};
            while (path[name.length] && path[name.length] != '\\') ++name.length;
            path += name.length + (path[name.length] ? 1 : 0);
            Key* next;
            note(create_subkey(key_, name, {}, false, now(), &next));
            if (next) key_ = next;
        }
        return *this;
    }
    Writer& text(PCWSTR name, PCWSTR value, ULONG type = REG_SZ) {
        return put(name, type, value, (name_of(value).length + 1) * sizeof(WCHAR));
    }
    Writer& number(PCWSTR name, ULONG value) { return put(name, REG_DWORD, &value, sizeof value); }
    NTSTATUS status() const { return status_; }

  private:
    Writer& put(PCWSTR name, ULONG type, const void* data, SIZE_T bytes) {
        if (NT_SUCCESS(status_)) note(set_value(key_, name_of(name), type, data, bytes, now()));
        return *this;
    }
    void note(Result result) {
        if (NT_SUCCESS(status_)) status_ = status_of(result);
    }

    Key* root_;
    Key* key_;
    NTSTATUS status_ = STATUS_SUCCESS;
};

void write_system(Writer& out) {
    out.at(L"Machine\\System\\CurrentControlSet\\Control\\Session Manager").number(L"ProtectionMode", 1);
    out.at(L"Machine\\System\\CurrentControlSet\\Control\\ComputerName\\ComputerName").text(L"ComputerName", L"RUNDOWN");
    out.at(L"Machine\\System\\CurrentControlSet\\Enum");
    out.at(L"Machine\\System\\CurrentControlSet\\Hardware Profiles\\Current");
    out.at(L"Machine\\Hardware\\DeviceMap");
    out.at(L"Machine\\Hardware\\Description\\System");
    out.at(L"Machine\\Software\\Microsoft\\Windows NT\\CurrentVersion")
        .text(L"SystemRoot", L"C:\\Windows")
        .text(L"CurrentVersion", L"5.2")
        .text(L"CurrentBuildNumber", L"3790")
        .text(L"ProductName", L"rundown reference guest");
    out.at(L"User\\.Default");
}

void write_network_class(Writer& out) {
    out.at(L"Machine\\System\\CurrentControlSet\\Control\\Class\\{4D36E972-E325-11CE-BFC1-08002BE10318}")
        .text(L"", L"Network adapters")
        .text(L"Class", L"Net");
}

void write_service(Writer& out, PCWSTR key, PCWSTR image, ULONG start, PCWSTR group) {
    out.at(key)
        .number(L"Type", kKernelDriver)
        .number(L"Start", start)
        .number(L"ErrorControl", kErrorNormal)
        .text(L"ImagePath", image, REG_EXPAND_SZ)
        .text(L"Group", group);
}

}  // namespace

NTSTATUS seed(Key* root) {
    Writer out(root);
    write_system(out);
    write_network_class(out);
    write_service(
        out, L"Machine\\System\\CurrentControlSet\\Services\\ndis", L"system32\\drivers\\ndis.sys", kBootStart,
        L"NDIS Wrapper");
    write_service(
        out, L"Machine\\System\\CurrentControlSet\\Services\\agent", L"system32\\drivers\\agent.sys", kSystemStart,
        L"Extended Base");
    write_service(
        out, L"Machine\\System\\CurrentControlSet\\Services\\selftestdriver", L"system32\\drivers\\selftest.sys", kDemandStart,
        L"Extended Base");
    return out.status();
}

}  // namespace cm

extern "C" VOID CmInitSystem() {
    cm::Key* root = cm::create_root();
    NTSTATUS status = root ? cm::seed(root) : STATUS_INSUFFICIENT_RESOURCES;
    if (NT_SUCCESS(status)) status = cm::create_registry_object(root);
    if (!NT_SUCCESS(status)) KiFatal("the registry did not come up", 0x67, static_cast<ULONG>(status), 0, 0, 0);
}
