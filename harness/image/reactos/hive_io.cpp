// SPDX-License-Identifier: MIT
#include "image/reactos/hive_io.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "base/file_io.hpp"
#include "image/program_io.hpp"
#include "image/reactos/answers.hpp"
#include "image/reactos/fat_disk_io.hpp"
#include "image/reactos/registry_text.hpp"

namespace rundown::image::reactos {

namespace {

constexpr Milliseconds kEditTime{30000};
constexpr const char* kReged = "/usr/sbin/reged";
constexpr const char* kPrefix = "HKEY_LOCAL_MACHINE\\SYSTEM";
constexpr int kChanged = 2;  // reged's exit code after it wrote the hive.

result<ProgramEnd> reged(std::vector<std::string> arguments, const Watch& watch) {
    ProgramRun run;
    run.arguments = std::move(arguments);
    // Debian has it where only root looks.
    const bool is_there = ::access(kReged, X_OK) == 0;
    run.arguments.insert(run.arguments.begin(), is_there ? kReged : "reged");
    run.cancelled = watch.cancelled;
    return run_program(run, Deadline::in(kEditTime, "the registry of the system to be edited"));
}

result<std::string> exported(
    const ScratchDirectory& scratch,
    const std::string& hive_file,
    const std::string& key,
    const Watch& watch
) {
    const std::string file = scratch.file("out.reg");
    const auto ended = reged({"-x", hive_file, kPrefix, key, file}, watch);
    if (!ended) {
        return ended.error();
    }
    return read_whole_file(file);
}

}  // namespace

result<std::string> with_registry_values(
    const std::string& hive, const std::string& text, const Watch& watch
) {
    const auto sections = registry_sections(text, kPrefix);
    if (!sections) {
        return sections.error();
    }
    const auto scratch = ScratchDirectory::create();
    if (!scratch) {
        return scratch.error();
    }
    const std::string hive_file = scratch->file("SYSTEM");
    const std::string text_file = scratch->file("in.reg");
    RUNDOWN_TRY(write_whole_file(hive_file, hive));
    RUNDOWN_TRY(write_whole_file(text_file, as_reged_takes_it(text)));
    const auto ended = reged({"-C", "-I", hive_file, kPrefix, text_file}, watch);
    if (!ended) {
        return ended.error();
    }
    if (ended->exit_code != kChanged) {
        return fail(
            ErrorKind::environment,
            fmt::format("reged did not change the registry of the system ({})", ended->exit_code)
        );
    }
    for (const auto& section : *sections) {
        const auto now = exported(*scratch, hive_file, section.key, watch);
        if (!now) {
            return now.error();
        }
        if (!has_all_values(*now, section)) {
            return fail(ErrorKind::environment, "reged did not put all values into " + section.key);
        }
    }
    return read_whole_file(hive_file);
}

result<unsigned> control_set_of(const std::string& hive, const Watch& watch) {
    const auto scratch = ScratchDirectory::create();
    if (!scratch) {
        return scratch.error();
    }
    const std::string hive_file = scratch->file("SYSTEM");
    RUNDOWN_TRY(write_whole_file(hive_file, hive));
    const auto text = exported(*scratch, hive_file, "Select", watch);
    if (!text) {
        return text.error();
    }
    return current_control_set(*text);
}

}  // namespace rundown::image::reactos
