import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cpu import Context, RiscV, SavedThread, cpu_for, no_fields
from analyzer.cpu.base import FunctionPointer
from analyzer.cpu.risc_v_frame import CALLEE_SAVED, GP, NAMES, PC, RA, S0, SP, TP
from analyzer.dump.sparse import SparseBytes
from tests.analyzer.cpu.risc_v_specimen import FRAME, MSTATUS, SAVED, VALUES, block, fields, memory, values

CPUS = {4: RiscV(4), 8: RiscV(8)}
BLOCK = [
    "ra", "tp", "t0", "t1", "t2", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "t3", "t4", "t5", "t6", "mepc", "sp",
]  # fmt: skip
BLOCK_E = [*BLOCK[:11], "mepc", "sp"]
FRAME_E = [name for name in FRAME if name not in ("a6", "a7", "t3", "t4", "t5", "t6")]
ALL = ["zero", *(NAMES[number] for number in range(1, 32)), "mepc"]
STACK = (0x80010000, 0x80010400)
AT = 0x80010200
SIZES = {4: 80, 8: 160}
widths = pytest.mark.parametrize("width", [4, 8])


def stack(width: int, frame: bytes | None = None, at: int = AT) -> tuple[int, bytes]:
    """The thread's stack with an exception frame on it."""
    content = bytearray(STACK[1] - STACK[0])
    frame = values(FRAME, width) if frame is None else frame
    content[at - STACK[0] : at - STACK[0] + len(frame)] = frame
    return STACK[0], bytes(content)


def named(context: Context) -> dict[str, int]:
    return {CPUS[4].register_names[number]: value for number, value in context.registers.items()}


def test_both_widths_are_known() -> None:
    assert [cpu_for(4, None, size) for size in (4, 8)] != [None, None]
    assert cpu_for(None, 243, 8) is not None


