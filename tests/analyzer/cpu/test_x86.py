import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cpu import X86, Context, SavedThread, cpu_for
from analyzer.cpu.x86 import CS, EAX, EBP, EBX, ECX, EDI, EDX, EIP, ESI, ESP
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.model import ArchitectureBlock, Target
from analyzer.dump.sparse import SparseBytes
from analyzer.symbols.interface import RegisterRule, RuleKind, UnwindRow
from analyzer.unwind import EndCode, Trust, Unwinder
from tests.analyzer.fake_symbols import FakeSymbols
from tests.analyzer.specimen import words

CPU = X86()
CODE, STACK, OTHER = 0x100000, 0x120000, 0x140000
FLAGS = 0x202
# vector, error code, eax, ecx, edx, ebx, esp, ebp, esi, edi, eip, eflags, cs
BLOCK = (14, 2, 0xA, 0xC, 0xD, 0xB, STACK, 0xBB, 0x51, 0xD1, CODE, FLAGS, 8)


def memory(*blocks: tuple[int, bytes]) -> Memory:
    image = MemoryImage()
    for address, content in blocks:
        image.add(address, SparseBytes(content))
    return Memory(image)


def block(*values: int) -> ArchitectureBlock:
    payload = words(*values)
    return ArchitectureBlock(1, SparseBytes(payload), len(payload))


def crash(at: Memory | None = None, **changed: int) -> Context:
    names = ("vector", "code", "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip", "eflags", "cs")
    values = [changed.get(name, value) for name, value in zip(names, BLOCK, strict=True)]
    (context,) = CPU.crashed(block(*values), at or memory()).contexts
    return context


def test_it_is_known_by_target_and_machine() -> None:
    assert isinstance(cpu_for(Target.X86, None, 4), X86)
    assert isinstance(cpu_for(None, 3, 4), X86)
    assert cpu_for(Target.X86, None, 8) is None


@pytest.mark.parametrize("tail", [(), (0x119000,)])
def test_the_registers_of_a_crash_with_and_without_cr3(tail: tuple[int, ...]) -> None:
    found = CPU.crashed(block(*BLOCK, *tail), memory())
    (context,) = found.contexts
    assert context.registers == {
        EAX: 0xA,
        ECX: 0xC,
        EDX: 0xD,
        EBX: 0xB,
        ESP: STACK,
        EBP: 0xBB,
        ESI: 0x51,
        EDI: 0xD1,
        EIP: CODE,
        CS: 8,
    }
    assert (context.status, context.interrupt, found.caveats) == (FLAGS, 0, ())


def test_another_size_is_no_register_block() -> None:
    found = CPU.crashed(block(*BLOCK[:10]), memory())
    assert found.contexts == ()
    assert [caveat.code for caveat in found.caveats] == ["unknown-registers"]


def test_what_was_cut_off_is_unknown() -> None:
    payload = words(*BLOCK)
    for size in range(len(payload)):
        (context,) = CPU.crashed(ArchitectureBlock(1, SparseBytes(payload[:size]), 52), memory()).contexts
        assert len(context.registers) <= max(0, size - 8) // 4


class TestFault:
    @pytest.mark.parametrize(
        ("vector", "code", "kind", "text", "bits"),
        [
            (6, 0, "undefined-instruction", "does not know", []),
            (14, 2, "memory-fault", "a write went to memory that is not mapped", ["W"]),
            (14, 0, "memory-fault", "a read went to memory that is not mapped", []),
            (14, 0x11, "memory-fault", "a fetch of code went to memory that does not allow it", ["P", "I"]),
            (14, 5, "memory-fault", "a read went to memory that user mode may not touch that way", ["P", "U"]),
            (14, 9, "memory-fault", "reserved bits", ["P", "RSVD"]),
            (13, 0, "general-protection", "rules of protection", []),
            (13, 0x102, "general-protection", "entry 32 of the interrupt descriptor table", ["IDT"]),
            (11, 0x0C, "segment-not-present", "entry 1 of the local descriptor table", ["TI"]),
            (8, 0, "double-fault", "while another one", []),
        ],
    )
    def test_vectors_and_error_codes(self, vector: int, code: int, kind: str, text: str, bits: list[str]) -> None:
        fault = crash(vector=vector, code=code).fault
        assert fault is not None
        assert fault.fault is not None
        assert fault.fault.kind == kind
        assert text in fault.fault.details[0]
        assert [bit.name for bit in fault.bits] == bits
        assert fault.address is None

    @pytest.mark.parametrize(
        ("code", "label"),
        [
            ("f7f9", "Division overflow"),  # idiv ecx: 0xc
            ("f7fe", "Division by zero"),  # idiv esi: 0
            ("66f7f6", "Division by zero"),  # div si
            ("f7b600001200", "Division by zero"),  # div dword [esi + 0x120000]: 0
            ("f7b604001200", "Division overflow"),  # div dword [esi + 0x120004]: 5
            ("f7b600009900", "Division error"),  # div dword [esi + 0x990000]: not in the dump
            ("f6f1", "Division error"),  # div cl
        ],
    )
    def test_a_division_is_by_zero_only_when_it_is(self, code: str, label: str) -> None:
        held = memory((CODE, bytes.fromhex(code)), (STACK, words(0, 5)))
        fault = crash(held, vector=0, esi=0).fault
        assert fault is not None
        assert fault.fault is not None
        assert fault.fault.label == label

    @pytest.mark.parametrize("code", ["0f0b", "f7e1", ""])
    def test_vector_0_without_a_division_is_one_that_nobody_noted(self, code: str) -> None:
        assert crash(memory((CODE, bytes.fromhex(code))), vector=0).fault is None

    def test_an_unknown_vector_says_nothing(self) -> None:
        fault = crash(vector=200).fault
        assert fault is not None
        assert fault.fault is None


