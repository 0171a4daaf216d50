// SPDX-License-Identifier: MIT
// ke/start.cpp
//
// From the boot stub's jump to the first system thread: descriptors, memory, APICs, clock, logical processors; then
// IoInitSystem on a thread of its own. The first logical processor's idle thread is what the boot becomes.
#include "arch/cpu.hpp"
#include "boot/archive.hpp"
#include "boot/boot_info.hpp"
#include "ke/ki.hpp"

extern "C" {
LOADER_BLOCK KiLoaderBlock;
BOOLEAN KiSystemReady;
[[noreturn]] VOID KiCallOnStack(PVOID top, VOID (*function)(PVOID), PVOID argument);
VOID KiSystemStartup(BOOT_INFO* boot);
VOID MiDropBootMappings(void);
VOID LdrInitialize(const LOADER_BLOCK* block);
VOID RtlpInitializeWellKnownSids(void);
}

namespace {

constexpr ULONG kFilesMax = 64;
LOADER_FILE files[kFilesMax];
KTHREAD idle_threads[KI_PROCESSORS_MAX];

const char* physical_text(ULONG64 address) { return reinterpret_cast<const char*>(BOOT_DIRECT_MAP + address); }

void fill_loader_block(const BOOT_INFO* boot) {
    LOADER_BLOCK& block = KiLoaderBlock;
    block.Magic = LOADER_BLOCK_MAGIC;
    block.CommandLine = boot->command_line ? physical_text(boot->command_line) : "";
    block.Files = files;
    block.KernelBase = reinterpret_cast<PVOID>(BOOT_KERNEL_BASE);
    block.KernelSize = static_cast<ULONG>(boot->kernel_bytes);
    block.KernelFile = reinterpret_cast<const UCHAR*>(BOOT_DIRECT_MAP + boot->kernel_file);
    block.KernelFileSize = boot->kernel_file_bytes;
    const auto* memory = reinterpret_cast<const BOOT_MEMORY*>(BOOT_DIRECT_MAP + boot->memory_map);
    for (ULONG64 entry = 0; entry < boot->memory_entries; ++entry)
        if (memory[entry].type == BOOT_MEMORY_RAM) block.MemoryBytes += memory[entry].bytes;
    ArchiveFile file;
    ULONG64 offset = 0;
    while (block.FileCount < kFilesMax &&
           next_in_archive(BOOT_DIRECT_MAP + boot->archive, boot->archive_bytes, &offset, &file))
        files[block.FileCount++] = {file.name, file.data, file.bytes};
}

VOID NTAPI first_thread(PVOID) {
    KiInitializeReaper();
    RtlpInitializeWellKnownSids();
    if (RdCommandLineNumber("selftest", 0)) KiSelfTest();
    IoInitSystem(&KiLoaderBlock);
}

void create_idle_threads() {
    for (ULONG number = 0; number < KiProcessorCount; ++number) {
        KTHREAD* thread = &idle_threads[number];
        if (KiInitializeThread(thread, KiIdleLoop, nullptr, 0, "idle") < 0) KiFatal("no memory for stacks", 0x31, 0, 0, 0, 0);
        RemoveEntryList(&thread->AllEntry);
        --KiThreadCount;
        thread->Idle = TRUE;
        thread->State = KI_THREAD_RUNNING;
        thread->Processor = static_cast<UCHAR>(number);
        KI_PCR& pcr = KiPcr[number];
        pcr.IdleThread = pcr.CurrentThread = thread;
        pcr.StackPointer = thread->StackPointer;
        pcr.Halted = TRUE;
    }
}

/// On the first idle thread's stack; the boot stub's mappings and stack are history.
VOID become_idle(PVOID) {
    MiDropBootMappings();
    LdrInitialize(&KiLoaderBlock);  // from here on bug checks name modules, and exceptions find handlers
    PKTHREAD thread = KiCreateKernelThread(first_thread, nullptr, KI_PRIORITY_DEFAULT, "system");
    if (!thread) KiFatal("no memory for the first thread", 0x31, 0, 0, 0, 0);
    KiSystemReady = TRUE;
    KiStartThread(thread);
    cpu::set_irql(PASSIVE_LEVEL);
    KiIdleLoop(nullptr);
}

}  // namespace

extern "C" VOID KiSystemStartup(BOOT_INFO* boot) {
    cpu::interrupts_off();
    KiInitializeDescriptors();
    KiPcr[0].Self = &KiPcr[0];
    KiSetGsBase(&KiPcr[0]);
    cpu::set_irql(HIGH_LEVEL);
    if (boot->magic != BOOT_INFO_MAGIC) KiFatal("boot stub and kernel do not match", 0x7B, boot->magic, 0, 0, 0);
    fill_loader_block(boot);
    KiInitializeRandom(RdCommandLineNumber("seed", 1));
    MiInitialize(boot);
    KiInitializeScheduler();
    KiInitializeProcessors(static_cast<ULONG>(RdCommandLineNumber("processors", 4)));
    KiInitializeApic();
    KiInitializeClock();
    KiInitializeTrace();
    KiInitializeRendezvous();
    create_idle_threads();
    KiCallOnStack(idle_threads[0].StackBase, become_idle, nullptr);
}

extern "C" VOID NTAPI RdPowerOff() {
    cpu::interrupts_off();
    cpu::out16(0x604, 0x2000);  // ACPI PM1a control: SLP_EN, S5
    KiHalt();
}

extern "C" VOID NTAPI RdReset() {
    cpu::interrupts_off();
    cpu::out8(0xCF9, 6);
    KiHalt();
}
