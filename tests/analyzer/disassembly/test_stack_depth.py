"""What a function has on the stack, by its code alone: beside call frame information, and where code misleads."""

import pytest

from analyzer.disassembly import Taken, instructions_of, taken_at
from tests.analyzer.golden import symbols_of

EM_ARM, SP, LR = 40, 13, 14
START = 0x1000
PUSH, SUB, ADD, POP = "10b5", "82b0", "02b0", "10bd"  # {r4, lr}; sp, #8; {r4, pc}
CALL, NOTHING = "00f000f8", "00bf"


def taken(code: str, pc: int) -> Taken | None:
    return taken_at(instructions_of(bytes.fromhex(code), START, EM_ARM, 4), START + pc)


@pytest.mark.parametrize(
    ("pc", "there"),
    [
        (0, Taken(0, None)),
        (2, Taken(8, 4)),
        (4, Taken(16, 4)),
        (8, Taken(16, 4)),
        (10, Taken(8, 4)),
        (12, None),  # behind the return
    ],
)
def test_prologue_and_epilogue_count(pc: int, there: Taken | None) -> None:
    assert taken(PUSH + SUB + CALL + ADD + POP + NOTHING, pc) == there


def test_all_ways_count() -> None:
    over_a_call = into_the_epilogue = "08b1"  # cbz r0, so many bytes on
    assert taken(PUSH + SUB + over_a_call + CALL + ADD + POP, 10) == Taken(16, 4)
    assert taken(PUSH + SUB + into_the_epilogue + ADD + NOTHING + NOTHING + POP, 10) is None


def test_the_last_call_of_a_function_does_not_return() -> None:
    assert taken(PUSH + CALL, 2) == Taken(8, 4)


@pytest.mark.parametrize(
    "doubt",
    [
        "bd46",  # mov sp, r7
        "0047",  # bx r0
        "dfe800f0",  # tbb [pc, r0]
        "4df8044d",  # str r4, [sp, #-4]!
        "08bf02b0",  # it eq; addeq sp, #8
        "80f30988",  # msr psp, r0
        "ffffffff",  # no instruction
    ],
)
def test_where_there_is_doubt_nothing_is_said(doubt: str) -> None:
    assert taken(PUSH + SUB + NOTHING + ADD + POP, 4) == Taken(16, 4)
    assert taken(PUSH + SUB + doubt + ADD + POP, 4) is None


@pytest.mark.parametrize("case", ["cortex-m/null-deref-Os", "cortex-m/null-deref-O2-m55"])
def test_it_is_what_call_frame_information_says(case: str) -> None:
    symbols = symbols_of(case)
    seen: set[int] = set()
    compared = 0
    for start, end in symbols.read_only_ranges():
        for address in range(start, end, 2):
            symbol = symbols.symbol_at(address)
            if symbol is None or not symbol.is_function or symbol.address in seen or not 0 < symbol.size < 80:
                continue
            seen.add(symbol.address)
            function = instructions_of(symbols.read_only(symbol.address, symbol.size) or b"", symbol.address, EM_ARM, 4)
            for one in function:
                row, found = symbols.unwind_row(one.address), taken_at(function, one.address)
                if row is None or found is None or row.cfa_register != SP:
                    continue
                saved = dict(row.saved).get(LR)
                assert found.size == row.cfa_offset, (symbol.name, hex(one.address))
                assert saved is None or found.link == -saved, (symbol.name, hex(one.address))
                compared += 1
    assert compared > 400