def test_the_reason_that_an_oops_pushes_is_no_part_of_the_frame() -> None:
    code = bytes.fromhex("6a04cd20")
    assert crash(memory((CODE - 4, code), (STACK, words(4)))).registers[ESP] == STACK + 4
    assert crash(memory((CODE - 4, code), (STACK, words(5)))).registers[ESP] == STACK
    assert crash(memory((CODE - 4, b"\x90" * 4), (STACK, words(4)))).registers[ESP] == STACK


class TestSwitchedOut:
    def test_registers_are_on_the_stack(self) -> None:
        stack = words(0xFFFFFFF5, 0xBB, 0xB, 0x51, 0xD1, CODE + 9, FLAGS)
        context = CPU.switched_out(SavedThread(OTHER), memory((OTHER, words(STACK)), (STACK, stack)))
        assert isinstance(context, Context)
        assert context.registers == {EBP: 0xBB, EBX: 0xB, ESI: 0x51, EDI: 0xD1, EIP: CODE + 9, ESP: STACK + 24}

    @pytest.mark.parametrize(
        ("pointer", "text"), [(0, "is not one"), (STACK + 2, "is not one"), (0x990000, "not in the dump")]
    )
    def test_what_cannot_be_had_says_why(self, pointer: int, text: str) -> None:
        context = CPU.switched_out(SavedThread(OTHER), memory((OTHER, words(pointer)), (STACK, bytes(64))))
        assert isinstance(context, str)
        assert text in context

    def test_no_field_and_no_memory(self) -> None:
        assert isinstance(CPU.switched_out(SavedThread(None), memory()), str)
        assert isinstance(CPU.switched_out(SavedThread(OTHER), memory()), str)


class TestCalls:
    @pytest.mark.parametrize(
        ("code", "register"),
        [
            ("e800000000", None),
            ("ffd0", EAX),
            ("ffd6", ESI),
            ("ff10", None),
            ("ff1424", None),
            ("ff5008", None),
            ("ff542408", None),
            ("ff9000010000", None),
            ("ff942400010000", None),
            ("ff1500001200", None),
            ("ff148500001200", None),
        ],
    )
    def test_all_forms(self, code: str, register: int | None) -> None:
        raw = bytes.fromhex(code)
        held = memory((CODE, b"\x90" * 8 + raw))
        assert CPU.follows_call(CODE + 8 + len(raw), held)
        assert CPU.calls_pointer(CODE + 8 + len(raw), held) == register

    @pytest.mark.parametrize("code", ["9090909090", "ffe0", "ff742404", "ff15001200", "e9000000009090", "c3"])
    def test_what_is_none(self, code: str) -> None:
        raw = bytes.fromhex(code)
        assert not CPU.follows_call(CODE + 8 + len(raw), memory((CODE, b"\x90" * 8 + raw)))

    def test_nothing_is_known_before_the_code(self) -> None:
        assert not CPU.follows_call(CODE, memory((CODE, b"\x90")))
        assert not CPU.follows_call(0, memory())

    def test_a_call_leaves_its_return_address_on_the_stack(self) -> None:
        held = memory((STACK, words(CODE + 5)))
        assert CPU.called_from({ESP: STACK, EBX: 7, EAX: 1}, held) == {ESP: STACK + 4, EIP: CODE + 5, EBX: 7}
        assert CPU.called_from({ESP: STACK + 4}, held) is None
        assert CPU.called_from({EBX: 7}, held) is None

    def test_frames_chained_by_ebp(self) -> None:
        held = memory((STACK, words(STACK + 0x20, CODE + 5)))
        assert CPU.by_frame_pointer({EBP: STACK}, held) == {EBP: STACK + 0x20, EIP: CODE + 5, ESP: STACK + 8}
        assert CPU.by_frame_pointer({EBP: STACK + 4}, held) is None
        assert CPU.by_frame_pointer({}, held) is None

    def test_behind_a_software_interrupt(self) -> None:
        assert CPU.after_call(CODE + 2, memory((CODE, b"\xcd\x20")))
        assert not CPU.after_call(CODE + 2, memory((CODE, b"\x90\x20")))


