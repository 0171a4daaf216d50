// SPDX-License-Identifier: MIT
// oracle/rules/filter_requests.cpp
#include "oracle/rules/filter_requests.hpp"

#include <fmt/format.h>

#include <map>

#include "oracle/left_open.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

constexpr std::uint64_t kSet = std::uint64_t{1} << 32;  // In arg1 of RD_EV_REQUEST.
constexpr std::uint64_t kSetPacketFilter = kSet | 0x0001010E;
constexpr std::uint64_t kSetMulticastList = kSet | 0x01010103;
constexpr std::uint32_t kSuccess = 0;
constexpr std::uint32_t kPending = 0x103;

/// What one OID of a binding stands at: the set that has not been taken back, and the one before
/// it.
struct Standing {
    const Record* set = nullptr;
    const Record* before = nullptr;
};

/// Does the set give something, or take it back? A filter of no bits and a list of no bytes do.
bool gives(const Record& request) {
    const std::uint64_t bytes = request.arg[2] >> 32;
    const std::uint64_t first = request.arg[2] & 0xFFFFFFFF;
    return request.arg[1] == kSetPacketFilter ? first != 0 : bytes != 0;
}

class Watch {
  public:
    explicit Watch(const Evidence& evidence)
        : evidence_(evidence), left_open_(left_open(evidence, RD_SOURCE_DRIVER)) {}

    void see(const Record& record, Findings& findings) {
        if (record.event == RD_EV_REQUEST && is_ours(record.arg[1])) {
            asked(record);
        } else if (record.is(RD_KIND_CALLBACK, RD_EV_REQUEST_COMPLETE)) {
            ended(record);
        } else if (record.is(RD_KIND_CALL, RD_EV_CLOSE_ADAPTER)) {
            closed(record, findings);
        }
    }

  private:
    static bool is_ours(std::uint64_t what) {
        return what == kSetPacketFilter || what == kSetMulticastList;
    }

    Standing& standing(const Record& record, std::uint64_t what) {
        return standing_[{record.binding, what}];
    }

    void asked(const Record& record) {
        Standing& now = standing(record, record.arg[1]);
        if (record.kind == RD_KIND_RETURN) {
            ended(record);
        } else if (!gives(record)) {
            // Also when it fails: of a device that is gone nothing more can be asked.
            now = {};
        } else {
            now = {&record, now.set};
        }
    }

    /// A set that failed has changed nothing.
    void ended(const Record& record) {
        if (record.status == kSuccess || record.status == kPending) {
            return;
        }
        for (const std::uint64_t what : {kSetPacketFilter, kSetMulticastList}) {
            Standing& now = standing(record, what);
            if (now.set != nullptr && now.set->arg[0] == record.arg[0]) {
                now = {now.before, nullptr};
            }
        }
    }

    void closed(const Record& record, Findings& findings) {
        if (left_open_.contains(record.binding)) {
            return;  // Nobody told the driver to let go: unbind-once-per-open's finding.
        }
        for (const std::uint64_t what : {kSetPacketFilter, kSetMulticastList}) {
            const Record* set = standing(record, what).set;
            if (set == nullptr || !evidence_.trace().whole(set->sequence, record.sequence)) {
                continue;
            }
            const auto oid = trace::oid_name(static_cast<std::uint32_t>(what));
            findings.add(
                &record,
                fmt::format(
                    "In the driver's OIDs binding {} was given {} ({}), which was not taken back "
                    "before NdisCloseAdapter ({}).",
                    record.binding,
                    what == kSetPacketFilter
                        ? fmt::format(
                              "the packet filter {:#x} by {}", set->arg[2] & 0xFFFFFFFF, oid
                          )
                        : fmt::format("a list of {} addresses by {}", (set->arg[2] >> 32) / 6, oid),
                    number_of(*set),
                    number_of(record)
                )
            );
            standing(record, what) = {};
        }
    }

    const Evidence& evidence_;
    const std::map<std::uint16_t, const Record*> left_open_;
    std::map<std::pair<std::uint16_t, std::uint64_t>, Standing> standing_;
};

}  // namespace

void check_filter_requests(const Evidence& evidence, Findings& findings) {
    if (evidence.run().promised.filters_left) {
        return;  // The scenario has the driver leave it to NDIS.
    }
    Watch watch(evidence);
    for (const Record& record : evidence.trace().records) {
        if (record.source == RD_SOURCE_DRIVER) {
            watch.see(record, findings);
        }
    }
}

}  // namespace rundown::oracle
