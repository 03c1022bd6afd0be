"""The golden cases: which crash in which build of the firmware on which architecture."""

from dataclasses import dataclass

from targets import ARM64, CORTEX_M, RISCV32, RISCV64, X86, X86_64, Target

SCENARIOS = {
    "null-deref": "A channel has lost its calibration; the fault is three inlined helpers deep in the sensor thread.",
    "div-zero": "An empty window is averaged by the thread that computes in the background.",
    "undefined": "A switch over an enum meets a value that is none of its names and traps in the main thread.",
    "stack-overflow": "The settings tree contains itself; showing it recurses until the stack check stops the shell.",
    "assert": "The log ring holds more than it can; an assertion panics in the main thread.",
    "bad-call": "A command's handler is 0xdeadbeef, which is not executable memory.",
    "call-data": "A command's handler points into RAM, which must not be executed.",
    "isr-fault": "The radio's interrupt handler reads registers that are not there.",
    "unaligned": "A packet field that lies at an odd address is read as a word.",
    "bus-fault": "The shell is asked to show memory that does not exist.",
    "oops": "The shell stops itself with k_oops.",
    "stack-lost": "A sort never ends its recursion; the stack guard swallows the exception frame as well.",
    "stack-guard": "One large frame reaches below the shell's stack; the store that comes upon the stack guard faults.",
    "deadlock": "Two threads take two mutexes in opposite order; a watchdog in the main thread notices it.",
    "use-after-free": "A session is used after it was closed: its members are what freed memory is filled with.",
    "flash-write": "The shell is asked to change a calibration, which is a constant in flash.",
    "null-member": "A radio is not found by its name and retuned all the same: a store to a member of NULL.",
    "ascii-pointer": "A label that is too long overwrites the pointer behind it with text.",
    "tick-fault": "The timer interrupt toggles a LED that is not there, while the busy filter thread was running.",
    "nested-fault": "An interrupt handler is interrupted by a more urgent one, which reads missing registers.",
    "virtual-call": "C++: a virtual function of a class with a virtual base is given a reference to nothing.",
}

NOTES = {
    "isr-fault": "The current thread of the dump (main) was interrupted; the frames are the interrupt handler's.",
    "bad-call": "PC is not code: gdb takes the caller from LR.",
    "call-data": "PC is not code: gdb takes the caller from LR, and names the innermost frame after a data object.",
    "stack-lost": "The processor could not save the registers: those of the crashed thread are what lay in its stack "
    "guard, and gdb's frames and values made from them mean nothing. The other threads are as they should be.",
    "tick-fault": "The current thread of the dump (filter) was interrupted; the frames are the timer interrupt's.",
    "nested-fault": "The current thread of the dump (main) was interrupted, and so was the interrupt handler in turn.",
    "stack-guard": "SP of the crashed thread lies below its stack; the memory there belongs to another thread.",
}
"""What a reader of any dump of a scenario should know."""


@dataclass(frozen=True)
class Case:
    """A crash to record. The folder of its files is `<target>/<scenario>-<build>`."""

    target: Target
    scenario: str
    build: str
    """What is special about this build, beginning with the optimization level: `Os`, `Og-dwarf4`."""
    options: dict[str, str]
    note: str = ""

    @property
    def name(self) -> str:
        """Of its folder below `tests/golden`."""
        return f"{self.target.name}/{self.scenario}-{self.build}"


def case(target: Target, scenario: str, build: str, note: str = "", **options: str) -> Case:
    """The optimization level is part of the build's name."""
    return Case(target, scenario, build, {"OPT": build.partition("-")[0].removeprefix("O"), **options}, note)


SIZED_AND_DEBUGGABLE = ("null-deref", "div-zero", "undefined", "stack-overflow", "assert", "bad-call", "isr-fault")

