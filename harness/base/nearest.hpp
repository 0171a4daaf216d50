// SPDX-License-Identifier: MIT
// base/nearest.hpp
//
// What a person probably meant by a word that is none of those expected. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rundown {

/// The choice nearest to `word` by edits (insert, delete, replace, swap neighbours; a choice that
/// `word` abbreviates is near, too); empty when none is near enough to be meant.
std::string nearest(std::string_view word, const std::vector<std::string>& choices);

/// ": did you mean '<nearest>'?", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& choices);

}  // namespace rundown
