// SPDX-License-Identifier: MIT
// agent/core/status.hpp
//
// The NTSTATUS values the core itself answers with; systems have many more.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "agent/core/messages.hpp"

namespace rundown::agent
{

constexpr uint32_t kStatusSuccess = 0;
constexpr uint32_t kStatusInvalidHandle = 0xC0000008;
constexpr uint32_t kStatusInvalidParameter = 0xC000000D;
constexpr uint32_t kStatusNotImplemented = 0xC0000002;
constexpr uint32_t kStatusInsufficientResources = 0xC000009A;
constexpr uint32_t kStatusFileTooLarge = 0xC0000904;
constexpr uint32_t kStatusDeviceBusy = 0x80000011;
constexpr uint32_t kStatusCrcError = 0xC000003F;
constexpr uint32_t kStatusEndOfFile = 0xC0000011;
constexpr uint32_t kStatusRequestAborted = 0xC0000240;
constexpr uint32_t kStatusBufferOverflow = 0x80000005;

/// A refusal: status and one sentence, cut to what the message has room for.
inline void
refuse(Response &response, uint32_t status, const char *sentence)
{
    response.status = status;
    const size_t length = strlen(sentence);
    const size_t room = sizeof response.message - 1;
    memcpy(response.message, sentence, length < room ? length : room);
    response.message[length < room ? length : room] = '\0';
}

} // namespace rundown::agent
