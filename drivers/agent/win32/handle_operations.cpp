// SPDX-License-Identifier: MIT
// agent/win32/handle_operations.cpp
//
// Handles to devices: kept open until the host has them closed, or opened and closed all the time
// by a thread of their own. While one is open, the device's driver may not be unloaded.
#include "agent/win32/answer.hpp"
#include "agent/win32/lock.hpp"
#include "agent/win32/names.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr uint32_t kHandlesMax = 16;

Lock kept_lock;
HANDLE kept[kHandlesMax];
bool is_taken[kHandlesMax]; // From before its handle is opened.

bool
take_slot(uint32_t *slot)
{
    const Guard guard(kept_lock);
    for (*slot = 0; *slot < kHandlesMax; ++*slot) {
        if (is_taken[*slot])
            continue;
        is_taken[*slot] = true;
        return true;
    }
    return false;
}

void
handle_open(void *, const Request &request, Response &response)
{
    const char *device = request.op.handle_open.device;
    uint32_t slot = 0;
    if (!is_device_path(device))
        return refuse_plainly(
            response, kStatusObjectNameInvalid, "devices are named as \\Device\\NAME");
    if (!take_slot(&slot))
        return refuse_plainly(
            response, kStatusTooManyOpenedFiles, "no more handles can be kept open");
    HANDLE handle = nullptr;
    const uint32_t status = open_device(device, &handle);
    {
        const Guard guard(kept_lock);
        is_taken[slot] = succeeded(status);
        kept[slot] = succeeded(status) ? handle : nullptr;
    }
    response.value = slot;
    if (!succeeded(status))
        refuse_status(response, status, std::string(device) + " could not be opened");
}

void
handle_close(void *, const Request &request, Response &response)
{
    const uint32_t slot = request.op.handle_close.handle;
    HANDLE handle = nullptr;
    if (slot < kHandlesMax) {
        const Guard guard(kept_lock);
        handle = kept[slot];
        kept[slot] = nullptr;
        if (handle)
            is_taken[slot] = false;
    }
    if (!handle)
        return refuse_plainly(response, agent::kStatusInvalidHandle, "no such handle is kept open");
    if (!CloseHandle(handle))
        refuse_error(response, GetLastError(), "the handle could not be closed");
}

/// Opens and closes. Only its thread touches the handles.
class Churn
{
  public:
    Churn()
        : changed_(CreateEventW(nullptr, FALSE, FALSE, nullptr)),
          ended_(CreateEventW(nullptr, TRUE, TRUE, nullptr)),
          thread_(CreateThread(nullptr, 0, run, this, 0, nullptr))
    {
    }

    /// False: it has no thread.
    bool want(const std::string &device, uint32_t count)
    {
        if (!thread_)
            return false;
        {
            const Guard guard(lock_);
            device_ = device;
            wanted_ = count;
            ++change_;
            ResetEvent(ended_);
        }
        SetEvent(changed_);
        if (!count)
            WaitForSingleObject(ended_, INFINITE);
        return true;
    }

    /// Handles opened in all.
    uint32_t opened() const
    {
        return static_cast<uint32_t>(opened_);
    }

  private:
    static DWORD WINAPI run(void *self)
    {
        static_cast<Churn *>(self)->turn_over_and_over();
        return 0;
    }

    void close_all()
    {
        for (HANDLE &handle : handles_) {
            if (handle)
                CloseHandle(handle);
            handle = nullptr;
        }
    }

    /// The oldest handle closed and one more opened. One that cannot be opened is a driver about
    /// to go: nothing may keep it.
    void turn_over(uint32_t turn, uint32_t count, const std::string &device)
    {
        HANDLE &handle = handles_[turn % count];
        if (handle)
            CloseHandle(handle);
        handle = nullptr;
        if (succeeded(open_device(device, &handle))) {
            InterlockedIncrement(&opened_);
            return;
        }
        handle = nullptr;
        close_all();
    }

    void turn_over_and_over()
    {
        uint32_t seen = 0, count = 0;
        std::string device;
        for (uint32_t turn = 0;; ++turn) {
            bool is_change = false;
            {
                const Guard guard(lock_);
                is_change = seen != change_;
                seen = change_;
                count = wanted_;
                device = device_;
            }
            if (is_change)
                close_all(); // of another device, or too many
            if (count) {
                turn_over(turn, count, device);
            } else {
                const Guard guard(lock_);
                if (seen == change_)
                    SetEvent(ended_);
            }
            WaitForSingleObject(changed_, count ? 1 : INFINITE);
        }
    }

    Lock lock_; // The next three.
    std::string device_;
    uint32_t wanted_ = 0;
    uint32_t change_ = 0;
    HANDLE handles_[kHandlesMax] = {};
    volatile LONG opened_ = 0;
    HANDLE changed_; // Wakes the thread: something else is wanted.
    HANDLE ended_;   // Set while none is wanted and none is open.
    HANDLE thread_;
};

void
handle_churn(void *, const Request &request, Response &response)
{
    static Churn churn; // made with the first request: workers make it one at a time
    const auto &wanted = request.op.handle_churn;
    if ((wanted.count && !is_device_path(wanted.device)) || wanted.count > kHandlesMax)
        return refuse_plainly(
            response,
            agent::kStatusInvalidParameter,
            "devices are named as \\Device\\NAME, and 16 handles are the most");
    if (!churn.want(wanted.device, wanted.count))
        return refuse_plainly(
            response, agent::kStatusInsufficientResources, "no memory for a thread");
    response.value = churn.opened();
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_handle_open_tag, agent::kBlocks, handle_open},
    {rundown_rpc_Request_handle_close_tag, agent::kBlocks, handle_close},
    {rundown_rpc_Request_handle_churn_tag, agent::kBlocks, handle_churn},
};

} // namespace

OperationTable
handle_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
