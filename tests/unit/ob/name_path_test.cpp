// SPDX-License-Identifier: MIT
// unit/ob/name_path_test.cpp
//
// How the reference guest takes object names apart and joins what a symbolic link replaces.
#include "guest-images/reference/ob/name_path.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using Path = ob::NamePath<const char16_t>;

Path path(std::u16string_view text) {
    return {text.data(), text.size()};
}
std::u16string_view text(Path path) {
    return {path.text, path.length};
}

TEST(NamePath, TakesOneComponentAtATime) {
    Path rest = path(u"\\Device\\X\\a b");
    EXPECT_EQ(text(ob::take_component(rest)), u"Device");
    EXPECT_EQ(text(rest), u"\\X\\a b");
    EXPECT_EQ(text(ob::take_component(rest)), u"X");
    EXPECT_EQ(text(ob::take_component(rest)), u"a b");
    EXPECT_TRUE(rest.empty());
}

TEST(NamePath, RelativeNamesBeginWithoutABackslash) {
    Path rest = path(u"Key\\Sub");
    EXPECT_FALSE(rest.absolute());
    EXPECT_EQ(text(ob::take_component(rest)), u"Key");
    EXPECT_EQ(text(rest), u"\\Sub");
}

TEST(NamePath, EmptyComponentsAreSeen) {
    for (std::u16string_view bad : {u"", u"\\", u"\\\\A"}) {
        Path rest = path(bad);
        EXPECT_TRUE(ob::take_component(rest).empty());
    }
    Path trailing = path(u"A\\");
    EXPECT_EQ(text(ob::take_component(trailing)), u"A");
    EXPECT_FALSE(trailing.empty()) << "a trailing backslash is not the end of a name";
}

TEST(NamePath, JoinsWithExactlyOneBackslash) {
    EXPECT_TRUE(ob::needs_separator(path(u"\\GLOBAL??"), path(u"X")));
    EXPECT_FALSE(ob::needs_separator(path(u"\\GLOBAL??"), path(u"\\X")));
    EXPECT_FALSE(ob::needs_separator(path(u"\\GLOBAL??"), path(u"")));
    EXPECT_FALSE(ob::needs_separator(path(u"\\"), path(u"X")));
    EXPECT_TRUE(ob::has_two_separators(path(u"\\"), path(u"\\X")));
    EXPECT_FALSE(ob::has_two_separators(path(u"\\A"), path(u"\\X")));
}

TEST(NamePath, ComponentsGiveTheNameBack) {
    rc::check("taking a name apart loses nothing", [](const std::vector<std::string>& names) {
        std::u16string whole;
        std::vector<std::u16string> wanted;
        for (const std::string& name : names) {
            std::u16string component;
            for (char c : name)
                component +=
                    c == '\\' ? u'_' : static_cast<char16_t>(static_cast<unsigned char>(c));
            if (component.empty())
                continue;
            whole += u'\\' + component;
            wanted.push_back(component);
        }
        Path rest = path(whole);
        for (const std::u16string& component : wanted)
            RC_ASSERT(std::u16string(text(ob::take_component(rest))) == component);
        RC_ASSERT(rest.empty());
    });
}

}  // namespace
