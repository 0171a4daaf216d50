// SPDX-License-Identifier: MIT
// lib/window_search.cpp
#include "lib/window_search.hpp"

#include "lib/registry.hpp"

namespace rundown
{
namespace
{

constexpr ULONG Buses = 256;
constexpr ULONG Devices = 32;
constexpr ULONG Functions = 8;
constexpr ULONG64 FourGigabytes = 1ull << 32;

/// HalGetBusDataByOffset: 0 when the bus does not exist, 2 and a vendor of FFFF when nothing is in
/// the slot.
ULONG
ReadHeader(ULONG bus, PCI_SLOT_NUMBER slot, PciHeader &header)
{
    RtlFillMemory(header.Data, sizeof(header.Data), 0xFF);
    return HalGetBusDataByOffset(
        PCIConfiguration, bus, slot.u.AsULONG, header.Data, 0, sizeof(header.Data));
}

/// The last physical address that MmMapIoSpace can take.
ULONG64
HighestAddress()
{
#ifdef _WIN64
    return ~0ull;
#else
    return ExIsProcessorFeaturePresent(PF_PAE_ENABLED) ? ~0ull : FourGigabytes - 1;
#endif
}

/// Switches memory decoding on, when nobody minds.
bool
MakeItAnswer(ULONG bus, PCI_SLOT_NUMBER slot, const PciHeader &header)
{
    if (header.DecodesMemory()) {
        return true;
    }
    if (DeviceHasService(L"PCI", L"VEN_1AF4&DEV_1110")) {
        return false;
    }

    USHORT command = header.Word(PciHeader::CommandAt) | PciHeader::MemoryDecode;

    return HalSetBusDataByOffset(
               PCIConfiguration,
               bus,
               slot.u.AsULONG,
               &command,
               PciHeader::CommandAt,
               sizeof(command)) == sizeof(command);
}

struct Search {
    ULONG Bytes;
    WindowPlace Best;

    /// True when the search is over.
    bool Look(ULONG bus, PCI_SLOT_NUMBER slot, const PciHeader &header)
    {
        if (!header.IsWindow()) {
            return false;
        }
        Best = PlaceOfWindow(header, Bytes, HighestAddress());
        if (Best.Verdict == RD_P5_WINDOW_FOUND && !MakeItAnswer(bus, slot, header)) {
            Best = {RD_P5_WINDOW_DECODE_OFF, 0};
        }
        return Best.Verdict == RD_P5_WINDOW_FOUND;
    }

    /// True when the search is over.
    bool LookAtDevice(ULONG bus, ULONG device)
    {
        PCI_SLOT_NUMBER slot;
        PciHeader header;
        ULONG functions = 1;

        slot.u.AsULONG = 0;
        slot.u.bits.DeviceNumber = device;
        for (ULONG function = 0; function < functions; ++function) {
            slot.u.bits.FunctionNumber = function;
            ReadHeader(bus, slot, header);
            if (!header.IsPresent()) {
                continue;
            }
            if (function == 0 && header.IsMultifunction()) {
                functions = Functions;
            }
            if (Look(bus, slot, header)) {
                return true;
            }
        }
        return false;
    }
};

bool
BusExists(ULONG bus)
{
    PCI_SLOT_NUMBER slot;
    PciHeader header;

    slot.u.AsULONG = 0;
    return ReadHeader(bus, slot, header) != 0;
}

} // namespace

WindowPlace
FindWindow(ULONG bytes)
{
    Search search = {bytes, {RD_P5_WINDOW_NO_DEVICE, 0}};

    for (ULONG bus = 0; bus < Buses && BusExists(bus); ++bus) {
        for (ULONG device = 0; device < Devices; ++device) {
            if (search.LookAtDevice(bus, device)) {
                return search.Best;
            }
        }
    }
    return search.Best;
}

} // namespace rundown
