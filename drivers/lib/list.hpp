// SPDX-License-Identifier: MIT
// lib/list.hpp
//
// An intrusive doubly linked list with types: what CONTAINING_RECORD and LIST_ENTRY do, without the
// casts at every use. Pure; the owner's lock protects it. Entries know whether they are linked, so
// a double insertion shows.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace rundown
{

struct ListLink {
    ListLink *Next = nullptr;
    ListLink *Previous = nullptr;

    bool IsLinked() const
    {
        return Next != nullptr;
    }
};

template <typename Entry, ListLink Entry::*Link> class List
{
  public:
    constexpr List()
    {
        Head_.Next = Head_.Previous = &Head_;
    }
    List(const List &) = delete;
    List &operator=(const List &) = delete;

    void InsertTail(Entry *entry)
    {
        ListLink *link = &(entry->*Link);

        link->Next = &Head_;
        link->Previous = Head_.Previous;
        Head_.Previous->Next = link;
        Head_.Previous = link;
    }

    /// `entry` must be on this list.
    void Remove(Entry *entry)
    {
        ListLink *link = &(entry->*Link);

        link->Previous->Next = link->Next;
        link->Next->Previous = link->Previous;
        link->Next = link->Previous = nullptr;
    }

    /// Null at the end.
    Entry *First() const
    {
        return EntryOf(Head_.Next);
    }
    Entry *Next(const Entry *entry) const
    {
        return EntryOf((entry->*Link).Next);
    }

    bool IsEmpty() const
    {
        return Head_.Next == &Head_;
    }

  private:
    Entry *EntryOf(ListLink *link) const
    {
        if (link == &Head_) {
            return nullptr;
        }
        const auto offset =
            reinterpret_cast<uintptr_t>(&(reinterpret_cast<Entry *>(0x1000)->*Link)) - 0x1000;

        return reinterpret_cast<Entry *>(reinterpret_cast<uintptr_t>(link) - offset);
    }

    ListLink Head_;
};

} // namespace rundown
