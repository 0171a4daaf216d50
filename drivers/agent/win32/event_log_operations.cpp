// SPDX-License-Identifier: MIT
// agent/win32/event_log_operations.cpp
//
// The last events of one of the system's logs, newest first, with the texts they carry (not the
// sentences of the message files, which may be gone with their driver).
#include <vector>

#include "agent/win32/answer.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr uint32_t kEventsMax =
    sizeof(rundown_rpc_EventList::event) / sizeof(*rundown_rpc_EventList::event);

/// An open log, closed with its scope.
class EventLog
{
  public:
    explicit EventLog(const std::string &name)
        : handle_(OpenEventLogW(nullptr, widen(name).c_str()))
    {
    }
    ~EventLog()
    {
        if (handle_)
            CloseEventLog(handle_);
    }
    EventLog(const EventLog &) = delete;
    EventLog &operator=(const EventLog &) = delete;
    HANDLE get() const
    {
        return handle_;
    }

  private:
    HANDLE handle_;
};

/// A text of the record's that begins at `offset`, as far as the record goes.
std::wstring_view
text_at(const EVENTLOGRECORD &record, DWORD offset)
{
    const auto *bytes = reinterpret_cast<const uint8_t *>(&record);
    if (offset >= record.Length)
        return {};
    const auto *text = reinterpret_cast<const wchar_t *>(bytes + offset);
    const size_t room = (record.Length - offset) / sizeof(wchar_t);
    size_t length = 0;
    while (length < room && text[length])
        ++length;
    return {text, length};
}

void
tell(const EVENTLOGRECORD &record, rundown_rpc_LoggedEvent &to)
{
    to.time = record.TimeGenerated;
    to.type = record.EventType;
    to.id = record.EventID & 0xFFFF;
    to.number = record.RecordNumber;
    copy(to.source, narrow(text_at(record, sizeof record)));
    std::string texts;
    DWORD at = record.StringOffset;
    for (WORD i = 0; i < record.NumStrings; ++i) {
        const std::wstring_view text = text_at(record, at);
        texts += (i ? " | " : "") + narrow(text);
        at += static_cast<DWORD>((text.size() + 1) * sizeof(wchar_t));
    }
    copy(to.text, texts);
}

/// Reads on towards the oldest, until `count` are there. 0, or a Win32 error.
DWORD
read_back(HANDLE log, uint32_t count, rundown_rpc_EventList &list)
{
    std::vector<uint8_t> memory(64 << 10);
    while (list.event_count < count) {
        DWORD filled = 0, needed = 0;
        if (!ReadEventLogW(
                log,
                EVENTLOG_SEQUENTIAL_READ | EVENTLOG_BACKWARDS_READ,
                0,
                memory.data(),
                static_cast<DWORD>(memory.size()),
                &filled,
                &needed)) {
            const DWORD error = GetLastError();
            if (error == ERROR_HANDLE_EOF)
                return 0;
            if (error != ERROR_INSUFFICIENT_BUFFER || needed <= memory.size())
                return error;
            memory.resize(needed);
            continue;
        }
        for (DWORD at = 0; at + sizeof(EVENTLOGRECORD) <= filled && list.event_count < count;) {
            const auto &record = *reinterpret_cast<const EVENTLOGRECORD *>(memory.data() + at);
            if (record.Length < sizeof record || record.Length > filled - at)
                return ERROR_EVENTLOG_FILE_CORRUPT;
            tell(record, list.event[list.event_count++]);
            at += record.Length;
        }
    }
    return 0;
}

void
event_log_tail(void *, const Request &request, Response &response)
{
    const auto &wanted = request.op.event_log_tail;
    const std::string name = wanted.log[0] ? wanted.log : "System";
    const EventLog log(name);
    if (!log.get())
        return refuse_error(response, GetLastError(), "the log " + name + " cannot be opened");
    auto &list = response.result.events;
    DWORD total = 0;
    if (GetNumberOfEventLogRecords(log.get(), &total))
        list.total = total;
    const uint32_t count = wanted.count && wanted.count < kEventsMax ? wanted.count : kEventsMax;
    if (const DWORD error = read_back(log.get(), count, list))
        return refuse_error(response, error, "the log " + name + " cannot be read");
    response.which_result = rundown_rpc_Response_events_tag;
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_event_log_tail_tag, agent::kBlocks | agent::kRepeatable, event_log_tail},
};

} // namespace

OperationTable
event_log_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
