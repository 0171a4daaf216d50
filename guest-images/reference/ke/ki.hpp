// SPDX-License-Identifier: MIT
// ke/ki.hpp
//
// The kernel's own objects: logical processors and threads, and the primitives that move the one vCPU between them.
// "Atomic" means interrupts off: there is one vCPU, so nothing else runs until they are on again.
#pragma once
#include "nt_internal.hpp"

constexpr ULONG KI_PROCESSORS_MAX = 16;
constexpr KIRQL KI_CLOCK_IRQL = 13;
constexpr UCHAR KI_VECTOR_DISPATCH = 0x2F;  // DPCs and reschedule; deliverable below DISPATCH_LEVEL
constexpr UCHAR KI_VECTOR_CLOCK = 0xD1;
constexpr UCHAR KI_VECTOR_SPURIOUS = 0xFF;
constexpr SIZE_T KI_STACK_PAGES = 8;
constexpr UCHAR KI_PRIORITY_DEFAULT = 8;
constexpr UCHAR KI_PRIORITY_HIGH = 31;

/// Types of dispatcher objects, as Windows numbers them in DISPATCHER_HEADER.Type.
enum KI_OBJECT_TYPE : UCHAR {
    KI_EVENT_NOTIFICATION = 0,
    KI_EVENT_SYNCHRONIZATION = 1,
    KI_MUTANT = 2,
    KI_SEMAPHORE = 5,
    KI_THREAD = 6,
    KI_TIMER_NOTIFICATION = 8,
    KI_TIMER_SYNCHRONIZATION = 9,
    KI_DPC = 19,
    KI_DPC_THREADED = 24,
};

enum KI_THREAD_STATE : UCHAR {
    KI_THREAD_INITIALIZED = 0,  // created, never ready yet
    KI_THREAD_READY = 1,        // in a ready queue
    KI_THREAD_RUNNING = 2,      // some logical processor's current thread
    KI_THREAD_TERMINATED = 4,   // never runs again
    KI_THREAD_WAITING = 5,      // blocked in a wait
};

struct _KTHREAD {
    DISPATCHER_HEADER Header;
    LIST_ENTRY QueueEntry;  // in a ready queue, or among the dead
    LIST_ENTRY AllEntry;    // in the list of all threads
    ULONG64 StackPointer;   // while not running
    PVOID StackBase;        // top of the stack
    PVOID StackLimit;       // its lowest byte; the page below is a guard
    KI_THREAD_STATE State;
    UCHAR Priority;         // 1..31; 0 for idle threads
    UCHAR BasePriority;
    UCHAR Processor;        // current or last logical processor
    BOOLEAN Idle;
    BOOLEAN Managed;        // memory belongs to the object manager
    BOOLEAN WaitAllObjects; // WaitAll in progress
    BOOLEAN Worker;         // a system worker thread: no work item may end it
    KIRQL WaitIrql;
    ULONG Affinity;         // bit per logical processor
    LONG CriticalRegions;   // KeEnterCriticalRegion depth
    LIST_ENTRY Mutants;     // owned ones, by MutantListEntry
    NTSTATUS WaitStatus;
    ULONG WaitCount;        // blocks of the wait in progress, without the timeout's
    PKWAIT_BLOCK WaitBlocks;
    KWAIT_BLOCK OwnBlocks[THREAD_WAIT_OBJECTS];
    KWAIT_BLOCK TimerBlock;
    KTIMER Timer;           // of timed waits and KeDelayExecutionThread
    PKSTART_ROUTINE StartRoutine;
    PVOID StartContext;
    const char* Name;       // for bug checks; may be null
    ULONG64 Id;             // multiples of 4, as Windows numbers them
    NTSTATUS ExitStatus;
};

struct _ETHREAD {
    _KTHREAD Tcb;
};
static_assert(sizeof(_ETHREAD) <= KI_THREAD_BYTES);

/// One logical processor. GS base points here while it has the vCPU; drivers read +0x184 and +0x188.
struct alignas(PAGE_SIZE) KI_PCR {
    PVOID GdtBase, TssBase;
    ULONG64 UserRsp;
    KI_PCR* Self;           // +0x18
    PVOID CurrentPrcb;      // +0x20
    PVOID LockArray, UsedSelf, IdtBase;
    UCHAR Reserved0[0x180 - 0x40];
    ULONG MxCsr;            // +0x180: the PRCB begins here
    UCHAR Number;           // +0x184
    UCHAR NestingLevel, InterruptRequest, IdleHalt;
    PKTHREAD CurrentThread; // +0x188
    PKTHREAD NextThread;    // +0x190
    PKTHREAD IdleThread;    // +0x198

