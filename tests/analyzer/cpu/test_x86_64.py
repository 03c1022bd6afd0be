import struct
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.cpu import X8664, Context, SavedThread, cpu_for
from analyzer.cpu.base import FunctionPointer
from analyzer.cpu.x86_64 import (
    CS,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
    RAX,
    RBP,
    RBX,
    RCX,
    RDI,
    RDX,
    RIP,
    RSI,
    RSP,
    SS,
)
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.model import ArchitectureBlock, Target
from analyzer.dump.sparse import SparseBytes
from analyzer.symbols.interface import Field

CPU = X8664()
CODE, STACK, THREAD = 0x100000, 0x120000, 0x140000
FLAGS = 0x202
# vector, error code, rax, rcx, rdx, rsi, rdi, rsp, r8..r11, rip, eflags, cs, ss, rbp
BLOCK = (14, 2, 0xA, 0xC, 0xD, 0x51, 0xD1, STACK, 8, 9, 10, 11, CODE, FLAGS, 0x18, 0x20, 0xBB)
DEBUG = (0xB, 12, 13, 14, 15)
CALLEE_SAVED = ("rsp", "rbx", "rbp", "r12", "r13", "r14", "r15", "rip", "rflags")
ARCH = ("rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")
ESF = (
    ["rbx", "r12", "r13", "r14", "r15", "rbp", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10"],
    ["r11", "vector", "code", "rip", "cs", "rflags", "rsp", "ss"],
)


def quads(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def memory(*blocks: tuple[int, bytes]) -> Memory:
    image = MemoryImage()
    for address, content in blocks:
        image.add(address, SparseBytes(content))
    return Memory(image)


def field_of(structure: str, path: str) -> Field | None:
    """A thread with callee_saved at 0x20, arch at 0x80 and its registers 8 behind; an exception frame with all."""
    low, high = ESF
    offsets = {
        **{("k_thread", f"callee_saved.{name}"): 0x20 + 8 * at for at, name in enumerate(CALLEE_SAVED)},
        **{("k_thread", f"arch.{name}"): 0x88 + 8 * at for at, name in enumerate(ARCH)},
        **{("x86_esf", name): 8 * at for at, name in enumerate(low)},
        **{("x86_esf", name): 8 * len(low) + 512 + 8 * at for at, name in enumerate(high)},
    }
    if (structure, path) == ("k_thread", "arch.flags"):
        return Field(0x80, 1)
    found = offsets.get((structure, path))
    return None if found is None else Field(found, 8)


def thread(flags: int = 1, saved: Mapping[str, int] | None = None) -> bytes:
    values = {"rsp": STACK, "rbx": 0xB, "rbp": 0xBB, "rip": CODE + 4, "rflags": FLAGS}
    values |= {f"r{number}": number for number in range(12, 16)}
    values |= saved or {}
    registers = quads(*(values[name] for name in CALLEE_SAVED)).ljust(0x60, b"\0")
    return bytes(0x20) + registers + quads(flags, 0xA, 0xC, 0xD, 0x51, 0xD1, 8, 9, 10, 11)


def saved(handle: int | None = None, *, fields: bool = True) -> SavedThread:
    known = SavedThread(THREAD + 0x20, thread=THREAD, switch_handle=handle)
    return SavedThread(THREAD + 0x20, thread=THREAD, switch_handle=handle, field_of=field_of) if fields else known


def test_it_is_known_by_target_and_machine() -> None:
    assert isinstance(cpu_for(Target.X86_64, None, 8), X8664)
    assert isinstance(cpu_for(None, 62, 8), X8664)


@pytest.mark.parametrize("tail", [(), DEBUG])
def test_the_registers_of_a_crash(tail: tuple[int, ...]) -> None:
    payload = quads(*BLOCK, *tail)
    found = CPU.crashed(ArchitectureBlock(1, SparseBytes(payload), len(payload)), memory())
    (context,) = found.contexts
    expected = {
        RAX: 0xA,
        RCX: 0xC,
        RDX: 0xD,
        RSI: 0x51,
        RDI: 0xD1,
        RSP: STACK,
        RBP: 0xBB,
        RIP: CODE,
        CS: 0x18,
        SS: 0x20,
    }
    expected |= {R8: 8, R9: 9, R10: 10, R11: 11}
    if tail:
        expected |= {RBX: 0xB, R12: 12, R13: 13, R14: 14, R15: 15}
    assert context.registers == expected
    assert context.status == FLAGS
    assert [caveat.code for caveat in found.caveats] == ([] if tail else ["callee-saved-missing"])
    assert context.fault is not None
    assert [bit.name for bit in context.fault.bits] == ["W"]


def test_another_size_is_no_register_block() -> None:
    found = CPU.crashed(ArchitectureBlock(1, SparseBytes(bytes(144)), 144), memory())
    assert (found.contexts, [caveat.code for caveat in found.caveats]) == ((), ["unknown-registers"])


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("48f7f9", "Division overflow"),  # idiv rcx: 0xc
        ("49f7f8", "Division overflow"),  # idiv r8: 8
        ("f7fb", "Division error"),  # idiv ebx: not captured
        ("48f73df9ff0100", "Division by zero"),  # idiv qword [rip + 0x1fff9]: 0x120000
    ],
)
def test_a_division_is_by_zero_only_when_it_is(code: str, label: str) -> None:
    payload = quads(0, *BLOCK[1:])
    held = memory((CODE, bytes.fromhex(code)), (STACK, bytes(8)))
    (context,) = CPU.crashed(ArchitectureBlock(1, SparseBytes(payload), len(payload)), held).contexts
    assert context.fault is not None
    assert context.fault.fault is not None
    assert context.fault.fault.label == label


