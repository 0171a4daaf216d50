// SPDX-License-Identifier: MIT
// unit/cm/tree_test.cpp
//
// The reference guest's registry tree against std::map, including every allocation that can fail.
#include "guest-images/reference/cm/tree.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

namespace {

long allocations_left = -1;  // negative: no limit
long blocks_out = 0;

}  // namespace

namespace cm {

void* tree_allocate(size_t bytes) {
    if (allocations_left == 0)
        return nullptr;
    if (allocations_left > 0)
        --allocations_left;
    ++blocks_out;
    return std::malloc(bytes);
}

void tree_free(void* block) {
    --blocks_out;
    std::free(block);
}

}  // namespace cm

namespace {

using Text = std::u16string;

cm::Name name(const Text& text) {
    return {reinterpret_cast<const uint16_t*>(text.data()), text.size()};
}

Text text_of(cm::Name n) {
    return {reinterpret_cast<const char16_t*>(n.text), n.length};
}

Text upper(Text text) {
    for (char16_t& unit : text)
        unit = static_cast<char16_t>(cm::upcase(unit));
    return text;
}

/// A tree for one test that must give everything back.
class Root {
  public:
    Root() : before_(blocks_out), key_(cm::create_root()) {}
    ~Root() {
        cm::destroy_root(key_);
        EXPECT_EQ(blocks_out, before_);
    }
    Root(const Root&) = delete;
    Root& operator=(const Root&) = delete;
    cm::Key* operator*() const { return key_; }

    cm::Key* make(cm::Key* parent, const Text& text, bool is_volatile = false) {
        cm::Key* made = nullptr;
        cm::create_subkey(parent, name(text), {}, is_volatile, 1, &made);
        return made;
    }

