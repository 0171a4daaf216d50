// SPDX-License-Identifier: MIT
// oracle/rules/image_gone.cpp
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "oracle/evidence.hpp"
#include "oracle/rules/rules.hpp"
#include "trace/names.hpp"

namespace rundown::oracle {
namespace {

using trace::Record;

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    return text;
}

/// FNV-1a 64, as RD_EV_IMAGE_LOADED has it of the lower-case base name.
std::uint64_t hash_of(const std::string& name) {
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const char letter : lower(name)) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3;
    }
    return hash;
}

void check_answer(const RunRecord& run, Step step, const char* what, Findings& findings) {
    const StepAnswer* answer = run.answer(step);
    if (answer != nullptr && answer->status != 0) {
        findings.add(
            nullptr,
            fmt::format(
                "The driver could not be {}: {} {}",
                what,
                trace::status_name(answer->status),
                answer->message
            )
        );
    }
}

void check_query(const std::optional<DriverQuery>& query, const char* when, Findings& findings) {
    if (query && (query->image_loaded || query->state != 0)) {
        findings.add_once(
            1,
            nullptr,
            fmt::format(
                "{} the driver's {} (base {:#x}, {} bytes).",
                when,
                query->image_loaded ? "image is still in memory" : "service is not stopped",
                query->base,
                query->bytes
            )
        );
    }
}

void check_modules(const RunRecord& run, CensusPoint point, const char* when, Findings& findings) {
    const Census* census = run.census(point);
    if (census == nullptr || run.driver_module.empty()) {
        return;
    }
    for (const Module& module : census->modules) {
        if (lower(module.name) == lower(run.driver_module)) {
            findings.add_once(
                1,
                nullptr,
                fmt::format("{} {} is still loaded at {:#x}.", when, module.name, module.base)
            );
        }
    }
}

/// Callbacks that NDIS had made and not got back when the image went: their code is in it. Judged
/// by NDIS's records, whose return comes after the driver's last instruction.
void check_code_running(const Evidence& evidence, Findings& findings) {
    std::set<std::uint16_t> told;  // Events whose returns NDIS records at all.
    const Record* unloaded = nullptr;
    for (const Record& record : evidence.trace().records) {
        if (record.source == RD_SOURCE_NDIS && record.kind == RD_KIND_CALLBACK_RETURN) {
            told.insert(record.event);
        }
        if (record.event == RD_EV_IMAGE_UNLOADED && unloaded == nullptr &&
            record.arg[1] == hash_of(evidence.run().driver_module)) {
            unloaded = &record;
        }
    }
    if (unloaded == nullptr) {
        return;
    }
    for (const Record& record : evidence.trace().records) {
        if (record.sequence >= unloaded->sequence) {
            break;
        }
        if (record.source != RD_SOURCE_NDIS || record.kind != RD_KIND_CALLBACK ||
            record.binding == 0 || !told.contains(record.event) ||
            !evidence.concerns_driver(record) ||
            !evidence.trace().whole(record.sequence, unloaded->sequence)) {
            continue;
        }
        const Record* back = evidence.calls().partner(record);
        if (back == nullptr || back->sequence > unloaded->sequence) {
            findings.add(
                unloaded,
                fmt::format(
                    "The image was unloaded ({}) while {} for binding {} as NDIS numbers it, "
                    "entered in {}, had not returned.",
                    number_of(*unloaded),
                    trace::function_name(record.event),
                    record.binding,
                    number_of(record)
                )
            );
        }
    }
}

void check(const Evidence& evidence, Findings& findings) {
    const RunRecord& run = evidence.run();
    check_answer(run, Step::stop, "stopped", findings);
    check_query(run.query_after_teardown, "After it was stopped", findings);
    check_modules(run, CensusPoint::torn_down, "After the driver was stopped", findings);
    check_answer(run, Step::reload_start, "loaded again", findings);
    check_answer(run, Step::reload_stop, "stopped again", findings);
    check_query(run.query_after_reload, "After it was loaded and stopped again", findings);
    check_modules(run, CensusPoint::gone_again, "After a second load", findings);
    check_code_running(evidence, findings);
}

}  // namespace

const Rule image_gone_rule{
    "image-gone",
    "After the driver was stopped its image is no longer in memory, no code of it runs, and it can "
    "be loaded and stopped again.",
    "S4 and R18, NdisDeregisterProtocol and Unload: the image is freed when Unload has returned",
    check,
    {kImages, 0}};

}  // namespace rundown::oracle
