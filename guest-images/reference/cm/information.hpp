// SPDX-License-Identifier: MIT
// cm/information.hpp
//
// Writes the variable-length structures of ZwQueryKey, ZwQueryValueKey and their kin by the documented rule: too little room
// for the fixed part is STATUS_BUFFER_TOO_SMALL and nothing is written; too little for the rest is STATUS_BUFFER_OVERFLOW
// with as much as fits; the length needed is told in every case.
#pragma once
#include "nt_internal.hpp"
// Behind the DDK headers, which must come first.
#include "cm/tree.hpp"

namespace cm {

class InformationWriter {
  public:
    /// `fixed`: bytes of the structure up to its variable-length part.
    InformationWriter(PVOID buffer, ULONG room, ULONG fixed)
        : buffer_(static_cast<PUCHAR>(buffer)), room_(room), fixed_(fixed), total_(fixed) {}

    /// The fixed part.
    void head(const void* structure) { put(0, structure, fixed_); }

    void put(SIZE_T offset, const void* data, SIZE_T bytes) {
        if (total_ < offset + bytes) total_ = offset + bytes;
        if (room_ < fixed_ || offset >= room_) return;
        const SIZE_T fits = room_ - offset < bytes ? room_ - offset : bytes;
        if (fits != 0) RtlCopyMemory(buffer_ + offset, data, fits);
    }
    void put(SIZE_T offset, Name name) { put(offset, name.text, name.length * sizeof(WCHAR)); }

    NTSTATUS finish(PULONG needed) const {
        *needed = static_cast<ULONG>(total_);
        if (room_ < fixed_) return STATUS_BUFFER_TOO_SMALL;
        return total_ > room_ ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    }

  private:
    PUCHAR buffer_;
    SIZE_T room_, fixed_, total_;
};

/// KEY_*_INFORMATION of a key. STATUS_INVALID_PARAMETER: a class this guest does not have.
NTSTATUS describe_key(const Key* key, KEY_INFORMATION_CLASS wanted, PVOID buffer, ULONG room, PULONG needed);
/// KEY_VALUE_*_INFORMATION of a value.
NTSTATUS describe_value(const Value* value, KEY_VALUE_INFORMATION_CLASS wanted, PVOID buffer, ULONG room, PULONG needed);

}  // namespace cm
