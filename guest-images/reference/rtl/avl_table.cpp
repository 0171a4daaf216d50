// SPDX-License-Identifier: MIT
// rtl/avl_table.cpp
//
// Generic tables over balanced trees. Memory and comparison are the caller's, and so is the locking; the IRQL is whatever
// those allow. https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-rtlinitializegenerictableavl
#include "avl.hpp"
#include "nt_internal.hpp"

namespace {

using Tree = rtl::AvlTree<RTL_BALANCED_LINKS>;

/// A node as it lies in the caller's memory: RTL_BALANCED_LINKS, then the caller's bytes.
PVOID data_of(PRTL_BALANCED_LINKS links) { return links + 1; }
PVOID data_or_null(PRTL_BALANCED_LINKS links) { return links ? data_of(links) : nullptr; }
Tree tree_of(PRTL_AVL_TABLE table) { return Tree(&table->BalancedRoot); }

TABLE_SEARCH_RESULT search(PRTL_AVL_TABLE table, PVOID buffer, PRTL_BALANCED_LINKS* where) {
    *where = &table->BalancedRoot;
    PRTL_BALANCED_LINKS at = tree_of(table).root();
    if (!at) return TableEmptyTree;
    for (;;) {
        *where = at;
        const RTL_GENERIC_COMPARE_RESULTS order = table->CompareRoutine(table, buffer, data_of(at));
        if (order == GenericEqual) return TableFoundNode;
        PRTL_BALANCED_LINKS below = order == GenericLessThan ? at->LeftChild : at->RightChild;
        if (!below) return order == GenericLessThan ? TableInsertAsLeft : TableInsertAsRight;
        at = below;
    }
}

/// The first node not less than what `buffer` describes; *exact: it is equal.
PRTL_BALANCED_LINKS lower_bound(PRTL_AVL_TABLE table, PVOID buffer, bool* exact) {
    PRTL_BALANCED_LINKS where;
    const TABLE_SEARCH_RESULT result = search(table, buffer, &where);
    *exact = result == TableFoundNode;
    if (result == TableEmptyTree) return nullptr;
    return result == TableInsertAsRight ? tree_of(table).next(where) : where;
}

}  // namespace

extern "C" {

VOID NTAPI RtlInitializeGenericTableAvl(
    PRTL_AVL_TABLE Table, PRTL_AVL_COMPARE_ROUTINE CompareRoutine, PRTL_AVL_ALLOCATE_ROUTINE AllocateRoutine,
    PRTL_AVL_FREE_ROUTINE FreeRoutine, PVOID TableContext) {
    RtlZeroMemory(Table, sizeof *Table);
    Table->BalancedRoot.Parent = &Table->BalancedRoot;
    Table->CompareRoutine = CompareRoutine;
    Table->AllocateRoutine = AllocateRoutine;
    Table->FreeRoutine = FreeRoutine;
    Table->TableContext = TableContext;
}

/// With the place RtlLookupElementGenericTableFullAvl found. Null: no memory.
PVOID NTAPI RtlInsertElementGenericTableFullAvl(
    PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize, PBOOLEAN NewElement, PVOID NodeOrParent,
    TABLE_SEARCH_RESULT SearchResult) {
    const bool fresh = SearchResult != TableFoundNode;
    if (NewElement) *NewElement = fresh;
    auto* where = static_cast<PRTL_BALANCED_LINKS>(NodeOrParent);
    if (!fresh) return data_of(where);
    auto* node = static_cast<PRTL_BALANCED_LINKS>(
        Table->AllocateRoutine(Table, static_cast<CLONG>(sizeof(RTL_BALANCED_LINKS) + BufferSize)));
    if (!node) {
        if (NewElement) *NewElement = FALSE;
        return nullptr;
    }
    RtlZeroMemory(node, sizeof *node);
    RtlCopyMemory(data_of(node), Buffer, BufferSize);
    if (SearchResult == TableEmptyTree) where = &Table->BalancedRoot;
    Table->DepthOfTree += static_cast<ULONG>(tree_of(Table).insert(node, where, SearchResult == TableInsertAsLeft ? -1 : 1));
    ++Table->NumberGenericTableElements;
    Table->WhichOrderedElement = 0;
    return data_of(node);
}

/// The element that is there already, or a copy of the caller's. Null: no memory.
PVOID NTAPI RtlInsertElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer, CLONG BufferSize, PBOOLEAN NewElement) {
    PRTL_BALANCED_LINKS where;
    const TABLE_SEARCH_RESULT result = search(Table, Buffer, &where);
    return RtlInsertElementGenericTableFullAvl(Table, Buffer, BufferSize, NewElement, where, result);
}

