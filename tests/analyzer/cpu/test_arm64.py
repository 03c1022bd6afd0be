import struct
from collections.abc import Mapping

import pytest

from analyzer.cpu import Arm64, Context, SavedThread, cpu_for
from analyzer.cpu.arm64_frame import FP, LR, PC, SP
from analyzer.cpu.base import FieldOf, no_fields
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.sparse import SparseBytes
from analyzer.symbols.interface import Field

CPU = Arm64()
CODE, STACK, IRQ, THREAD = 0x40001000, 0x40060000, 0x40070000, 0x4001D000
EL1H, EL0T = 0x80000005, 0x60000000
HANDLER_CALLED = CODE + 0x80
"""Behind a call through a register."""
BL, BLR_X3, SVC2, NOP = 0x94000010, 0xD63F0060, 0xD4000041, 0xD503201F
VOLATILE = tuple(range(100, 119))
FRAME = (*VOLATILE, CODE + 0x40, EL1H, CODE + 0x20)


def quads(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def memory(*blocks: tuple[int, bytes]) -> Memory:
    image = MemoryImage()
    text = struct.pack("<64I", *[NOP] * 31, BLR_X3, *[NOP] * 32)
    for address, content in ((CODE, text), *blocks):
        image.add(address, SparseBytes(content))
    return Memory(image)


def code(*instructions: int) -> Memory:
    image = MemoryImage()
    image.add(CODE, SparseBytes(struct.pack(f"<{len(instructions)}I", *instructions)))
    return Memory(image)


def block(*words: int, version: int = 1) -> ArchitectureBlock:
    return ArchitectureBlock(version, SparseBytes(quads(*words)), 8 * len(words))


def crash(given: ArchitectureBlock, at: Memory | None = None, stack: tuple[int, int] | None = None) -> list[Context]:
    return list(CPU.crashed(given, at or memory(), stack).contexts)


def codes(given: ArchitectureBlock, at: Memory | None = None, stack: tuple[int, int] | None = None) -> list[str]:
    return [caveat.code for caveat in CPU.crashed(given, at or memory(), stack).caveats]


def fields(*names: str, structure: str = "arch_esf") -> FieldOf:
    places = {name: Field(8 * index, 8) for index, name in enumerate(names)}
    return lambda owner, path: places.get(path) if owner == structure else None


BASIC_NAMES = (*(f"x{number}" for number in range(19)), "lr", "spsr", "elr")


def interrupted(
    pointer: int, at: Memory, field_of: FieldOf = no_fields, function: str = "_isr_wrapper", pc: int = CODE + 0x20
) -> Context | str | None:
    registers = {SP: pointer, PC: pc, FP: 0x29, 19: 0x19, 1: 0xBAD}
    found = CPU.interrupted(function, registers, at, field_of)
    return found if found is None else found.context or found.reason


def test_it_is_what_a_dump_and_an_elf_file_ask_for() -> None:
    assert isinstance(cpu_for(6, None, 8), Arm64)
    assert isinstance(cpu_for(None, 183, 8), Arm64)
    assert cpu_for(6, None, 4) is None


class TestTheRegisterBlock:
    def test_version_1_has_neither_stack_nor_frame_pointer(self) -> None:
        (context,) = crash(block(*FRAME))
        assert context.status == EL1H
        assert [context.registers[number] for number in (0, 18, LR, PC)] == [100, 118, CODE + 0x40, CODE + 0x20]
        assert not {SP, FP, 19} & set(context.registers)
        assert codes(block(*FRAME)) == ["callee-saved-missing", "stack-pointer-missing"]

    def test_version_1_finds_the_stack_pointer_by_its_frame(self) -> None:
        at = memory((STACK, bytes(0x40) + quads(*FRAME, 1, 2) + bytes(0x100)))
        (context,) = crash(block(*FRAME), at, (STACK, STACK + 0x1F0))
        assert context.registers[SP] == STACK + 0x40 + 176
        assert FP not in context.registers
        assert codes(block(*FRAME), at, (STACK, STACK + 0x1F0)) == ["callee-saved-missing", "stack-pointer-recovered"]

    def test_a_frame_with_a_frame_pointer_is_another_reading(self) -> None:
        at = memory((STACK, bytes(0x40) + quads(*FRAME, STACK + 0x180, 0) + bytes(0x100)))
        first, second = crash(block(*FRAME), at, (STACK, STACK + 0x1F0))
        assert (first.registers[SP], second.registers[SP]) == (STACK + 0x40 + 176, STACK + 0x40 + 192)
        assert second.registers[FP] == STACK + 0x180

    @pytest.mark.parametrize("content", [bytes(0x48) + quads(*FRAME), quads(*FRAME, *FRAME), quads(*FRAME[:-1])])
    def test_no_stack_pointer_is_made_up(self, content: bytes) -> None:
        at = memory((STACK, content))
        assert SP not in crash(block(*FRAME), at, (STACK, STACK + len(content)))[0].registers

    def test_version_2_brings_both(self) -> None:
        given = block(*FRAME, STACK + 0x80, STACK + 0x60, version=2)
        (context,) = crash(given)
        assert (context.registers[FP], context.registers[SP]) == (STACK + 0x80, STACK + 0x60)
        assert codes(given) == ["callee-saved-missing"]

    def test_a_frame_pointer_of_0_is_none(self) -> None:
        assert FP not in crash(block(*FRAME, 0, STACK, version=2))[0].registers

    def test_version_3_brings_the_callee_saved_ones_too(self) -> None:
        given = block(*VOLATILE, *range(119, 129), *FRAME[19:], STACK + 0x80, STACK + 0x60, version=3)
        (context,) = crash(given)
        assert [context.registers[number] for number in (18, 19, 28, FP, LR, SP, PC)] == [
            *(118, 119, 128, STACK + 0x80, CODE + 0x40, STACK + 0x60, CODE + 0x20)
        ]
        assert context.status == EL1H
        assert codes(given) == []

    def test_the_size_tells_the_version(self) -> None:
        assert crash(block(*FRAME, version=2)) == crash(block(*FRAME, version=1))
        assert codes(block(*FRAME, 1)) == ["unknown-registers"]
        assert crash(block(*FRAME, 1)) == []

    def test_a_block_that_is_cut(self) -> None:
        (context,) = crash(ArchitectureBlock(1, SparseBytes(quads(1, 2)), 176))
        assert context.registers == {0: 1, 1: 2}
        assert crash(ArchitectureBlock(2, SparseBytes(b""), 192))[0].registers == {}

    def test_of_user_mode_the_kernels_stack_pointer_is_not_taken(self) -> None:
        frame = (*VOLATILE, CODE, EL0T, CODE + 4)
        on_stack = memory((STACK, quads(*frame)))
        given = block(*frame, 0, STACK + 176, version=2)
        assert SP not in crash(given, on_stack)[0].registers
        assert SP not in crash(given)[0].registers
        own = memory((STACK, bytes(0x100)))
        assert crash(block(*frame, 0, STACK + 0xC0, version=2), own)[0].registers[SP] == STACK + 0xC0


def test_a_snapshot_has_no_callee_saved_registers() -> None:
    given = block(*VOLATILE, *[0] * 10, *FRAME[19:], STACK + 0x80, STACK + 0x60, version=3)
    (context,) = CPU.snapshot(given, memory()).contexts
    assert not set(range(19, 29)) & set(context.registers)
    assert (context.registers[FP], context.registers[SP], context.status) == (STACK + 0x80, STACK + 0x60, EL1H)


class TestSwitchedOut:
    SAVED = (*range(19, 30), 0, STACK + 0x40, CODE + 8)

    def saved(self, field_of: FieldOf = no_fields, switch_handle: int | None = THREAD) -> SavedThread:
        return SavedThread(THREAD + 0x20 + 96, thread=THREAD, switch_handle=switch_handle, field_of=field_of)

    def test_by_the_place_of_the_stack_pointer(self) -> None:
        context = CPU.switched_out(self.saved(), memory((THREAD, bytes(0x20) + quads(*self.SAVED))))
        assert isinstance(context, Context)
        assert context.registers == {**{n: n for n in range(19, 30)}, SP: STACK + 0x40, LR: CODE + 8, PC: CODE + 8}

    def test_by_the_debug_information(self) -> None:
        names = ("sp_elx", "lr", "x19")
        places = {f"callee_saved.{name}": Field(8 * index, 8) for index, name in enumerate(names)}

        def field_of(structure: str, path: str) -> Field | None:
            return places.get(path) if structure == "k_thread" else None

        context = CPU.switched_out(self.saved(field_of), memory((THREAD, quads(STACK, CODE, 7))))
        assert isinstance(context, Context)
        assert context.registers == {SP: STACK, LR: CODE, PC: CODE, 19: 7}

    @pytest.mark.parametrize(
        ("content", "switch_handle", "reason"),
        [
            (quads(*[0] * 12, STACK + 8, CODE), THREAD, "is not one"),
            (quads(*[0] * 14), THREAD, "is not one"),
            (b"", THREAD, "not in the dump"),
            (quads(*SAVED), 0, "another CPU"),
        ],
    )
    def test_or_why_not(self, content: bytes, switch_handle: int, reason: str) -> None:
        found = CPU.switched_out(self.saved(switch_handle=switch_handle), memory((THREAD + 0x20, content)))
        assert isinstance(found, str)
        assert reason in found

    def test_nothing_is_known_without_its_place(self) -> None:
        assert isinstance(CPU.switched_out(SavedThread(None), memory()), str)


class TestUnderAnException:
    def test_an_interrupt_keeps_the_stack_pointer_on_its_own_stack(self) -> None:
        at = memory((STACK, quads(*FRAME)), (IRQ, quads(33, 0, STACK, 0)))
        for pointer, pc in ((IRQ, HANDLER_CALLED), (IRQ + 16, CODE + 0x20)):
            context = interrupted(pointer, at, pc=pc)
            assert isinstance(context, Context)
            assert context.registers == {
                **dict(enumerate(VOLATILE)),
                LR: CODE + 0x40,
                PC: CODE + 0x20,
                SP: STACK + 176,
                FP: 0x29,
                19: 0x19,
            }
            assert context.status == EL1H

    def test_a_nested_one_has_its_frame_right_there(self) -> None:
        at = memory((IRQ, quads(33, 0, *FRAME)))
        for pointer, pc in ((IRQ, HANDLER_CALLED), (IRQ + 16, CODE + 0x20)):
            context = interrupted(pointer, at, pc=pc)
            assert isinstance(context, Context)
            assert context.registers[SP] == IRQ + 16 + 176

    def test_what_looks_like_a_frame_two_words_lower_is_none(self) -> None:
        frame = (*VOLATILE[:18], 0, CODE + 0x40, EL1H, CODE + 0x20)
        at = memory((IRQ, quads(THREAD, 0, *frame)))
        for function, pc in (("_isr_wrapper", HANDLER_CALLED), ("z_arm64_irq_done", CODE + 0x20)):
            context = interrupted(IRQ, at, function=function, pc=pc)
            assert isinstance(context, Context)
            assert context.registers[PC] == CODE + 0x20

    @pytest.mark.parametrize("structure", ["arch_esf", "__esf"])
    def test_the_layout_is_the_firmwares(self, structure: str) -> None:
        at = memory((STACK, quads(*FRAME, 0x77, 0x88)))
        context = interrupted(STACK, at, fields(*BASIC_NAMES, "fp", "sp", structure=structure))
        assert isinstance(context, Context)
        assert (context.registers[SP], context.registers[FP]) == (STACK + 192, 0x77)
        smaller = interrupted(STACK, at, fields(*BASIC_NAMES, "fp", structure=structure))
        assert isinstance(smaller, Context)
        assert smaller.registers[SP] == STACK + 192
        assert "laid out" in str(interrupted(STACK, at, fields("x0", "elr", structure=structure)))

    def test_only_a_frame_with_room_for_it_tells_user_modes_stack_pointer(self) -> None:
        at = memory((STACK, quads(*VOLATILE, CODE, EL0T, CODE + 4, 0x77, 0x88)))
        context = interrupted(STACK, at)
        assert isinstance(context, Context)
        assert SP not in context.registers
        context = interrupted(STACK, at, fields(*BASIC_NAMES, "fp", "sp"))
        assert isinstance(context, Context)
        assert context.registers[SP] == 0x88

    @pytest.mark.parametrize(
        ("status", "elr"),
        [
            (0x80000015, CODE + 4),  # AArch32
            (0x80000006, CODE + 4),  # no such mode
            (1 << 32 | 5, CODE + 4),
            (5, CODE + 2),
            (5, 0),
            (5, 0x50000000),
        ],
    )
    def test_what_is_no_frame_is_not_taken_for_one(self, status: int, elr: int) -> None:
        at = memory((STACK, quads(*VOLATILE, 0, status, elr)))
        assert "no exception frame" in str(interrupted(STACK, at))

    def test_two_frames_are_none(self) -> None:
        at = memory((STACK, quads(*FRAME)), (IRQ, quads(STACK, *FRAME[1:])))
        assert "no exception frame" in str(interrupted(IRQ, at))

    def test_other_functions_are_called(self) -> None:
        assert interrupted(STACK, memory((STACK, quads(*FRAME))), function="main") is None
        jumped = interrupted(STACK, memory((STACK, quads(*FRAME))), function="z_arm64_do_kernel_oops")
        assert isinstance(jumped, str)

    def test_without_a_stack_pointer_nothing_is_found(self) -> None:
        found = CPU.interrupted("_isr_wrapper", {}, memory(), no_fields)
        assert found is not None
        assert found.context is None


@pytest.mark.parametrize(
    ("record", "callers"),
    [
        (quads(STACK + 0x40, CODE + 8), {FP: STACK + 0x40, PC: CODE + 8}),
        (quads(0, CODE + 8), {FP: 0, PC: CODE + 8}),
        (quads(STACK, CODE + 8), None),
        (quads(STACK + 0x40, 0), None),
        (b"", None),
    ],
)
def test_frames_are_chained_by_x29(record: bytes, callers: Mapping[int, int] | None) -> None:
    assert CPU.by_frame_pointer({FP: STACK}, memory((STACK, record))) == callers


def test_there_is_no_chain_without_x29() -> None:
    assert CPU.by_frame_pointer({}, memory()) is None
    assert CPU.by_frame_pointer({FP: STACK + 4}, memory((STACK, quads(1, 2, 3)))) is None


@pytest.mark.parametrize(
    ("instruction", "follows", "register"),
    [(BL, True, None), (BLR_X3, True, 3), (0xD63F09E0, True, 15), (0xD73F0931, True, 9), (NOP, False, None)],
)
def test_calls(instruction: int, register: int | None, *, follows: bool) -> None:
    at = code(NOP, instruction, NOP)
    assert CPU.follows_call(CODE + 8, at) is follows
    assert CPU.calls_pointer(CODE + 8, at) == register
    assert not CPU.follows_call(CODE + 6, at)
    assert not CPU.follows_call(CODE + 12, at)
    assert not CPU.follows_call(0x1000, at)


def test_a_supervisor_call_is_the_instruction_before() -> None:
    assert CPU.after_call(CODE + 4, code(SVC2, NOP))
    assert not CPU.after_call(CODE + 8, code(SVC2, NOP))
    assert not CPU.after_call(CODE, code(SVC2))


@pytest.mark.parametrize("bits", [48, 39, 32])
def test_a_return_address_loses_its_signature_only_where_it_has_one(bits: int) -> None:
    at = code(BL, NOP)
    signed = 0x2A5 << 48 | (CODE + 4) | (1 << 48) - (1 << bits)
    assert CPU.return_address(signed, {34: 1}, at) == CODE + 4
    assert CPU.return_address(signed, {34: 0}, at) == signed
    assert CPU.return_address(signed, {}, at) == signed
