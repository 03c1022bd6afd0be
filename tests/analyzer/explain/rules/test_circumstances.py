"""The rules about where and how it happened, each alone."""

import pytest

from analyzer.cpu import UNKNOWN_INTERRUPT, Context, StatusBit
from analyzer.cpu.base import FaultStatus
from analyzer.disassembly import Access, Direction, MemoryOperand
from analyzer.explain.facts import SourceLine
from analyzer.explain.rules import RULES
from analyzer.explain.rules.bad_jump import bad_jump
from analyzer.explain.rules.code_without_instruction import code_without_instruction
from analyzer.explain.rules.escalation import escalation
from analyzer.explain.rules.failed_check import failed_check
from analyzer.explain.rules.imprecise import imprecise
from analyzer.explain.rules.interrupt import interrupt
from analyzer.explain.rules.non_canonical import non_canonical
from analyzer.explain.rules.stack_overflow import stack_overflow
from analyzer.symbols.interface import Symbol
from tests.analyzer.explain.crashes import LR, OTHER, PC, SP, accessing, crash, facts, memory
from tests.analyzer.fake_symbols import FakeSymbols

CALL = memory({0x400: bytes.fromhex("00bf00bf9847")})  # blx r3 before 0x406


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.__name__ for rule in RULES}) == len(RULES)


def test_a_failed_check() -> None:
    subject = crash(lines=[SourceLine("assert_post_action", None, None), SourceLine("push", None, None)])
    found = failed_check(facts("panic", subject))
    assert found is not None
    assert found.verdict is not None
    assert found.verdict.kind == "assertion"
    assert failed_check(facts("panic")) is None
    assert failed_check(facts("bus-fault", subject)) is None


def test_jumps() -> None:
    found = bad_jump(facts("bus-fault", crash({PC: 0, LR: 0x407, 3: 0}, pc_is_code=False, memory=CALL)))
    assert found is not None
    assert found.text == "the function pointer in r3 led to 0 (NULL)"
    assert found.verdict is not None
    assert found.verdict.by_caller
    assert bad_jump(facts("bus-fault", crash({LR: 0x407}, memory=CALL))) is None


def test_what_was_executed_is_named() -> None:
    data = FakeSymbols(objects={"state": Symbol("state", 0x20000200, 0x40, is_function=False)})
    at_data = bad_jump(facts("memory-fault", crash({PC: 0x20000204}, pc_is_code=False, symbols=data)))
    on_stack = bad_jump(facts("memory-fault", crash({PC: OTHER.stack[0]}, pc_is_code=False)))
    assert at_data is not None
    assert on_stack is not None
    assert at_data.text.endswith("which is data and not code: state + 4")
    assert on_stack.text.endswith("which is on the stack of thread worker and not code")


def test_the_stack_pointer_below_the_stack() -> None:
    found = stack_overflow(facts("memory-fault", crash({SP: 0x1FFFFFF0})))
    assert found is not None
    assert "16 bytes below" in found.text
    assert stack_overflow(facts("memory-fault")) is None
    assert stack_overflow(facts("divide-by-zero", crash({SP: 0x1FFFFFF0}))) is None
    interrupted = crash(context=Context({SP: 0x1FFFFFF0}, interrupt=20))
    assert stack_overflow(facts("memory-fault", interrupted)) is None


def test_imprecise_faults() -> None:
    assert imprecise(facts("bus-fault", imprecise=True)) is not None
    assert imprecise(facts("bus-fault")) is None


def test_escalated_faults() -> None:
    forced = FaultStatus((StatusBit("HFSR", "FORCED", ""),))
    assert escalation(facts("bus-fault", status=forced)) is not None
    assert escalation(facts("bus-fault")) is None


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (15, "the handler of SysTick (exception number 15)"),
        (21, "the handler of interrupt 5 (exception number 21)"),
        (UNKNOWN_INTERRUPT, "an interrupt handler"),
    ],
)
def test_interrupts(number: int, text: str) -> None:
    subject = crash(context=Context({}, interrupt=number), thread_name="main")
    found = interrupt(facts("bus-fault", subject))
    assert found is not None
    assert found.text == f"it happened in {text} while thread main was current"
    assert interrupt(facts("bus-fault")) is None


def test_bytes_that_are_no_instruction() -> None:
    subject = crash(memory=memory({0x400: b"\xff" * 4}))
    found = code_without_instruction(facts("undefined-instruction", subject))
    assert found is not None
    assert "ff ff ff ff" in found.text
    assert code_without_instruction(facts("bus-fault", subject)) is None
    assert code_without_instruction(facts("undefined-instruction")) is None


class Wide:
    """As much of an x86-64 as the rule looks at."""

    machine = 62
    pointer_size = 8
    pc, sp, link = 16, 7, None


@pytest.mark.parametrize(("address", "said"), [(0x4141414141414141, True), (0xFFFF800000000000, False), (8, False)])
def test_addresses_that_no_cpu_can_have(address: int, said: bool) -> None:  # noqa: FBT001 - pytest's parameter
    access = Access(MemoryOperand(Direction.LOAD, 8, 0), address, address, None)
    subject = facts("general-protection", crash(cpu=Wide()), access=access)
    assert (non_canonical(subject) is not None) is said
    assert non_canonical(accessing(address & 0xFFFFFFFF)) is None
