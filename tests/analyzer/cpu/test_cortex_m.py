import pytest

from analyzer.cpu import Context, CortexM, SavedThread
from analyzer.cpu.cortex_m_exception import EXC_RETURN_PREFIX, LR, PC, PSP, R4, R11, S0, S15, S16, SP
from analyzer.dump import parse
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.sparse import SparseBytes
from tests.analyzer import specimen
from tests.analyzer.specimen import words

CPU = CortexM()
STACK = (0x20002000, 0x20002100)
FRAME = (1, 2, 3, 4, 0x12, 0x421, 0x404, 0x61000000)


def memory(*blocks: tuple[int, bytes]) -> Memory:
    image = MemoryImage()
    for address, content in blocks:
        image.add(address, SparseBytes(content))
    return Memory(image)


def stack_with(frame: tuple[int, ...], at: int) -> Memory:
    content = bytearray(0x100)
    content[at - STACK[0] : at - STACK[0] + 4 * len(frame)] = words(*frame)
    return memory((STACK[0], bytes(content)))


def block(
    sp: int = 0x200020C0, xpsr: int = 0x61000000, callee: tuple[int, ...] = specimen.CALLEE_SAVED
) -> ArchitectureBlock:
    payload = words(*FRAME[:7], xpsr, sp, *callee)
    return ArchitectureBlock(2, SparseBytes(payload), len(payload))


def crash(block: ArchitectureBlock, at: Memory | None = None, stack: tuple[int, int] | None = None) -> list[Context]:
    return list(CPU.crashed(block, at or memory(), stack).contexts)


def test_the_specimen() -> None:
    dump = parse(specimen.dump())
    assert dump.architecture is not None
    found = CPU.crashed(dump.architecture, Memory(dump.memory))
    (context,) = found.contexts
    assert found.caveats == ()
    assert context.interrupt == 0
    assert context.status == 0x61000000
    assert [context.registers[number] for number in (0, 1, 2, 3, 12, LR, PC, SP)] == [
        1,
        2,
        3,
        4,
        0x12,
        0x421,
        0x404,
        0x200020C0,
    ]
    assert [context.registers[number] for number in range(R4, R11 + 1)] == list(specimen.CALLEE_SAVED)


@pytest.mark.parametrize(
    ("version", "tail", "captured"),
    [
        (1, (), False),
        (2, (0,) * 8, False),
        (2, specimen.CALLEE_SAVED, True),
        (3, (*specimen.CALLEE_SAVED, 1, 0x30), True),
        (3, (*(0,) * 8, 1, 0x30), True),
        (3, (*specimen.CALLEE_SAVED, 0, 0x30), False),
    ],
)
def test_callee_saved_registers_are_values_only_when_captured(
    version: int, tail: tuple[int, ...], *, captured: bool
) -> None:
    payload = words(*FRAME, 0x200020C0, *tail)
    found = CPU.crashed(ArchitectureBlock(version, SparseBytes(payload), len(payload)), memory())
    assert (R4 in found.contexts[0].registers) == captured
    assert ("callee-saved-missing" in [caveat.code for caveat in found.caveats]) != captured


@pytest.mark.parametrize(
    ("version", "size", "code"), [(2, 36, "register-layout"), (9, 76, "register-layout"), (2, 40, "unknown-registers")]
)
def test_a_size_that_does_not_fit_the_version(version: int, size: int, code: str) -> None:
    found = CPU.crashed(ArchitectureBlock(version, SparseBytes(bytes(size)), size), memory())
    assert code in [caveat.code for caveat in found.caveats]
    assert bool(found.contexts) == (code == "register-layout")


