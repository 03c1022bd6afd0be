from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.cpu import Arm64, Context, CortexM
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes
from analyzer.symbols.interface import RegisterRule, RowSource, RuleKind, UnwindRow
from analyzer.unwind import EndCode, Stack, Trust, Unwinder, guess_interrupted
from analyzer.unwind.unwinder import MAX_FRAMES
from tests.analyzer.fake_symbols import BL, FakeSymbols, row
from tests.analyzer.specimen import words

SP, LR, PC = 13, 14, 15
STACK = 0x20000000
# inner is called by middle, which is called by outer, which nobody calls.
INNER, MIDDLE, OUTER, ASSEMBLER, HANDLER = (
    (0x400, 0x440),
    (0x440, 0x480),
    (0x480, 0x4C0),
    (0x4C0, 0x500),
    (0x500, 0x540),
)


def firmware() -> FakeSymbols:
    return FakeSymbols(
        functions={INNER: "inner", MIDDLE: "middle", OUTER: "outer", ASSEMBLER: "assembler", HANDLER: "handler"},
        rows={
            INNER: row(0),
            MIDDLE: row(16, lr=-4, r4=-8),
            OUTER: row(8, lr=-4),
            HANDLER: row(8, lr=-4),
        },
        read_only_bytes={0x400: BL * 80},
    )


def memory(*stack: int, symbols: FakeSymbols | None = None) -> Memory:
    image = MemoryImage()
    image.add(STACK, SparseBytes(words(*stack)))
    return Memory(image, (symbols or firmware()).read_only)


def unwind(
    registers: dict[int, int], *stack: int, symbols: FakeSymbols | None = None, bounds: tuple[int, int] | None = None
) -> Stack:
    symbols = symbols or firmware()
    unwinder = Unwinder(CortexM(), memory(*stack, symbols=symbols), symbols, lambda function: function == "outer")
    return unwinder.unwind(Context(registers), bounds)


def names(stack: Stack) -> list[str | None]:
    return [frame.function() for frame in stack.frames]


def test_callers_are_found_by_rules_until_the_outermost_one() -> None:
    stack = unwind({PC: 0x410, LR: 0x449, SP: STACK, 4: 4}, 0, 0, 0x44, 0x485)
    assert names(stack) == ["inner", "middle", "outer"]
    assert [frame.trust for frame in stack.frames] == [Trust.CONTEXT, Trust.CFI, Trust.CFI]
    assert [frame.pc for frame in stack.frames] == [0x410, 0x448, 0x484]
    assert [frame.register(SP) for frame in stack.frames] == [STACK, STACK, STACK + 16]
    assert [frame.register(4) for frame in stack.frames] == [4, 4, 0x44]
    assert [frame.cfa() for frame in stack.frames] == [STACK, STACK + 16, STACK + 24]
    assert stack.end.code is EndCode.OUTERMOST
    assert stack.end.complete


def test_a_signed_return_address_is_followed_without_its_signature() -> None:
    sp, lr, pc, signed = 31, 30, 32, 34
    rules = {
        lr: RegisterRule(RuleKind.OFFSET, -8),
        signed: RegisterRule(RuleKind.VAL_EXPRESSION, expression=b"\x31"),  # DW_OP_lit1
    }
    symbols = FakeSymbols(
        functions={(0x40000400, 0x40000440): "callee", (0x40000440, 0x40000480): "outer"},
        rows={(0x40000400, 0x40000440): UnwindRow(sp, 16, b"", rules, lr, signal_frame=False)},
        read_only_bytes={0x40000400: (0x94000000).to_bytes(4, "little") * 32},
        machine=183,
        pointer_size=8,
    )
    image = MemoryImage()
    image.add(STACK, SparseBytes(bytes(8) + (0x002F_8000_4000_0448).to_bytes(8, "little")))
    memory = Memory(image, symbols.read_only)
    unwinder = Unwinder(Arm64(), memory, symbols, lambda function: function == "outer", lambda *_: 1)
    stack = unwinder.unwind(Context({pc: 0x40000410, sp: STACK, lr: 0}), None)
    assert [(frame.pc, frame.function()) for frame in stack.frames] == [(0x40000410, "callee"), (0x40000448, "outer")]
    assert stack.end.complete


