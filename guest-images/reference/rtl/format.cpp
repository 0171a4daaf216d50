// SPDX-License-Identifier: MIT
// rtl/format.cpp
//
// printf's machine: one conversion is parsed into a Conversion, then performed.
#include "format.hpp"

namespace rtl {

namespace {

enum class Size { none, char_sized, short_sized, long_sized, quad_sized, pointer_sized, wide };

struct Conversion {
    bool left = false, plus = false, space = false, alternate = false, zero = false;
    bool has_precision = false;
    int width = 0, precision = 0;
    Size size = Size::none;
    char16_t kind = 0;
};

constexpr int kWidthMax = 4096;

/// UNICODE_STRING and STRING.
template <typename Char>
struct Counted {
    uint16_t length, maximum_length;  // bytes
    const Char* buffer;
};

void fill(FormatSink& sink, char16_t character, int count) {
    while (count-- > 0) sink.put(character);
}

template <typename Char>
void put_text(FormatSink& sink, const Conversion& how, const Char* text, size_t length) {
    if (how.has_precision && length > static_cast<size_t>(how.precision)) length = static_cast<size_t>(how.precision);
    const int padding = how.width - static_cast<int>(length);
    if (!how.left) fill(sink, how.zero ? u'0' : u' ', padding);
    for (size_t index = 0; index < length; ++index) {
        const auto character = text[index];
        if constexpr (sizeof(Char) == 1)
            sink.put(static_cast<unsigned char>(character));
        else
            sink.put(character);
    }
    if (how.left) fill(sink, u' ', padding);
}

template <typename Char>
void put_string(FormatSink& sink, const Conversion& how, const Char* text) {
    if (!text) return put_text(sink, how, "(null)", 6);
    size_t length = 0;  // a precision also limits how far the string is read
    while ((!how.has_precision || length < static_cast<size_t>(how.precision)) && text[length]) ++length;
    put_text(sink, how, text, length);
}

void put_number(FormatSink& sink, const Conversion& how, uint64_t value, bool negative, unsigned base) {
    const char* digits = how.kind == u'X' || how.kind == u'p' ? "0123456789ABCDEF" : "0123456789abcdef";
    char text[24];
    int length = 0;
    for (uint64_t rest = value; rest; rest /= base) text[length++] = digits[rest % base];
    int zeros = (how.has_precision ? how.precision : 1) - length;
    if (zeros < 0) zeros = 0;
    if (base == 8 && how.alternate && zeros == 0 && value) zeros = 1;
    char prefix[3];
    int prefix_length = 0;
    if (negative) prefix[prefix_length++] = '-';
    else if (how.plus) prefix[prefix_length++] = '+';
    else if (how.space) prefix[prefix_length++] = ' ';
    if (base == 16 && how.alternate && value) {
        prefix[prefix_length++] = '0';
        prefix[prefix_length++] = how.kind == u'X' ? 'X' : 'x';
    }
    int padding = how.width - length - zeros - prefix_length;
    if (how.zero && !how.left && !how.has_precision && padding > 0) {
        zeros += padding;
        padding = 0;
    }
    if (!how.left) fill(sink, u' ', padding);
    for (int index = 0; index < prefix_length; ++index) sink.put(static_cast<char16_t>(prefix[index]));
    fill(sink, u'0', zeros);
    while (length) sink.put(static_cast<char16_t>(text[--length]));
    if (how.left) fill(sink, u' ', padding);
}

uint64_t take_integer(const Conversion& how, FormatArguments& arguments, bool is_signed) {
    if (how.size == Size::quad_sized || how.size == Size::pointer_sized) return va_arg(arguments.list, uint64_t);
    const uint32_t value = va_arg(arguments.list, uint32_t);  // Windows' long has 32 bits
    switch (how.size) {
        case Size::char_sized: return is_signed ? static_cast<uint64_t>(static_cast<int8_t>(value)) : static_cast<uint8_t>(value);
        case Size::short_sized: return is_signed ? static_cast<uint64_t>(static_cast<int16_t>(value)) : static_cast<uint16_t>(value);
        default: return is_signed ? static_cast<uint64_t>(static_cast<int32_t>(value)) : value;
    }
}

void put_signed(FormatSink& sink, const Conversion& how, FormatArguments& arguments) {
    const auto value = static_cast<int64_t>(take_integer(how, arguments, true));
    put_number(sink, how, value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value), value < 0, 10);
}

void put_unsigned(FormatSink& sink, Conversion how, FormatArguments& arguments, unsigned base) {
    how.plus = how.space = false;
    put_number(sink, how, take_integer(how, arguments, false), false, base);
}

void put_pointer(FormatSink& sink, Conversion how, FormatArguments& arguments) {
    how.has_precision = true;
    how.precision = 16;
    how.plus = how.space = how.alternate = false;
    put_number(sink, how, reinterpret_cast<uintptr_t>(va_arg(arguments.list, void*)), false, 16);
}

/// Upper-case C, S and the modifiers choose the other width than the output's.
bool wants_wide(const FormatSink& sink, const Conversion& how) {
    if (how.size == Size::char_sized || how.size == Size::short_sized) return false;
    if (how.size == Size::long_sized || how.size == Size::wide) return true;
    const bool upper = how.kind == u'C' || how.kind == u'S';
    return sink.wide() != upper;
}

void put_character(FormatSink& sink, Conversion how, FormatArguments& arguments) {
    const auto value = static_cast<char16_t>(va_arg(arguments.list, unsigned));
    const char16_t character = wants_wide(sink, how) ? value : static_cast<char16_t>(value & 0xff);
    how.has_precision = false;
    put_text(sink, how, &character, 1);
}

void put_strings(FormatSink& sink, const Conversion& how, FormatArguments& arguments) {
    if (wants_wide(sink, how))
        put_string(sink, how, va_arg(arguments.list, const char16_t*));
    else
        put_string(sink, how, va_arg(arguments.list, const char*));
}

/// %wZ is a UNICODE_STRING, %Z (and %hZ) an ANSI one.
void put_counted(FormatSink& sink, const Conversion& how, FormatArguments& arguments) {
    if (how.size == Size::wide || how.size == Size::long_sized) {
        const auto* string = va_arg(arguments.list, const Counted<char16_t>*);
        if (!string || !string->buffer) return put_text(sink, how, "(null)", 6);
        return put_text(sink, how, string->buffer, string->length / sizeof(char16_t));
    }
    const auto* string = va_arg(arguments.list, const Counted<char>*);
    if (!string || !string->buffer) return put_text(sink, how, "(null)", 6);
    put_text(sink, how, string->buffer, string->length);
}

bool perform(FormatSink& sink, const Conversion& how, FormatArguments& arguments) {
    switch (how.kind) {
        case u'd':
        case u'i': put_signed(sink, how, arguments); return true;
        case u'u': put_unsigned(sink, how, arguments, 10); return true;
        case u'o': put_unsigned(sink, how, arguments, 8); return true;
        case u'x':
        case u'X': put_unsigned(sink, how, arguments, 16); return true;
        case u'p': put_pointer(sink, how, arguments); return true;
        case u'c':
        case u'C': put_character(sink, how, arguments); return true;
        case u's':
        case u'S': put_strings(sink, how, arguments); return true;
        case u'Z': put_counted(sink, how, arguments); return true;
        case u'%': sink.put(u'%'); return true;
        default: return false;
    }
}

template <typename Char>
class Parser {
  public:
    explicit Parser(const Char* at) : at_(at) {}
    const Char* position() const { return at_; }

