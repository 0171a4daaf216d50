// SPDX-License-Identifier: MIT
// agent/win32/answer.hpp
//
// Refusals: an NTSTATUS, and a sentence that says what failed and what the system says of it.
#pragma once
#include <windows.h>

#include <string>

#include "agent/core/home.hpp"
#include "agent/core/status.hpp"

namespace rundown::win32
{

using agent::Operation;
using agent::Request;
using agent::Response;

constexpr uint32_t kStatusNotSupported = 0xC00000BB;
constexpr uint32_t kStatusObjectNameInvalid = 0xC0000033;
constexpr uint32_t kStatusObjectNameNotFound = 0xC0000034;
constexpr uint32_t kStatusUnsuccessful = 0xC0000001;
constexpr uint32_t kStatusIoTimeout = 0xC00000B5;
constexpr uint32_t kStatusTooManyOpenedFiles = 0xC000011F;
constexpr uint32_t kStatusInvalidImage = 0xC000007B;
constexpr uint32_t kStatusBufferTooSmall = 0xC0000023;

/// The NTSTATUS of a Win32 error: the one it stands for where that is plain, else the error itself
/// in the facility NTWIN32 (0xC007xxxx).
uint32_t status_of(DWORD error);

/// "`what`: the system's words (error 2)".
void refuse_error(Response &response, DWORD error, const std::string &what);
/// The same with a status of the native interface.
void refuse_status(Response &response, uint32_t status, const std::string &what);
/// Nothing of the system's to add.
void refuse_plainly(Response &response, uint32_t status, const std::string &sentence);

/// One table of operations a file.
struct OperationTable {
    const Operation *operations;
    size_t count;
};
OperationTable driver_operations();
OperationTable adapter_operations();
OperationTable binding_operations();
OperationTable ioctl_operations();
OperationTable handle_operations();
OperationTable census_operations();
OperationTable power_operations();
OperationTable verifier_operations();
OperationTable dump_operations();
OperationTable event_log_operations();
OperationTable package_operations();
OperationTable update_operations();

} // namespace rundown::win32