  private:
    long before_;
    cm::Key* key_;
};

TEST(CmTree, NamesCompareWithoutCase) {
    Root root;
    cm::Key* services = root.make(*root, u"Services");
    EXPECT_EQ(cm::find_subkey(*root, name(u"SERVICES")), services);
    EXPECT_EQ(cm::find_subkey(*root, name(u"Service")), nullptr);
    cm::Key* again = nullptr;
    EXPECT_EQ(
        cm::create_subkey(*root, name(u"sErViCeS"), {}, false, 2, &again), cm::Result::exists
    );
    EXPECT_EQ(again, services);
}

TEST(CmTree, SubkeysEnumerateByNameAndValuesByAge) {
    Root root;
    for (const char16_t* text : {u"b", u"C", u"a"})
        root.make(*root, text);
    EXPECT_EQ(text_of((*root)->subkeys[0]->name()), u"a");
    EXPECT_EQ(text_of((*root)->subkeys[2]->name()), u"C");
    for (const char16_t* text : {u"z", u"y", u"x"})
        cm::set_value(*root, name(text), 1, nullptr, 0, 1);
    cm::set_value(*root, name(u"Z"), 4, "1234", 4, 2);
    EXPECT_EQ(text_of((*root)->values[0]->name()), u"z");
    EXPECT_EQ((*root)->values[0]->type, 4u);
    EXPECT_EQ((*root)->value_count, 3u);
}

TEST(CmTree, DeletedKeysStayWhileOpen) {
    Root root;
    cm::Key* key = root.make(*root, u"gone");
    cm::open(key);
    EXPECT_EQ(cm::remove(key, 5), cm::Result::done);
    EXPECT_EQ(cm::find_subkey(*root, name(u"gone")), nullptr);
    EXPECT_EQ(cm::set_value(key, name(u"v"), 1, "", 0, 6), cm::Result::key_deleted);
    EXPECT_EQ(cm::remove(key, 6), cm::Result::key_deleted);
    cm::Key* child = nullptr;
    EXPECT_EQ(cm::create_subkey(key, name(u"x"), {}, false, 6, &child), cm::Result::key_deleted);
    EXPECT_NE(root.make(*root, u"gone"), key);
    cm::close(key);
}

TEST(CmTree, RefusesWhatIsDocumentedAsRefused) {
    Root root;
    cm::Key* parent = root.make(*root, u"parent");
    root.make(parent, u"child");
    EXPECT_EQ(cm::remove(parent, 1), cm::Result::has_subkeys);
    EXPECT_EQ(cm::remove(*root, 1), cm::Result::is_root);
    cm::Key* shadow = root.make(*root, u"shadow", true);
    cm::Key* made = nullptr;
    EXPECT_EQ(
        cm::create_subkey(shadow, name(u"x"), {}, false, 1, &made), cm::Result::must_be_volatile
    );
    EXPECT_EQ(cm::create_subkey(shadow, name(u"x"), {}, true, 1, &made), cm::Result::done);
    for (const Text& bad : {Text(u""), Text(256, u'a'), Text(u"a\\b"), Text(u"a\0b", 3)})
        EXPECT_EQ(
            cm::create_subkey(*root, name(bad), {}, false, 1, &made), cm::Result::name_invalid
        );
    EXPECT_EQ(
        cm::set_value(parent, {}, 3, nullptr, cm::kDataMax + 1, 1), cm::Result::data_too_long
    );
    EXPECT_EQ(cm::remove_value(parent, name(u"none"), 1), cm::Result::not_found);
}

TEST(CmTree, FullNamesAndLongest) {
    Root root;
    cm::Key* deep = root.make(root.make(*root, u"Registry"), u"Machine");
    Text full(cm::full_name_length(deep), u' ');
    cm::write_full_name(deep, reinterpret_cast<uint16_t*>(full.data()));
    EXPECT_EQ(full, u"\\Registry\\Machine");
    cm::set_value(deep, name(u"long name"), 3, "123456789", 9, 1);
    cm::set_value(deep, name(u"n"), 3, "12", 2, 1);
    root.make(deep, u"child");
    const cm::Longest longest = cm::longest_of(deep);
    EXPECT_EQ(longest.name, 5u);
    EXPECT_EQ(longest.value_name, 9u);
    EXPECT_EQ(longest.data, 9u);
}

TEST(CmTree, EveryAllocationMayFail) {
    for (long limit = 0;; ++limit) {
        Root root;
        cm::Key* key = root.make(*root, u"k");
        cm::set_value(key, name(u"v"), 1, "old", 3, 1);
        for (const char16_t* text : {u"1", u"2", u"3"}) {
            root.make(key, text);
            cm::set_value(key, name(text), 1, "x", 1, 1);
        }
        allocations_left = limit;
        cm::Key* made = nullptr;
        const auto created = cm::create_subkey(key, name(u"new"), name(u"class"), false, 1, &made);
        const auto fifth = cm::create_subkey(key, name(u"fifth"), {}, false, 1, &made);
        const auto replaced = cm::set_value(key, name(u"v"), 2, "newer", 5, 1);
        const auto added = cm::set_value(key, name(u"w"), 2, "data", 4, 1);
        allocations_left = -1;
        const cm::Value* value = cm::find_value(key, name(u"v"));
        ASSERT_TRUE(value);
        EXPECT_EQ(value->bytes, replaced == cm::Result::done ? 5u : 3u);
        const cm::Result all[] = {created, fifth, replaced, added};
        for (const cm::Result result : all)
            EXPECT_TRUE(result == cm::Result::done || result == cm::Result::no_memory);
        const auto is_done = [](cm::Result result) { return result == cm::Result::done; };
        if (std::all_of(std::begin(all), std::end(all), is_done))
            break;
        ASSERT_LT(limit, 100);
    }
}

/// What the tree should hold: upper-case name to (name as first written, value).
struct Model {
    std::map<Text, std::string> values;
    std::map<Text, Text> subkeys;
};

void expect_equal(const cm::Key* key, const Model& model) {
    RC_ASSERT(key->value_count == model.values.size());
    for (const auto& [wanted, data] : model.values) {
        const cm::Value* value = cm::find_value(key, name(wanted));
        RC_ASSERT(value != nullptr);
        RC_ASSERT(data == std::string(reinterpret_cast<const char*>(value->data), value->bytes));
    }
    RC_ASSERT(key->subkey_count == model.subkeys.size());
    size_t index = 0;
    for (const auto& [folded, written] : model.subkeys)
        RC_ASSERT(text_of(key->subkeys[index++]->name()) == written);
}

void step(cm::Key* key, Model& model, int what, const Text& text, const std::string& data) {
    cm::Key* subkey = nullptr;
    switch (what) {
        case 0:
            RC_ASSERT(
                cm::set_value(key, name(text), 1, data.data(), data.size(), 1) == cm::Result::done
            );
            model.values[upper(text)] = data;
            break;
        case 1:
            RC_ASSERT(
                (cm::remove_value(key, name(text), 1) == cm::Result::done) ==
                (model.values.erase(upper(text)) == 1)
            );
            break;
        case 2:
            if (text.empty())
                break;
            RC_ASSERT(
                (cm::create_subkey(key, name(text), {}, false, 1, &subkey) == cm::Result::done) ==
                model.subkeys.emplace(upper(text), text).second
            );
            break;
        default:
            subkey = cm::find_subkey(key, name(text));
            RC_ASSERT((subkey != nullptr) == (model.subkeys.erase(upper(text)) == 1));
            if (subkey)
                RC_ASSERT(cm::remove(subkey, 1) == cm::Result::done);
    }
}

TEST(CmTree, BehavesAsAMapDoes) {
    EXPECT_TRUE(rc::check("any sequence of changes", [] {
        Root root;
        Model model;
        const int steps = *rc::gen::inRange(0, 200);
        for (int i = 0; i < steps; ++i) {
            const auto length = *rc::gen::inRange<size_t>(0, 3);
            const Text text = *rc::gen::container<Text>(
                length, rc::gen::element(u'a', u'A', u'b', u'B', u'\u00e4', u'\u00c4', u'_')
            );
            step(*root, model, *rc::gen::inRange(0, 4), text, *rc::gen::arbitrary<std::string>());
            expect_equal(*root, model);
        }
    }));
}

}  // namespace
