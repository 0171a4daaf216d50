// SPDX-License-Identifier: MIT
// A template is cut into pieces (text, names, marks of sections), which are then rendered; sections
// recurse over the pieces.
#include "image/windows/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace rundown::image::windows {
namespace {

enum class PieceKind {
    text,
    value,     // {{name}}
    when,      // {{#name}}
    when_not,  // {{^name}}
    end,       // {{/name}}
};

struct Piece {
    PieceKind kind = PieceKind::text;
    std::string_view text;  // The text, or the name.
    long line = 0;
};

PieceKind kind_of(char mark) {
    switch (mark) {
        case '#':
            return PieceKind::when;
        case '^':
            return PieceKind::when_not;
        case '/':
            return PieceKind::end;
        default:
            return PieceKind::value;
    }
}

/// Where the line of a mark at [open, close) begins and ends when nothing else is on it; else the
/// mark's own place.
std::pair<std::size_t, std::size_t> place_of_mark(
    std::string_view text, std::size_t open, std::size_t close
) {
    std::size_t begin = open;
    while (begin > 0 && text[begin - 1] == ' ') {
        --begin;
    }
    const bool alone_before = begin == 0 || text[begin - 1] == '\n';
    const bool alone_after = close == text.size() || text[close] == '\n';
    if (!alone_before || !alone_after) {
        return {open, close};
    }
    return {begin, std::min(close + 1, text.size())};
}

class Filler {
  public:
    Filler(const TemplateValues& values, const TemplateEscape& escape, std::string_view name)
        : values_(values), escape_(escape), name_(name) {}

    result<void> cut(std::string_view text) {
        std::size_t at = 0;
        for (std::size_t open = text.find("{{"); open != text.npos; open = text.find("{{", at)) {
            const long line =
                1 + std::count(text.begin(), text.begin() + static_cast<long>(open), '\n');
            const std::size_t end = text.find("}}", open);
            if (end == text.npos) {
                return complaint({PieceKind::value, text.substr(open + 2, 20), line}, "has no end");
            }
            const std::size_t close = end + 2;
            std::string_view name = text.substr(open + 2, end - open - 2);
            const PieceKind kind = name.empty() ? PieceKind::value : kind_of(name[0]);
            auto place = std::make_pair(open, close);
            if (kind != PieceKind::value) {
                name.remove_prefix(1);
                place = place_of_mark(text, open, close);
            }
            pieces_.push_back({PieceKind::text, text.substr(at, place.first - at), line});
            pieces_.push_back({kind, name, line});
            at = place.second;
        }
        pieces_.push_back({PieceKind::text, text.substr(at), 0});
        return {};
    }

    result<std::string> fill() {
        std::string out;
        RUNDOWN_TRY(render(0, pieces_.size(), nullptr, out));
        return out;
    }

  private:
    Error complaint(const Piece& piece, std::string_view what) const {
        return fail(
            ErrorKind::internal,
            fmt::format("template {}, line {}: '{}' {}", name_, piece.line, piece.text, what)
        );
    }

    /// The place of the mark that ends the section begun at `begin`.
    result<std::size_t> end_of_section(std::size_t begin, std::size_t end) const {
        int depth = 0;
        for (std::size_t i = begin; i < end; ++i) {
            const PieceKind kind = pieces_[i].kind;
            depth += kind == PieceKind::when || kind == PieceKind::when_not;
            depth -= kind == PieceKind::end;
            if (depth == 0 && kind == PieceKind::end) {
                if (pieces_[i].text != pieces_[begin].text) {
                    return complaint(pieces_[i], "ends a section that has another name");
                }
                return i;
            }
        }
        return complaint(pieces_[begin], "begins a section that never ends");
    }

    result<void> render(
        std::size_t begin, std::size_t end, const TemplateTexts* item, std::string& out
    ) const {
        for (std::size_t i = begin; i < end; ++i) {
            const Piece& piece = pieces_[i];
            if (piece.kind == PieceKind::text) {
                out += piece.text;
            } else if (piece.kind == PieceKind::value) {
                RUNDOWN_TRY(render_value(piece, item, out));
            } else if (piece.kind == PieceKind::end) {
                return complaint(piece, "ends a section that was never begun");
            } else {
                auto last = end_of_section(i, end);
                if (!last) {
                    return last.error();
                }
                RUNDOWN_TRY(render_section(i, *last, item, out));
                i = *last;
            }
        }
        return {};
    }

    result<void> render_value(const Piece& piece, const TemplateTexts* item, std::string& out)
        const {
        const std::string* value = nullptr;
        if (item != nullptr && item->contains(piece.text)) {
            value = &item->find(piece.text)->second;
        } else if (const auto found = values_.texts.find(piece.text);
                   found != values_.texts.end()) {
            value = &found->second;
        }
        if (value == nullptr) {
            return complaint(piece, "has no value");
        }
        if (value->find('\0') != std::string::npos) {
            return complaint(piece, "has a value with a NUL in it");
        }
        auto escaped = escape_(*value);
        if (!escaped) {
            return in_context(std::string(piece.text), escaped.error());
        }
        out += *escaped;
        return {};
    }

    result<void> render_section(
        std::size_t begin, std::size_t end, const TemplateTexts* item, std::string& out
    ) const {
        const Piece& piece = pieces_[begin];
        const bool wanted = piece.kind == PieceKind::when;
        if (const auto flag = values_.flags.find(piece.text); flag != values_.flags.end()) {
            return flag->second == wanted ? render(begin + 1, end, item, out) : result<void>{};
        }
        const auto list = values_.lists.find(piece.text);
        if (list == values_.lists.end()) {
            return complaint(piece, "is neither a flag nor a list");
        }
        if (!wanted) {
            return list->second.empty() ? render(begin + 1, end, item, out) : result<void>{};
        }
        for (const auto& texts : list->second) {
            RUNDOWN_TRY(render(begin + 1, end, &texts, out));
        }
        return {};
    }

    const TemplateValues& values_;
    const TemplateEscape& escape_;
    std::string_view name_;
    std::vector<Piece> pieces_;
};

}  // namespace

result<std::string> fill_template(
    std::string_view text,
    const TemplateValues& values,
    const TemplateEscape& escape,
    std::string_view name
) {
    Filler filler(values, escape, name);
    RUNDOWN_TRY(filler.cut(text));
    return filler.fill();
}

}  // namespace rundown::image::windows
