// SPDX-License-Identifier: MIT
#include "base/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace rundown {

namespace {

/// Optimal string alignment: Levenshtein's distance, with swapped neighbours as one edit.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> rows(
        a.size() + 1, std::vector<std::size_t>(b.size() + 1)
    );
    std::iota(rows[0].begin(), rows[0].end(), 0);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        rows[i][0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            rows[i][j] = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
            }
        }
    }
    return rows[a.size()][b.size()];
}

/// Longer words than any choice of ours are nobody's typing error, and the table is quadratic.
constexpr std::size_t kWordMax = 100;

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& choices) {
    if (word.empty() || word.size() > kWordMax) {
        return {};
    }
    const std::string* best = nullptr;
    std::pair<std::size_t, std::size_t> best_score;  // Edits, and what does not begin alike.
    for (const std::string& choice : choices) {
        const bool abbreviates = word.size() >= 3 && choice.starts_with(word);
        const std::size_t edits = abbreviates ? 1 : distance(word, choice);
        // At least half of it must be right: 'beos' is no 'e1000'.
        const auto alike = std::mismatch(word.begin(), word.end(), choice.begin(), choice.end());
        const std::pair score(edits, static_cast<std::size_t>(word.end() - alike.first));
        if (edits * 2 <= choice.size() && (best == nullptr || score < best_score)) {
            best = &choice;
            best_score = score;
        }
    }
    return best == nullptr ? std::string() : *best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& choices) {
    const std::string meant = nearest(word, choices);
    return meant.empty() ? std::string() : ": did you mean '" + meant + "'?";
}

}  // namespace rundown
