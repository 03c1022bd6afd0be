"""Every golden case beside gdb: the same threads, registers, functions, files, lines, inlined frames and values."""

import itertools
import re
from posixpath import normpath
from typing import Any

import pytest

from analyzer.report.model import Frame, Thread, encode_report
from tests.analyzer.golden import (
    CASES,
    GOLDEN,
    answer_of,
    architecture_of,
    cases_of,
    compared,
    plain,
    plain_text,
    report_of,
    scenario_of,
)

LOST = set(cases_of("stack-lost"))
"""The CPU could not save its registers: what gdb makes of them means nothing, and we say so."""
KNOWN_REGISTERS = {
    "cortex-m": {"r0", "r1", "r2", "r3", "r12", "sp", "lr", "pc", "xpsr"},
    "arm64": {"x30", "sp", "pc"},
    "riscv32": {"pc", "sp", "ra", "s0"},
    "riscv64": {"pc", "sp", "ra", "s0"},
    "x86": {"ebx", "ebp", "esi", "edi", "esp", "eip"},
    "x86-64": {"rbp", "rsp", "rip"},
}
"""What every dump of an architecture says, whatever the version of its register block."""
EXCEPTION_ENTRIES = {"_isr_wrapper", "z_arm64_irq_done", "z_arm64_exit_exc"}
"""Assembler of ARM64 that exceptions enter and leave by: gdb cannot look below it."""
CLOBBERED = {
    *(("arm64/call-data-O2-clang", "z_thread_entry", name) for name in ("entry", "p1", "p2", "p3")),
    *(("arm64/null-deref-Os-clang", "z_thread_entry", name) for name in ("entry", "p1", "p2", "p3")),
    ("arm64/isr-fault-Os", "radio_isr", "frame"),
    ("arm64/stack-overflow-Os", "k_yield", "key"),
}
"""Values of callers in registers that calls may clobber: there gdb takes what the innermost frame has in them.

Of clang's that is wrong. Of GCC's it is right, since that had seen that this callee leaves them alone (-fipa-ra).
"""
PASSED = {
    ("x86-64", function, name)
    for function, names in {"radio_isr": ("arg", "device", "frame"), "filter_pass": ("full", "i", "passes")}.items()
    for name in names
}
"""Values that GCC leaves in the argument registers of x86-64 (-fipa-ra), as above."""
GDB_NAMES = {"s0": "fp"}
"""What gdb calls a register in its own way."""
NOT_ASKED = {
    "cortex-m": {*(f"s{number}" for number in range(32)), "fpscr"},
    "riscv32": {"mstatus"},
    "riscv64": {"mstatus"},
}
"""What is not one of gdb's general registers or not in a core."""
UNKNOWN = ("<optimized out>", "<unavailable>", "<synthetic pointer>", "<error: ")


def says_nothing(value: str) -> bool:
    """Whether gdb knows no part of a value."""
    leaves = re.sub(r"\w+ = ", "", value).strip("{}").split(", ")
    return value.startswith(UNKNOWN) or all(leaf.startswith(UNKNOWN) for leaf in leaves)


def threads(case: str) -> list[tuple[Thread, dict[str, Any]]]:
    # What an interrupted thread may have been doing is a guess of ours; gdb knows nothing of it.
    ours = [thread for thread in report_of(case).threads if thread.state != "interrupted"]
    theirs = answer_of(case)["threads"]
    assert [thread.name for thread in ours] == [thread["name"] for thread in theirs]
    return [(mine, gdbs) for mine, gdbs in zip(ours, theirs, strict=True) if not (case in LOST and gdbs["crashed"])]


def frames(case: str, mine: Thread, gdbs: dict[str, Any]) -> list[tuple[Frame, dict[str, Any]]]:
    """The frames of a thread beside gdb's, as far as gdb can see."""
    ours, theirs = mine.frames, gdbs["frames"]
    if architecture_of(case) == "arm64":
        ends = (at for at, frame in enumerate(ours, 1) if frame.function in EXCEPTION_ENTRIES)
        end = next(ends, len(ours))
        if end < len(ours):
            assert ours[end].trust == "exception"
            assert mine.complete
            # gdb takes assembler that is returned into for called from what stands before it.
            ours, theirs = ours[:end], theirs[:end]
    return list(zip(ours, theirs, strict=True))


def test_there_are_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("case", CASES)
def test_threads_and_registers(case: str) -> None:
    for mine, gdbs in threads(case):
        assert mine.crashed == gdbs["crashed"]
        known = {name: value for name, value in mine.registers.items() if value is not None}
        hidden = NOT_ASKED.get(architecture_of(case), ())
        asked = {GDB_NAMES.get(name, name): value for name, value in known.items() if name not in hidden}
        assert asked.items() <= gdbs["registers"].items()
        assert known.keys() >= KNOWN_REGISTERS[architecture_of(case)]


