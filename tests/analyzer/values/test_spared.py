"""Variables in registers that the function called from there leaves alone."""

import pytest

from analyzer.symbols.interface import Variable
from analyzer.values.locals import FrameVariables
from tests.analyzer.golden import symbols_of
from tests.analyzer.values.doubles import BASES, UNSIGNED, FakeMachine, FakeSymbols

R1, R3 = 1, 3
PC, SCOPE = 0x100, 7


def values(registers: dict[int, int], *, spared: bool) -> list[str]:
    """A variable in R1 and one in R3, where the frame that called has 5 in R1 if nothing has changed it."""
    symbols = FakeSymbols(types=dict(BASES))
    symbols.variables_by_scope[SCOPE] = [
        Variable("it", UNSIGNED, bytes([0x50 + number]), None, is_parameter=False, spared=spared) for number in (R1, R3)
    ]
    machine = FakeMachine(registers, overwritten=frozenset({R1, R3}))
    left = {R1: 5}
    variables = FrameVariables(symbols, machine, PC, spared=left.get)  # type: ignore[arg-type]
    found = [one.value for one in variables.of_scope(SCOPE)]
    assert [variables.renderer.value(part).text for _, part in variables.opened(SCOPE)] == found
    return found


def test_the_compiler_must_have_said_so() -> None:
    assert values({}, spared=True) == ["5", "<optimized out>"]
    assert values({}, spared=False) == ["<optimized out>", "<optimized out>"]


def test_what_the_frame_itself_knows_counts() -> None:
    assert values({R1: 6, R3: 7}, spared=True) == ["6", "7"]


def spared(case: str, function: str, variable: str, register: int) -> set[bool]:
    """What the index says of every pc where a function has a variable in a register."""
    symbols = symbols_of(case)
    symbol = symbols.symbol(function)
    assert symbol is not None
    found: set[bool] = set()
    for pc in range(symbol.address, symbol.address + symbol.size):
        frame = symbols.source_frames(pc)[-1]
        for one in symbols.variables(frame.scope, pc):
            if one.name == variable and one.location == bytes([0x50 + register]):
                found.add(one.spared)
    return found


@pytest.mark.parametrize(
    ("case", "function", "variable", "register", "said"),
    [
        # Its last byte says of the end of the range that what comes behind is not known.
        ("cortex-m/isr-fault-Os", "radio_isr", "frame", 1, {True, False}),
        ("x86-64/null-deref-O2", "filter_pass", "passes", 11, {True, False}),
        ("cortex-m/null-deref-Os-clang", "filter_thread", "full_passes", 0, {False}),
    ],
)
def test_of_the_compilers_gcc_says_so(case: str, function: str, variable: str, register: int, said: set[bool]) -> None:
    assert spared(case, function, variable, register) == said
