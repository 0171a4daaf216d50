// SPDX-License-Identifier: MIT
// agent/win32/power_operations.cpp
//
// The system off and on again, through the native call: it works where ExitWindowsEx waits for
// programs. What only a kernel could do is refused.
#include "agent/win32/agent.hpp"
#include "agent/win32/answer.hpp"
#include "agent/win32/log.hpp"
#include "agent/win32/native.hpp"
#include "agent/win32/system.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

constexpr ULONG kReboot = 1, kPowerOff = 2; // SHUTDOWN_ACTION

/// Comes back only when it was refused.
void
shut_down(ULONG action, const char *why)
{
    log_line(why);
    announce_end(why);
    drain_line();
    const auto status = static_cast<uint32_t>(NtShutdownSystem(action));
    const std::string line =
        format("the system did not shut down (status 0x%08X)", static_cast<unsigned>(status));
    log_notable(line, true);
    send_log_event(line);
}

void
go_off()
{
    shut_down(kPowerOff, "power off");
}

void
start_again()
{
    shut_down(kReboot, "reboot");
}

void
prepare(void (*action)(), Response &response)
{
    if (system_version().is_wine)
        return refuse_plainly(
            response, kStatusNotSupported, "Wine has no power to switch: nothing would happen");
    if (const uint32_t error = enable_privilege(L"SeShutdownPrivilege"))
        return refuse_error(response, error, "the agent may not shut the system down");
    if (!after_the_answer(action))
        refuse_plainly(response, agent::kStatusInsufficientResources, "no memory for a thread");
}

void
power_off(void *, const Request &, Response &response)
{
    prepare(go_off, response);
}

void
reboot(void *, const Request &, Response &response)
{
    prepare(start_again, response);
}

void
bug_check(void *, const Request &, Response &response)
{
    refuse_plainly(
        response,
        kStatusNotSupported,
        "a program cannot stop this system with a code of its choice; the host has an NMI for it");
}

void
hang(void *, const Request &request, Response &response)
{
    if (request.op.hang != 2)
        return refuse_plainly(
            response,
            kStatusNotSupported,
            "a program cannot make all processors spin; 2 makes the agent fall silent");
    if (!after_the_answer(fall_silent))
        refuse_plainly(response, agent::kStatusInsufficientResources, "no memory for a thread");
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_power_off_tag, agent::kQuick, power_off},
    {rundown_rpc_Request_reboot_tag, agent::kQuick, reboot},
    {rundown_rpc_Request_bug_check_tag, agent::kQuick, bug_check},
    {rundown_rpc_Request_hang_tag, agent::kQuick, hang},
};

} // namespace

OperationTable
power_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
