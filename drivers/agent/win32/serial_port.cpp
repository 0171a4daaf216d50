// SPDX-License-Identifier: MIT
#include "agent/win32/serial_port.hpp"

#include <string.h>

#include "agent/win32/log.hpp"
#include "agent/win32/system.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr DWORD kQueueBytes = 64 << 10;

/// Has a read end with what is there as soon as anything is (SetCommTimeouts: interval and
/// multiplier MAXDWORD). In ReactOS such a read never ends while nothing comes, and cannot be
/// cancelled, so that a process that has one cannot end; its interval timeout ends at once. In Wine
/// it waits for all the bytes that were asked for; what should not wait at all does what is wanted.
COMMTIMEOUTS
read_timeouts()
{
    COMMTIMEOUTS timeouts = {};
    timeouts.ReadIntervalTimeout = MAXDWORD;
    if (system_version().is_wine)
        return timeouts;
    timeouts.ReadTotalTimeoutConstant = Port::kSilenceMs;
    if (system_version().is_reactos)
        timeouts.ReadIntervalTimeout = 1;
    else
        timeouts.ReadTotalTimeoutMultiplier = MAXDWORD;
    return timeouts;
}

} // namespace

SerialPort::SerialPort() : read_event_(CreateEventW(nullptr, TRUE, FALSE, nullptr))
{
}

bool
SerialPort::configure()
{
    SetupComm(handle_, kQueueBytes, kQueueBytes); // a wish; the driver's own size will do
    DCB line = {};
    line.DCBlength = sizeof line;
    if (!GetCommState(handle_, &line))
        return false;
    line.BaudRate = CBR_115200;
    line.ByteSize = 8;
    line.Parity = NOPARITY;
    line.StopBits = ONESTOPBIT;
    line.fBinary = TRUE;
    line.fParity = FALSE;
    line.fOutxCtsFlow = line.fOutxDsrFlow = FALSE;
    line.fDsrSensitivity = FALSE;
    line.fOutX = line.fInX = FALSE;
    line.fErrorChar = line.fNull = FALSE;
    line.fAbortOnError = FALSE;
    line.fDtrControl = DTR_CONTROL_ENABLE;
    line.fRtsControl = RTS_CONTROL_ENABLE;
    if (!SetCommState(handle_, &line))
        return false;
    COMMTIMEOUTS timeouts = read_timeouts();
    return SetCommTimeouts(handle_, &timeouts);
}

DWORD
SerialPort::open(const std::string &name)
{
    const Guard guard(writing_);
    handle_ = CreateFileW(
        widen("\\\\.\\" + name).c_str(),
        GENERIC_READ | GENERIC_WRITE,
        0,
        nullptr,
        OPEN_EXISTING,
        FILE_FLAG_OVERLAPPED,
        nullptr);
    if (!is_open())
        return GetLastError();
    if (configure())
        return 0;
    const DWORD error = GetLastError();
    CloseHandle(handle_);
    handle_ = INVALID_HANDLE_VALUE;
    return error ? error : ERROR_GEN_FAILURE;
}

void
SerialPort::close()
{
    const Guard guard(writing_);
    if (!is_open())
        return;
    CancelIo(handle_);
    if (is_reading_ && WaitForSingleObject(read_event_, 2000) == WAIT_OBJECT_0)
        is_reading_ = false;
    CloseHandle(handle_);
    handle_ = INVALID_HANDLE_VALUE;
}

bool
SerialPort::begin_read()
{
    reading_ = {};
    reading_.hEvent = read_event_;
    is_reading_ = ReadFile(handle_, input_, kReadBytes, nullptr, &reading_) ||
                  GetLastError() == ERROR_IO_PENDING;
    return is_reading_;
}

int
SerialPort::read(uint8_t *bytes)
{
    const DWORD begin = GetTickCount();
    for (;;) {
        if (!is_reading_ && !begin_read())
            return -1;
        if (WaitForSingleObject(read_event_, 2 * kSilenceMs) != WAIT_OBJECT_0)
            return 0; // not every driver ends it: it stays on its way
        is_reading_ = false;
        DWORD count = 0;
        if (!GetOverlappedResult(handle_, &reading_, &count, FALSE) &&
            GetLastError() != ERROR_TIMEOUT)
            return -1;
        memcpy(bytes, input_, count);
        // Silence is a matter of time: a driver may end a read with nothing early.
        if (count || GetTickCount() - begin >= kSilenceMs - 20)
            return static_cast<int>(count);
        Sleep(2);
    }
}

/// How one write ended.
SerialPort::WriteEnd
SerialPort::finish_write(OVERLAPPED *io, DWORD patience_ms, DWORD *written)
{
    if (WaitForSingleObject(io->hEvent, patience_ms) == WAIT_OBJECT_0) {
        const bool is_good = GetOverlappedResult(handle_, io, written, FALSE) && *written;
        return is_good ? WriteEnd::taken : WriteEnd::failed;
    }
    CancelIo(handle_);
    PurgeComm(handle_, PURGE_TXABORT | PURGE_TXCLEAR);
    const bool is_over = WaitForSingleObject(io->hEvent, 1000) == WAIT_OBJECT_0;
    return is_over ? WriteEnd::failed : WriteEnd::stuck;
}

bool
SerialPort::write(const uint8_t *bytes, size_t count, DWORD patience_ms)
{
    /// On the heap: the driver may go on with it when nobody waits any more.
    struct Write {
        OVERLAPPED io;
        uint8_t bytes[];
    };
    const Guard guard(writing_);
    void *memory = is_open() ? HeapAlloc(GetProcessHeap(), 0, sizeof(Write) + count) : nullptr;
    HANDLE event = memory ? CreateEventW(nullptr, TRUE, FALSE, nullptr) : nullptr;
    if (!event)
        return false;
    auto *request = static_cast<Write *>(memory);
    memcpy(request->bytes, bytes, count);
    const DWORD begin = GetTickCount();
    WriteEnd end = WriteEnd::taken;
    for (size_t at = 0; at < count && end == WriteEnd::taken;) {
        request->io = {};
        request->io.hEvent = event;
        DWORD written = 0;
        const DWORD part = static_cast<DWORD>(count - at);
        const DWORD waited = GetTickCount() - begin;
        const bool is_on_its_way =
            WriteFile(handle_, request->bytes + at, part, nullptr, &request->io) ||
            GetLastError() == ERROR_IO_PENDING;
        end = is_on_its_way
                  ? finish_write(
                        &request->io, waited < patience_ms ? patience_ms - waited : 0, &written)
                  : WriteEnd::failed;
        at += written;
    }
    if (end == WriteEnd::stuck) {
        log_line("a write to the port cannot be cancelled: its memory is left to the driver");
        return false;
    }
    CloseHandle(event);
    HeapFree(GetProcessHeap(), 0, memory);
    return end == WriteEnd::taken;
}

} // namespace rundown::win32