@widths
def test_without_sp_the_frame_on_the_stack_gives_it_and_more(width: int) -> None:
    payload = values(BLOCK[:-1], width)
    found = CPUS[width].crashed(block(width // 4, payload), memory(stack(width)), STACK, fields(width))
    (context,) = found.contexts
    assert context.registers[SP] == AT + SIZES[width]
    assert context.registers[S0] == VALUES["s0"]
    assert context.registers[PC] == VALUES["mepc"]
    assert context.status == MSTATUS
    assert set(named(context)) == {*BLOCK[:-2], "s0", "sp", "pc"} - {"tp"}
    assert [caveat.code for caveat in found.caveats] == ["callee-saved-missing"]


@widths
def test_without_sp_and_without_its_frame_it_is_missing(width: int) -> None:
    payload = values(BLOCK[:-1], width)
    for at, known in ((memory(), fields(width)), (memory(stack(width)), no_fields)):
        found = CPUS[width].crashed(block(width // 4, payload), at, STACK, known)
        (context,) = found.contexts
        assert SP not in context.registers
        assert context.registers[RA] == VALUES["ra"]
        assert [caveat.code for caveat in found.caveats] == ["stack-pointer-missing", "callee-saved-missing"]


@widths
def test_the_dumped_sp_is_taken_where_it_can_be_one(width: int) -> None:
    payload = values(BLOCK, width, sp=AT + SIZES[width], tp=0x80020000)
    for at in (memory(stack(width)), memory((STACK[0], bytes(0x400)))):
        (context,) = CPUS[width].crashed(block(width // 4, payload), at, STACK, fields(width)).contexts
        assert (context.registers[SP], context.registers[TP]) == (AT + SIZES[width], 0x80020000)


@widths
@pytest.mark.parametrize("pointer", [0, 0x1234, 0x80010300])
def test_an_sp_that_is_none_is_found_by_the_frame(width: int, pointer: int) -> None:
    payload = values(BLOCK, width, sp=pointer)
    found = CPUS[width].crashed(block(width // 4, payload), memory(stack(width)), STACK, fields(width))
    assert found.contexts[0].registers[SP] == AT + SIZES[width]
    assert ("stack-pointer-recovered" in [caveat.code for caveat in found.caveats]) == (pointer != 0)


@widths
def test_an_sp_that_points_nowhere_is_missing(width: int) -> None:
    found = CPUS[width].crashed(block(width // 4, values(BLOCK, width, sp=0x70000000)), memory(), STACK, fields(width))
    assert SP not in found.contexts[0].registers


def test_a_frame_on_another_stack_counts_only_where_the_threads_own_has_none() -> None:
    elsewhere = (0x80020000, values(FRAME, 4) + bytes(16))
    payload = block(1, values(BLOCK[:-1], 4))
    found = CPUS[4].crashed(payload, memory(elsewhere), STACK, fields(4))
    assert [context.registers[SP] for context in found.contexts] == [0x80020000 + 80]
    found = CPUS[4].crashed(payload, memory(elsewhere, stack(4)), STACK, fields(4))
    assert [context.registers[SP] for context in found.contexts] == [AT + 80]


def test_rv32e_has_fewer() -> None:
    frame = stack(4, values(FRAME_E, 4))
    found = CPUS[4].crashed(block(1, values(BLOCK_E[:-1], 4)), memory(frame), STACK, fields(4, FRAME_E))
    (context,) = found.contexts
    assert set(named(context)) == {"ra", "t0", "t1", "t2", *(f"a{number}" for number in range(6)), "s0", "sp", "pc"}
    assert context.registers[SP] == AT + 64


def test_halves_of_registers_are_no_values() -> None:
    high = 0xFFFFFFFF00000000
    frame = values(FRAME, 8, a0=high | VALUES["a0"])
    payload = block(1, values(BLOCK[:-1], 4))
    (context,) = CPUS[8].crashed(payload, memory(stack(8, frame)), STACK, fields(8)).contexts
    assert context.registers[10] == high | VALUES["a0"]
    assert context.registers[SP] == AT + 160
    found = CPUS[8].crashed(payload, memory(), STACK, fields(8))
    assert found.contexts[0].registers == {PC: VALUES["mepc"]}
    assert [caveat.code for caveat in found.caveats] == ["registers-halved", "callee-saved-missing"]


@widths
def test_what_the_firmware_hangs_on_the_frame(width: int) -> None:
    members = [*FRAME, "csf"]
    saved = values(SAVED, width, **{f"s{number}": 0x40 + number for number in range(1, 12)})
    frame = values(members, width, csf=0x80010100)
    at = memory((STACK[0], bytes(0x100) + saved.ljust(0x100, b"\0") + frame.ljust(0x200, b"\0")))
    payload = block(width // 4, values(BLOCK[:-1], width))
    found = CPUS[width].crashed(payload, at, STACK, fields(width, members))
    assert [found.contexts[0].registers[number] for number in CALLEE_SAVED] == [VALUES["s0"], *range(0x41, 0x4C)]
    assert found.caveats == ()
    # A pointer that an earlier crash left does not lead to this one's s0.
    stale = frame.replace(VALUES["s0"].to_bytes(width, "little"), bytes(width))
    at = memory((STACK[0], bytes(0x100) + saved.ljust(0x100, b"\0") + stale.ljust(0x200, b"\0")))
    assert 9 not in CPUS[width].crashed(payload, at, STACK, fields(width, members)).contexts[0].registers


def test_what_is_known_of_the_fault() -> None:
    members = [*FRAME, "mcause"]
    code = (VALUES["mepc"], bytes.fromhex("73001000"))
    payload = block(1, values(BLOCK[:-1], 4))
    for names, cause, kind in ((FRAME, 0, "breakpoint"), (members, 5, "memory-fault"), (members, 11, "breakpoint")):
        at = memory(stack(4, values(names, 4, mcause=cause)), code)
        (context,) = CPUS[4].crashed(payload, at, STACK, fields(4, names)).contexts
        assert context.fault is not None
        assert context.fault.fault is not None
        assert context.fault.fault.kind == kind


@widths
def test_all_registers(width: int) -> None:
    known = {name: 0x80000100 + index for index, name in enumerate(ALL[1:])}
    found = CPUS[width].crashed(block(2 + width // 4, values(ALL, width, **known)), memory(), STACK)
    (context,) = found.contexts
    assert found.caveats == ()
    assert named(context) == {name: known[name] for name in ALL[1:-1]} | {"pc": known["mepc"]}


@widths
def test_zeros_in_place_of_s_registers_are_no_values(width: int) -> None:
    payload = values(ALL, width, sp=AT, gp=1, tp=0, s0=5)
    found = CPUS[width].crashed(block(2 + width // 4, payload), memory(), STACK)
    (context,) = found.contexts
    assert (context.registers[S0], context.registers[TP], context.registers[GP]) == (5, 0, 1)
    assert not set(CALLEE_SAVED[1:]) & set(context.registers)
    assert [caveat.code for caveat in found.caveats] == ["callee-saved-missing"]
    one = CPUS[width].crashed(block(2 + width // 4, values(ALL, width, s11=7)), memory(), STACK).contexts[0]
    assert [one.registers[number] for number in CALLEE_SAVED[1:]] == [0] * 10 + [7]


def test_registers_that_rv32e_does_not_have_are_not_zero() -> None:
    payload = block(3, values(ALL, 4, sp=AT))
    (context,) = CPUS[4].crashed(payload, memory(), STACK, fields(4, FRAME_E)).contexts
    assert max(number for number in context.registers if number != PC) == 15


@pytest.mark.parametrize(
    ("width", "version", "size", "code"),
    [(4, 2, 72, "register-layout"), (8, 1, 152, "register-layout"), (4, 1, 132, "register-layout"), (4, 1, 80, None)],
)
def test_a_size_that_does_not_fit_the_version(width: int, version: int, size: int, code: str | None) -> None:
    found = CPUS[width].crashed(block(version, bytes(range(1, size + 1))), memory(), STACK)
    assert (code or "unknown-registers") in [caveat.code for caveat in found.caveats]
    assert bool(found.contexts) == (code is not None)


@widths
def test_what_was_cut_off_is_unavailable(width: int) -> None:
    whole = block(width // 4, values(BLOCK, width, sp=AT + SIZES[width]))
    for size in range(0, len(BLOCK) * width, 3):
        cut = type(whole)(whole.version, SparseBytes(bytes(whole.payload.raw())[:size]), whole.claimed_size)
        found = CPUS[width].crashed(cut, memory(stack(width)), STACK, fields(width))
        known = {**VALUES, "pc": VALUES["mepc"], "sp": AT + SIZES[width]}
        for context in found.contexts:
            assert named(context).items() <= known.items()
            # A frame that agrees with most of them may give the others.
            assert size // width > 12 or len(context.registers) <= size // width


class TestSwitchedOut:
    SAVED_AT = 0x80000500

    def thread(self, width: int, **more: int) -> SavedThread:
        return SavedThread(self.SAVED_AT, thread=0x80000480, field_of=fields(width), **more)

    def content(self, width: int, **changed: int) -> tuple[int, bytes]:
        known = {"sp": AT, "ra": 0x80000300, **{f"s{number}": 0x70 + number for number in range(12)}} | changed
        return self.SAVED_AT, values(SAVED, width, **known)

    @widths
    def test_as_the_switch_has_returned(self, width: int) -> None:
        context = CPUS[width].switched_out(self.thread(width, switch_handle=0x80000480), memory(self.content(width)))
        assert isinstance(context, Context)
        assert (context.registers[PC], context.registers[RA], context.registers[SP]) == (0x80000300, 0x80000300, AT)
        assert [context.registers[number] for number in CALLEE_SAVED] == list(range(0x70, 0x7C))

    @widths
    def test_without_debug_information(self, width: int) -> None:
        context = CPUS[width].switched_out(SavedThread(self.SAVED_AT), memory(self.content(width)))
        assert isinstance(context, Context)
        assert context.registers[PC] == 0x80000300
        assert (27 in context.registers) == (width == 8)

    def test_of_older_kernels_the_rest_is_in_a_frame(self) -> None:
        saved = [name for name in SAVED if name != "ra"]
        at = memory((self.SAVED_AT, values(saved, 4, sp=AT, s1=7)), stack(4))
        thread = SavedThread(self.SAVED_AT, field_of=fields(4, saved=saved))
        context = CPUS[4].switched_out(thread, at)
        assert isinstance(context, Context)
        assert (context.registers[PC], context.registers[SP]) == (VALUES["mepc"], AT + 80)
        assert (context.registers[9], context.registers[10]) == (7, VALUES["a0"])
        nothing = CPUS[4].switched_out(
            thread, memory((self.SAVED_AT, values(saved, 4, sp=AT)), (STACK[0], bytes(0x400)))
        )
        assert nothing == "there is no exception frame at its saved stack pointer 0x80010200"

    @pytest.mark.parametrize(
        ("changed", "handle", "reason"),
        [
            ({"sp": 0}, None, "is not one"),
            ({"sp": AT + 2}, None, "is not one"),
            ({}, 0, "another CPU"),
            ({}, 0x80000500, "another CPU"),
        ],
    )
    def test_what_was_not_saved_is_not_made_up(self, changed: dict[str, int], handle: int | None, reason: str) -> None:
        thread = SavedThread(self.SAVED_AT, thread=0x80000480, switch_handle=handle, field_of=fields(4))
        found = CPUS[4].switched_out(thread, memory(self.content(4, **changed)))
        assert isinstance(found, str)
        assert reason in found

    def test_where_it_is_not_known_or_not_dumped(self) -> None:
        assert CPUS[4].switched_out(SavedThread(None), memory()) == "where the kernel saved its registers is not known"
        assert CPUS[4].switched_out(self.thread(4), memory()) == "its saved registers are not in the dump"


REGISTERS = {PC: 0x80000108, SP: AT, S0: 1, 9: 2, 27: 3, 10: 4, GP: 5, TP: 6}
"""In the function that traps enter."""


class TestInterrupted:
    @widths
    @pytest.mark.parametrize("above", [0, 16])
    def test_a_frame_on_the_stack(self, width: int, above: int) -> None:
        at = memory(stack(width, at=AT + above))
        found = CPUS[width].interrupted("_isr_wrapper", REGISTERS, at, fields(width))
        assert found is not None
        assert found.context is not None
        registers = found.context.registers
        assert (registers[PC], registers[SP]) == (VALUES["mepc"], AT + above + SIZES[width])
        assert [registers[number] for number in (S0, 9, 27, 10, GP, TP)] == [VALUES["s0"], 2, 3, VALUES["a0"], 5, 6]

    @widths
    def test_a_pointer_to_the_frame_on_the_interrupt_stack(self, width: int) -> None:
        top = 0x80030000 - 16
        at = memory(stack(width), (top, AT.to_bytes(16, "little") + b"\xaa" * 256))
        found = CPUS[width].interrupted("irq_done", {**REGISTERS, SP: top}, at, fields(width))
        assert found is not None
        assert found.context is not None
        assert found.context.registers[SP] == AT + SIZES[width]

    def test_user_mode_leaves_its_own_pointers(self) -> None:
        members = [*FRAME, "sp"]
        at = memory(stack(4, values(members, 4, mstatus=0x80, sp=0x80040000)))
        found = CPUS[4].interrupted("_isr_wrapper", REGISTERS, at, fields(4, members))
        assert found is not None
        assert found.context is not None
        assert found.context.registers[SP] == 0x80040000
        assert not {GP, TP} & set(found.context.registers)

    @pytest.mark.parametrize("frame", [b"\xaa" * 80, bytes(80), values(FRAME, 4, mepc=0), values(FRAME, 4, mstatus=8)])
    def test_what_is_no_frame_is_not_made_one(self, frame: bytes) -> None:
        found = CPUS[4].interrupted("_isr_wrapper", REGISTERS, memory(stack(4, frame)), fields(4))
        assert found is not None
        assert found.context is None

    def test_where_nothing_is_known(self) -> None:
        assert CPUS[4].interrupted("main", REGISTERS, memory(stack(4)), fields(4)) is None
        for registers, known in (({}, fields(4)), (REGISTERS, no_fields)):
            found = CPUS[4].interrupted("_isr_wrapper", registers, memory(stack(4)), known)
            assert found is not None
            assert found.context is None


@widths
def test_frame_pointers(width: int) -> None:
    at = memory((AT - 2 * width, (0x80010280).to_bytes(width, "little") + (0x80000300).to_bytes(width, "little")))
    cpu = CPUS[width]
    assert cpu.by_frame_pointer({S0: AT, SP: AT - 32}, at) == {PC: 0x80000300, SP: AT, S0: 0x80010280}
    for registers in ({SP: AT - 32}, {S0: AT}, {S0: AT, SP: AT}, {S0: AT - 1, SP: AT - 32}, {S0: AT + 64, SP: AT}):
        assert cpu.by_frame_pointer(registers, at) is None


def test_calls() -> None:
    code = memory((0x80000000, bytes.fromhex("ef00000f 8297 73000000")))
    assert CPUS[4].follows_call(0x80000004, code)
    assert CPUS[8].calls_pointer(0x80000006, code) == 15
    assert CPUS[4].after_call(0x8000000A, code)
    assert not CPUS[4].after_call(0x80000006, code)
    assert CPUS[4].ends_stack(0)
    assert CPUS[8].code_address(0xDEADBEEF) == 0xDEADBEEE


@given(st.sampled_from([4, 8]), st.integers(0, 5), st.binary(max_size=300), st.binary(max_size=1024))
def test_any_bytes_give_registers_of_the_block_or_none(
    width: int, version: int, payload: bytes, content: bytes
) -> None:
    found = CPUS[width].crashed(block(version, payload), memory((STACK[0], content)), STACK, fields(width))
    for context in found.contexts:
        assert all(0 <= value < 1 << 8 * width for value in context.registers.values())


@pytest.mark.parametrize(("code", "pointer"), [("8297", FunctionPointer(7, 15)), ("8290", FunctionPointer(None, RA))])
def test_what_a_call_went_through(code: str, pointer: FunctionPointer) -> None:
    # c.jalr a5; c.jalr ra, which has put the return address where the pointer was
    held = memory((0x80000000, bytes.fromhex("1300 0000") + bytes.fromhex(code)))
    assert CPUS[4].function_pointer(0x80000006, {15: 7, RA: 0x80000006}, held) == pointer
