// SPDX-License-Identifier: MIT
// agent/file_store.hpp
//
// The host's files: \SystemRoot\system32\drivers\<name>, or an absolute name.
#pragma once
#include "agent.hpp"

namespace agent {

/// As rundown::agent::Home wants them. PASSIVE_LEVEL.
uint32_t write_file(void* context, const char* name, const uint8_t* bytes, size_t count);
uint32_t read_file(void* context, const char* name, uint8_t** bytes, size_t* count);

/// Where a file of that name lies.
void file_path(const char* name, Text& path);

}  // namespace agent