def test_what_a_call_may_overwrite_is_unknown_in_the_caller() -> None:
    stack = unwind({PC: 0x410, LR: 0x449, SP: STACK, 0: 1, 4: 4}, 0, 0, 0x44, 0x485)
    assert stack.frames[0].register(0) == 1
    assert stack.frames[1].register(0) is None
    assert stack.frames[1].register(LR) is None


def test_what_the_function_called_left_alone_is_told_to_those_who_know_that_it_did() -> None:
    inner, middle, outer = unwind({PC: 0x410, LR: 0x449, SP: STACK, 0: 1}, 0, 0, 0x44, 0x485).frames
    assert middle.spared(0) == 1
    assert middle.spared(1) is None
    # What middle did to it after outer's call and before its own is not known.
    assert outer.spared(0) is None
    assert inner.spared(0) is None


def test_what_a_rule_restores_was_not_left_alone() -> None:
    symbols = firmware()
    symbols.rows[INNER] = row(8, lr=-4, r0=-8)
    registers = {PC: 0x410, LR: 7, SP: STACK, 0: 1, 1: 2}
    middle = unwind(registers, 0x40, 0x449, 0, 0, 0x44, 0x485, symbols=symbols).frames[1]
    assert (middle.register(0), middle.spared(0), middle.spared(1)) == (0x40, None, 2)


def test_nothing_is_left_alone_by_a_guess() -> None:
    guessed = unwind({PC: 0x4C0, LR: 0x449, SP: STACK, 0: 1}, 0, 0, 0x44, 0x485).frames[1]
    assert guessed.guessed
    assert guessed.spared(0) is None


def test_why_a_register_is_unknown() -> None:
    inner, middle = unwind({PC: 0x410, LR: 0x449, SP: STACK}, 0, 0, 0x44, 0x485).frames[:2]
    assert inner.register(0) is None
    assert not inner.lost(0)
    assert middle.lost(0)
    assert middle.register(4) is None
    assert not middle.lost(4)
    assert middle.lost(256)  # d0 is s0 and s1
    assert not middle.lost(256 + 8)
    assert not inner.lost(None)


def test_a_return_address_is_looked_up_inside_its_call() -> None:
    # The call is the last instruction of middle: the return address is in the next function already.
    stack = unwind({PC: 0x410, LR: 0x481, SP: STACK}, 0, 0, 0x44, 0x485)
    assert names(stack)[:2] == ["inner", "middle"]


def test_the_crash_itself_is_looked_up_at_its_pc() -> None:
    assert names(unwind({PC: 0x440, LR: 0x485, SP: STACK}))[0] == "middle"


def test_behind_a_software_fault_the_call_counts() -> None:
    symbols = firmware()
    symbols.read_only_bytes = {0x400: (BL * 16)[:62] + bytes.fromhex("02df") + BL * 64}
    unwinder = Unwinder(CortexM(), memory(0, 0, 0x44, 0x485, symbols=symbols), symbols, lambda name: name == "outer")
    context = Context({PC: 0x440, LR: 0x449, SP: STACK})
    assert names(unwinder.unwind(context))[0] == "middle"
    assert names(unwinder.unwind(context, software_fault=True)) == ["inner", "middle", "outer"]


