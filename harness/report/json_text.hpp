// SPDX-License-Identifier: MIT
// report/json_text.hpp
//
// JSON as a person can read it: Boost.JSON serialises on one line only.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace rundown::report {

/// Two spaces a level, members in the order they were put in, newline at the end.
std::string indented(const boost::json::value& value);

}  // namespace rundown::report