@pytest.mark.parametrize("case", compared("frames", CASES))
def test_frames(case: str) -> None:
    for mine, gdbs in threads(case):
        for our, their in frames(case, mine, gdbs):
            assert our.pc == their["pc"]
            assert our.inlined == their["inlined"]
            assert our.file == (their["file"] and normpath(their["file"]))
            # gdb takes the nearest symbol for a function even where there is no code.
            assert our.function == their["function"] or (our.function is None and their["file"] is None)
            # Of an exception's entry gdb looks up the address itself, though it called the handler as any function.
            lines = [their["line"], their.get("addr2line")] if their["kind"] == "exception" else [their["line"]]
            assert our.line in lines


@pytest.mark.parametrize("case", compared("values", CASES))
def test_values(case: str) -> None:
    compared = 0
    for mine, gdbs in threads(case):
        for our, their in frames(case, mine, gdbs):
            for name, group in itertools.groupby(
                sorted(their["locals"], key=lambda each: each["name"]), lambda each: each["name"]
            ):
                # gdb lists a variable of an inlined function twice, once without a value.
                answers = list(group)
                wanted = {plain(each["value"]) for each in answers}
                guess = any(each.get("guess") for each in answers)
                values = [plain_text(each.value) for each in our.locals if each.name == name]
                assert values, (our.function, name)
                for value in values:
                    unknown = value.startswith("<")
                    agree = value in wanted or (unknown and (guess or any(says_nothing(each) for each in wanted)))
                    agree |= value == "<not in dump>" and (case, our.function, name) in CLOBBERED
                    # What has left by a tail call has no place on the stack any more; gdb reads where it was.
                    agree |= unknown and their["kind"] == "tail-call"
                    agree |= unknown and (architecture_of(case), our.function, name) in PASSED
                    assert agree, (our.function, name, value, wanted)
                    compared += 1
    assert compared > 0 or case in LOST


@pytest.mark.parametrize("case", CASES)
def test_the_report_is_the_recorded_one(case: str) -> None:
    expected = (GOLDEN / case / "report.json").read_bytes()
    assert encode_report(report_of(case)) == expected, "if the change is meant: python -m tests.analyzer.record_reports"


WHY = {
    "null-deref": ("null-dereference", "Null pointer dereference in calibration_in_range (sensor.c:"),
    "div-zero": ("divide-by-zero", "Division by zero in average (filter.c:"),
    "undefined": ("undefined-instruction", "Undefined instruction in power_state_name (power.c:"),
    "stack-overflow": ("stack-overflow", "Stack overflow in settings_show (shell.c:"),
    "stack-guard": ("stack-overflow", "Stack overflow in cmd_history (shell.c:"),
    "stack-lost": ("stack-overflow", "Stack overflow in sort_entries (shell.c:"),
    "assert": ("assertion", "Assertion failed in ring_claim (logger.c:"),
    "bad-call": ("bad-function-pointer", "Call through a bad function pointer in command_call (shell.c:"),
    "call-data": ("bad-function-pointer", "Call through a bad function pointer in command_call (shell.c:"),
    "isr-fault": ("bus-fault", "Bus fault in radio_read_fifo (radio.c:"),
    "unaligned": ("unaligned-access", "Unaligned access in packet_field (shell.c:"),
    "bus-fault": ("bus-fault", "Bus fault in memory_peek (shell.c:"),
    "oops": ("oops", "Kernel oops in cmd_reboot (shell.c:"),
    "deadlock": ("assertion", "Assertion failed in watchdog_check (housekeeping.c:"),
    "use-after-free": ("bus-fault", "Bus fault in session_greet (session.c:"),
    "flash-write": ("memory-fault", "Memory fault in sensor_calibrate (sensor.c:"),
    "null-member": ("null-dereference", "Null pointer dereference in radio_retune (radio.c:"),
    "ascii-pointer": ("bus-fault", "Bus fault in label_width (shell.c:"),
    "tick-fault": ("bus-fault", "Bus fault in heartbeat_show (housekeeping.c:"),
    "nested-fault": ("bus-fault", "Bus fault in radio_read_fifo (radio.c:"),
    "virtual-call": ("null-dereference", "Null pointer dereference in weather::Barometer::read (gauge.cpp:"),
}
"""What we say of a scenario: the fault's kind and how its title begins."""
WHY_ON: dict[tuple[str, str], tuple[str, str]] = {
    ("arm64", "undefined"): ("cpu-exception", "CPU exception in power_state_name (power.c:"),
    ("arm64", "isr-fault"): ("cpu-exception", "CPU exception in radio_read_fifo (radio.c:"),
    ("arm64", "nested-fault"): ("cpu-exception", "CPU exception in radio_read_fifo (radio.c:"),
    ("arm64", "bus-fault"): ("cpu-exception", "CPU exception in memory_peek (shell.c:"),
    ("riscv32", "undefined"): ("breakpoint", "Breakpoint in power_state_name (power.c:"),
    ("riscv32", "isr-fault"): ("memory-fault", "Memory fault in radio_read_fifo (radio.c:"),
    ("riscv32", "bus-fault"): ("memory-fault", "Memory fault in memory_peek (shell.c:"),
    ("riscv64", "undefined"): ("breakpoint", "Breakpoint in power_state_name (power.c:"),
    ("riscv64", "isr-fault"): ("memory-fault", "Memory fault in radio_read_fifo (radio.c:"),
    ("riscv64", "bus-fault"): ("memory-fault", "Memory fault in memory_peek (shell.c:"),
    **{
        (architecture, scenario): fault
        for architecture in ("x86", "x86-64")
        for scenario, fault in {
            "isr-fault": ("memory-fault", "Page fault in radio_read_fifo (radio.c:"),
            "bus-fault": ("memory-fault", "Page fault in memory_peek (shell.c:"),
        }.items()
    },
    # The call goes through memory, not through a register.
    ("x86-64", "bad-call"): ("bad-jump", "Jump to a bad address in command_call (shell.c:"),
    ("x86-64", "call-data"): ("bad-jump", "Jump to a bad address in command_call (shell.c:"),
}
"""Where an architecture faults in another way: by architecture and scenario."""


