// SPDX-License-Identifier: MIT
// agent/win32/service_manager.hpp
//
// Handles of the service control manager's, and waiting for a service to be in a state.
#pragma once
#include <windows.h>

namespace rundown::win32
{

class ServiceHandle
{
  public:
    explicit ServiceHandle(SC_HANDLE handle) : handle_(handle)
    {
    }
    ~ServiceHandle()
    {
        set(nullptr);
    }
    ServiceHandle(const ServiceHandle &) = delete;
    ServiceHandle &operator=(const ServiceHandle &) = delete;
    void set(SC_HANDLE handle)
    {
        const DWORD error = GetLastError(); // of whoever made the new one
        if (handle_)
            CloseServiceHandle(handle_);
        handle_ = handle;
        SetLastError(error);
    }
    explicit operator bool() const
    {
        return handle_ != nullptr;
    }
    SC_HANDLE get() const
    {
        return handle_;
    }

  private:
    SC_HANDLE handle_;
};

/// False: it was not in that time.
inline bool
wait_for_state(SC_HANDLE service, DWORD state, DWORD patience_ms)
{
    const DWORD begin = GetTickCount();
    SERVICE_STATUS status;
    while (QueryServiceStatus(service, &status)) {
        if (status.dwCurrentState == state)
            return true;
        if (GetTickCount() - begin >= patience_ms)
            return false;
        Sleep(10);
    }
    return false;
}

} // namespace rundown::win32