VARIANTS: list[tuple[tuple[str, ...], str, str, dict[str, str]]] = [
    (("null-deref", "stack-overflow"), "O0", "", {}),
    (("null-deref", "bad-call"), "O2", "", {}),
    (("null-deref", "use-after-free"), "O3", "", {}),
    (("null-deref", "deadlock"), "Os-lto", "Optimized at link time.", {"LTO": "1"}),
    (("virtual-call",), "O2-lto", "Optimized at link time.", {"LTO": "1"}),
    (("null-deref", "assert"), "Os-clang", "Compiled by clang.", {"COMPILER": "clang"}),
    (("null-deref", "virtual-call"), "O0-clang", "Compiled by clang.", {"COMPILER": "clang"}),
    (("null-deref",), "O2-clang-dwarf4", "Compiled by clang; DWARF 4.", {"COMPILER": "clang", "DWARF": "4"}),
    (
        ("null-deref", "isr-fault"),
        "Os-exidx",
        "To unwind by there is .ARM.exidx only; gdb was asked before the rest was taken out.",
        {"UNWIND": "exidx"},
    ),
    (
        ("null-deref",),
        "Og-nocfi",
        "To unwind by there is nothing; gdb was asked before it was taken out.",
        {"UNWIND": "none"},
    ),
    (("null-deref", "stack-overflow"), "Os-m0", "The station is code for a Cortex-M0.", {"CPU": "m0"}),
    (
        ("null-deref", "div-zero", "isr-fault"),
        "Os-fpu",
        "A Cortex-M4 with floating point registers: threads that use them have larger exception frames.",
        {"CPU": "m4f"},
    ),
    (("null-deref",), "Og-fpu", "A Cortex-M4 with floating point registers.", {"CPU": "m4f"}),
    *(
        (scenarios, build, "A Cortex-M7 with floating point registers for double precision.", {"CPU": "m7"})
        for scenarios, build in ((("null-deref", "bad-call"), "O2-m7"), (("div-zero",), "Os-m7"))
    ),
    (
        ("null-deref", "bus-fault", "stack-guard", "stack-lost"),
        "Os-m33",
        "A Cortex-M33 in the Non-secure state; the limit of a stack is in PSPLIM.",
        {"ARCH": "armv8_m"},
    ),
    (
        ("isr-fault", "deadlock"),
        "Og-m33",
        "A Cortex-M33 in the Non-secure state: EXC_RETURN values are those of Armv8-M.",
        {"ARCH": "armv8_m", "DWARF": "4"},
    ),
    *(
        (
            scenarios,
            build,
            "A Cortex-M55 with floating point registers; it stays in the Secure state.",
            {"ARCH": "armv8_1m"},
        )
        for scenarios, build in ((("null-deref", "isr-fault"), "Os-m55"), (("null-deref",), "O2-m55"))
    ),
    (
        ("null-deref", "oops"),
        "Os-sp",
        "SP in the dump is the address of the exception frame, as old firmware has it.",
        {"SP": "frame"},
    ),
    (("null-deref",), "Os-64k", "64 KiB of RAM, ten threads, one of them deep in a recursion.", {"SURVEY": "1"}),
]
"""Scenarios, the build's name, a note, and what make is told besides."""

CORTEX_M_CASES = [
    *(case(CORTEX_M, scenario, build) for scenario in SIZED_AND_DEBUGGABLE for build in ("Os", "Og")),
    case(CORTEX_M, "unaligned", "Os"),
    case(CORTEX_M, "oops", "Og"),
    case(CORTEX_M, "call-data", "Os"),
    case(CORTEX_M, "stack-guard", "Os"),
    *(
        case(CORTEX_M, scenario, build, COMPRESS="zlib")
        for scenario, build in (
            ("deadlock", "Os"),
            ("deadlock", "Og"),
            ("use-after-free", "Os"),
            ("flash-write", "Os"),
            ("null-member", "Os"),
            ("ascii-pointer", "Og"),
            ("tick-fault", "Os"),
            ("nested-fault", "Os"),
            ("nested-fault", "Og"),
            ("virtual-call", "Os"),
            ("virtual-call", "Og"),
        )
    ),
    *(
        case(CORTEX_M, scenario, build, note, COMPRESS="zlib", **options)
        for scenarios, build, note, options in VARIANTS
        for scenario in scenarios
    ),
    case(CORTEX_M, "stack-lost", "Os", "Compressed debug sections.", COMPRESS="zlib"),
    case(CORTEX_M, "null-deref", "Os-dwarf4", "DWARF 4.", DWARF="4"),
    case(CORTEX_M, "div-zero", "Og-zlib", "Debug sections are compressed.", COMPRESS="zlib"),
    case(CORTEX_M, "unaligned", "Os-zstd", "Debug sections are compressed by Zstandard.", COMPRESS="zstd"),
    case(
        CORTEX_M,
        "null-deref",
        "Og-arch1",
        "Architecture block version 1: r4..r11 of the crashed thread are not in the dump.",
        ARCH_BLOCK="1",
    ),
    case(CORTEX_M, "bus-fault", "Os-arch3", "Architecture block version 3.", ARCH_BLOCK="3"),
    case(
        CORTEX_M,
        "stack-overflow",
        "Os-threads",
        "Only the threads' structures and stacks and the interrupt stack are in the dump.",
        MEMORY="THREADS",
    ),
    case(
        CORTEX_M,
        "bad-call",
        "Og-min",
        "Only the current thread's structure and stack are in the dump, no thread list; compressed debug sections.",
        MEMORY="MIN",
        COMPRESS="zlib",
    ),
]

