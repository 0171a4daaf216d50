// SPDX-License-Identifier: MIT
#include "cli/image_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/output.hpp"
#include "image/build.hpp"
#include "image/image_list.hpp"
#include "image/room_io.hpp"
#include "image/store.hpp"
#include "report/progress.hpp"
#include "run/assets.hpp"

namespace rundown::cli {
namespace {

report::Progress make_progress() {
    return report::Progress(stdout, isatty(fileno(stdout)) == 1);
}

/// Says what verify() found about one image. False: it cannot be used as it is.
bool say_verification(const std::string& name, const image::Verification& verification) {
    const bool whole = verification.complaints.empty();
    say("{:<8}  {}\n", whole ? "ok" : "DAMAGED", name);
    for (const auto& complaint : verification.complaints) {
        say("          {}\n", complaint);
    }
    for (const auto& warning : verification.warnings) {
        say("          warning: {}\n", warning);
    }
    return whole;
}

}  // namespace

int image_build(const Options& options) {
    auto progress = make_progress();
    image::BuildRequest request = options.image.build;
    request.assets = run::locate_assets().directory;
    const auto manifest = image::build(request, progress);
    if (!manifest) {
        progress.print("");
        return complain(manifest.error());
    }
    progress.print(fmt::format(
        "image '{}': {} {} {}, {} on disk; use it with `rundown run --guest {}:{}`\n",
        manifest->name,
        manifest->os_name,
        manifest->os_version,
        to_string(manifest->arch),
        image::size_text(manifest->base.bytes),
        to_string(manifest->kind),
        manifest->name
    ));
    return finish_output(exit_pass, false);
}

int image_list(const Options& options) {
    const auto store = image::Store::open_default();
    if (!store) {
        return complain(store.error());
    }
    const auto images = store->list();
    put(options.json ? image::list_to_json(store->directory(), images)
                     : image::list_to_text(store->directory(), images));
    return finish_output(exit_pass, options.json);
}

int image_verify(const Options& options) {
    const auto store = image::Store::open_default();
    if (!store) {
        return complain(store.error());
    }
    std::vector<std::string> names = {options.image.name};
    if (options.image.all) {
        names.clear();
        for (const auto& image : store->list()) {
            names.push_back(image.name);
        }
    }
    if (names.empty()) {
        say("no images in {}\n", store->directory());
    }
    auto progress = make_progress();
    const image::Watch watch{[&progress](const std::string& text) { progress.status(text); }, {}};
    ExitCode code = exit_pass;
    for (const auto& name : names) {
        const auto verification = store->verify(name, watch);
        progress.print("");
        if (!verification) {
            return complain(verification.error());
        }
        if (!say_verification(name, *verification)) {
            code = exit_could_not_run;
        }
    }
    return finish_output(code, false);
}

int image_remove(const Options& options) {
    const auto store = image::Store::open_default();
    if (!store) {
        return complain(store.error());
    }
    const auto removed = store->remove(options.image.name);
    if (!removed) {
        return complain(removed.error());
    }
    say("removed '{}'\n", options.image.name);
    return finish_output(exit_pass, false);
}

}  // namespace rundown::cli
