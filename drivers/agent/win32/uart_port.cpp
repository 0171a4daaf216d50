// SPDX-License-Identifier: MIT
#include "agent/win32/uart_port.hpp"

#include "agent/win32/library.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/system.hpp"

namespace rundown::win32
{

namespace
{

constexpr LONG kAlertRounds =
    32;                      // After a byte more are looked for so often without sleeping: some ms.
constexpr DWORD kLooks = 16; // Before it lets others run: the next bytes are microseconds away.
constexpr DWORD kPauseMs =
    1000; // In a frame, under an emulator whose machine has other things to do.
constexpr uint32_t kFifoBytes = 16;
constexpr ULONG kUserModeIopl = 16; // ProcessUserModeIOPL

// Registers, as offsets from the base.
constexpr uint16_t kData = 0, kInterrupts = 1, kFifo = 2, kLineControl = 3, kModemControl = 4,
                   kLineStatus = 5, kScratch = 7;
constexpr uint8_t kDataReady = 0x01, kCanSend = 0x20;

/// Where a PC has its COM ports.
uint16_t
base_of(const std::string &name)
{
    struct Place {
        const char *name;
        uint16_t base;
    };
    constexpr Place kPlaces[] = {
        {"COM1", 0x3F8}, {"COM2", 0x2F8}, {"COM3", 0x3E8}, {"COM4", 0x2E8}};
    for (const Place &place : kPlaces)
        if (name == place.name)
            return place.base;
    return 0;
}

#ifdef __i386__

uint8_t
in(uint16_t port)
{
    uint8_t value;
    asm volatile("inb %w1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void
out(uint16_t port, uint8_t value)
{
    asm volatile("outb %0, %w1" : : "a"(value), "Nd"(port));
}

bool
has_iopl()
{
    uint32_t flags;
    asm volatile("pushfl; popl %0" : "=r"(flags));
    return (flags & 0x3000) == 0x3000;
}

/// The calling thread may use I/O ports from now on: each thread has to ask for itself, and again
/// where the system has forgotten.
bool
allow_ports()
{
    using Set = NTSTATUS NTAPI(HANDLE, ULONG, void *, ULONG);
    static Set *const set = function<Set>(L"ntdll.dll", "NtSetInformationProcess");
    static const bool is_privileged = enable_privilege(L"SeTcbPrivilege") == 0;
    if (has_iopl())
        return true;
    ULONG wanted = 1;
    return set && is_privileged &&
           set(GetCurrentProcess(), kUserModeIopl, &wanted, sizeof wanted) >= 0 && has_iopl();
}

#else

// Elsewhere a process is never allowed to, whatever the system answers.
uint8_t
in(uint16_t)
{
    return 0xFF;
}

void
out(uint16_t, uint8_t)
{
}

bool
allow_ports()
{
    return false;
}

#endif

/// Some microseconds away from the registers: under emulation, whoever fills them waits for a lock
/// that looking holds.
void
pass_time()
{
    for (int i = 0; i < 2000; ++i)
        asm volatile("");
}

} // namespace

bool
UartPort::is_usable(const std::string &name)
{
    const uint16_t base = base_of(name);
    if (!base || !system_version().is_reactos || !allow_ports())
        return false;
    out(base + kScratch, 0x5A);
    return in(base + kScratch) == 0x5A;
}

DWORD
UartPort::open(const std::string &name)
{
    const uint16_t base = base_of(name);
    if (!base || !allow_ports())
        return ERROR_ACCESS_DENIED;
    out(base + kInterrupts, 0);      // the system's driver hears nothing of it any more
    out(base + kLineControl, 0x80);  // the divisor:
    out(base + kData, 1);            // 115200
    out(base + kInterrupts, 0);      // its high byte
    out(base + kLineControl, 0x03);  // 8N1
    out(base + kFifo, 0xC7);         // on, emptied, and 14 bytes at a time: QEMU hands over as many
    out(base + kModemControl, 0x03); // DTR and RTS
    base_ = base;
    return 0;
}

void
UartPort::close()
{
    base_ = 0;
}

/// What has come, and what comes while it looks.
DWORD
UartPort::take(uint8_t *bytes) const
{
    DWORD count = 0;
    for (DWORD looks = 0; looks < kLooks && count < kReadBytes; ++looks) {
        if (!(in(base_ + kLineStatus) & kDataReady)) {
            pass_time();
            continue;
        }
        bytes[count++] = in(base_ + kData);
        looks = 0;
    }
    return count;
}

/// Lets others run: those of the same priority at first, everybody after a few milliseconds.
void
UartPort::rest()
{
    Sleep(InterlockedIncrement(&rounds_) <= kAlertRounds ? 0 : 1);
}

int
UartPort::read(uint8_t *bytes)
{
    const DWORD begin = GetTickCount();
    for (;;) {
        // Before it looks: in a busy system it may be kept from looking for as long.
        const bool is_over = GetTickCount() - begin >= kPauseMs;
        if (!allow_ports())
            return -1;
        if (const DWORD count = take(bytes)) {
            rounds_ = 0;
            return static_cast<int>(count);
        }
        if (is_over)
            return 0;
        rest();
    }
}

bool
UartPort::write(const uint8_t *bytes, size_t count, DWORD patience_ms)
{
    const uint16_t base = base_;
    DWORD last_taken = GetTickCount();
    while (base && count) {
        if (!allow_ports())
            return false;
        if (in(base + kLineStatus) & kCanSend) {
            for (uint32_t i = 0; i < kFifoBytes && count; ++i, --count)
                out(base + kData, *bytes++);
            last_taken = GetTickCount();
            rounds_ = 0;
        } else if (GetTickCount() - last_taken > patience_ms) {
            return false;
        } else {
            rest();
        }
    }
    return base != 0;
}

} // namespace rundown::win32
