"""Every golden case beside gdb: the same threads, registers, functions, files, lines, inlined frames and values."""

import pytest

from analyzer.report.model import encode_report
from tests.analyzer.agreement import LOST, compare, threads
from tests.analyzer.differences import class_of
from tests.analyzer.golden import CASES, GOLDEN, architecture_of, cases_of, report_of, scenario_of

KNOWN_REGISTERS = {
    "cortex-m": {"r0", "r1", "r2", "r3", "r12", "sp", "lr", "pc", "xpsr"},
    "arm64": {"x30", "sp", "pc"},
    "riscv32": {"pc", "sp", "ra", "s0"},
    "riscv64": {"pc", "sp", "ra", "s0"},
    "x86": {"ebx", "ebp", "esi", "edi", "esp", "eip"},
    "x86-64": {"rbp", "rsp", "rip"},
}
"""What every dump of an architecture says, whatever the version of its register block."""
GDB_NAMES = {"s0": "fp"}
"""What gdb calls a register in its own way."""
NOT_ASKED = {
    "cortex-m": {*(f"s{number}" for number in range(32)), "fpscr"},
    "riscv32": {"mstatus"},
    "riscv64": {"mstatus"},
}
"""What is not one of gdb's general registers or not in a core."""


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


@pytest.mark.parametrize("case", CASES)
def test_frames_and_values_are_those_of_gdb_unless_it_is_known_why(case: str) -> None:
    found = compare(case)
    assert [str(one) for one in found.differences if class_of(one) is None] == []
    assert found.counts["same value"] + found.counts["unknown to both"] > 0 or case in LOST


@pytest.mark.parametrize("case", CASES)
def test_the_report_is_the_recorded_one(case: str) -> None:
    expected = (GOLDEN / case / "report.json").read_bytes()
    assert encode_report(report_of(case)) == expected, "if the change is meant: python -m tests.analyzer.record_reports"


WHY = {
    "null-deref": ("null-dereference", "Null pointer dereference in calibration_in_range (sensor.c:"),
    "div-zero": ("divide-by-zero", "Division by zero in average (filter.c:"),
    "undefined": ("undefined-instruction", "Undefined instruction in power_state_name (power.c:"),
    "undefined-rust": ("undefined-instruction", "Undefined instruction in power::refuse (power.rs:"),
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
    ("arm64", "undefined"): ("breakpoint", "Breakpoint in power_state_name (power.c:"),
    ("arm64", "isr-fault"): ("memory-fault", "Memory fault in radio_read_fifo (radio.c:"),
    ("arm64", "nested-fault"): ("memory-fault", "Memory fault in radio_read_fifo (radio.c:"),
    ("arm64", "bus-fault"): ("memory-fault", "Memory fault in memory_peek (shell.c:"),
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
}
"""Where an architecture faults in another way: by architecture and scenario."""


def _source_of(case: str) -> str:
    """The scenario, and in what language the part of the firmware is that crashes."""
    return scenario_of(case) + "-rust" * case.endswith("-rust")


@pytest.mark.parametrize("case", CASES)
def test_why_it_crashed(case: str) -> None:
    scenario = _source_of(case)
    kind, title = WHY_ON.get((architecture_of(case), scenario)) or WHY[scenario]
    fault = report_of(case).fault
    assert fault.kind == kind
    assert fault.title.startswith(title)


_TAIL_CALL = (
    "a command is on the stack that leaves by a tail call elsewhere; it is called by pointer: nothing tells which"
)
OTHER_STACKS = {
    "cortex-m/null-deref-Og-nocfi": "its outer frames are found by scanning, which does not count",
    "cortex-m/assert-Os-clang": "clang inlines a function away that GCC leaves a trace of",
    "riscv64/bus-fault-Og-arch2": _TAIL_CALL,
    "cortex-m/stack-overflow-O0": _TAIL_CALL,
    "cortex-m/stack-overflow-Og": _TAIL_CALL,
    "riscv64/stack-overflow-Og": _TAIL_CALL,
    "x86-64/stack-overflow-Og": _TAIL_CALL,
    "cortex-m/stack-overflow-Os-m0": "Armv6-M: GCC makes a call where it makes a tail call elsewhere",
}
"""Cases whose stack is another one than that of the same crash elsewhere, and why."""


@pytest.mark.parametrize("source", sorted({_source_of(case) for case in CASES}))
def test_a_fingerprint_survives_other_levels_compilers_and_architectures(source: str) -> None:
    cases = [case for case in CASES if _source_of(case) == source]
    usual = {report_of(case).fingerprint for case in cases if case not in OTHER_STACKS}
    assert len(usual) == 1, {case: report_of(case).grouped_by for case in cases}
    for case in cases:
        assert (report_of(case).fingerprint in usual) == (case not in OTHER_STACKS), report_of(case).grouped_by


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


@pytest.mark.parametrize("build", ["O0", "Os"])
def test_values_of_rust_read_as_in_rust(build: str) -> None:
    frame = report_of(f"x86-64/undefined-{build}-rust").threads[0].frames[0]
    values = {one.name: one.value for one in frame.locals}
    expected = {
        "state": "7",
        "note": 'Some("brown-out")',
        "level": "Err(TooLow(-300))",
        "limits": "{Some(850), None}",
        "pair": "(-2, 181 'µ', true)",
        "nested": "Some(None)",
    }
    assert values.items() >= expected.items()
    if build == "O0":
        rail = '{name = "radio", supply = Nothing, backup = None, limit = None, regulator = power::Regulator::Linear}'
        assert values["others"] == f"&{{{rail}}}"