@pytest.mark.parametrize("case", CASES)
def test_why_it_crashed(case: str) -> None:
    scenario = scenario_of(case)
    kind, title = WHY_ON.get((architecture_of(case), scenario)) or WHY[scenario]
    fault = report_of(case).fault
    assert fault.kind == kind
    assert fault.title.startswith(title)


OTHER_STACKS = ("-nocfi", "assert-Os-clang")
"""Found by scanning, which does not count for a fingerprint; inlined in another way."""


@pytest.mark.parametrize("scenario", ["null-deref", "div-zero", "undefined", "assert", "bad-call", "isr-fault"])
def test_a_fingerprint_survives_another_optimisation_level(scenario: str) -> None:
    cases = [case for case in cases_of(scenario, "cortex-m") if not case.endswith(OTHER_STACKS)]
    assert len(cases) >= 2
    assert len({report_of(case).fingerprint for case in cases}) == 1, {report_of(case).grouped_by for case in cases}


def test_different_crashes_have_different_fingerprints() -> None:
    scenarios = {scenario_of(case): report_of(case).fingerprint for case in cases_of("*", "cortex-m")}
    # The same call through the same table entry, once to nowhere and once into RAM, is one bug.
    assert scenarios.pop("call-data") == scenarios["bad-call"]
    assert len(set(scenarios.values())) == len(scenarios)


@pytest.mark.parametrize(
    ("scenario", "text", "expression"),
    [
        (
            "null-deref",
            "2-byte load from 0x00000008 through `calibration` (NULL) + 8, field `minimum`.",
            "calibration->minimum",
        ),
        (
            "isr-fault",
            "4-byte load from 0x60000004 through `radio.registers` (0x60000000) + 4, field `fifo`.",
            "radio.registers->fifo",
        ),
    ],
)
def test_what_was_accessed_is_named_as_in_the_source(scenario: str, text: str, expression: str) -> None:
    for case in [case for case in CASES if case.startswith(f"{scenario}-O")]:
        fault = report_of(case).fault
        assert text in fault.explanation
        assert fault.access is not None
        assert fault.access.expression == expression


@pytest.mark.parametrize("case", [case for case in CASES if case not in LOST])
def test_one_instruction_is_the_one_that_failed(case: str) -> None:
    shown = report_of(case).fault.disassembly
    assert [one.failed for one in shown].count(True) == 1
    assert all(one.text and 1 <= len(one.code) // 2 <= 15 for one in shown)


@pytest.mark.parametrize("case", [case for case in CASES if "/assert-" in case])
def test_what_the_assertion_said(case: str) -> None:
    fault = report_of(case).fault
    if fault.assertion is None:
        pytest.skip("nothing of it survived")
    assert fault.assertion.text == "log ring overrun"
    assert fault.assertion.file == "src/app/logger.c"
    assert "The assertion at src/app/logger.c:" in fault.explanation