ARM64_CASES = [
    case(ARM64, "null-deref", "Og"),
    case(ARM64, "null-deref", "O0"),
    case(ARM64, "null-deref", "O3", "Architecture block version 3.", ARCH_BLOCK="3"),
    case(ARM64, "null-deref", "Os-clang", "Compiled by clang.", COMPILER="clang"),
    case(ARM64, "undefined", "O2"),
    case(ARM64, "stack-overflow", "Os", "Architecture block version 3.", ARCH_BLOCK="3"),
    case(ARM64, "assert", "Os-arch1", "Architecture block version 1: neither SP nor x19..x29.", ARCH_BLOCK="1"),
    case(ARM64, "bad-call", "Og-arch1", "Architecture block version 1: neither SP nor x19..x29.", ARCH_BLOCK="1"),
    case(
        ARM64,
        "call-data",
        "O2-clang",
        "Compiled by clang; architecture block version 3.",
        COMPILER="clang",
        ARCH_BLOCK="3",
    ),
    case(ARM64, "isr-fault", "Os"),
    case(ARM64, "nested-fault", "Og"),
    case(ARM64, "deadlock", "O2"),
    case(ARM64, "isr-fault", "Og-arch1", "Architecture block version 1.", ARCH_BLOCK="1"),
    case(ARM64, "bus-fault", "O2-dwarf4", "DWARF 4.", DWARF="4"),
    case(ARM64, "oops", "Og-threads", "Only threads and interrupt stack are in the dump.", MEMORY="THREADS"),
    case(ARM64, "oops", "O3-min", "Only the current thread is in the dump.", MEMORY="MIN", ARCH_BLOCK="3"),
]

RISCV32_CASES = [
    *(case(RISCV32, "null-deref", build) for build in ("Os", "Og", "O0", "O2")),
    *(case(RISCV32, scenario, build) for scenario in ("undefined", "bad-call", "isr-fault") for build in ("Os", "Og")),
    case(RISCV32, "assert", "Og"),
    case(RISCV32, "stack-overflow", "Os"),
    case(RISCV32, "oops", "Og"),
    case(RISCV32, "call-data", "Os"),
    case(RISCV32, "bus-fault", "O2"),
    case(
        RISCV32,
        "isr-fault",
        "Os-arch1",
        "Architecture block version 1 without sp, as it was first; s0..s11 of the crashed thread are not in it.",
        ARCH_BLOCK="1",
        BLOCK_SP="n",
    ),
    case(
        RISCV32,
        "assert",
        "Os-nodebug",
        "Without CONFIG_EXCEPTION_DEBUG: s1..s11 of the crashed thread are zeros in the dump.",
        EXCEPTION_DEBUG="n",
    ),
]

RISCV64_CASES = [
    *(case(RISCV64, scenario, build) for scenario in ("null-deref", "isr-fault") for build in ("Os", "Og")),
    case(RISCV64, "undefined", "O2"),
    case(RISCV64, "assert", "Og"),
    case(RISCV64, "bad-call", "Os"),
    case(RISCV64, "stack-overflow", "Og"),
    case(RISCV64, "oops", "Os"),
    case(
        RISCV64,
        "bus-fault",
        "Og-arch2",
        "Architecture block version 2: s0..s11 of the crashed thread are not in it.",
        ARCH_BLOCK="2",
    ),
]

X86_CASES = [
    case(X86, "null-deref", "Og"),
    case(X86, "div-zero", "Os", "DWARF 4.", DWARF="4"),
    case(X86, "undefined", "O2"),
    case(X86, "stack-overflow", "Os"),
    case(X86, "assert", "Og"),
    case(X86, "bad-call", "O0"),
    case(X86, "isr-fault", "O2"),
    case(X86, "oops", "O3"),
    case(X86, "bus-fault", "Os-cr3", "The architecture block ends with CR3, as in the first releases.", CR3="y"),
    case(
        X86,
        "null-deref",
        "O2-threads",
        "Only the threads' structures and stacks and the interrupt stack are in the dump.",
        MEMORY="THREADS",
    ),
]

X86_64_CASES = [
    case(X86_64, "null-deref", "Og"),
    case(X86_64, "null-deref", "O2"),
    case(X86_64, "div-zero", "Og"),
    case(X86_64, "undefined", "Os", "DWARF 4.", DWARF="4"),
    case(X86_64, "stack-overflow", "Og"),
    case(X86_64, "assert", "Os"),
    case(X86_64, "bad-call", "O3"),
    case(X86_64, "isr-fault", "Os"),
    case(X86_64, "oops", "O0"),
    case(X86_64, "call-data", "Og"),
    *(
        case(X86_64, "undefined", build, "src/app/power.rs takes the place of power.c.", RUST="1", COMPRESS="zlib")
        for build in ("O0-rust", "Os-rust")
    ),
    case(
        X86_64,
        "bus-fault",
        "O2-short",
        "rbx and r12..r15 of the crashed thread are not in the dump.",
        EXCEPTION_DEBUG="n",
    ),
]

CASES = [*CORTEX_M_CASES, *ARM64_CASES, *RISCV32_CASES, *RISCV64_CASES, *X86_CASES, *X86_64_CASES]