def test_cut_off_and_missing_registers_are_unavailable() -> None:
    payload = words(*FRAME, 0x200020C0, *specimen.CALLEE_SAVED)
    for size in range(len(payload)):
        found = CPU.crashed(ArchitectureBlock(2, SparseBytes(payload[:size]), len(payload)), memory())
        assert len(found.contexts[0].registers) <= size // 4
    holed = SparseBytes(payload, [(4, 8)])
    found = CPU.crashed(ArchitectureBlock(2, holed, len(payload)), memory())
    assert 1 not in found.contexts[0].registers
    assert found.contexts[0].registers[2] == 3


class TestStackPointer:
    def test_newer_firmware_has_skipped_the_frame(self) -> None:
        (context,) = crash(block(), stack_with(FRAME, 0x200020A0), STACK)
        assert context.registers[SP] == 0x200020C0

    def test_older_firmware_points_at_the_frame(self) -> None:
        contexts = crash(block(sp=0x200020A0), stack_with(FRAME, 0x200020A0), STACK)
        assert [context.registers[SP] for context in contexts] == [0x200020C0, 0x20002108]

    def test_the_word_that_aligns(self) -> None:
        frame = (*FRAME[:7], 0x61000200)
        contexts = crash(block(sp=0x200020A0, xpsr=0x61000200), stack_with(frame, 0x200020A0), STACK)
        assert contexts[0].registers[SP] == 0x200020C4

    def test_zero_is_found_by_the_frame(self) -> None:
        found = CPU.crashed(block(sp=0), stack_with(FRAME, 0x20002060), STACK)
        assert found.contexts[0].registers[SP] == 0x20002080
        assert "stack-pointer-recovered" in [caveat.code for caveat in found.caveats]

    def test_left_over_is_found_by_the_frame(self) -> None:
        found = CPU.crashed(block(sp=0x20002010), stack_with(FRAME, 0x20002060), STACK)
        assert found.contexts[0].registers[SP] == 0x20002080

    def test_zero_without_a_frame_is_unavailable(self) -> None:
        found = CPU.crashed(block(sp=0), stack_with((1, 2, 3), 0x20002060), STACK)
        assert SP not in found.contexts[0].registers
        assert "stack-pointer-missing" in [caveat.code for caveat in found.caveats]

    def test_in_an_interrupt_the_threads_stack_is_not_searched(self) -> None:
        frame = (*FRAME[:7], 0x61000015)
        found = CPU.crashed(block(sp=0, xpsr=0x61000015), stack_with(frame, 0x20002060), STACK)
        assert SP not in found.contexts[0].registers
        assert found.contexts[0].interrupt == 0x15


class TestWhatTheFaultHandlerPushed:
    """r4..r11, PSP, a word, MSP, EXC_RETURN; the frame follows where it was an interrupt that crashed."""

    INTERRUPT_STACK = 0x20004000

    def crashed(self, pushed: tuple[int, ...], xpsr: int, frame: int) -> Context:
        stacked = words(*FRAME[:7], xpsr)
        pushed_at = (frame if xpsr & 0x1FF else self.INTERRUPT_STACK + 0x100) - 4 * len(pushed)
        at = memory((frame, stacked + bytes(72)), (pushed_at, words(*pushed)))
        contexts = crash(block(sp=frame, xpsr=xpsr), at, STACK)
        return contexts[0] if len(contexts) == 1 else Context({})

    @pytest.mark.parametrize(("exc_return", "size"), [(0xFFFFFFF1, 32), (0xFFFFFFE1, 104)])
    def test_an_interrupts_frame_and_the_thread_under_it(self, exc_return: int, size: int) -> None:
        frame = self.INTERRUPT_STACK + 0x80
        pushed = (*specimen.CALLEE_SAVED, 0x200020A0, 0, frame, exc_return)
        found = self.crashed(pushed, 0x6100000F, frame)
        assert (found.registers[SP], found.registers[PSP]) == (frame + size, 0x200020A0)

    @pytest.mark.parametrize(("exc_return", "size"), [(0xFFFFFFFD, 32), (0xFFFFFFED, 104), (0xFFFFFFBC, 32)])
    def test_a_threads_frame(self, exc_return: int, size: int) -> None:
        pushed = (*specimen.CALLEE_SAVED, 0x20002060, 0, self.INTERRUPT_STACK + 0x100, exc_return)
        found = self.crashed(pushed, 0x61000000, 0x20002060)
        assert found.registers[SP] == 0x20002060 + size
        assert PSP not in found.registers

    @pytest.mark.parametrize(
        "pushed",
        [
            (*specimen.CALLEE_SAVED, 0x20002060, 0, INTERRUPT_STACK + 0xFC, 0xFFFFFFFD),
            (*specimen.CALLEE_SAVED, 0x20002060, 0, INTERRUPT_STACK + 0x100, 0x401),
            (*specimen.CALLEE_SAVED, 0x20002060, 0, INTERRUPT_STACK + 0x100, 0xFFFFFFF1),
            (*specimen.CALLEE_SAVED, 0x20002064, 0, INTERRUPT_STACK + 0x100, 0xFFFFFFFD),
            (*specimen.CALLEE_SAVED[:-1], 0, 0x20002060, 0, INTERRUPT_STACK + 0x100, 0xFFFFFFFD),
        ],
    )
    def test_what_does_not_fit_together_is_not_believed(self, pushed: tuple[int, ...]) -> None:
        assert self.crashed(pushed, 0x61000000, 0x20002060).registers == {}


