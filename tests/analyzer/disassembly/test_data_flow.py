import pytest

from analyzer.disassembly import Direction, Flow, MemoryOperand, Registers, straight_line

THUMB, RISCV, X86 = (40, 4), (243, 4), (3, 4)


def before(code: str, offset: int, machine: tuple[int, int]) -> list[str]:
    found = straight_line(bytes.fromhex(code), 0x1000, 0x1000 + offset, *machine)
    return [f"{each.mnemonic} {each.operands}".strip() for each in found]


def test_only_what_has_run_for_certain() -> None:
    # b 1004; nop; ldr r3, [r7, #4]; str r3, [r3]; beq 1006; bx lr
    assert before("00e000bf7b681b60fdd07047", 6, THUMB) == []
    # the same, but the branch leads to the load
    assert before("00e000bf7b681b60fcd07047", 6, THUMB) == ["ldr r3, [r7, #4]"]
    # behind a jump to a computed address anything can have led here
    assert before("7b681b601847", 2, THUMB) == []
    assert before("7b681b607047", 2, THUMB) == ["ldr r3, [r7, #4]"]


@pytest.mark.parametrize(
    ("code", "offset", "machine", "register", "operand"),
    [
        ("7b681b60", 2, THUMB, 3, MemoryOperand(Direction.LOAD, 4, 7, 4)),  # ldr r3, [r7, #4]
        ("7b6819461b60", 4, THUMB, 3, None),  # mov r1, r3 names it: not looked into
        ("7b6801311b60", 4, THUMB, 3, MemoryOperand(Direction.LOAD, 4, 7, 4)),  # adds r1, #1
        ("7b6800f000f81b60", 6, THUMB, 3, None),  # a call
        ("7b791b60", 2, THUMB, 3, None),  # ldrb: no pointer
        ("57f8043b1b60", 4, THUMB, 3, None),  # ldr r3, [r7], #4
        ("832787ffe3a00700", 4, RISCV, 15, MemoryOperand(Direction.LOAD, 4, 14, -8)),
        ("8b45fcc70000000000", 3, X86, 0, MemoryOperand(Direction.LOAD, 4, 5, -4)),  # mov eax, [ebp - 4]
        ("8b45fcb001c70000000000", 5, X86, 0, None),  # mov al, 1 changes eax
        ("8b45fc99c70000000000", 4, X86, 0, None),  # cdq changes what it does not name
    ],
)
def test_what_a_register_was_loaded_from(
    code: str, offset: int, machine: tuple[int, int], register: int, operand: MemoryOperand | None
) -> None:
    run = straight_line(bytes.fromhex(code), 0x1000, 0x1000 + offset, *machine)
    assert run or operand is None
    found = Registers(*machine).loaded_from(register, run)
    assert (None if found is None else found.operand) == operand


def test_pushing_moves_the_stack_pointer() -> None:
    run = straight_line(bytes.fromhex("10b5fb681b60"), 0x1000, 0x1004, *THUMB)
    assert [each.flow for each in run] == [Flow.NEXT, Flow.NEXT]
    registers = Registers(*THUMB)
    assert not registers.is_kept(13, run)
    assert registers.is_kept(7, run)
    assert not registers.is_kept(3, run)
