// SPDX-License-Identifier: MIT
#include "guest-images/reference/rtl/avl.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <memory>

namespace rundown::rtl_test {
namespace {

struct Node {
    Node* Parent = nullptr;
    Node* LeftChild = nullptr;
    Node* RightChild = nullptr;
    signed char Balance = 0;
    int key = 0;
};

/// The tree and a std::map that says what must be in it.
class Model {
  public:
    Model() { anchor_.Parent = &anchor_; }

    void insert(int key) {
        if (nodes_.count(key)) {
            return;
        }
        Node* parent = &anchor_;
        int side = 1;
        for (Node* at = tree_.root(); at;) {
            parent = at;
            side = key < at->key ? -1 : 1;
            at = side < 0 ? at->LeftChild : at->RightChild;
        }
        auto node = std::make_unique<Node>();
        node->key = key;
        depth_ += tree_.insert(node.get(), parent, side);
        nodes_[key] = std::move(node);
    }
    void remove(int key) {
        const auto found = nodes_.find(key);
        if (found != nodes_.end()) {
            depth_ -= tree_.remove(found->second.get());
            nodes_.erase(found);
        }
    }
    void check() const {
        RC_ASSERT(measure(tree_.root(), &anchor_) == depth_);
        Node* at = tree_.first();
        for (const auto& [key, node] : nodes_) {
            RC_ASSERT(at == node.get());
            at = tree_.next(at);
        }
        RC_ASSERT(at == nullptr);
    }

  private:
    static int measure(const Node* node, const Node* parent) {
        if (!node) {
            return 0;
        }
        RC_ASSERT(node->Parent == parent);
        const int left = measure(node->LeftChild, node), right = measure(node->RightChild, node);
        RC_ASSERT(node->Balance == right - left);
        RC_ASSERT(right - left >= -1 && right - left <= 1);
        return 1 + std::max(left, right);
    }

    Node anchor_;
    rtl::AvlTree<Node> tree_{&anchor_};
    std::map<int, std::unique_ptr<Node>> nodes_;
    int depth_ = 0;
};

TEST(AvlTree, StaysBalancedAndInOrderUnderAnySequence) {
    EXPECT_TRUE(rc::check([] {
        Model model;
        const auto steps =
            *rc::gen::container<std::vector<int>>(rc::gen::inRange(-60, 60)).as("keys");
        for (const int step : steps) {
            step < 0 ? model.remove(-step % 40) : model.insert(step % 40);
            model.check();
        }
    }));
}

TEST(AvlTree, AscendingAndDescendingKeysStayShallow) {
    EXPECT_TRUE(rc::check([] {
        Model model;
        const int count = *rc::gen::inRange(0, 120);
        for (int key = 0; key < count; ++key) {
            model.insert(key);
        }
        model.check();
        for (int key = count; key-- > 0;) {
            model.remove(key);
            model.check();
        }
    }));
}

}  // namespace
}  // namespace rundown::rtl_test