@pytest.mark.parametrize(
    ("code", "known"),
    [("4040 80f31188 4ff00400 02df", False), ("4040 62b6 62b6 4ff00400 02df", True), ("80f31188 4ff00401 02df", True)],
    ids=["ARCH_EXCEPT of Armv7-M", "of Armv6-M", "another register"],
)
def test_what_the_call_of_a_software_fault_overwrote_is_no_variable(code: str, *, known: bool) -> None:
    entry = bytes.fromhex(code)
    symbols = firmware()
    symbols.read_only_bytes = {0x400: (BL * 16)[: 64 - len(entry)] + entry + BL * 64}
    unwinder = Unwinder(CortexM(), memory(0, 0, 0x44, 0x485, symbols=symbols), symbols, lambda name: name == "outer")
    context = Context({PC: 0x440, LR: 0x449, SP: STACK, 0: 4, 1: 143})
    first = unwinder.unwind(context, software_fault=True).frames[0]
    assert (first.register(0), first.register(1)) == (4 if known else None, 143)
    assert unwinder.unwind(context).frames[0].register(0) == 4


@pytest.mark.parametrize("pc", [0, 0x20000100, 0xDEADBEEE])
def test_after_a_jump_to_nowhere_the_link_register_tells(pc: int) -> None:
    stack = unwind({PC: pc, LR: 0x449, SP: STACK, 0: 1}, 0, 0, 0x44, 0x485)
    assert names(stack) == [None, "middle", "outer"]
    assert stack.frames[1].trust is Trust.CONTEXT
    assert stack.frames[1].register(0) is None


@pytest.mark.parametrize(
    ("link", "code"),
    [
        (0, EndCode.MARKED),
        (0xFFFFFFFF, EndCode.MARKED),
        (0xFFFFFFFD, EndCode.INTERRUPTED),
        (0xAAAAAAAA, EndCode.NO_CODE),
        (0x20000001, EndCode.NO_CODE),
        (0x448, EndCode.NO_CODE),
        (0x44B, EndCode.NO_CODE),
    ],
)
def test_no_frame_is_made_up_from_what_is_no_return_address(link: int, code: EndCode) -> None:
    stack = unwind({PC: 0x410, LR: link, SP: STACK})
    assert names(stack) == ["inner"]
    assert stack.end.code is code
    assert stack.end.text


def test_an_exception_in_a_handler_goes_on_in_what_it_interrupted() -> None:
    frame = (10, 11, 12, 13, 14, 0x449, 0x410, 1 << 24 | 15)
    stack = unwind({PC: 0x510, SP: STACK, LR: 1, 4: 4}, 0, 0xFFFFFFF1, *frame, 0, 0, 0x44, 0x485)
    assert names(stack) == ["handler", "inner", "middle", "outer"]
    assert stack.frames[1].trust is Trust.EXCEPTION
    assert stack.frames[1].lookup_pc == 0x410
    assert stack.frames[1].register(0) == 10
    assert stack.frames[1].register(4) == 4
    assert stack.frames[0].caller() is None
    assert stack.frames[1].caller() is stack.frames[2]


def test_registers_of_two_words_are_found_where_they_were_saved() -> None:
    symbols = firmware()
    saved = {LR: RegisterRule(RuleKind.OFFSET, -4), 264: RegisterRule(RuleKind.OFFSET, -16)}
    symbols.rows[MIDDLE] = UnwindRow(SP, 16, b"", saved, LR, signal_frame=False)
    stack = unwind({PC: 0x410, LR: 0x449, SP: STACK, 80: 1, 81: 2, 82: 3}, 0x11, 0x22, 0, 0x485, symbols=symbols)
    assert [frame.register(264) for frame in stack.frames] == [2 << 32 | 1, 2 << 32 | 1, 0x22 << 32 | 0x11]
    assert [frame.register(80) for frame in stack.frames] == [1, 1, 0x11]
    assert stack.frames[2].register(82) == 3
    assert stack.frames[2].register(265) is None