    Conversion parse(FormatArguments& arguments) {
        Conversion how;
        while (flag(how)) ++at_;
        how.width = number(arguments);
        if (how.width < 0) {
            how.left = true;
            how.width = -how.width;
        }
        if (*at_ == '.') {
            ++at_;
            how.precision = number(arguments);
            how.has_precision = how.precision >= 0;
        }
        how.size = size();
        how.kind = static_cast<char16_t>(*at_);
        if (*at_) ++at_;
        return how;
    }

  private:
    bool flag(Conversion& how) const {
        switch (*at_) {
            case '-': return how.left = true;
            case '+': return how.plus = true;
            case ' ': return how.space = true;
            case '#': return how.alternate = true;
            case '0': return how.zero = true;
            default: return false;
        }
    }
    int number(FormatArguments& arguments) {
        if (*at_ == '*') {
            ++at_;
            const int value = va_arg(arguments.list, int);
            return value > kWidthMax ? kWidthMax : value < -kWidthMax ? -kWidthMax : value;
        }
        int value = 0;
        for (; *at_ >= '0' && *at_ <= '9'; ++at_)
            if (value < kWidthMax) value = value * 10 + static_cast<int>(*at_ - '0');
        return value > kWidthMax ? kWidthMax : value;
    }
    Size size() {
        const Char first = *at_;
        if (first == 'I' && at_[1] == '6' && at_[2] == '4') return skip(3, Size::quad_sized);
        if (first == 'I' && at_[1] == '3' && at_[2] == '2') return skip(3, Size::none);
        if (first == 'I' || first == 'z' || first == 't') return skip(1, Size::pointer_sized);
        if (first == 'j') return skip(1, Size::quad_sized);
        if (first == 'w') return skip(1, Size::wide);
        if (first == 'l') return at_[1] == 'l' ? skip(2, Size::quad_sized) : skip(1, Size::long_sized);
        if (first == 'h') return at_[1] == 'h' ? skip(2, Size::char_sized) : skip(1, Size::short_sized);
        return Size::none;
    }
    Size skip(int characters, Size size) {
        at_ += characters;
        return size;
    }
    const Char* at_;
};

template <typename Char>
bool run(FormatSink& sink, const Char* text, FormatArguments& arguments) {
    bool understood = true;
    while (*text) {
        if (*text != '%') {
            if constexpr (sizeof(Char) == 1)
                sink.put(static_cast<unsigned char>(*text++));
            else
                sink.put(*text++);
            continue;
        }
        Parser<Char> parser(text + 1);
        const Conversion how = parser.parse(arguments);
        if (!perform(sink, how, arguments)) {
            understood = false;
            for (; text != parser.position(); ++text) sink.put(static_cast<char16_t>(*text));
        }
        text = parser.position();
    }
    return understood;
}

}  // namespace

bool format(FormatSink& sink, const char* text, FormatArguments& arguments) { return run(sink, text, arguments); }
bool format(FormatSink& sink, const char16_t* text, FormatArguments& arguments) { return run(sink, text, arguments); }

}  // namespace rtl
