// SPDX-License-Identifier: MIT
#include "cli/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <random>

#include "base/nearest.hpp"

namespace rundown::cli {
namespace {

constexpr const char* kDescription =
    "rundown boots Windows-family guests under QEMU, loads an NDIS protocol driver into them, "
    "tears it down under\n"
    "load, and checks that deregistration left nothing behind.";

constexpr const char* kExamples = R"(
Examples:
  rundown run unload-under-load                          one scenario, on e1000 and on virtio-net
  rundown run --all --load idle,heavy                    every scenario on both NIC models, idle and under heavy load
  rundown run deregister-with-2-open-bindings --nic e1000+virtio-net
  rundown run rebind-loop --repeat 20 --seed 1           a flake is measured: k of n
  rundown run unload-under-load --deterministic --seed 7 the same run, record by record, each time
  rundown run --all --guest reactos                      on the ReactOS of the image store
  rundown run unload-under-load --sweep 0..500/11        the trigger at eleven moments
  rundown run unload-idle --driver my-build/protocol5.sys
  rundown run --all --json > result.json                 one document on standard output
  rundown replay build/runs/2026-01-01T00-00-00Z-1a2b    the verdicts again, from the recorded traces
  rundown selftest --filter 'provoke.pool.*'             does the guest notice what it must?
  rundown list --rules                                   what is checked, and the documentation each rule cites

Exit codes: 0 pass, 1 a finding, 2 usage, 69 could not run or inconclusive, 70 internal error.
)";

/// Empty when it is one, as CLI11 wants it.
std::string known_accelerator(const std::string& word) {
    const std::vector<std::string> choices = {"auto", "kvm", "tcg"};
    if (std::find(choices.begin(), choices.end(), word) != choices.end()) {
        return {};
    }
    return fmt::format(
        "unknown accelerator '{}'{}; choose from auto, kvm, tcg", word, did_you_mean(word, choices)
    );
}

void add_run(CLI::App& app, Options& options) {
    auto* run = app.add_subcommand("run", "Run scenarios and judge them");
    auto& invocation = options.invocation;
    auto& request = invocation.request;
    run->add_option("SCENARIO", request.scenarios, "Scenarios to run (see `rundown list`)");
    run->add_flag("--all", request.all, "Run every scenario");
    run->add_option(
           "--guest",
           request.guest,
           "Guest to boot: reference, or an image of `rundown image list` as reactos:NAME, "
           "windows:NAME or reference:NAME"
    )
        ->capture_default_str();
    run->add_option(
           "--nic",
           request.nic_sets,
           "NIC models: ',' between runs, '+' within one guest; mixed: models by turns"
    )
        ->capture_default_str();
    run->add_option("--ndis", request.ndis, "NDIS version of the test driver")
        ->capture_default_str();
    run->add_option(
        "--load",
        request.load,
        "Load at the trigger: idle, light, heavy, several by ',', or all (default: the scenario's "
        "own)"
    );
    run->add_option("--repeat", request.repeat, "Run each that many times, seed by seed")
        ->capture_default_str();
    run->add_option(
        "--seed", request.seed, "Seed of the guest's scheduler and of the traffic (default: drawn)"
    );
    run->add_flag(
        "--deterministic",
        request.deterministic,
        "Count instructions and let everything in at instants the guest chooses: the same seed "
        "gives the same trace"
    );
    run->add_flag(
        "--serial-only",
        request.serial_only,
        "Keep the RPC on the serial line, as with guests that do not map the shared memory"
    );
    run->add_flag(
        "--no-window",
        request.no_window,
        "No shared memory: the trace stays in the driver's own ring and comes by RPC"
    );
    run->add_option(
        "--hold",
        request.holds,
        "Hold the test driver at a sync point: POINT[:MS], or delay it there: POINT:USus (may be "
        "given again)"
    );
    run->add_option(
        "--sweep",
        request.sweep,
        "Delay the trigger, repetition by repetition: FROM..TO/STEPS in microseconds, such as "
        "0..500/11"
    );
    run->add_option(
        "--delay", request.delay_us, "Delay the trigger by microseconds: one step of a sweep again"
    );
    run->add_option(
        "--throttle",
        request.throttle_percent,
        "Take that percentage of its time from each of the guest's processors"
    );
    run->add_option(
        "--driver", invocation.driver, "Driver under test, in place of the built protocol5.sys"
    );
    run->add_option(
        "--out", invocation.out, "Directory for the evidence (default: runs/ beside the program)"
    );
    run->add_option("--connect", invocation.connect, "libvirt: 'embedded', or the URI of a daemon")
        ->capture_default_str();
    run->add_option("--accel", invocation.accelerator, "auto (by proof), kvm or tcg")
        ->check(known_accelerator)
        ->capture_default_str();
    run->add_flag(
        "--json",
        options.json,
        "Print one JSON document on standard output; progress goes to standard error"
    );
    run->callback([&options] { options.command = Command::run; });
}

void add_others(CLI::App& app, Options& options) {
    auto* list = app.add_subcommand("list", "List the scenarios");
    list->add_flag(
        "--rules", options.rules, "List the oracle's rules instead, with what they cite"
    );
    list->add_flag(
        "--divergences", options.divergences, "List what guests are declared to do wrong"
    );
    list->callback([&options] { options.command = Command::list; });

    auto* doctor = app.add_subcommand("doctor", "Say what this machine has and lacks");
    doctor->callback([&options] { options.command = Command::doctor; });

    auto* replay = app.add_subcommand("replay", "Judge recorded runs again, without a guest");
    replay
        ->add_option(
            "RUN_DIR", options.replay_directory, "Directory of a run, or of a whole invocation"
        )
        ->required();
    replay->add_flag("--json", options.json, "Print one JSON document on standard output");
    replay->callback([&options] { options.command = Command::replay; });
}

/// "--nic", "--load", ...
std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const auto& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    return names;
}