class TestGuess:
    """Of a thread whose function is `middle`, which calls `inner` at 0x444."""

    BOUNDS = (STACK, STACK + 0x100)

    def guess(self, *contexts: Context, entry: int | None = 0x441) -> Stack | None:
        symbols = firmware()
        # Calls to whatever follows them in the table of calls, but for the ones at 0x444 and 0x44C.
        symbols.read_only_bytes = {0x400: bytes.fromhex("00bf") * 34 + _bl(0x444, 0x400) + BL + _bl(0x44C, 0x480)}
        symbols.read_only_bytes[0x480] = _bl(0x480, 0x440) + BL * 40
        at = memory(0, 0, 0x44, 0x485, symbols=symbols)
        unwinder = Unwinder(CortexM(), at, symbols, lambda function: function == "outer")
        return guess_interrupted(unwinder, contexts, self.BOUNDS, entry)

    def test_all_of_it_is_a_guess(self) -> None:
        found = self.guess(Context({PC: 0x410, LR: 0x449, SP: STACK}))
        assert found is not None
        assert names(found) == ["inner", "middle", "outer"]
        assert all(frame.trust is Trust.SCAN and frame.guessed for frame in found.frames)

    @pytest.mark.parametrize(
        ("registers", "entry"),
        [
            ({PC: 0x410, LR: 0x449, SP: STACK}, 0x4C1),  # another thread's function
            ({PC: 0x410, LR: 0x449, SP: STACK}, None),
            ({PC: 0x410, LR: 0x451, SP: STACK}, 0x441),  # the call before 0x450 went to outer
            ({PC: 0x410, LR: 0x20000001, SP: STACK}, 0x441),
            ({PC: 0x9000, LR: 0x449, SP: STACK}, 0x441),
            ({PC: 0x410, LR: 0x449, SP: STACK + 4}, 0x441),  # does not unwind
        ],
    )
    def test_what_does_not_fit_is_not_offered(self, registers: dict[int, int], entry: int | None) -> None:
        assert self.guess(Context(registers), entry=entry) is None

    def test_the_first_that_fits_is_taken(self) -> None:
        found = self.guess(
            Context({PC: 0x9000}),
            Context({PC: 0x412, LR: 0x449, SP: STACK}),
            Context({PC: 0x410, LR: 0x449, SP: STACK}),
        )
        assert found is not None
        assert found.frames[0].pc == 0x412


def _bl(at: int, target: int) -> bytes:
    """A call, as GNU as writes it."""
    offset = target - at - 4
    high, low = offset >> 12 & 0x3FF, offset >> 1 & 0x7FF
    sign = offset < 0
    return ((0xF000 | sign << 10 | high) | (0xF800 | low) << 16).to_bytes(4, "little")


