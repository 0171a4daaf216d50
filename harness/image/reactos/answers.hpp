// SPDX-License-Identifier: MIT
// image/reactos/answers.hpp
//
// The texts of the ReactOS recipe, filled in: the answers to its setup, and what is put into its
// registry. From the templates in guest-images/reactos. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rundown::image::reactos {

/// Where the agent is put, on the system's first disk, and the service it is started as.
inline constexpr std::string_view kAgentFolder = "rundown";
inline constexpr std::string_view kAgentFile = "rundown-agent.exe";
inline constexpr std::string_view kAgentService = "rundown-agent";

/// unattend.inf. `language`: "en-US"; empty: that. Error: usage, a language ReactOS's setup has no
/// number for here (those it has are listed).
result<std::string> unattend_inf(std::string_view language);

/// What every installation's SYSTEM hive gets, as a registry file. `control_set`: 1 for
/// ControlSet001.
result<std::string> system_reg(unsigned control_set);

/// The agent's service. `port`: its COM port, "COM1".
result<std::string> agent_reg(unsigned control_set, std::string_view port);

/// The control set in use, out of an export of the hive's key Select. Error: environment.
result<unsigned> current_control_set(std::string_view exported);

}  // namespace rundown::image::reactos
