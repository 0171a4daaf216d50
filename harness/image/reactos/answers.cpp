// SPDX-License-Identifier: MIT
#include "image/reactos/answers.hpp"

#include <fmt/format.h>

#include "image/embedded_text.hpp"
#include "image/windows/template.hpp"
#include "image/windows/text.hpp"

namespace rundown::image::reactos {

namespace {

struct Language {
    std::string_view name;
    std::string_view locale;  // Windows's language identifier, hexadecimal.
};
constexpr Language kLanguages[] = {
    {"en-US", "409"},
    {"en-GB", "809"},
    {"de-DE", "407"},
    {"fr-FR", "40C"},
    {"es-ES", "40A"},
    {"it-IT", "410"},
    {"pt-BR", "416"},
    {"pl-PL", "415"},
    {"ru-RU", "419"},
    {"uk-UA", "422"},
    {"cs-CZ", "405"},
    {"nl-NL", "413"},
    {"tr-TR", "41F"},
    {"ja-JP", "411"},
    {"zh-CN", "804"},
};

/// All values are ours or were checked before: nothing in them needs escaping.
result<std::string> as_it_is(std::string_view value) {
    return std::string(value);
}

result<std::string> filled(const std::string& name, windows::TemplateTexts texts) {
    const auto text = embedded_text(name);
    if (!text) {
        return fail(ErrorKind::internal, name + " is not part of the program");
    }
    windows::TemplateValues values;
    values.texts = std::move(texts);
    const auto whole = windows::fill_template(*text, values, as_it_is, name);
    if (!whole) {
        return whole.error();
    }
    return windows::with_crlf(*whole);
}

std::string control_set_name(unsigned number) {
    return fmt::format("ControlSet{:03}", number);
}

}  // namespace

result<std::string> unattend_inf(std::string_view language) {
    std::string known;
    for (const auto& candidate : kLanguages) {
        if (candidate.name == (language.empty() ? "en-US" : language)) {
            return filled(
                "reactos/unattend.inf",
                {{"computer_name", "RUNDOWN"}, {"locale", std::string(candidate.locale)}}
            );
        }
        known += fmt::format("{}{}", known.empty() ? "" : ", ", candidate.name);
    }
    return fail(
        ErrorKind::usage,
        fmt::format("the ReactOS recipe knows no language {}; it knows {}", language, known)
    );
}

result<std::string> system_reg(unsigned control_set) {
    return filled("reactos/system.reg", {{"control_set", control_set_name(control_set)}});
}

result<std::string> agent_reg(unsigned control_set, std::string_view port) {
    // In a registry file a backslash is two.
    const std::string command =
        fmt::format("C:\\\\{}\\\\{} --service --port {}", kAgentFolder, kAgentFile, port);
    return filled(
        "reactos/agent.reg",
        {{"control_set", control_set_name(control_set)},
         {"service", std::string(kAgentService)},
         {"command", command}}
    );
}

result<unsigned> current_control_set(std::string_view exported) {
    constexpr std::string_view kValue = "\"Current\"=dword:";
    constexpr std::size_t kDigits = 8;
    const auto at = exported.find(kValue);
    unsigned number = 0;
    if (at != std::string_view::npos) {
        for (const char c : exported.substr(at + kValue.size(), kDigits)) {
            const bool digit = c >= '0' && c <= '9';
            number = digit && number < 100 ? number * 10 + static_cast<unsigned>(c - '0') : 1000;
        }
    }
    if (number == 0 || number > 999) {
        return fail(
            ErrorKind::environment,
            "the registry of the system does not say which control set it uses"
        );
    }
    return number;
}

}  // namespace rundown::image::reactos