FRAME = (0xD1, 0xC, 0xD, 0xA, CODE, 8, FLAGS)
"""edi, ecx, edx, eax, eip, cs, eflags."""
HANDLER = {EBX: 0xB, EBP: 0xBB, ESI: 0x51, EDI: 0xEE, ESP: OTHER}


class TestInterrupted:
    def interrupted(self, *blocks: tuple[int, bytes], function: str = "_interrupt_enter") -> Context | None:
        held = memory((CODE, b"\x90" * 16), *blocks)
        found = CPU.interrupted(function, HANDLER, held, lambda _structure, _path: None)
        assert found is not None
        assert bool(found.reason) == (found.context is None)
        return found.context

    @pytest.mark.parametrize(
        "blocks",
        [
            # The first interrupt: its argument, and where the thread's stack was.
            ((OTHER, words(0x77, STACK)), (STACK, words(*FRAME))),
            # A nested one: its argument, and the frame.
            ((OTHER, words(0x77, *FRAME)),),
            # A thread that was switched out behind an interrupt: the lock key, and the frame.
            ((OTHER, words(FLAGS, *FRAME)),),
        ],
    )
    def test_the_frame_is_found(self, blocks: tuple[tuple[int, bytes], ...]) -> None:
        context = self.interrupted(*blocks)
        assert context is not None
        above = STACK if len(blocks) == 2 else OTHER + 4
        expected = {EDI: 0xD1, ECX: 0xC, EDX: 0xD, EAX: 0xA, EIP: CODE, CS: 8, ESP: above + 28}
        assert context.registers == {**expected, EBX: 0xB, EBP: 0xBB, ESI: 0x51}
        assert context.status == FLAGS

    def test_from_user_mode_the_stack_pointer_is_in_the_frame(self) -> None:
        frame = (*FRAME[:5], 0x23, FLAGS, 0x150000, 0x2B)
        context = self.interrupted((OTHER, words(0x77, *frame)))
        assert context is not None
        assert context.registers[ESP] == 0x150000

    @pytest.mark.parametrize(
        "frame",
        [
            (*FRAME[:4], 0x990000, 8, FLAGS),
            (*FRAME[:5], 0x12345678, FLAGS),
            (*FRAME[:5], 0, FLAGS),
            (*FRAME[:6], 0x200),
            (*FRAME[:6], 0x80000202),
            FRAME[:5],
        ],
    )
    def test_what_cannot_be_a_frame_is_none(self, frame: tuple[int, ...]) -> None:
        assert self.interrupted((OTHER, words(0x77, *frame))) is None

    def test_two_that_can_be_are_none(self) -> None:
        blocks = ((OTHER, words(STACK, STACK + 0x40)), (STACK, words(*FRAME)), (STACK + 0x40, words(*FRAME)))
        assert self.interrupted(*blocks) is None

    @pytest.mark.parametrize("segments", [(), (0x10,) * 5])
    def test_an_exception_holds_its_own_end(self, segments: tuple[int, ...]) -> None:
        frame = OTHER + 4
        end = frame + 4 * len(segments) + 48
        esf = (*segments, end, 0xBB, 0xB, 0x51, 0xD1, 0xD, 0xA, 0xC, 2, CODE, 8, FLAGS)
        context = self.interrupted((OTHER, words(frame, *esf)), function="_exception_enter")
        assert context is not None
        assert [context.registers[number] for number in (ESP, EBX, EIP)] == [end, 0xB, CODE]
        wrong = (*segments, end + 4, *esf[len(segments) + 1 :])
        assert self.interrupted((OTHER, words(frame, *wrong)), function="_exception_enter") is None

    def test_other_functions_are_called(self) -> None:
        assert CPU.interrupted("main", HANDLER, memory(), lambda _structure, _path: None) is None


