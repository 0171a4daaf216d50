// SPDX-License-Identifier: MIT
// agent/agent.hpp
//
// What the files of agent.sys share: small helpers around the kernel's interface, and one table of operations a file.
#pragma once
#include <agent/core/home.hpp>
#include <agent/core/status.hpp>

#include "rd_executive.hpp"
#include "rd_exports.hpp"

namespace agent {

using rundown::agent::Operation;
using rundown::agent::refuse;
using rundown::agent::Request;
using rundown::agent::Response;

constexpr ULONG kTag = 'tgAR';  // "RAgt"

/// The operations of one file.
struct OperationTable {
    const Operation* operations;
    size_t count;
};
OperationTable driver_operations();
OperationTable ndis_operations();
OperationTable ioctl_operations();
OperationTable handle_operations();
OperationTable system_operations();

/// What handle_operations() needs: a thread. PASSIVE_LEVEL, once.
NTSTATUS start_handles();

/// Non-paged memory, zeroed, for a scope.
template <class T>
class Memory {
  public:
    explicit Memory(SIZE_T bytes = sizeof(T)) : data_(static_cast<T*>(ExAllocatePoolWithTag(NonPagedPool, bytes, kTag))) {
        if (data_) RtlZeroMemory(data_, bytes);
    }
    ~Memory() {
        if (data_) ExFreePoolWithTag(data_, kTag);
    }
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    explicit operator bool() const { return data_ != nullptr; }
    T* get() const { return data_; }
    T* operator->() const { return data_; }
    T& operator*() const { return *data_; }

  private:
    T* data_;
};

/// A handle that is closed with its scope.
class Handle {
  public:
    Handle() = default;
    ~Handle() {
        if (handle_) ZwClose(handle_);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    HANDLE get() const { return handle_; }
    HANDLE* receive() { return &handle_; }

  private:
    HANDLE handle_ = nullptr;
};

/// Text of the wire (UTF-8; only ASCII is used) as a counted string of the kernel's, and pieces of it joined.
class Text {
  public:
    Text() : string_{0, sizeof buffer_, buffer_} {}
    explicit Text(const char* text) : Text() { add(text); }
    explicit Text(const WCHAR* text) : Text() { add(text); }
    Text(const Text&) = delete;
    Text& operator=(const Text&) = delete;
    void assign(const Text& other) {
        RtlCopyMemory(buffer_, other.buffer_, sizeof buffer_);
        string_.Length = other.string_.Length;
        good_ = other.good_;
    }
    Text& add(const char* text) {
        for (; *text; ++text) put(static_cast<UCHAR>(*text));
        return *this;
    }
    Text& add(const WCHAR* text) {
        for (; *text; ++text) put(*text);
        return *this;
    }
    /// False: something did not fit, or was not ASCII.
    bool good() const { return good_; }
    PUNICODE_STRING string() { return &string_; }
    const WCHAR* characters() const { return buffer_; }

  private:
    void put(WCHAR c) {
        const ULONG at = string_.Length / sizeof(WCHAR);
        good_ = good_ && at + 1 < kCharacters && c < 0x80;
        if (!good_) return;
        buffer_[at] = c;
        buffer_[at + 1] = L'\0';
        string_.Length += sizeof(WCHAR);
    }
    static constexpr ULONG kCharacters = 256;
    WCHAR buffer_[kCharacters] = {};
    UNICODE_STRING string_;
    bool good_ = true;
};

/// Copies a NUL-terminated wide text as ASCII, cut to the room.
template <size_t room>
void narrow(char (&to)[room], const WCHAR* from) {
    size_t i = 0;
    for (; from[i] && i + 1 < room; ++i) to[i] = from[i] < 0x80 ? static_cast<char>(from[i]) : '?';
    to[i] = '\0';
}

/// Sends an IOCTL to a device by name and waits for it. *information: bytes of output. PASSIVE_LEVEL.
NTSTATUS device_control(
    PUNICODE_STRING device, ULONG code, PVOID input, ULONG input_bytes, PVOID output, ULONG output_bytes, ULONG_PTR* information);

/// Fills in a refusal with what failed.
void refuse_with(Response& response, NTSTATUS status, const char* what);

/// Tells the host, unasked, that the system is about to go, and why. PASSIVE_LEVEL.
void announce_shutdown(const char* why);
/// Stops answering for good (tests of the host).
void fall_silent();
/// Waits until the bytes sent have left.
void drain_line();

}  // namespace agent