/// The command the words led to: `rundown image list` rather than `rundown image`.
const CLI::App& command_reached(const CLI::App& app) {
    const CLI::App* reached = &app;
    while (!reached->get_subcommands().empty()) {
        reached = reached->get_subcommands().front();
    }
    return *reached;
}

/// "rundown image list"
std::string command_words(const CLI::App& command) {
    const CLI::App* parent = command.get_parent();
    return parent != nullptr ? command_words(*parent) + " " + command.get_name()
                             : command.get_name();
}

/// One sentence about a word that nothing expects.
std::string about_unexpected(const CLI::App& app, const std::string& word) {
    const CLI::App& command = command_reached(app);
    if (!word.starts_with('-')) {
        return &command == &app ? fmt::format("unexpected word '{}'", word)
                                : fmt::format("`{}` takes no '{}'", command_words(command), word);
    }
    const std::string name = word.substr(0, word.find('='));
    return fmt::format("unknown option '{}'{}", name, did_you_mean(name, option_names(command)));
}

void add_selftest(CLI::App& app, Options& options) {
    auto* selftest = app.add_subcommand(
        "selftest",
        "Have the reference guest test itself and notice every crime committed on purpose"
    );
    auto& wanted = options.selftest;
    selftest
        ->add_option("--filter", wanted.filter, "Only names that match: 'ke.*', 'provoke.pool.*'")
        ->capture_default_str();
    selftest->add_option("--seed", wanted.seed, "Seed of the guest's scheduler")
        ->capture_default_str();
    selftest->add_option("--jobs", wanted.jobs, "Provocations at once")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    selftest->add_option(
        "--out", wanted.out, "Directory for the evidence (default: runs/ beside the program)"
    );
    selftest->add_option("--connect", wanted.connect, "libvirt: 'embedded', or the URI of a daemon")
        ->capture_default_str();
    selftest->add_option("--accel", wanted.accelerator, "auto (by proof), kvm or tcg")
        ->check(CLI::IsMember({"auto", "kvm", "tcg"}))
        ->capture_default_str();
    selftest->add_flag(
        "--json",
        options.json,
        "Print one JSON document on standard output; the rest goes to standard error"
    );
    selftest->callback([&options] { options.command = Command::selftest; });
}

/// CLI11 says of a word that is no command only that a command is missing, and guesses nothing.
std::string complaint(const CLI::App& app, const CLI::ParseError& error) {
    const auto words = app.remaining(true);
    const int code = error.get_exit_code();
    const CLI::App& command = command_reached(app);
    const auto commands = command.get_subcommands(nullptr);
    if (code == static_cast<int>(CLI::ExitCodes::RequiredError) && !commands.empty()) {
        std::vector<std::string> names;
        for (const auto* one : commands) {
            names.push_back(one->get_name());
        }
        return words.empty()
                   ? fmt::format(
                         "`{}` needs a command: {}", command_words(command), fmt::join(names, ", ")
                     )
                   : fmt::format(
                         "unknown command '{}': {}{}",
                         words.front(),
                         fmt::join(names, ", "),
                         did_you_mean(words.front(), names)
                     );
    }
    if (code == static_cast<int>(CLI::ExitCodes::ExtrasError) && !words.empty()) {
        return about_unexpected(app, words.front());
    }
    return error.what();
}

}  // namespace

Options parse_command_line(int argc, const char* const* argv) {
    Options options;
    options.invocation.program = argc > 0 ? argv[0] : "rundown";
    options.invocation.request.seed = std::random_device{}() & 0x7FFFFFFF;
    CLI::App app(kDescription, "rundown");
    app.set_version_flag("--version", std::string("rundown ") + RUNDOWN_VERSION);
    app.footer(kExamples);
    app.require_subcommand(1);
    add_run(app, options);
    add_others(app, options);
    add_selftest(app, options);
    add_image(app, options);
    options.selftest.program = options.invocation.program;
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        options.command = Command::none;
        if (error.get_exit_code() == 0) {
            options.exit_code = app.exit(error);
        } else {
            const std::string wrong = complaint(app, error);
            const std::string line =
                fmt::format("rundown: {}; `rundown --help` shows the options\n", wrong);
            std::fwrite(line.data(), 1, line.size(), stderr);
            options.exit_code = exit_usage;
        }
    }
    return options;
}

}  // namespace rundown::cli