def firmware() -> FakeSymbols:
    """`inner`, called by `outer`, both with frames of 16 bytes; and the interrupt's entry in assembler."""
    rules = {EIP: RegisterRule(RuleKind.OFFSET, -4)}
    row = UnwindRow(ESP, 16, b"", rules, EIP, signal_frame=False)
    spans = {(CODE, CODE + 0x40): "inner", (CODE + 0x40, CODE + 0x80): "outer"}
    entry = (CODE + 0x80, CODE + 0xC0)
    code = bytearray(b"\x90" * 0xC0)
    code[0x50:0x55] = b"\xe8" + struct.pack("<i", -0x55)
    code[0x60:0x62] = b"\xff\xd0"
    code[0x90:0x92] = b"\xff\xd2"
    return FakeSymbols(
        functions={**spans, entry: "_interrupt_enter"},
        rows=dict.fromkeys(spans, row),
        read_only_bytes={CODE: bytes(code)},
        machine=3,
    )


def unwinder(*blocks: tuple[int, bytes]) -> Unwinder:
    symbols, image = firmware(), MemoryImage()
    for address, content in blocks:
        image.add(address, SparseBytes(content))
    return Unwinder(CPU, Memory(image, symbols.read_only), symbols, lambda function: function == "outer")


class TestUnwinding:
    def test_callers_by_rules(self) -> None:
        stack = unwinder((STACK, words(0, 0, 0, CODE + 0x55, 0))).unwind(Context({EIP: CODE + 4, ESP: STACK}))
        assert [frame.function() for frame in stack.frames] == ["inner", "outer"]
        assert stack.frames[1].register(ESP) == STACK + 16

    def test_behind_a_call_through_a_bad_pointer(self) -> None:
        stack = unwinder((STACK, words(CODE + 0x62))).unwind(Context({EIP: 0xDEAD, ESP: STACK, EBX: 3, EAX: 0xDEAD}))
        assert [frame.function() for frame in stack.frames] == [None, "outer"]
        assert stack.frames[1].register(ESP) == STACK + 4
        assert stack.frames[1].register(EBX) == 3
        assert stack.frames[1].register(EAX) is None

    @pytest.mark.parametrize("word", [0, CODE + 0x63, 0xDEAD])
    def test_no_caller_is_made_up_for_a_bad_jump(self, word: int) -> None:
        stack = unwinder((STACK, words(word))).unwind(Context({EIP: 0xDEAD, ESP: STACK}))
        assert len(stack.frames) == 1
        assert stack.end.code in (EndCode.NO_CODE, EndCode.MARKED)

    def test_code_that_nobody_has_cannot_refute_the_rules(self) -> None:
        found = unwinder((STACK, words(0, 0, 0, CODE + 0x55, 0)))
        assert isinstance(found.symbols, FakeSymbols)
        found.symbols.read_only_bytes.clear()
        stack = found.unwind(Context({EIP: CODE + 4, ESP: STACK}))
        assert [frame.function() for frame in stack.frames] == ["inner", "outer"]
        assert found.unwind(Context({EIP: 0xDEAD, ESP: STACK + 12})).frames[1:] == []

    def test_through_an_interrupt(self) -> None:
        handler = words(0, 0, 0, CODE + 0x92, 0x77, OTHER)
        thread = words(0xD1, 0xC, 0xD, 0xA, CODE + 0x44, 8, FLAGS)
        stack = unwinder((STACK, handler), (OTHER, thread)).unwind(Context({EIP: CODE + 4, ESP: STACK, EBX: 5}))
        assert [frame.function() for frame in stack.frames] == ["inner", "_interrupt_enter", "outer"]
        assert [frame.trust for frame in stack.frames] == [Trust.CONTEXT, Trust.CFI, Trust.EXCEPTION]
        assert stack.frames[2].register(EAX) == 0xA
        assert stack.frames[2].register(EBX) == 5
        assert stack.frames[2].register(ESP) == OTHER + 28


@given(st.binary(max_size=64), st.dictionaries(st.sampled_from(list(X86.register_names)), st.integers(0, 0xFFFFFFFF)))
def test_nothing_that_a_dump_holds_makes_it_fail(content: bytes, registers: dict[int, int]) -> None:
    held = memory((CODE, content), (STACK, content))
    for function in ("_interrupt_enter", "_exception_enter"):
        assert CPU.interrupted(function, {**registers, ESP: STACK}, held, lambda _structure, _path: None) is not None
    CPU.crashed(ArchitectureBlock(1, SparseBytes(content), 52), held)
    CPU.follows_call(CODE + len(content), held)
    CPU.calls_pointer(CODE + len(content), held)
    CPU.switched_out(SavedThread(STACK), held)