class TestByExceptionTables:
    """`middle` is described by tables that hold in its body only."""

    @staticmethod
    def symbols(*, cannot: bool = False) -> FakeSymbols:
        symbols = firmware()
        known = row(16, lr=-4, r4=-8)
        rules = {LR: RegisterRule(RuleKind.UNDEFINED)} if cannot else known.rules
        symbols.rows[MIDDLE] = UnwindRow(SP, 16, b"", rules, LR, signal_frame=False, source=RowSource.EXIDX)
        return symbols

    def test_a_function_that_made_a_call_is_in_its_body(self) -> None:
        stack = unwind({PC: 0x410, LR: 0x449, SP: STACK}, 0, 0, 0x44, 0x485, symbols=self.symbols())
        assert names(stack) == ["inner", "middle", "outer"]
        assert [frame.trust for frame in stack.frames] == [Trust.CONTEXT, Trust.CFI, Trust.EXIDX]
        assert not any(frame.guessed for frame in stack.frames)
        assert stack.frames[1].cfa() == STACK + 16

    def test_so_is_one_whose_link_register_is_what_it_saved(self) -> None:
        stack = unwind({PC: 0x450, LR: 0x485, SP: STACK}, 0, 0, 0x44, 0x485, symbols=self.symbols())
        assert names(stack) == ["middle", "outer"]
        assert [frame.guessed for frame in stack.frames] == [False, False]
        assert stack.frames[0].cfa() == STACK + 16

    def test_else_its_caller_is_a_guess_and_its_variables_are_nowhere(self) -> None:
        stack = unwind({PC: 0x450, LR: 0x44D, SP: STACK}, 0, 0, 0x44, 0x485, symbols=self.symbols())
        assert names(stack) == ["middle", "outer"]
        assert [frame.guessed for frame in stack.frames] == [False, True]
        assert stack.frames[1].trust is Trust.EXIDX
        assert stack.frames[0].cfa() is None
        assert stack.frames[0].caller() is None

    def test_unless_the_code_proves_that_it_has_run_its_prologue(self) -> None:
        symbols = self.symbols()
        prologue = bytes.fromhex("00b583b0")  # push {lr}; sub sp, #12
        symbols.read_only_bytes = {0x400: BL * 16 + prologue + BL * 64}
        stack = unwind({PC: 0x450, LR: 0x44D, SP: STACK}, 0, 0, 0x44, 0x485, symbols=symbols)
        assert names(stack) == ["middle", "outer"]
        assert [frame.guessed for frame in stack.frames] == [False, False]
        assert stack.frames[0].cfa() == STACK + 16
        # The frame is not made yet.
        stack = unwind({PC: 0x442, LR: 0x44D, SP: STACK}, 0, 0, 0x44, 0x485, symbols=symbols)
        assert [frame.guessed for frame in stack.frames[1:]] == [True] * (len(stack.frames) - 1)

    @staticmethod
    def leaf() -> FakeSymbols:
        symbols = firmware()
        symbols.rows[MIDDLE] = UnwindRow(SP, 0, b"", {}, LR, signal_frame=False, source=RowSource.EXIDX)
        return symbols

    def test_a_function_that_keeps_nothing_on_the_stack_has_no_prologue(self) -> None:
        stack = unwind({PC: 0x450, LR: 0x485, SP: STACK}, symbols=self.leaf())
        assert names(stack) == ["middle", "outer"]
        assert [frame.guessed for frame in stack.frames] == [False, False]
        assert stack.frames[0].cfa() == STACK

    def test_unless_a_call_has_overwritten_where_it_would_return_to(self) -> None:
        stack = unwind({PC: 0x450, LR: 0x44D, SP: STACK}, symbols=self.leaf())
        assert not any(frame.function() == "outer" or not frame.guessed for frame in stack.frames[1:])

    def test_what_cannot_be_unwound_ends_the_stack(self) -> None:
        stack = unwind({PC: 0x410, LR: 0x449, SP: STACK}, 0, 0, 0x44, 0x485, symbols=self.symbols(cannot=True))
        assert names(stack) == ["inner", "middle"]
        assert (stack.end.code, stack.end.complete) == (EndCode.CANNOT, False)

    def test_but_for_what_the_link_register_tells_of_the_innermost_function(self) -> None:
        stack = unwind({PC: 0x450, LR: 0x485, SP: STACK}, 0, 0, symbols=self.symbols(cannot=True))
        assert names(stack) == ["middle", "outer"]
        assert stack.frames[1].trust is Trust.SCAN


class Chained(CortexM):
    """A CPU whose frames are chained by r7: the word there is the caller's r7, the next one the return address."""

    def by_frame_pointer(self, registers: Mapping[int, int], memory: Memory) -> Mapping[int, int] | None:
        pointer = registers.get(7)
        words = None if pointer is None else memory.read(pointer, 8)
        if pointer is None or words is None:
            return None
        return {7: int.from_bytes(words[:4], "little"), SP: pointer + 8, PC: int.from_bytes(words[4:], "little")}


