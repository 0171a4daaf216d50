// SPDX-License-Identifier: MIT
// hal/dma.cpp
//
// The old names of DMA functions, for drivers that import them in place of calling through DMA_OPERATIONS.
#include "rd_exports.hpp"

extern "C" {

PDMA_ADAPTER NTAPI KiHalGetAdapter(PDEVICE_DESCRIPTION description, PULONG registers) {
    return IoGetDmaAdapter(nullptr, description, registers);
}
VOID NTAPI KiHalPutDmaAdapter(PDMA_ADAPTER adapter) { adapter->DmaOperations->PutDmaAdapter(adapter); }
PVOID NTAPI KiHalAllocateCommonBuffer(PDMA_ADAPTER adapter, ULONG length, PPHYSICAL_ADDRESS logical, BOOLEAN cached) {
    return adapter->DmaOperations->AllocateCommonBuffer(adapter, length, logical, cached);
}
VOID NTAPI KiHalFreeCommonBuffer(PDMA_ADAPTER adapter, ULONG length, PHYSICAL_ADDRESS logical, PVOID address, BOOLEAN cached) {
    adapter->DmaOperations->FreeCommonBuffer(adapter, length, logical, address, cached);
}
ULONG NTAPI KiHalReadDmaCounter(PDMA_ADAPTER adapter) { return adapter->DmaOperations->ReadDmaCounter(adapter); }
BOOLEAN NTAPI KiHalFlushAdapterBuffers(PDMA_ADAPTER adapter, PMDL mdl, PVOID base, PVOID va, ULONG length, BOOLEAN write) {
    return adapter->DmaOperations->FlushAdapterBuffers(adapter, mdl, base, va, length, write);
}
VOID NTAPI KiHalFreeAdapterChannel(PDMA_ADAPTER adapter) { adapter->DmaOperations->FreeAdapterChannel(adapter); }
VOID NTAPI KiHalFreeMapRegisters(PDMA_ADAPTER adapter, PVOID base, ULONG count) {
    adapter->DmaOperations->FreeMapRegisters(adapter, base, count);
}
PHYSICAL_ADDRESS NTAPI KiHalMapTransfer(PDMA_ADAPTER adapter, PMDL mdl, PVOID base, PVOID va, PULONG length, BOOLEAN write) {
    return adapter->DmaOperations->MapTransfer(adapter, mdl, base, va, length, write);
}

}  // extern "C"