def test_what_an_interrupted_thread_may_have_been_doing() -> None:
    older = words(*FRAME)
    content = bytes(0x40) + older + bytes(0x20) + words(*FRAME[:6], 0x40C, 0x01000000) + bytes(0x50)
    found = list(CPU.interrupted_contexts(STACK, memory((STACK[0], content))))
    assert [(context.registers[PC], context.registers[SP]) for context in found] == [
        (0x40C, 0x200020A0),
        (0x40C, 0x200020E8),
        (0x404, 0x20002060),
        (0x404, 0x200020A8),
    ]
    assert list(CPU.interrupted_contexts(STACK, memory())) == []


class TestSwitchedOut:
    def test_the_specimens_worker(self) -> None:
        dump = parse(specimen.dump())
        context = CPU.switched_out(SavedThread(0x20001150, 0xFD), Memory(dump.memory))
        assert isinstance(context, Context)
        assert [context.registers[number] for number in range(R4, R11 + 1)] == list(range(0xA4, 0xAC))
        assert (context.registers[PC], context.registers[LR], context.registers[SP]) == (0x510, 0x521, 0x200030A0)

    @pytest.mark.parametrize(
        ("exc_return", "xpsr", "sp"), [(None, 1 << 24, 32), (0xED, 1 << 24, 104), (0xFD, 1 << 24 | 1 << 9, 36)]
    )
    def test_what_the_hardware_stacked(self, exc_return: int | None, xpsr: int, sp: int) -> None:
        frame = words(1, 2, 3, 4, 5, 0x521, 0x510, xpsr)
        at = memory((0x20001000, bytes(32) + words(0x20003080)), (0x20003080, frame))
        context = CPU.switched_out(SavedThread(0x20001020, exc_return), at)
        assert isinstance(context, Context)
        assert context.registers[SP] == 0x20003080 + sp

    @pytest.mark.parametrize(
        ("psp", "frame", "reason"),
        [
            (0, bytes(32), "is not one"),
            (0x20003081, bytes(32), "is not one"),
            (0x20005000, bytes(32), "not in the dump"),
            (0x20003080, bytes(32), "no exception frame"),
            (0x20003080, bytes(28) + words(1 << 24 | 15), "no exception frame"),
        ],
    )
    def test_implausible_registers_are_refused(self, psp: int, frame: bytes, reason: str) -> None:
        at = memory((0x20001000, bytes(32) + words(psp)), (0x20003080, frame))
        found = CPU.switched_out(SavedThread(0x20001020), at)
        assert isinstance(found, str)
        assert reason in found


