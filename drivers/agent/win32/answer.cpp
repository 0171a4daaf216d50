// SPDX-License-Identifier: MIT
#include "agent/win32/answer.hpp"

#include "agent/win32/native.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

struct Pair {
    DWORD error;
    uint32_t status;
};
constexpr Pair kPairs[] = {
    {ERROR_FILE_NOT_FOUND, kStatusObjectNameNotFound},
    {ERROR_PATH_NOT_FOUND, 0xC000003A},
    {ERROR_ACCESS_DENIED, 0xC0000022},
    {ERROR_SHARING_VIOLATION, 0xC0000043},
    {ERROR_NOT_ENOUGH_MEMORY, 0xC000009A},
    {ERROR_DISK_FULL, 0xC000007F},
    {ERROR_INVALID_PARAMETER, 0xC000000D},
    {ERROR_NOT_SUPPORTED, kStatusNotSupported},
    {ERROR_CALL_NOT_IMPLEMENTED, kStatusNotSupported},
    {ERROR_PRIVILEGE_NOT_HELD, 0xC0000061},
    {ERROR_SERVICE_DOES_NOT_EXIST, kStatusObjectNameNotFound},
    {ERROR_SERVICE_ALREADY_RUNNING, 0xC000010E}, // STATUS_IMAGE_ALREADY_LOADED
    {ERROR_TIMEOUT, kStatusIoTimeout},
};

} // namespace

uint32_t
status_of(DWORD error)
{
    for (const Pair &pair : kPairs)
        if (pair.error == error)
            return pair.status;
    return 0xC0070000 | (error & 0xFFFF);
}

void
refuse_plainly(Response &response, uint32_t status, const std::string &sentence)
{
    response.status = status;
    copy(response.message, sentence);
}

void
refuse_error(Response &response, DWORD error, const std::string &what)
{
    const std::string said = error_text(error);
    refuse_plainly(
        response,
        status_of(error),
        what + (said.empty() ? "" : ": " + said) +
            format(" (error %lu)", static_cast<unsigned long>(error)));
}

void
refuse_status(Response &response, uint32_t status, const std::string &what)
{
    const std::string said = error_text(RtlNtStatusToDosError(static_cast<NTSTATUS>(status)));
    refuse_plainly(response, status, what + (said.empty() ? "" : ": " + said));
}

} // namespace rundown::win32