/// False: there was no such element.
BOOLEAN NTAPI RtlDeleteElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer) {
    PRTL_BALANCED_LINKS node;
    if (search(Table, Buffer, &node) != TableFoundNode) return FALSE;
    if (node == Table->RestartKey) Table->RestartKey = nullptr;
    ++Table->DeleteCount;
    Table->DepthOfTree -= static_cast<ULONG>(tree_of(Table).remove(node));
    --Table->NumberGenericTableElements;
    Table->WhichOrderedElement = 0;
    Table->OrderedPointer = nullptr;
    Table->FreeRoutine(Table, node);
    return TRUE;
}

PVOID NTAPI RtlLookupElementGenericTableFullAvl(
    PRTL_AVL_TABLE Table, PVOID Buffer, PVOID* NodeOrParent, TABLE_SEARCH_RESULT* SearchResult) {
    PRTL_BALANCED_LINKS where;
    *SearchResult = search(Table, Buffer, &where);
    *NodeOrParent = where;
    return *SearchResult == TableFoundNode ? data_of(where) : nullptr;
}
PVOID NTAPI RtlLookupElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer) {
    PRTL_BALANCED_LINKS where;
    return search(Table, Buffer, &where) == TableFoundNode ? data_of(where) : nullptr;
}

/// The first of several equal elements (tables whose comparison is coarser than insertion's). *RestartKey: for going on.
PVOID NTAPI RtlLookupFirstMatchingElementGenericTableAvl(PRTL_AVL_TABLE Table, PVOID Buffer, PVOID* RestartKey) {
    PRTL_BALANCED_LINKS found = nullptr;
    for (PRTL_BALANCED_LINKS at = tree_of(Table).root(); at;) {
        const RTL_GENERIC_COMPARE_RESULTS order = Table->CompareRoutine(Table, Buffer, data_of(at));
        if (order == GenericEqual) found = at;
        at = order == GenericGreaterThan ? at->RightChild : at->LeftChild;
    }
    *RestartKey = found;
    return data_or_null(found);
}

/// *RestartKey null begins; null at the end.
PVOID NTAPI RtlEnumerateGenericTableWithoutSplayingAvl(PRTL_AVL_TABLE Table, PVOID* RestartKey) {
    const Tree tree = tree_of(Table);
    auto* last = static_cast<PRTL_BALANCED_LINKS>(*RestartKey);
    PRTL_BALANCED_LINKS node = last ? tree.next(last) : tree.first();
    if (node) *RestartKey = node;
    return data_or_null(node);
}
PVOID NTAPI RtlEnumerateGenericTableAvl(PRTL_AVL_TABLE Table, BOOLEAN Restart) {
    if (Restart) Table->RestartKey = nullptr;
    PVOID key = Table->RestartKey;
    const PVOID data = RtlEnumerateGenericTableWithoutSplayingAvl(Table, &key);
    Table->RestartKey = static_cast<PRTL_BALANCED_LINKS>(key);
    return data;
}

/// Survives insertions and deletions between the calls: after a deletion the place is found again by `Buffer`.
/// `NextFlag`: go on after the last one returned; otherwise return it again.
PVOID NTAPI RtlEnumerateGenericTableLikeADirectory(
    PRTL_AVL_TABLE Table, PRTL_AVL_MATCH_FUNCTION MatchFunction, PVOID MatchData, ULONG NextFlag, PVOID* RestartKey,
    PULONG DeleteCount, PVOID Buffer) {
    const Tree tree = tree_of(Table);
    auto* node = static_cast<PRTL_BALANCED_LINKS>(*RestartKey);
    bool exact = true;
    if (!node || *DeleteCount != Table->DeleteCount) node = lower_bound(Table, Buffer, &exact);
    if (node && exact && NextFlag) node = tree.next(node);
    for (; node; node = tree.next(node)) {
        const NTSTATUS status = MatchFunction ? MatchFunction(Table, data_of(node), MatchData) : STATUS_SUCCESS;
        if (status == STATUS_NO_MORE_MATCHES) break;
        if (status != STATUS_SUCCESS) continue;
        *RestartKey = node;
        *DeleteCount = Table->DeleteCount;
        return data_of(node);
    }
    return nullptr;
}

/// By position, from 0. Null: there are not so many.
PVOID NTAPI RtlGetElementGenericTableAvl(PRTL_AVL_TABLE Table, ULONG I) {
    if (I >= Table->NumberGenericTableElements) return nullptr;
    const Tree tree = tree_of(Table);
    PRTL_BALANCED_LINKS node = tree.first();
    while (I--) node = tree.next(node);
    return data_of(node);
}
ULONG NTAPI RtlNumberGenericTableElementsAvl(PRTL_AVL_TABLE Table) { return Table->NumberGenericTableElements; }
BOOLEAN NTAPI RtlIsGenericTableEmptyAvl(PRTL_AVL_TABLE Table) { return Table->NumberGenericTableElements == 0; }

}  // extern "C"
