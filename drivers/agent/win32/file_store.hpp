// SPDX-License-Identifier: MIT
// agent/win32/file_store.hpp
//
// Files the host has put: in one folder, under names that cannot lead out of it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <string>
#include <string_view>

namespace rundown::win32
{

/// Makes the folder; empty: %SystemRoot%\Temp\rundown, or beside the program where that cannot be
/// made. Gives back which it is. Before anything else here.
std::wstring prepare_file_store(const std::string &folder);

std::wstring file_store_folder();

/// The path of a file that was put under that name, whether it is there or not; empty: no name of
/// a file.
std::wstring stored_path(std::string_view name);

/// Home's.
uint32_t write_file(void *, const char *name, const uint8_t *bytes, size_t count);
uint32_t read_file(void *, const char *name, uint8_t **bytes, size_t *count);

} // namespace rundown::win32
