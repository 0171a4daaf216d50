// SPDX-License-Identifier: MIT
// io/pnp/text_writer.hpp
//
// Builds names and multi-strings in a fixed buffer: what does not fit is left out and fits() says so. Pure.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace pnp {

class TextWriter {
  public:
    TextWriter(wchar_t* text, size_t capacity) : text_(text), capacity_(capacity) {
        if (capacity != 0) text[0] = L'\0';
    }

    TextWriter& text(const wchar_t* more) {
        while (*more != L'\0') put(*more++);
        return *this;
    }

    /// `digits` hexadecimal digits, upper case.
    TextWriter& hex(uint64_t value, unsigned digits) {
        while (digits-- != 0) put(L"0123456789ABCDEF"[value >> (4 * digits) & 15]);
        return *this;
    }

    /// At least `digits` decimal digits.
    TextWriter& decimal(uint32_t value, unsigned digits = 1) {
        wchar_t reversed[10];
        unsigned count = 0;
        do {
            reversed[count++] = static_cast<wchar_t>(L'0' + value % 10);
            value /= 10;
        } while (value != 0 || count < digits);
        while (count != 0) put(reversed[--count]);
        return *this;
    }

    /// Ends one string of a multi-string; the one after it starts behind the NUL.
    TextWriter& end_string() {
        put(L'\0');
        return *this;
    }

    /// Characters written, the terminator not counted.
    size_t length() const { return length_; }
    bool fits() const { return fits_; }

  private:
    void put(wchar_t character) {
        if (length_ + 1 >= capacity_) {
            fits_ = false;
            return;
        }
        text_[length_++] = character;
        text_[length_] = L'\0';
    }

    wchar_t* text_;
    size_t capacity_;
    size_t length_ = 0;
    bool fits_ = true;
};

}  // namespace pnp
