// SPDX-License-Identifier: MIT
// ndis/lib/buffer.cpp
//
// Exports that look at one buffer, and copying between packets.
#include "ndis/lib/buffer_chain.hpp"
#include "ndis/lib/ndis_lib.hpp"

using namespace ndis;

namespace {

/// How copy_chain sees an MDL.
struct MdlPieces {
    using Piece = PMDL;
    MM_PAGE_PRIORITY priority;

    static PMDL next(PMDL mdl) { return mdl->Next; }
    static SIZE_T length(PMDL mdl) { return MmGetMdlByteCount(mdl); }
    UCHAR* data(PMDL mdl) const { return static_cast<UCHAR*>(MmGetSystemAddressForMdlSafe(mdl, priority)); }
};

UINT copy(PNDIS_PACKET to, UINT to_offset, UINT bytes, PNDIS_PACKET from, UINT from_offset, MM_PAGE_PRIORITY priority) {
    return static_cast<UINT>(
        copy_chain(MdlPieces{priority}, to->Private.Head, to_offset, from->Private.Head, from_offset, bytes));
}

}  // namespace

/// Copies as much as both packets have room for; *BytesCopied says how much. Buffers that cannot be mapped end the copy.
/// <= DISPATCH_LEVEL.
VOID NTAPI NdisCopyFromPacketToPacketSafe(
    PNDIS_PACKET Destination, UINT DestinationOffset, UINT BytesToCopy, PNDIS_PACKET Source, UINT SourceOffset, PUINT BytesCopied,
    MM_PAGE_PRIORITY Priority) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisCopyFromPacketToPacketSafe", NDIS_CALLER);
    *BytesCopied = copy(Destination, DestinationOffset, BytesToCopy, Source, SourceOffset, Priority);
}
VOID NTAPI NdisCopyFromPacketToPacket(
    PNDIS_PACKET Destination, UINT DestinationOffset, UINT BytesToCopy, PNDIS_PACKET Source, UINT SourceOffset,
    PUINT BytesCopied) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisCopyFromPacketToPacket", NDIS_CALLER);
    *BytesCopied = copy(Destination, DestinationOffset, BytesToCopy, Source, SourceOffset, HighPagePriority);
}

/// The buffer describes less, or again more, of its memory; never more than it was made for (bug check 0xC4).
/// <= DISPATCH_LEVEL.
VOID NTAPI NdisAdjustBufferLength(PNDIS_BUFFER Buffer, UINT Length) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisAdjustBufferLength", NDIS_CALLER);
    const auto pages = static_cast<SIZE_T>(Buffer->Size - static_cast<CSHORT>(sizeof(MDL))) / sizeof(PFN_NUMBER);
    if (static_cast<SIZE_T>(Buffer->ByteOffset) + Length > pages * PAGE_SIZE)
        RdBugCheckText(
            "NdisAdjustBufferLength: longer than the buffer's memory", 0xC4, 0x52440005, reinterpret_cast<ULONG_PTR>(Buffer),
            Length, reinterpret_cast<ULONG_PTR>(NDIS_CALLER));
    Buffer->ByteCount = Length;
}

/// Any IRQL, all of these.
ULONG NTAPI NdisBufferLength(PNDIS_BUFFER Buffer) { return MmGetMdlByteCount(Buffer); }
ULONG NTAPI NDIS_BUFFER_TO_SPAN_PAGES(PNDIS_BUFFER Buffer) {
    if (MmGetMdlByteCount(Buffer) == 0) return 1;
    return static_cast<ULONG>(ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(Buffer), MmGetMdlByteCount(Buffer)));
}
VOID NTAPI NdisGetBufferPhysicalArraySize(PNDIS_BUFFER Buffer, PUINT ArraySize) {
    *ArraySize = MmGetMdlByteCount(Buffer) == 0 ? 1 : NDIS_BUFFER_TO_SPAN_PAGES(Buffer);
}
VOID NTAPI NdisQueryBufferOffset(PNDIS_BUFFER Buffer, PUINT Offset, PUINT Length) {
    *Offset = MmGetMdlByteOffset(Buffer);
    *Length = MmGetMdlByteCount(Buffer);
}

/// Maps the buffer; bug check when that is impossible, as the documentation warns. <= DISPATCH_LEVEL.
PVOID NTAPI NdisBufferVirtualAddress(PNDIS_BUFFER Buffer) {
    require_irql_at_most(DISPATCH_LEVEL, "NdisBufferVirtualAddress", NDIS_CALLER);
    if (Buffer->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) return Buffer->MappedSystemVa;
    return MmMapLockedPages(Buffer, KernelMode);
}
