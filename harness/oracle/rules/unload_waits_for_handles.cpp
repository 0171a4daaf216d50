// SPDX-License-Identifier: MIT
// oracle/rules/unload_waits_for_handles.cpp
//
// Only the system can break this: it calls Unload. The reference guest does when it is told to
// (drivers/include/rundown/guest_faults.h), which is how the rule is proved in a real guest.
#include <fmt/format.h>

#include <map>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

constexpr std::uint32_t kSuccess = 0;

void check(const Evidence& evidence, Findings& findings) {
    std::map<std::uint64_t, const Record*> open;  // By FILE_OBJECT: the return of its create.
    for (const Record& record : evidence.trace().records) {
        if (record.source != RD_SOURCE_DRIVER) {
            continue;
        }
        if (record.is(RD_KIND_CALLBACK, RD_EV_DRIVER_ENTRY)) {
            open.clear();
        } else if (record.is(RD_KIND_CALLBACK_RETURN, RD_EV_HANDLE_CREATE) && record.status == kSuccess) {
            open[record.object] = &record;
        } else if (record.is(RD_KIND_CALLBACK, RD_EV_HANDLE_CLOSE)) {
            open.erase(record.object);
        } else if (record.is(RD_KIND_CALLBACK, RD_EV_DRIVER_UNLOAD)) {
            for (const auto& [file, created] : open) {
                if (evidence.trace().whole(created->sequence, record.sequence)) {
                    findings.add(
                        &record,
                        fmt::format(
                            "Unload was called with a handle to the driver's device open: file "
                            "object {:#x}, created in {}, had not been closed.",
                            file,
                            number_of(*created)
                        )
                    );
                }
            }
        }
    }
}

}  // namespace

const Rule unload_waits_for_handles_rule{
    "unload-waits-for-handles",
    "Unload is not called while a handle to a device of the driver is open.",
    "R17, Unload (WDM) and PROTOCOL_UNINSTALL: a driver is not unloaded until every handle to its "
    "devices is closed",
    check,
    {kDriverTrace, 0}};

}  // namespace rundown::oracle