class TestByConvention:
    def unwind(self, *stack: int, pointer: int = STACK + 4) -> Stack:
        symbols = firmware()
        unwinder = Unwinder(Chained(), memory(*stack, symbols=symbols), symbols, lambda function: function == "outer")
        return unwinder.unwind(Context({PC: 0x4D0, SP: STACK, 7: pointer}))

    def test_frames_are_chained(self) -> None:
        stack = self.unwind(0, STACK + 12, 0x4D5, STACK + 20, 0x485)
        assert names(stack) == ["assembler", "assembler", "outer"] or stack.end.text
        stack = self.unwind(0, STACK + 12, 0x4E1, 0, 0x485)
        assert names(stack) == ["assembler", "assembler", "outer"]
        assert [frame.trust for frame in stack.frames[1:]] == [Trust.FRAME_POINTER, Trust.FRAME_POINTER]

    def test_a_chain_that_leads_nowhere_ends_it(self) -> None:
        assert self.unwind(0, 0, 0x20000001).end.code is EndCode.NO_CODE
        stack = self.unwind(0, STACK + 4, 0x4E1)
        assert len(stack.frames) < MAX_FRAMES
        assert stack.end.text


class TestWithoutRules:
    def test_a_leaf_in_assembler_returns_to_its_link_register(self) -> None:
        stack = unwind({PC: 0x4D0, LR: 0x449, SP: STACK}, 0, 0, 0x44, 0x485)
        assert names(stack) == ["assembler", "middle", "outer"]
        assert stack.frames[1].trust is Trust.SCAN
        assert all(frame.guessed for frame in stack.frames[1:])
        assert stack.frames[0].caller() is None

    def test_else_the_stack_is_scanned_for_what_follows_a_call(self) -> None:
        stack = unwind({PC: 0x4D0, LR: 0x4D5, SP: STACK}, 5, 0x44A, 0x449, 0, 0, 0x44, 0x485)
        assert names(stack) == ["assembler", "middle", "outer"]
        assert stack.frames[1].register(SP) == STACK + 12

    def test_a_scan_meets_the_exception_that_was_entered(self) -> None:
        assert unwind({PC: 0x4D0, SP: STACK}, 5, 0xFFFFFFFD).end.code is EndCode.INTERRUPTED

    def test_nothing_there(self) -> None:
        assert unwind({PC: 0x4D0, SP: STACK}, 1, 2, 3).end.code is EndCode.NO_RULES
        assert unwind({PC: 0x4D0}).end.code is EndCode.NO_RULES


def test_without_symbols_there_is_one_frame() -> None:
    stack = Unwinder(CortexM(), memory(), None).unwind(Context({PC: 0x410, LR: 0x449}))
    assert len(stack.frames) == 1
    assert stack.end.code is EndCode.NO_SYMBOLS


def test_without_a_pc_there_is_none() -> None:
    stack = unwind({LR: 0x449})
    assert (stack.frames, stack.end.code) == ([], EndCode.NO_PC)


def test_a_stack_that_is_not_dumped_ends_it() -> None:
    stack = unwind({PC: 0x450, SP: 0x20008000})
    assert names(stack) == ["middle"]
    assert stack.end.code is EndCode.NOT_IN_DUMP


def test_above_the_threads_stack_nothing_is_believed() -> None:
    stack = unwind({PC: 0x410, LR: 0x449, SP: STACK}, 0, 0, 0x44, 0x485, bounds=(STACK - 64, STACK + 8))
    assert names(stack) == ["inner", "middle"]
    assert stack.end.code is EndCode.OUTSIDE_STACK


def test_a_stack_must_grow() -> None:
    symbols = firmware()
    symbols.rows[MIDDLE] = UnwindRow(SP, 0, b"", {LR: RegisterRule(RuleKind.OFFSET, 0)}, LR, signal_frame=False)
    stack = unwind({PC: 0x410, LR: 0x449, SP: STACK}, 0x449, symbols=symbols)
    assert stack.end.code is EndCode.NO_PROGRESS
    assert len(stack.frames) == 2


