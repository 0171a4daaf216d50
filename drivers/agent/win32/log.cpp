// SPDX-License-Identifier: MIT
#include "agent/win32/log.hpp"

#include <windows.h>

#include "agent/win32/lock.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr DWORD kBytesMax = 256 << 10;

Lock lock;
std::wstring path;
HANDLE file = INVALID_HANDLE_VALUE;
bool is_on_console = false;

void
open_file()
{
    file = CreateFileW(
        path.c_str(),
        FILE_APPEND_DATA,
        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, // with the successor
        nullptr,
        OPEN_ALWAYS,
        0,
        nullptr);
}

/// The full file becomes the old one.
void
turn_over()
{
    if (file == INVALID_HANDLE_VALUE || GetFileSize(file, nullptr) < kBytesMax)
        return;
    CloseHandle(file);
    MoveFileExW(path.c_str(), (path + L".old").c_str(), MOVEFILE_REPLACE_EXISTING);
    open_file();
}

void
write(HANDLE to, const std::string &text)
{
    DWORD written;
    WriteFile(to, text.data(), static_cast<DWORD>(text.size()), &written, nullptr);
}

} // namespace

void
open_log(const std::wstring &where)
{
    const Guard guard(lock);
    path = where;
    open_file();
}

void
log_to_console()
{
    is_on_console = true;
}

void
log_line(const std::string &line)
{
    SYSTEMTIME now;
    GetLocalTime(&now);
    const std::string stamped = format(
        "%04u-%02u-%02u %02u:%02u:%02u.%03u %s\r\n",
        now.wYear,
        now.wMonth,
        now.wDay,
        now.wHour,
        now.wMinute,
        now.wSecond,
        now.wMilliseconds,
        line.c_str());
    OutputDebugStringA(("rundown-agent: " + line + "\n").c_str());
    const Guard guard(lock);
    turn_over();
    if (file != INVALID_HANDLE_VALUE) {
        write(file, stamped);
        FlushFileBuffers(file); // the system may be switched off at any time
    }
    if (is_on_console)
        write(GetStdHandle(STD_OUTPUT_HANDLE), stamped);
}

void
log_notable(const std::string &line, bool is_error)
{
    log_line(line);
    HANDLE source = RegisterEventSourceW(nullptr, L"rundown-agent");
    if (!source)
        return;
    const std::wstring text = widen(line);
    const wchar_t *texts[] = {text.c_str()};
    ReportEventW(
        source,
        is_error ? EVENTLOG_ERROR_TYPE : EVENTLOG_INFORMATION_TYPE,
        0,
        1,
        nullptr,
        1,
        0,
        texts,
        nullptr);
    DeregisterEventSource(source);
}

} // namespace rundown::win32