class TestExceptionReturn:
    def test_values(self) -> None:
        assert CPU.is_exception_return(0xFFFFFFFD)
        assert CPU.is_exception_return(0xFFFFFFBC)
        assert not CPU.is_exception_return(0xFFFFFFFF)
        assert not CPU.is_exception_return(EXC_RETURN_PREFIX - 1)

    def test_back_to_another_handler(self) -> None:
        frame = words(1, 2, 3, 4, 5, 0x521, 0x511, 1 << 24 | 15)
        under = CPU.exception_return(0xFFFFFFF1, {SP: 0x20004000, 4: 44}, memory((0x20004000, frame)))
        assert under.context is not None
        assert under.context.interrupt == 15
        assert under.context.registers == {0: 1, 1: 2, 2: 3, 3: 4, 12: 5, LR: 0x521, PC: 0x510, SP: 0x20004020, 4: 44}

    def test_back_to_a_thread_whose_stack_is_known(self) -> None:
        frame = words(1, 2, 3, 4, 5, 0x521, 0x511, 1 << 24 | 1 << 9)
        registers = {SP: 0x20004000, PSP: 0x20002040, 4: 44, S16: 7}
        under = CPU.exception_return(0xFFFFFFFD, registers, memory((0x20002040, frame)))
        assert under.context is not None
        assert under.context.interrupt == 0
        assert under.context.registers == {
            0: 1,
            1: 2,
            2: 3,
            3: 4,
            12: 5,
            LR: 0x521,
            PC: 0x510,
            SP: 0x20002064,
            4: 44,
            S16: 7,
        }

    @pytest.mark.parametrize(
        ("value", "status"), [(0xFFFFFFF1, 1 << 24), (0xFFFFFFF9, 1 << 24 | 15), (0xFFFFFFF1, 15), (0xFFFFFFF5, 1)]
    )
    def test_a_frame_that_does_not_fit(self, value: int, status: int) -> None:
        frame = words(1, 2, 3, 4, 5, 0x521, 0x511, status)
        under = CPU.exception_return(value, {SP: 0x20004000, PSP: 0x20004000}, memory((0x20004000, frame)))
        assert under.context is None

    def test_registers_that_the_secure_world_stacked_below(self) -> None:
        state = (0xFEFA125B, 0, *range(0x44, 0x4C))
        frame = words(*state, 1, 2, 3, 4, 5, 0x521, 0x511, 1 << 24)
        under = CPU.exception_return(0xFFFFFFDD, {PSP: 0x20002000, 4: 1}, memory((0x20002000, frame)))
        assert under.context is not None
        assert [under.context.registers[number] for number in range(R4, R11 + 1)] == list(range(0x44, 0x4C))
        assert under.context.registers[SP] == 0x20002000 + 40 + 32

    @pytest.mark.parametrize(
        ("control", "place", "known"),
        [(None, 0, False), (0xC0000001, 0x20004020, False), (0xC0000000, 0x20004020, True), (0xC0000001, 0, True)],
    )
    def test_a_reserved_place_holds_no_floats_until_the_hardware_says_so(
        self, control: int | None, place: int, *, known: bool
    ) -> None:
        frame = words(1, 2, 3, 4, 5, 0x521, 0x511, 1 << 24 | 15, *range(100, 118))
        blocks = [] if control is None else [(0xE000EF34, words(control, place))]
        under = CPU.exception_return(0xFFFFFFE1, {SP: 0x20004000}, memory((0x20004000, frame), *blocks))
        assert under.context is not None
        assert under.context.registers[SP] == 0x20004000 + 104
        assert [under.context.registers.get(number) for number in (S0, S15)] == ([100, 115] if known else [None, None])

    def test_back_to_a_thread_nobody_knows_the_stack(self) -> None:
        under = CPU.exception_return(0xFFFFFFFD, {SP: 0x20004000}, memory((0x20004000, bytes(32))))
        assert under.context is None
        assert "stack pointer" in under.reason