def test_a_recursion_without_end_is_cut() -> None:
    stack = unwind({PC: 0x410, LR: 0x449, SP: STACK}, *([0, 0, 0, 0x449] * (MAX_FRAMES + 10)))
    assert stack.end.code is EndCode.TOO_MANY
    assert len(stack.frames) == MAX_FRAMES


def test_an_undefined_return_address_marks_the_outermost_frame() -> None:
    symbols = firmware()
    symbols.rows[MIDDLE] = UnwindRow(SP, 0, b"", {LR: RegisterRule(RuleKind.UNDEFINED)}, LR, signal_frame=False)
    assert unwind({PC: 0x410, LR: 0x449, SP: STACK}, symbols=symbols).end.code is EndCode.OUTERMOST


def test_of_two_readings_the_one_that_unwinds_is_taken() -> None:
    symbols = firmware()
    unwinder = Unwinder(CortexM(), memory(0, 0, 0x44, 0x485, 0, 0), symbols, lambda name: name == "outer")
    wrong = Context({PC: 0x450, SP: STACK + 4})
    right = Context({PC: 0x450, SP: STACK})
    best = unwinder.best((wrong, right))
    assert best is not None
    assert best[0] is right
    assert unwinder.best(()) is None


ADDRESSES = st.sampled_from(
    [0x401, 0x411, 0x449, 0x44D, 0x485, 0x4C5, 0x4D1, 0x509, 0xFFFFFFF1, 0xFFFFFFFD, 0xFFFFFFE9]
)
STACK_WORDS = st.one_of(ADDRESSES, st.integers(STACK - 8, STACK + 0x110), st.integers(0, 0xFFFFFFFF))
NUMBERS = st.sampled_from([4, 7, SP, LR, PC, 80, 264])
RULES = st.dictionaries(
    NUMBERS, st.builds(RegisterRule, st.sampled_from(RuleKind), st.integers(-0x40, 0x40)), max_size=4
)
ROWS = st.builds(
    UnwindRow,
    NUMBERS,
    st.integers(-0x20, 0x40),
    st.just(b""),
    RULES,
    st.sampled_from([LR, PC]),
    st.booleans(),
    st.sampled_from(RowSource),
)


@settings(max_examples=400)
@given(
    st.dictionaries(NUMBERS, STACK_WORDS),
    st.lists(STACK_WORDS, max_size=64),
    st.dictionaries(st.sampled_from([INNER, MIDDLE, OUTER, ASSEMBLER, HANDLER]), ROWS),
    st.sampled_from([CortexM(), Chained()]),
)
def test_any_registers_stack_and_rules_end_in_bounds(
    registers: dict[int, int], stack: list[int], rows: dict[tuple[int, int], UnwindRow], cpu: CortexM
) -> None:
    symbols = firmware()
    symbols.rows |= rows
    unwinder = Unwinder(cpu, memory(*stack, symbols=symbols), symbols, lambda function: function == "outer")
    bounds = (STACK, STACK + 0x100)
    context = Context({SP: STACK, PC: 0x410, **registers})
    for found in (unwinder.unwind(context), unwinder.unwind(context, bounds), unwinder.scan(STACK, bounds)):
        assert len(found.frames) <= MAX_FRAMES
        assert found.end.text
        for inner, outer in pairwise(found.frames):
            below, above = inner.register(SP), outer.register(SP)
            if below is None or above is None or outer.trust is Trust.EXCEPTION:
                continue
            assert above > below or (above == below and inner.interrupted)


@given(
    st.dictionaries(st.integers(0, 15), st.integers(0, 0xFFFFFFFF)), st.lists(st.integers(0x3F0, 0x550), max_size=64)
)
def test_any_registers_and_stack_end_in_bounds(registers: dict[int, int], stack: list[int]) -> None:
    found = unwind({SP: STACK, PC: 0x410, **registers}, *stack)
    assert len(found.frames) <= MAX_FRAMES
    assert found.end.text
