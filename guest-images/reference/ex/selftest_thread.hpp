// SPDX-License-Identifier: MIT
// ex/selftest_thread.hpp
//
// A thread of a self-test, with an end that can be waited for within a deadline.
#pragma once
#include "ex/ex.hpp"

namespace selftest {

inline LARGE_INTEGER milliseconds(LONG count) {
    LARGE_INTEGER due;
    due.QuadPart = -10000ll * count;
    return due;
}

inline bool wait_for(PVOID object, LONG timeout_ms = 5000) {
    LARGE_INTEGER due = milliseconds(timeout_ms);
    return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &due) == STATUS_SUCCESS;
}

class Thread {
  public:
    Thread() = default;
    Thread(const Thread&) = delete;
    bool start(PKSTART_ROUTINE routine, PVOID context) {
        HANDLE handle;
        if (!NT_SUCCESS(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, nullptr, nullptr, nullptr, routine, context)))
            return false;
        const bool ok = NT_SUCCESS(
            ObReferenceObjectByHandle(handle, SYNCHRONIZE, *PsThreadType, KernelMode, object_.receive(), nullptr));
        ZwClose(handle);
        return ok;
    }
    bool join() { return wait_for(object_.get()); }
    PVOID object() const { return object_.get(); }

  private:
    ob::Reference<void> object_;
};

}  // namespace selftest