    ULONG64 StackPointer;   // while another logical processor has the vCPU
    ULONG64 Irql;           // CR8 of that time
    LIST_ENTRY DpcQueue;
    ULONG DpcCount;
    PKDPC ActiveDpc;        // being executed
    ULONG InterruptDepth;   // device interrupts in service on this processor
    BOOLEAN DpcActive;      // a DPC routine runs
    BOOLEAN Requested;      // dispatch software interrupt wanted
    BOOLEAN Reschedule;     // look for a better thread at the next one
    BOOLEAN TimersDue;      // expire timers at the next one
    BOOLEAN Halted;         // idle with nothing to do: not worth the vCPU
    PKTHREAD Dead;          // thread this processor has just left for good
    ULONG64 RunTicks;       // counter ticks it has had the vCPU for, up to SwitchedInAt
    ULONG64 SwitchedInAt;   // counter when it got the vCPU last
    ULONG64 DpcDebt;        // ticks spent in DPCs that threads have not been compensated for
    ULONG64 DpcEndedAt;     // KiProcessorTime at the end of the last DPC
    ULONG64 TurnEnds;       // KiProcessorTime until which threads go before DPCs; 0: DPCs go first
};
static_assert(__builtin_offsetof(KI_PCR, Number) == 0x184 && __builtin_offsetof(KI_PCR, CurrentThread) == 0x188);
static_assert(__builtin_offsetof(KI_PCR, Self) == 0x18);

/// The registers of an interrupted instruction, as arch/trap_entry.S pushes them.
struct KI_TRAP_FRAME {
    UCHAR Xmm[6][16];
    ULONG MxCsr, Fill;
    ULONG64 Irql;  // CR8
    ULONG64 Rax, Rcx, Rdx, Rbx, Rbp, Rsi, Rdi, R8, R9, R10, R11, R12, R13, R14, R15;
    ULONG64 Vector, ErrorCode;
    ULONG64 Rip, Cs, Rflags, Rsp, Ss;
};

extern "C" KI_PCR KiPcr[KI_PROCESSORS_MAX];
extern "C" ULONG KiProcessorCount;
extern "C" BOOLEAN KiSystemReady;  // interrupts and threads work

static inline KI_PCR* KiCurrentPcr() {
    KI_PCR* pcr;
    asm volatile("movq %%gs:0x18, %0" : "=r"(pcr));
    return pcr;
}

/// Holds the vCPU for the rest of the scope.
class KiAtomic {
public:
    KiAtomic() : saved_(KiEnterAtomic()) {}
    ~KiAtomic() { KiLeaveAtomic(saved_); }
    KiAtomic(const KiAtomic&) = delete;

private:
    ULONG64 saved_;
};

