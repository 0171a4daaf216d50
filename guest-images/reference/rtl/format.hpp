// SPDX-License-Identifier: MIT
// rtl/format.hpp
//
// The one core behind every printf of the kernel: narrow and wide output, the conversions kernel code may use (no floating
// point), counted strings (%Z, %wZ). Pure: freestanding headers only, tested natively.
// https://learn.microsoft.com/cpp/c-runtime-library/format-specification-syntax-printf-and-wprintf-functions
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

namespace rtl {

/// Takes the characters one by one; counts what it is given, keeps what fits.
class FormatSink {
  public:
    FormatSink(char* narrow, size_t room) : narrow_(narrow), room_(room) {}
    FormatSink(char16_t* wide, size_t room) : wide_(wide), room_(room), is_wide_(true) {}
    void put(char16_t character) {
        if (count_ < room_) {
            if (narrow_) narrow_[count_] = character < 0x100 ? static_cast<char>(character) : '?';
            if (wide_) wide_[count_] = character;
        }
        ++count_;
    }
    size_t count() const { return count_; }  ///< Characters put, kept or not.
    bool wide() const { return is_wide_; }  ///< Without a buffer too: what only counts.

  private:
    char* narrow_ = nullptr;
    char16_t* wide_ = nullptr;
    size_t room_;
    size_t count_ = 0;
    bool is_wide_ = false;
};

/// Variadic arguments that can be handed down by reference whatever va_list is.
struct FormatArguments {
    va_list list;
};

/// False: the format has a conversion this core does not know (it is copied as text), or %n, which is never honoured.
bool format(FormatSink& sink, const char* text, FormatArguments& arguments);
bool format(FormatSink& sink, const char16_t* text, FormatArguments& arguments);

}  // namespace rtl
