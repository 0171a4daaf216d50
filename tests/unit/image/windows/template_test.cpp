// SPDX-License-Identifier: MIT
#include "image/windows/template.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/windows/text.hpp"

namespace rundown::image::windows {
namespace {

using testing::HasSubstr;

result<std::string> filled(std::string_view text, const TemplateValues& values) {
    return fill_template(text, values, escape_xml, "test.in");
}

std::string sentence(std::string_view text, const TemplateValues& values = {}) {
    const auto made = filled(text, values);
    EXPECT_FALSE(made) << text;
    return made ? "" : made.error().sentence;
}

TEST(Template, TextsAreEscapedWhereTheyStand) {
    TemplateValues values;
    values.texts = {{"a", "x<y & \"z\""}, {"empty", ""}};
    EXPECT_EQ(*filled("<v>{{a}}</v>{{empty}}.", values), "<v>x&lt;y &amp; &quot;z&quot;</v>.");
    EXPECT_EQ(*filled("no mark { } {x}\n", values), "no mark { } {x}\n");
    EXPECT_EQ(*filled("", values), "");
}

TEST(Template, AValueIsNoTemplate) {
    TemplateValues values;
    values.texts = {{"a", "{{b}}"}};
    EXPECT_EQ(*filled("{{a}}", values), "{{b}}");
}

TEST(Template, FlagsKeepOrDropTheirSections) {
    TemplateValues values;
    values.flags = {{"on", true}, {"off", false}};
    EXPECT_EQ(*filled("a{{#on}}b{{/on}}{{#off}}c{{/off}}{{^off}}d{{/off}}", values), "abd");
    EXPECT_EQ(*filled("a\n  {{#on}}\n  b\n  {{/on}}\nc\n", values), "a\n  b\nc\n");
    EXPECT_EQ(*filled("a\n{{#off}}\nb\n{{/off}}\nc\n", values), "a\nc\n");
    EXPECT_EQ(*filled("{{#on}}{{^off}}x{{/off}}{{#off}}y{{/off}}{{/on}}", values), "x");
    EXPECT_EQ(*filled("{{#on}}1{{/on}}{{#on}}2{{/on}}", values), "12");
}

TEST(Template, ListsRepeat) {
    TemplateValues values;
    values.texts = {{"who", "outside"}};
    values.lists = {{"items", {{{"n", "1"}}, {{"n", "2"}, {"who", "inside"}}}}, {"none", {}}};
    EXPECT_EQ(
        *filled("{{#items}}\n{{n}} {{who}}\n{{/items}}\nend{{^none}} nobody{{/none}}", values),
        "1 outside\n2 inside\nend nobody"
    );
    EXPECT_EQ(*filled("{{#none}}{{n}}{{/none}}", values), "");
}

TEST(Template, EveryHoleIsAnError) {
    TemplateValues values;
    values.texts = {{"nul", std::string("a\0b", 3)}};
    values.flags = {{"on", true}, {"other", true}};
    EXPECT_THAT(sentence("a\nb {{missing}}"), HasSubstr("test.in, line 2: 'missing' has no value"));
    EXPECT_THAT(sentence("{{#missing}}{{/missing}}"), HasSubstr("neither a flag nor a list"));
    EXPECT_THAT(sentence("{{on", values), HasSubstr("has no end"));
    EXPECT_THAT(sentence("{{#on}} x", values), HasSubstr("never ends"));
    EXPECT_THAT(sentence("x {{/on}}", values), HasSubstr("never begun"));
    EXPECT_THAT(sentence("{{#on}}{{/other}}", values), HasSubstr("another name"));
    EXPECT_THAT(sentence("{{#on}}{{#other}}{{/on}}{{/other}}", values), HasSubstr("another name"));
    EXPECT_THAT(sentence("{{}}"), HasSubstr("has no value"));
    EXPECT_THAT(sentence("{{nul}}", values), HasSubstr("NUL"));
    EXPECT_THAT(sentence("{{ on }}", values), HasSubstr("has no value")) << "names have no blanks";
}

TEST(Template, WhatCannotBeWrittenNamesTheValue) {
    TemplateValues values;
    values.texts = {{"owner", "bell \x07"}};
    EXPECT_THAT(sentence("{{owner}}", values), HasSubstr("owner: cannot be written"));
}

}  // namespace
}  // namespace rundown::image::windows