def test_firmware_that_took_the_secure_state_for_the_frame() -> None:
    state = (0xFEFA125B, 0xAAAAAAAA, *range(0x44, 0x4C))
    stack = stack_with((*state, *FRAME), 0x20002040)
    payload = words(*state[:8], 0x20002040, *(0,) * 8)
    found = CPU.crashed(ArchitectureBlock(2, SparseBytes(payload), len(payload)), stack, STACK)
    (context,) = found.contexts
    assert [caveat.code for caveat in found.caveats] == ["secure-context"]
    assert (context.registers[PC], context.registers[LR], context.registers[0]) == (0x404, 0x421, 1)
    assert [context.registers[number] for number in range(R4, R11 + 1)] == list(range(0x44, 0x4C))
    assert context.registers[SP] == 0x20002040 + 40 + 32


def test_a_context_that_was_never_stacked() -> None:
    assert CPU.was_stacked(Context({}, 0x61000000))
    assert not CPU.was_stacked(Context({}, 0xAAAAAAAA))
    assert not CPU.was_stacked(Context({}, 0))
    kept = CPU.salvage(Context({0: 7, 4: 44, SP: 0x2000188C}, 0xAAAAAAAA))
    assert kept.registers == {4: 44, SP: 0x20001888}


def test_calls() -> None:
    code = memory((0x400, bytes.fromhex("00f010f8 9847 00bf 02df")))  # bl, blx r3, nop, svc 2
    assert CPU.follows_call(0x405, code)
    assert CPU.follows_call(0x407, code)
    assert not CPU.follows_call(0x404, code)
    assert not CPU.follows_call(0x409, code)
    assert CPU.calls_pointer(0x407, code) == 3
    assert CPU.calls_pointer(0x405, code) is None
    assert CPU.after_call(0x40A, code)
    assert not CPU.after_call(0x408, code)


def test_where_a_call_went() -> None:
    # bl .+4+0x20, then bl .-0x100 (assembled by GNU as)
    code = memory((0x400, bytes.fromhex("00f010f8 fff77cff")))
    assert CPU.call_target(0x405, code) == 0x404 + 0x20
    assert CPU.call_target(0x409, code) == 0x408 - 0x108
    assert CPU.call_target(0x407, code) is None


def test_fault_status_registers_where_they_are_dumped() -> None:
    scb = memory((0xE000ED28, words(1 << 1 | 1 << 7, 1 << 30, 0, 0x18, 0)))
    status = CPU.fault_status(scb)
    assert [bit.name for bit in status.bits] == ["DACCVIOL", "FORCED"]
    assert (status.address, status.reason) == (0x18, 19)
    assert CPU.fault_status(memory()).bits == ()


@pytest.mark.parametrize(
    ("bits", "names", "address", "reason"),
    [
        (1 << 3 | 1 << 6, ["AUVIOL"], 0x10000040, 41),
        (1 << 3, ["AUVIOL"], None, 41),
        (1 << 1 | 1 << 7, ["INVIS", "LSERR"], None, 39),
        (0, [], None, None),
    ],
)
def test_secure_faults(bits: int, names: list[str], address: int | None, reason: int | None) -> None:
    status = CPU.fault_status(memory((0xE000ED28, words(0, 0)), (0xE000EDE4, words(bits, 0x10000040))))
    assert [bit.name for bit in status.bits] == names
    assert (status.address, status.reason) == (address, reason)


def test_a_fault_that_the_mpu_or_the_bus_reports_goes_before_a_secure_one() -> None:
    held = memory((0xE000ED28, words(1 << 9 | 1 << 15, 0, 0, 0, 0x18)), (0xE000EDE4, words(1 << 3 | 1 << 6, 0x40)))
    assert (CPU.fault_status(held).address, CPU.fault_status(held).reason) == (0x18, 25)