class TestSwitchedOut:
    def test_after_an_interrupt_all_registers_are_there(self) -> None:
        context = CPU.switched_out(saved(THREAD), memory((THREAD, thread())))
        assert isinstance(context, Context)
        assert context.registers == {
            RAX: 0xA,
            RCX: 0xC,
            RDX: 0xD,
            RSI: 0x51,
            RDI: 0xD1,
            R8: 8,
            R9: 9,
            R10: 10,
            R11: 11,
            RBX: 0xB,
            RBP: 0xBB,
            R12: 12,
            R13: 13,
            R14: 14,
            R15: 15,
            RSP: STACK,
            RIP: CODE + 4,
        }
        assert context.status == FLAGS

    def test_a_thread_that_has_never_run_has_flags_that_no_cpu_has(self) -> None:
        context = CPU.switched_out(saved(), memory((THREAD, thread(saved={"rflags": 0x200}))))
        assert isinstance(context, Context)
        assert context.status == 0x200

    def test_after_a_switch_those_that_a_call_keeps(self) -> None:
        for known, flags in ((saved(), 0), (saved(fields=False), 1)):
            context = CPU.switched_out(known, memory((THREAD, thread(flags))))
            assert isinstance(context, Context)
            assert set(context.registers) == {RBX, RBP, R12, R13, R14, R15, RSP, RIP}

    @pytest.mark.parametrize(
        ("known", "content", "text"),
        [
            (SavedThread(None), b"", "is not known"),
            (saved(0), thread(), "another CPU"),
            (saved(), b"", "not in the dump"),
            (saved(), thread(saved={"rip": 0xB9}), "was running"),
            (saved(), thread(saved={"rsp": 0}), "is not one"),
            (saved(), thread(saved={"rflags": 0x8055}), "cannot be"),
        ],
    )
    def test_what_cannot_be_had_says_why(self, known: SavedThread, content: bytes, text: str) -> None:
        context = CPU.switched_out(known, memory((THREAD, content)))
        assert isinstance(context, str)
        assert text in context


class TestCalls:
    @pytest.mark.parametrize(
        ("code", "register"),
        [
            ("e800000000", None),
            ("ffd0", RAX),
            ("ffd1", RCX),
            ("ffd3", RBX),
            ("41ffd4", R12),
            ("41ff5508", None),
            ("ff1500000000", None),
        ],
    )
    def test_all_forms(self, code: str, register: int | None) -> None:
        raw = bytes.fromhex(code)
        held = memory((CODE, b"\x90" * 8 + raw))
        assert CPU.follows_call(CODE + 8 + len(raw), held)
        assert CPU.calls_pointer(CODE + 8 + len(raw), held) == register

    @pytest.mark.parametrize(
        ("code", "found"),
        [
            ("ffd0", FunctionPointer(7, RAX)),
            ("41ffd4", FunctionPointer(None, R12)),
            ("ff5008", FunctionPointer(None, address=15)),  # call [rax + 8]
            ("ff14c500300000", FunctionPointer(0x1234, address=0x3038)),  # call [rax * 8 + 0x3000]
            ("41ff5508", None),  # call [r13 + 8]
            ("e800000000", None),
        ],
    )
    def test_what_a_call_went_through(self, code: str, found: FunctionPointer | None) -> None:
        raw = bytes.fromhex(code)
        held = memory((CODE, b"\x90" * 8 + raw), (0x3038, quads(0x1234)))
        assert CPU.function_pointer(CODE + 8 + len(raw), {RAX: 7}, held) == found

    def test_a_call_leaves_its_return_address_on_the_stack(self) -> None:
        held = memory((STACK, quads(CODE + 5)))
        assert CPU.called_from({RSP: STACK, RBX: 7, RAX: 1}, held) == {RSP: STACK + 8, RIP: CODE + 5, RBX: 7}
        assert CPU.called_from({RSP: STACK + 8}, held) is None

    def test_frames_chained_by_rbp(self) -> None:
        held = memory((STACK, quads(STACK + 0x40, CODE + 5)))
        assert CPU.by_frame_pointer({RBP: STACK}, held) == {RBP: STACK + 0x40, RIP: CODE + 5, RSP: STACK + 16}
        assert CPU.by_frame_pointer({RBP: STACK + 8}, held) is None

    def test_behind_a_software_interrupt(self) -> None:
        assert CPU.after_call(CODE + 2, memory((CODE, b"\xcd\x20")))

    @pytest.mark.parametrize(
        ("code", "lost"),
        [("48c7c004000000 cd20", {RAX}), ("48c7c304000000 cd20", set()), ("48c7c004000000 cd21", set())],
        ids=["ARCH_EXCEPT", "another register", "another interrupt"],
    )
    def test_what_a_software_fault_does_without_the_compilers_knowledge(self, code: str, lost: set[int]) -> None:
        assert CPU.overwritten(CODE + 9, memory((CODE, bytes.fromhex(code)))) == lost
        assert CPU.overwritten(CODE + 8, memory((CODE, bytes.fromhex(code)))) == set()


