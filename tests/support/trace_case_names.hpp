// SPDX-License-Identifier: MIT
// support/trace_case_names.hpp
//
// Words of the case format, for its reader and its writer.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "oracle/run_record.hpp"

namespace rundown::test {

inline const std::vector<std::pair<std::string, oracle::CensusPoint>> kPoints = {
    {"before", oracle::CensusPoint::before},
    {"bound", oracle::CensusPoint::bound},
    {"cycle", oracle::CensusPoint::cycle},
    {"deregistered", oracle::CensusPoint::deregistered},
    {"torn_down", oracle::CensusPoint::torn_down},
    {"reloaded", oracle::CensusPoint::reloaded},
    {"gone_again", oracle::CensusPoint::gone_again}};

inline const std::vector<std::pair<std::string, oracle::Step>> kSteps = {
    {"start", oracle::Step::start},
    {"bind", oracle::Step::bind},
    {"unbind", oracle::Step::unbind},
    {"deregister", oracle::Step::deregister},
    {"stop", oracle::Step::stop},
    {"reload_start", oracle::Step::reload_start},
    {"reload_stop", oracle::Step::reload_stop},
    {"power_off", oracle::Step::power_off},
    {"reboot", oracle::Step::reboot},
    {"disable", oracle::Step::disable},
    {"enable", oracle::Step::enable},
    {"remove", oracle::Step::remove},
    {"open_handle", oracle::Step::open_handle},
    {"close_handle", oracle::Step::close_handle}};

inline const std::vector<std::pair<std::string, oracle::GuestEnd>> kEnds = {
    {"stopped", oracle::GuestEnd::stopped},
    {"powered_off", oracle::GuestEnd::powered_off},
    {"reset", oracle::GuestEnd::reset},
    {"panicked", oracle::GuestEnd::panicked},
    {"died", oracle::GuestEnd::died}};

}  // namespace rundown::test
