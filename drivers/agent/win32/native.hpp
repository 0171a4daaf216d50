// SPDX-License-Identifier: MIT
// agent/win32/native.hpp
//
// What the agent uses of ntdll: devices by their native names, lists of modules, pool tags and
// processes. All of it is exported by every system since XP, ReactOS and Wine.
#pragma once
#include <windows.h>
#include <winternl.h>

#include <functional>
#include <stdint.h>
#include <string>
#include <vector>

extern "C" NTSTATUS NTAPI NtShutdownSystem(ULONG action);

namespace rundown::win32
{

constexpr bool
succeeded(uint32_t status)
{
    return static_cast<int32_t>(status) >= 0;
}

/// A handle that is closed with its scope.
class Handle
{
  public:
    Handle() = default;
    explicit Handle(HANDLE handle) : handle_(handle)
    {
    }
    ~Handle()
    {
        if (*this)
            CloseHandle(handle_);
    }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    explicit operator bool() const
    {
        return handle_ && handle_ != INVALID_HANDLE_VALUE;
    }
    HANDLE get() const
    {
        return handle_;
    }
    HANDLE *receive()
    {
        return &handle_;
    }
    HANDLE release()
    {
        HANDLE handle = handle_;
        handle_ = nullptr;
        return handle;
    }

  private:
    HANDLE handle_ = nullptr;
};

/// Opens a file that is there to read it, whoever else has it open.
HANDLE open_to_read(const std::wstring &path);

/// Opens a device by its native name ("\Device\X"), synchronously. 0, or an NTSTATUS.
uint32_t open_device(const std::string &name, HANDLE *handle);

/// Sends an IOCTL to a device by its native name and waits for it. *filled: bytes of output.
uint32_t device_control(
    const std::string &device,
    uint32_t code,
    const void *input,
    uint32_t input_bytes,
    void *output,
    uint32_t output_bytes,
    uint32_t *filled);

/// NtQuerySystemInformation into memory of the right size. 0, or an NTSTATUS.
uint32_t query_system(ULONG information_class, std::vector<uint8_t> *data);

struct LoadedModule {
    std::string name; // Base name, as loaded.
    uint64_t base;
    uint32_t bytes;
};
/// The kernel's modules. 0, or an NTSTATUS.
uint32_t list_modules(std::vector<LoadedModule> *modules);

struct PoolUse {
    uint32_t tag;
    uint64_t bytes;
    uint32_t blocks, paged_blocks;
};
/// Pool memory in use by tag; tags that have none left out. 0, or an NTSTATUS.
uint32_t list_pool(std::vector<PoolUse> *pool);

/// Threads and handles of the system process, where drivers' are. 0, or an NTSTATUS.
uint32_t count_system_process(uint32_t *threads, uint32_t *handles);

} // namespace rundown::win32
