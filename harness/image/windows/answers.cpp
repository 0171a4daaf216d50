// SPDX-License-Identifier: MIT
// Facts into template values.
#include "image/windows/answers.hpp"

#include <fmt/format.h>

#include "image/embedded_text.hpp"
#include "image/windows/language.hpp"
#include "image/windows/template.hpp"
#include "image/windows/text.hpp"

namespace rundown::image::windows {
namespace {

constexpr std::string_view kPort = "COM1";  // The agent's, too: it is started last.
constexpr std::uint32_t kBuildWithNewPnputil = 14393;
// Limits of the answer file's schema, in characters.
constexpr std::size_t kPathMax = 259;          // RunSynchronousCommand/Path
constexpr std::size_t kCommandLineMax = 1024;  // SynchronousCommand/CommandLine

result<std::string> fill(
    std::string_view file, const TemplateValues& values, const TemplateEscape& escape
) {
    const auto text = embedded_text("windows/" + std::string(file));
    if (!text) {
        return fail(
            ErrorKind::internal, fmt::format("the template {} is not in this program", file)
        );
    }
    return fill_template(*text, values, escape, file);
}

std::string letters_text() {
    std::string letters;
    for (const char letter : kCdLetters) {
        letters += fmt::format("{}{}", letters.empty() ? "" : " ", letter);
    }
    return letters;
}

/// Runs a script of the configuration CD, whose letter nobody knows beforehand. For the command
/// line of an answer file: one percent sign, not two.
std::string command_for(std::string_view script) {
    return fmt::format(
        "cmd /c for %d in ({0}) do if exist %d:\\rundown\\{1} call %d:\\rundown\\{1}",
        letters_text(),
        script
    );
}

std::string backslashes(std::string path) {
    for (char& c : path) {
        c = c == '/' ? '\\' : c;
    }
    return path;
}

/// One line for each folder and letter: setup passes over those that are not there.
std::vector<TemplateTexts> driver_paths(const AnswerFacts& facts) {
    std::vector<TemplateTexts> paths;
    for (const auto& folder : facts.boot_driver_folders) {
        for (const char letter : kCdLetters) {
            paths.push_back(
                {{"key", fmt::format("{}", paths.size() + 1)},
                 {"path", fmt::format("{}:\\{}", letter, backslashes(folder))}}
            );
        }
    }
    return paths;
}

/// Run by WinPE. The first only shows the host that setup has read its answers; WinPE may have no
/// driver for the port, which must not matter.
std::vector<TemplateTexts> pe_commands(const WindowsSystem& system) {
    std::vector<std::string> commands = {
        fmt::format("cmd /c echo rundown: windowsPE begins> \\\\.\\{}& exit 0", kPort)};
    if (system.requirements_bypassed) {
        for (const std::string_view check : {"TPM", "SecureBoot", "RAM", "CPU", "Storage"}) {
            commands.push_back(fmt::format(
                "reg add HKLM\\SYSTEM\\Setup\\LabConfig /v Bypass{}Check /t REG_DWORD /d 1 /f",
                check
            ));
        }
    }
    std::vector<TemplateTexts> texts;
    for (const auto& command : commands) {
        texts.push_back({{"order", fmt::format("{}", texts.size() + 1)}, {"command", command}});
    }
    return texts;
}

/// What every template may name.
TemplateValues common_values(const AnswerFacts& facts) {
    const WindowsSystem& system = *facts.system;
    const bool panther = system.style == InstallerStyle::answer_xml;
    TemplateValues values;
    values.texts = {
        {"port", std::string(kPort)},
        {"owner", facts.owner},
        {"organization", "rundown"},
        {"computer_name", facts.computer_name},
        {"password", facts.password},
        {"product_key", facts.product_key},
    };
    values.flags = {
        {"panther", panther},
        {"server", system.server},
        {"ten", system.version_major >= 10},
        {"nmi_dumps_by_value", system.nmi_dumps_by_value},
    };
    return values;
}

result<void> check_length(std::string_view what, const std::string& text, std::size_t max) {
    if (text.size() > max) {
        return fail(
            ErrorKind::internal,
            fmt::format("{} has {} characters and may have {}", what, text.size(), max)
        );
    }
    return {};
}

}  // namespace

result<std::string> autounattend_xml(const AnswerFacts& facts) {
    const WindowsSystem& system = *facts.system;
    TemplateValues values = common_values(facts);
    const bool bios = facts.firmware == Firmware::bios;
    const bool has_key = !facts.product_key.empty();
    values.texts["arch"] = windows_arch(facts.arch);
    values.texts["language"] = facts.language;
    values.texts["user"] = facts.user;
    values.texts["image_index"] = fmt::format("{}", facts.image_index);
    values.texts["system_partition_mib"] = fmt::format("{}", system.system_partition_mib);
    values.texts["windows_partition"] = bios ? "2" : "3";
    values.texts["settings_command"] = command_for("settings.cmd");
    values.texts["setup_command"] = command_for("setup.cmd");
    // Without a key setup must not ask: an evaluation or volume medium needs none.
    values.texts["product_key_ui"] = has_key ? "OnError" : "Never";
    values.flags["bios"] = bios;
    values.flags["has_product_key"] = has_key;
    values.flags["has_boot_drivers"] = !facts.boot_driver_folders.empty();
    values.flags["local_account_page"] = system.local_account_page;
    values.flags["wireless_page"] = system.wireless_page;
    values.flags["network_location_page"] = system.network_location_page;
    values.flags["skips_machine_oobe"] = system.skips_machine_oobe;
    values.lists["driver_paths"] = driver_paths(facts);
    values.lists["pe_commands"] = pe_commands(system);
    for (const auto& command : values.lists["pe_commands"]) {
        RUNDOWN_TRY(check_length("a command of WinPE", command.at("command"), kPathMax));
    }
    RUNDOWN_TRY(check_length("the settings command", values.texts["settings_command"], kPathMax));
    RUNDOWN_TRY(check_length("the setup command", values.texts["setup_command"], kCommandLineMax));
    auto text = fill("autounattend.xml.in", values, escape_xml);
    return text ? result<std::string>(with_crlf(*text)) : text;
}

result<std::string> winnt_sif(const AnswerFacts& facts) {
    TemplateValues values = common_values(facts);
    values.flags["has_language"] = !facts.language.empty();
    values.texts["language_id"] = "";
    values.texts["language_group"] = "";
    if (!facts.language.empty()) {
        const auto language = sif_language(facts.language);
        if (!language) {
            return language.error();
        }
        values.texts["language_id"] = language->id;
        values.texts["language_group"] = language->group;
    }
    auto text = fill("winnt.sif.in", values, escape_sif);
    return text ? result<std::string>(with_crlf(*text)) : text;
}

result<std::string> floppy_cmd() {
    TemplateValues values;
    values.texts["letters"] = letters_text();
    auto text = fill("floppy.cmd.in", values, escape_command);
    return text ? result<std::string>(with_crlf(*text)) : text;
}

result<std::string> settings_cmd(const AnswerFacts& facts) {
    auto text = fill("settings.cmd.in", common_values(facts), escape_command);
    return text ? result<std::string>(with_crlf(*text)) : text;
}

result<std::string> setup_cmd(const AnswerFacts& facts) {
    TemplateValues values = common_values(facts);
    values.flags["has_certutil"] = facts.system->style == InstallerStyle::answer_xml;
    values.flags["new_pnputil"] = facts.build >= kBuildWithNewPnputil;
    for (const auto& folder : facts.driver_folders) {
        values.lists["driver_folders"].push_back({{"folder", backslashes(folder)}});
    }
    values.lists["staged_drivers"] = {};
    values.lists["driver_path_folders"] = {};
    for (const auto& inf : facts.staged_infs) {
        values.lists["staged_drivers"].push_back({{"inf", backslashes(inf)}});
        values.lists["driver_path_folders"].push_back(
            {{"folder", backslashes(inf.substr(0, inf.rfind('/')))}}
        );
    }
    auto text = fill("setup.cmd.in", values, escape_command);
    return text ? result<std::string>(with_crlf(*text)) : text;
}

}  // namespace rundown::image::windows
