// SPDX-License-Identifier: MIT
// selftest/provoke_pool.cpp
//
// Crimes with pool, contiguous memory and lookaside lists.
#include "selftest/provoke.hpp"

using provoke::kTag;

namespace {

NPAGED_LOOKASIDE_LIST list;

UCHAR* allocate(SIZE_T bytes, POOL_TYPE type = NonPagedPool) {
    auto* block = static_cast<UCHAR*>(ExAllocatePoolWithTag(type, bytes, kTag));
    provoke::value(1, block);
    return block;
}

void raise(KIRQL irql) {
    KIRQL before;
    KeRaiseIrql(irql, &before);
}

}  // namespace

extern "C" VOID provoke_pool_overrun() {
    constexpr SIZE_T bytes = 40;
    UCHAR* block = allocate(bytes);
    provoke::value(2, bytes);
    provoke::hide(block)[bytes] = 0x58;
    ExFreePoolWithTag(block, kTag);
}

extern "C" VOID provoke_large_pool_overrun() {
    constexpr SIZE_T bytes = 3 * PAGE_SIZE + 8;
    UCHAR* block = allocate(bytes);
    provoke::value(2, bytes);
    provoke::hide(block)[bytes] = 0x58;
    ExFreePoolWithTag(block, kTag);
}

extern "C" VOID provoke_pool_underrun() {
    UCHAR* block = allocate(40);
    provoke::hide(block)[-9] ^= 0x58;
    ExFreePoolWithTag(block, kTag);
}

extern "C" VOID provoke_pool_freed_twice() {
    UCHAR* block = allocate(100);
    provoke::value(2, ULONG64{kTag});
    ExFreePoolWithTag(block, kTag);
    ExFreePoolWithTag(provoke::hide(block), kTag);
}

extern "C" VOID provoke_pool_freed_in_its_middle() {
    UCHAR* block = allocate(100);
    provoke::value(1, block + 16);
    ExFreePoolWithTag(provoke::hide(block + 16), kTag);
}

extern "C" VOID provoke_stack_freed_as_pool() {
    ULONG64 local = 1;
    provoke::value(1, &local);
    ExFreePoolWithTag(provoke::hide(static_cast<PVOID>(&local)), kTag);
}

extern "C" VOID provoke_user_address_freed_as_pool() { ExFreePoolWithTag(provoke::hide(reinterpret_cast<PVOID>(0x10000)), kTag); }

extern "C" VOID provoke_pool_freed_with_wrong_tag() {
    UCHAR* block = allocate(100);
    provoke::value(2, ULONG64{kTag});
    ExFreePoolWithTag(block, 'gnrW');
}

extern "C" VOID provoke_pool_freed_above_dispatch() {
    UCHAR* block = allocate(100);
    raise(5);
    ExFreePoolWithTag(block, kTag);
}

extern "C" VOID provoke_paged_pool_freed_at_dispatch() {
    UCHAR* block = allocate(100, PagedPool);
    raise(DISPATCH_LEVEL);
    ExFreePoolWithTag(block, kTag);
}

extern "C" VOID provoke_pool_of_no_bytes() { ExAllocatePoolWithTag(NonPagedPool, provoke::hide(SIZE_T{0}), kTag); }
extern "C" VOID provoke_pool_without_tag() { ExAllocatePoolWithTag(NonPagedPool, 48, provoke::hide(0u)); }

extern "C" VOID provoke_pool_above_dispatch() {
    raise(5);
    ExAllocatePoolWithTag(NonPagedPool, 48, kTag);
}

extern "C" VOID provoke_paged_pool_at_dispatch() {
    raise(DISPATCH_LEVEL);
    ExAllocatePoolWithTag(PagedPool, 48, kTag);
}

/// Found when the place is about to be used again.
extern "C" VOID provoke_pool_written_after_free() {
    UCHAR* block = allocate(100);
    provoke::value(2, block + 50);
    ExFreePoolWithTag(block, kTag);
    provoke::hide(block)[50] = 0x58;
    for (int index = 0; index < 4000; ++index) {
        PVOID other = ExAllocatePoolWithTag(NonPagedPool, 100, kTag);
        ExFreePoolWithTag(other, kTag);
    }
}

/// What is read is poison, which is no address.
extern "C" VOID provoke_pool_read_after_free() {
    struct Node {
        volatile Node* next;
        volatile ULONG64 value;
    };
    auto* node = reinterpret_cast<volatile Node*>(allocate(sizeof(Node)));
    node->next = node;
    ExFreePoolWithTag(const_cast<Node*>(node), kTag);
    provoke::hide(provoke::hide(node)->next->value);
}

extern "C" VOID provoke_contiguous_memory_never_allocated() {
    UCHAR* block = allocate(PAGE_SIZE);
    MmFreeContiguousMemory(block);
}

extern "C" VOID provoke_resource_in_freed_pool() {
    UCHAR* block = allocate(sizeof(ERESOURCE));
    provoke::value(2, sizeof(ERESOURCE));
    ExInitializeResourceLite(reinterpret_cast<PERESOURCE>(block));
    ExFreePoolWithTag(block, kTag);
}

extern "C" VOID provoke_lookaside_list_in_freed_pool() {
    UCHAR* block = allocate(sizeof(NPAGED_LOOKASIDE_LIST));
    provoke::value(2, sizeof(NPAGED_LOOKASIDE_LIST));
    ExInitializeNPagedLookasideList(reinterpret_cast<PNPAGED_LOOKASIDE_LIST>(block), nullptr, nullptr, 0, 64, kTag, 0);
    ExFreePoolWithTag(block, kTag);
}

extern "C" VOID provoke_lookaside_list_initialised_twice() {
    provoke::value(1, &list);
    ExInitializeNPagedLookasideList(&list, nullptr, nullptr, 0, 64, kTag, 0);
    ExInitializeNPagedLookasideList(&list, nullptr, nullptr, 0, 64, kTag, 0);
}

extern "C" VOID provoke_lookaside_list_deleted_twice() {
    provoke::value(1, &list);
    ExInitializeNPagedLookasideList(&list, nullptr, nullptr, 0, 64, kTag, 0);
    ExDeleteNPagedLookasideList(&list);
    ExDeleteNPagedLookasideList(&list);
}
