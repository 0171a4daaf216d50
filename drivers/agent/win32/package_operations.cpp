// SPDX-License-Identifier: MIT
// agent/win32/package_operations.cpp
//
// Packages (an INF and what it copies, put before) installed and removed.
#include "agent/win32/answer.hpp"
#include "agent/win32/file_store.hpp"
#include "agent/win32/net_config.hpp"
#include "agent/win32/text.hpp"

namespace rundown::win32
{

namespace
{

void
tell(const NetConfigAnswer &answer, Response &response)
{
    if (answer.end != NetConfigEnd::done)
        return refuse_plainly(response, answer.status(), answer.sentence);
    response.value = answer.needs_reboot;
    copy(response.message, answer.sentence);
}

void
package_install(void *, const Request &request, Response &response)
{
    const auto &wanted = request.op.package_install;
    NetConfigRequest asked;
    asked.inf = stored_path(wanted.inf);
    asked.component = wanted.component_id;
    asked.hardware_id = wanted.hardware_id;
    if (asked.inf.empty())
        return refuse_plainly(response, kStatusObjectNameInvalid, "that is no name of a file");
    if (GetFileAttributesW(asked.inf.c_str()) == INVALID_FILE_ATTRIBUTES)
        return refuse_error(response, GetLastError(), "there is no such file");
    if (asked.component.empty() == asked.hardware_id.empty())
        return refuse_plainly(
            response,
            agent::kStatusInvalidParameter,
            "a package is installed by a component id or by a hardware id");
    asked.kind = asked.component.empty() ? NetConfigKind::update_driver : NetConfigKind::install;
    tell(ask_net_config(asked), response);
}

void
package_remove(void *, const Request &request, Response &response)
{
    NetConfigRequest asked;
    asked.kind = NetConfigKind::remove;
    asked.component = request.op.package_remove.component_id;
    tell(ask_net_config(asked), response);
}

constexpr Operation kOperations[] = {
    {rundown_rpc_Request_package_install_tag, agent::kBlocks, package_install},
    {rundown_rpc_Request_package_remove_tag, agent::kBlocks, package_remove},
};

} // namespace

OperationTable
package_operations()
{
    return {kOperations, sizeof kOperations / sizeof *kOperations};
}

} // namespace rundown::win32