KEPT = {RBX: 0xBEEF, RSP: STACK}
HARDWARE = (CODE + 8, 0x18, FLAGS, STACK + 0x1000, 0x20)


class TestInterrupted:
    def interrupted(
        self, function: str, *blocks: tuple[int, bytes], known: SavedThread | None = None
    ) -> Context | None:
        held = memory((CODE, b"\x90" * 16), *blocks)
        found = CPU.interrupted(function, KEPT, held, field_of, known)
        assert found is not None
        assert bool(found.reason) == (found.context is None)
        return found.context

    def test_a_nested_interrupt_has_it_on_its_stack(self) -> None:
        frame = bytes(512) + quads(11, 10, 9, 8, 0xD1, 0xD, 0xC, 0x51, 0xA, *HARDWARE)
        context = self.interrupted("irq_dispatch", (STACK, frame), (THREAD, thread()), known=saved())
        assert context is not None
        assert [context.registers[number] for number in (RAX, RSI, RCX, R11, RBX, RIP, RSP, CS)] == [
            *(0xA, 0x51, 0xC, 11, 0xBEEF, CODE + 8, STACK + 0x1000, 0x18)
        ]

    def test_the_first_interrupt_has_it_in_the_thread(self) -> None:
        context = self.interrupted("irq_dispatch", (STACK, bytes(0x300)), (THREAD, thread()), known=saved())
        assert context is not None
        assert [context.registers[number] for number in (RAX, RBX, RIP, RSP)] == [0xA, 0xB, CODE + 4, STACK]

    def test_a_thread_that_was_not_interrupted_is_no_answer(self) -> None:
        assert self.interrupted("irq_dispatch", (STACK, bytes(0x300)), (THREAD, thread(0)), known=saved()) is None
        assert self.interrupted("irq_dispatch", (STACK, bytes(0x300)), (THREAD, thread())) is None

    def test_an_exception_has_it_on_its_stack(self) -> None:
        low = quads(0xB, 12, 13, 14, 15, 0xBB, 0xA, 0xC, 0xD, 0x51, 0xD1, 8, 9, 10)
        frame = low + bytes(512) + quads(11, 14, 2, *HARDWARE)
        context = self.interrupted("except", (STACK, frame))
        assert context is not None
        assert [context.registers[number] for number in (RBX, R15, R11, RIP, RSP)] == [
            *(0xB, 15, 11, CODE + 8, STACK + 0x1000)
        ]
        assert self.interrupted("except", (STACK, low)) is None

    @pytest.mark.parametrize(
        "hardware",
        [
            (0x990000, *HARDWARE[1:]),
            (CODE, 0, *HARDWARE[2:]),
            (CODE, 0x18, 0x200, *HARDWARE[3:]),
            (*HARDWARE[:4], 0x12345),
        ],
    )
    def test_what_cannot_be_a_frame_is_none(self, hardware: tuple[int, ...]) -> None:
        frame = bytes(512) + quads(11, 10, 9, 8, 0xD1, 0xD, 0xC, 0x51, 0xA, *hardware)
        assert self.interrupted("irq_dispatch", (STACK, frame)) is None

    def test_other_functions_are_called(self) -> None:
        assert CPU.interrupted("main", KEPT, memory(), field_of) is None


@given(st.binary(max_size=700))
def test_nothing_that_a_dump_holds_makes_it_fail(content: bytes) -> None:
    held = memory((CODE, content), (STACK, content), (THREAD, content))
    for function in ("irq_dispatch", "except"):
        assert CPU.interrupted(function, KEPT, held, field_of, saved()) is not None
    for size in (136, 176):
        CPU.crashed(ArchitectureBlock(1, SparseBytes(content), size), held)
    CPU.follows_call(CODE + len(content), held)
    CPU.switched_out(saved(), held)
