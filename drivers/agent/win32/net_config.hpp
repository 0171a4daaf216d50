// SPDX-License-Identifier: MIT
// agent/win32/net_config.hpp
//
// Network configuration through INetCfg (and the installation of drivers, which hangs in the same
// ways): one thing at a time, on a thread of its own, with a deadline. A call that does not come
// back is left behind; while it lasts everything else here is refused, and says so.
#pragma once
#include <windows.h>

#include <stdint.h>
#include <string>

namespace rundown::win32
{

enum class NetConfigKind {
    install,       // Component `component` from `inf`.
    remove,        // Component `component`, by its id or its service.
    bind,          // Binding path from `component` to adapter `guid` enabled,
    unbind,        // or disabled.
    update_driver, // `hardware_id`'s devices get the driver of `inf`.
};

struct NetConfigRequest {
    NetConfigKind kind = NetConfigKind::bind;
    std::wstring inf;
    std::string component;
    std::string guid;
    std::string hardware_id;
};

enum class NetConfigEnd {
    done,        // So it is now.
    unsupported, // The system has no such interface, or does not implement it.
    refused,     // It answered with an error.
    timed_out,   // It has not answered: it may still do it.
    busy,        // An earlier one has not come back.
};

struct NetConfigAnswer {
    NetConfigEnd end = NetConfigEnd::refused;
    HRESULT code = 0; // Of a refusal.
    std::string sentence;
    bool needs_reboot = false;
    uint32_t status() const;
};

/// Blocks for kNetConfigMs at most.
NetConfigAnswer ask_net_config(const NetConfigRequest &request);
constexpr DWORD kNetConfigMs = 120000;

/// What the thread does: net_config_com.cpp and driver_update.cpp.
NetConfigAnswer perform_net_config(const NetConfigRequest &request);
NetConfigAnswer perform_driver_update(const NetConfigRequest &request);

/// Has the service been installed as a network component (Control\Network, Ndi\Service)? From the
/// registry alone, which does not hang.
bool is_net_component(const std::string &service);

/// The first hardware id (component id) of an INF's models; empty: none was found.
std::string first_hardware_id(const std::wstring &inf);

} // namespace rundown::win32
