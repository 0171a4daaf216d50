// SPDX-License-Identifier: MIT
// rtl/avl.hpp
//
// The balanced tree under the AVL generic tables: links inside the caller's nodes, balance kept at insertion and removal.
// Pure, over any type with Parent, LeftChild, RightChild and Balance (-1 left is deeper, +1 right is), so it is tested natively.
// The tree hangs at RightChild of an anchor that is its own parent, as RTL_AVL_TABLE.BalancedRoot does.
#pragma once

namespace rtl {

template <typename Links>
class AvlTree {
  public:
    explicit AvlTree(Links* anchor) : anchor_(anchor) {}

    Links* root() const { return anchor_->RightChild; }

    Links* first() const { return root() ? deepest(root(), -1) : nullptr; }

    /// The next node in order; null after the last.
    Links* next(Links* node) const {
        if (node->RightChild) return deepest(node->RightChild, -1);
        while (node->Parent != anchor_ && node->Parent->RightChild == node) node = node->Parent;
        return node->Parent == anchor_ ? nullptr : node->Parent;
    }

    /// Hangs `node` below `parent` (the anchor, with side +1, for the first one). Returns how much deeper the tree became.
    int insert(Links* node, Links* parent, int side) {
        node->Parent = parent;
        node->LeftChild = node->RightChild = nullptr;
        node->Balance = 0;
        child(parent, side) = node;
        for (Links* at = node; at->Parent != anchor_; at = at->Parent) {
            Links* above = at->Parent;
            const int grown = side_of(at);
            if (above->Balance == 0) {
                set(above, grown);
                continue;
            }
            if (above->Balance == -grown)
                set(above, 0);
            else
                rebalance(above, grown);
            return 0;
        }
        return 1;
    }

    /// Takes `node` out. Returns how much shallower the tree became.
    int remove(Links* node) {
        Links* above;
        int shrunk;
        if (node->LeftChild && node->RightChild) {
            Links* heir = deepest(node->RightChild, -1);
            shrunk = heir->Parent == node ? 1 : -1;
            above = heir->Parent == node ? heir : heir->Parent;
            if (heir->Parent != node) {
                replace(heir, heir->RightChild);
                adopt(heir, 1, node->RightChild);
            }
            adopt(heir, -1, node->LeftChild);
            heir->Balance = node->Balance;
            replace(node, heir);
        } else {
            above = node->Parent;
            shrunk = side_of(node);
            replace(node, node->LeftChild ? node->LeftChild : node->RightChild);
        }
        return retrace(above, shrunk);
    }

  private:
    static Links*& child(Links* node, int side) { return side < 0 ? node->LeftChild : node->RightChild; }
    static int side_of(const Links* node) { return node->Parent->LeftChild == node ? -1 : 1; }
    static void set(Links* node, int balance) { node->Balance = static_cast<decltype(node->Balance)>(balance); }
    static Links* deepest(Links* node, int side) {
        while (child(node, side)) node = child(node, side);
        return node;
    }
    static void adopt(Links* parent, int side, Links* node) {
        child(parent, side) = node;
        if (node) node->Parent = parent;
    }
    static void replace(Links* node, Links* by) { adopt(node->Parent, side_of(node), by); }

    /// Lifts the child on `side` above `node`.
    static Links* rotate(Links* node, int side) {
        Links* up = child(node, side);
        replace(node, up);
        adopt(node, side, child(up, -side));
        adopt(up, -side, node);
        return up;
    }

    /// `node` is two deeper on `side`. True: the subtree is one shallower afterwards. *top: its new root.
    static bool rebalance(Links* node, int side, Links** top = nullptr) {
        Links* heavy = child(node, side);
        Links* up;
        bool shallower = true;
        if (heavy->Balance == -side) {
            const int inner = child(heavy, -side)->Balance;
            rotate(heavy, -side);
            up = rotate(node, side);
            set(node, inner == side ? -side : 0);
            set(heavy, inner == -side ? side : 0);
            set(up, 0);
        } else {
            shallower = heavy->Balance != 0;
            up = rotate(node, side);
            set(node, shallower ? 0 : side);
            set(up, shallower ? 0 : -side);
        }
        if (top) *top = up;
        return shallower;
    }

    int retrace(Links* above, int shrunk) {
        while (above != anchor_) {
            Links* top = above;
            if (above->Balance == 0) {
                set(above, -shrunk);
                return 0;
            }
            if (above->Balance == shrunk)
                set(above, 0);
            else if (!rebalance(above, -shrunk, &top))
                return 0;
            shrunk = side_of(top);
            above = top->Parent;
        }
        return 1;
    }

    Links* anchor_;
};

}  // namespace rtl
