"""A firmware where `inner` is reached from `outer` by tail calls: through `left`, then through `last`."""

from dataclasses import replace

import pytest

from analyzer.cpu import Context, CortexM
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes
from analyzer.symbols.interface import CallSite, RowSource
from analyzer.unwind import EndCode, Stack, Trust, Unwinder
from analyzer.unwind.unwinder import MAX_FRAMES
from tests.analyzer.fake_symbols import BL, FakeSymbols, row
from tests.analyzer.specimen import words

SP, LR, PC = 13, 14, 15
STACK = 0x20000000
INNER, LEFT, LAST, OUTER = (0x400, 0x440), (0x440, 0x480), (0x480, 0x4C0), (0x4C0, 0x500)
CALL, FROM_LEFT, FROM_LAST = 0x4C8, 0x460, 0x4C0
"""Addresses behind the call and the two jumps; the second jump is the last instruction of its function."""


def site(address: int, *targets: int, is_tail: bool = True) -> CallSite:
    return CallSite(address, is_tail, targets, b"", {})


def firmware() -> FakeSymbols:
    return FakeSymbols(
        functions={INNER: "inner", LEFT: "left", LAST: "last", OUTER: "outer"},
        rows={INNER: row(8, lr=-4, r4=-8), LEFT: row(0), LAST: row(0), OUTER: row(8, lr=-4)},
        inlined={LAST: ["helper"]},
        read_only_bytes={0x400: BL * 80},
        call_sites={
            CALL: site(CALL, LEFT[0], is_tail=False),
            FROM_LEFT: site(FROM_LEFT, LAST[0]),
            FROM_LAST: site(FROM_LAST, INNER[0]),
        },
        tails={LEFT[0]: (FROM_LEFT,), LAST[0]: (FROM_LAST,)},
    )


def unwind(symbols: FakeSymbols, registers: dict[int, int] | None = None, *stack: int) -> Stack:
    image = MemoryImage()
    image.add(STACK, SparseBytes(words(*(stack or (0x44, CALL | 1, 0, 0)))))
    memory = Memory(image, symbols.read_only)
    unwinder = Unwinder(CortexM(), memory, symbols, lambda function: function == "outer")
    return unwinder.unwind(Context(registers or {PC: 0x410, SP: STACK, 0: 1, 4: 4, 5: 5}))


def names(stack: Stack) -> list[str | None]:
    return [frame.function() for frame in stack.frames]


def test_functions_that_left_by_a_jump_are_put_back() -> None:
    stack = unwind(firmware())
    assert names(stack) == ["inner", "last", "left", "outer"]
    assert [frame.pc for frame in stack.frames] == [0x410, FROM_LAST, FROM_LEFT, CALL]
    assert [frame.trust for frame in stack.frames] == [Trust.CONTEXT, Trust.CFI, Trust.CFI, Trust.CFI]
    assert [source.function for source in stack.frames[1].source_frames()] == ["helper", "last"]
    assert [frame.lost(None) for frame in stack.frames] == [False, True, True, False]
    assert stack.end.code is EndCode.OUTERMOST


def test_they_know_what_their_caller_has_kept_and_nothing_of_the_stack() -> None:
    stack = unwind(firmware())
    for frame in stack.frames[1:3]:
        assert (frame.register(4), frame.register(5), frame.register(LR)) == (0x44, 5, CALL | 1)
        assert frame.register(PC) == frame.pc
        assert frame.register(0) is None
        assert frame.register(SP) is None
        assert frame.cfa() is None


def test_exception_tables_tell_as_much_of_who_was_returned_to() -> None:
    symbols = firmware()
    symbols.rows[INNER] = replace(row(8, lr=-4, r4=-8), source=RowSource.EXIDX)
    stack = unwind(symbols, {PC: 0x410, SP: STACK, LR: CALL | 1})
    assert names(stack) == ["inner", "last", "left", "outer"]
    assert [frame.trust for frame in stack.frames[1:]] == [Trust.EXIDX] * 3
    # Not behind the prologue, as far as can be told.
    assert names(unwind(symbols)) == ["inner", "outer"]


def test_all_of_them_return_to_the_frame_that_called() -> None:
    frames = unwind(firmware()).frames
    assert [frame.outer for frame in frames] == [*frames[1:], None]
    assert [frame.caller() for frame in frames] == [frames[3], frames[3], frames[3], None]
    assert [frame.returns_to() for frame in frames] == [CALL, CALL, CALL, None]


def test_a_plain_call_has_nothing_between() -> None:
    symbols = firmware()
    symbols.call_sites[CALL] = site(CALL, INNER[0], is_tail=False)
    assert names(unwind(symbols)) == ["inner", "outer"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (CALL, None),
        (CALL, site(CALL, is_tail=False)),
        (CALL, site(CALL, LEFT[0], LAST[0], is_tail=False)),
        (FROM_LEFT, site(FROM_LEFT)),
        (FROM_LEFT, site(FROM_LEFT, LAST[0], INNER[0])),
        (FROM_LAST, site(FROM_LAST, INNER[0], LEFT[0])),
    ],
)
def test_without_a_proof_nothing_is_put_back(address: int, found: CallSite | None) -> None:
    symbols = firmware()
    symbols.call_sites.pop(address)
    if found is not None:
        symbols.call_sites[address] = found
    assert names(unwind(symbols)) == ["inner", "outer"]


def test_a_function_that_may_have_entered_itself_anew_proves_nothing() -> None:
    symbols = firmware()
    symbols.call_sites[0x430] = site(0x430, LEFT[0])
    symbols.tails[INNER[0]] = (0x430,)
    assert names(unwind(symbols)) == ["inner", "outer"]


def test_behind_a_guess_nothing_is_put_back() -> None:
    symbols = replace(firmware(), rows={OUTER: row(8, lr=-4)})
    stack = unwind(symbols, {PC: 0x410, SP: STACK, LR: CALL | 1})
    assert names(stack) == ["inner", "outer"]
    assert stack.frames[1].guessed


def test_they_count_as_frames() -> None:
    symbols = firmware()
    symbols.call_sites[0x408] = site(0x408, LEFT[0], is_tail=False)
    stack = unwind(symbols, None, *([0x44, 0x409] * MAX_FRAMES))
    assert names(stack)[:7] == ["inner", "last", "left", "inner", "last", "left", "inner"]
    assert stack.end.code is EndCode.TOO_MANY
    assert MAX_FRAMES - 2 <= len(stack.frames) <= MAX_FRAMES