extern "C" {
// switch.S: saves the callee-saved registers on the stack, its pointer in *save, and continues at `load`. Atomic.
VOID KiSwapStack(ULONG64* save, ULONG64 load);
VOID KiThreadEntry(void);

// processor.cpp: which logical processor has the vCPU.
VOID KiInitializeProcessors(ULONG count);
VOID KiYieldProcessor(void);                  // spinning: let another one run; any IRQL below CLOCK_LEVEL
VOID KiMaybeYield(void);                      // now and then, by the seed: at the edges of locks
VOID KiSwitchProcessor(KI_PCR* target);       // atomic
KI_PCR* KiChooseProcessor(BOOLEAN other);     // a seeded choice among those with work; null: none. Atomic.
ULONG64 KiProcessorTime(const KI_PCR* pcr);   // counter ticks it has had the vCPU for; atomic
VOID KiRequestDispatch(KI_PCR* pcr);          // DPC/reschedule interrupt on that logical processor. Atomic.
VOID KiIdleLoop(PVOID);
VOID KiDispatchInterrupt(void);               // at DISPATCH_LEVEL

// scheduler.cpp: which thread a logical processor runs.
VOID KiReadyThread(PKTHREAD thread);          // atomic
VOID KiBlockCurrentThread(void);              // atomic; State is set already; returns when the thread runs again
VOID KiReschedule(void);                      // atomic, DISPATCH_LEVEL: lets a better thread run, if there is one
VOID KiAfterSwap(void);                       // atomic; on the new thread's stack
BOOLEAN KiReadyThreadWaits(UCHAR priority, ULONG processor);  // atomic: some thread of at least this priority is ready
VOID KiInitializeScheduler(void);
VOID KiQuantumEnd(void);                      // atomic, from the clock

// thread.cpp
NTSTATUS KiInitializeThread(PKTHREAD thread, PKSTART_ROUTINE routine, PVOID context, UCHAR priority, const char* name);
VOID KiStartThread(PKTHREAD thread);
PKTHREAD KiCreateKernelThread(PKSTART_ROUTINE routine, PVOID context, UCHAR priority, const char* name);
[[noreturn]] VOID KiExitThread(NTSTATUS status);
VOID KiInitializeReaper(void);
extern LIST_ENTRY KiAllThreads;
extern ULONG KiThreadCount;

// wait.cpp
VOID KiInitializeHeader(PDISPATCHER_HEADER header, UCHAR type, ULONG bytes, LONG state);
VOID KiWaitTest(PDISPATCHER_HEADER object);   // atomic: hands a signalled object to its waiters
VOID KiCheckObject(PVOID object, UCHAR first, UCHAR last, const char* function);

// timer.cpp
VOID KiInitializeTimers(void);
VOID KiExpireTimers(void);                    // DISPATCH_LEVEL
ULONG64 KiNextTimerDue(void);                 // interrupt time, ~0: none. Atomic.
PKTIMER KiFindTimerIn(ULONG64 begin, ULONG64 end);  // a queued one whose memory lies there. Atomic.
PKDPC KiFindDpcIn(ULONG64 begin, ULONG64 end);      // likewise
BOOLEAN KiInsertTimer(PKTIMER timer, LARGE_INTEGER due);  // atomic; true: was due already and signals at once
VOID KiRemoveTimer(PKTIMER timer);            // atomic
ULONG KiCountTimers(void);

// dpc.cpp
VOID KiRetireDpcs(void);                      // DISPATCH_LEVEL
VOID KiRequestDeferredDpcs(void);             // atomic, from the clock: threads had their turn
BOOLEAN KiDpcsDeferred(void);                 // atomic: some logical processor lets threads go first

// clock.cpp: time and the one-shot timer interrupt.
VOID KiInitializeClock(void);
VOID KiClockInterrupt(void);                  // atomic
VOID KiArmClock(void);                        // atomic: recompute the next timer interrupt
VOID KiTimersTaken(void);                     // due timers are being expired; post the next ones again
VOID KiUpdateTime(void);                      // atomic: refresh KUSER_SHARED_DATA from the counter
ULONG64 KiInterruptTime(void);                // 100 ns since boot
ULONG64 KiSystemTime(void);                   // 100 ns since 1601
ULONG64 KiCounterFrequency(void);
static inline ULONG64 KiCounter(void) { return __builtin_ia32_rdtsc(); }

// interrupt.cpp
VOID KiDeviceInterrupt(KI_TRAP_FRAME* frame, UCHAR vector);
ULONG KiCountInterrupts(void);

// arch: descriptors, traps, APICs
VOID KiInitializeDescriptors(void);
VOID KiInitializeApic(void);
VOID KiEndOfInterrupt(void);
VOID KiSelfInterrupt(UCHAR vector);
VOID KiArmApicTimer(ULONG64 nanoseconds);     // one shot
VOID KiSetInterruptMask(ULONG pin, BOOLEAN masked);
VOID KiRouteInterrupt(ULONG pin, UCHAR vector, BOOLEAN level);
ULONG KiInterruptPins(void);
BOOLEAN KiVectorToPin(UCHAR vector, ULONG* pin);
VOID KiTrap(KI_TRAP_FRAME* frame);
VOID KiFault(KI_TRAP_FRAME* frame);           // processor exceptions
VOID KiSetGsBase(PVOID base);
VOID KiFrameToContext(const KI_TRAP_FRAME* frame, PCONTEXT context);
VOID KiContextToFrame(const CONTEXT* context, KI_TRAP_FRAME* frame);

// bugcheck.cpp, debug.cpp
const char* KiBugCheckName(ULONG code);
ULONG64 KiDriverCaller(void);                 // any IRQL
VOID KiPrint(const char* format, ...);        // %s %u %x %p %llx %c only; any IRQL
VOID KiDumpState(void);                       // all processors and threads, as text
VOID KiDescribeAddress(ULONG64 address, char* text, SIZE_T size);  // "ndis.sys+0x1234"
[[noreturn]] VOID KiBugCheckFrame(ULONG code, ULONG64 p1, ULONG64 p2, ULONG64 p3, ULONG64 p4, const KI_TRAP_FRAME* frame);
[[noreturn]] VOID KiBugCheckContext(ULONG code, ULONG64 p1, ULONG64 p2, ULONG64 p3, ULONG64 p4, CONTEXT* context);

// random.cpp, trace.cpp, selftest.cpp
VOID KiInitializeRandom(ULONG64 seed);
ULONG KiRandomBelow(ULONG stream, ULONG limit);
VOID KiInitializeTrace(void);
VOID KiInitializeRendezvous(void);            // after the trace
VOID KiSelfTest(void);

// mm
VOID MiInitialize(const struct BOOT_INFO* boot);
PVOID MiAllocateStack(PVOID* limit);          // top of KI_STACK_PAGES pages above a guard page
VOID MiFreeStack(PVOID limit);
}  // extern "C"

/// Documented rules of Driver Verifier (bug check 0xC4): the subcodes used in more than one place.
enum KI_VERIFIER : ULONG {
    KI_VERIFIER_WAIT_AT_DISPATCH = 0x3B,
};
/// Parameter 1 of IRQL_UNEXPECTED_VALUE (0xC8).
constexpr ULONG64 KI_UNEXPECTED_IRQL(ULONG64 current, ULONG64 expected) { return current << 16 | expected << 8; }
#define KI_CALLER reinterpret_cast<ULONG64>(__builtin_return_address(0))
