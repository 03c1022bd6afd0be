"""What the assembler wrote and how it is read back: code, text, memory operands."""

import pytest

from analyzer.disassembly import Direction, Index, MemoryOperand, instruction_at

LOAD, STORE, UPDATE = Direction
ADDRESS = 0x1000
AARCH64 = [
    ("200040f9", "ldr x0, [x1]", [MemoryOperand(LOAD, 8, 1, 0x0)]),
    ("200440b9", "ldr w0, [x1, #4]", [MemoryOperand(LOAD, 4, 1, 0x4)]),
    ("20686238", "ldrb w0, [x1, x2]", [MemoryOperand(LOAD, 1, 1, 0x0, Index(2, 0, ""))]),
    ("20d86278", "ldrh w0, [x1, w2, sxtw #1]", [MemoryOperand(LOAD, 2, 1, 0x0, Index(2, 1, "sxtw"))]),
    ("205862f8", "ldr x0, [x1, w2, uxtw #3]", [MemoryOperand(LOAD, 8, 1, 0x0, Index(2, 3, "uxtw"))]),
    ("207862f8", "ldr x0, [x1, x2, lsl #3]", [MemoryOperand(LOAD, 8, 1, 0x0, Index(2, 3, ""))]),
    ("208c00f8", "str x0, [x1, #8]!", [MemoryOperand(STORE, 8, 1, 0x8)]),
    ("208400f8", "str x0, [x1], #8", [MemoryOperand(STORE, 8, 1, 0x0)]),
    ("400441a9", "ldp x0, x1, [x2, #0x10]", [MemoryOperand(LOAD, 8, 2, 0x10, None, 2)]),
    ("fd7bbea9", "stp x29, x30, [sp, #-0x20]!", [MemoryOperand(STORE, 8, 31, -0x20, None, 2)]),
    ("fd7bc2a8", "ldp x29, x30, [sp], #0x20", [MemoryOperand(LOAD, 8, 31, 0x0, None, 2)]),
    ("20805ff8", "ldur x0, [x1, #-8]", [MemoryOperand(LOAD, 8, 1, -0x8)]),
    ("200080b9", "ldrsw x0, [x1]", [MemoryOperand(LOAD, 4, 1, 0x0)]),
    ("2000c039", "ldrsb w0, [x1]", [MemoryOperand(LOAD, 1, 1, 0x0)]),
    ("40000058", "ldr x0, #0x1008", [MemoryOperand(LOAD, 8, None, 0x1008)]),
    ("2004c03d", "ldr q0, [x1, #0x10]", [MemoryOperand(LOAD, 16, 1, 0x10)]),
    ("200800fd", "str d0, [x1, #0x10]", [MemoryOperand(STORE, 8, 1, 0x10)]),
    ("000401ad", "stp q0, q1, [x0, #0x20]", [MemoryOperand(STORE, 16, 0, 0x20, None, 2)]),
    ("207c5fc8", "ldxr x0, [x1]", [MemoryOperand(LOAD, 8, 1, 0x0)]),
    ("417c00c8", "stxr w0, x1, [x2]", [MemoryOperand(STORE, 8, 2, 0x0)]),
    ("20fcdfc8", "ldar x0, [x1]", [MemoryOperand(LOAD, 8, 1, 0x0)]),
    ("20fc9f88", "stlr w0, [x1]", [MemoryOperand(STORE, 4, 1, 0x0)]),
    ("41fce0c8", "casal x0, x1, [x2]", [MemoryOperand(UPDATE, 8, 2, 0x0)]),
    ("410020f8", "ldadd x0, x1, [x2]", [MemoryOperand(UPDATE, 8, 2, 0x0)]),
    ("20740bd5", "dc zva, x0", []),
    ("00a89f4c", "st1 {v0.4s, v1.4s}, [x0], #32", []),
    ("00000094", "bl 0x1000", []),
    ("00000014", "b 0x1000", []),
    ("000000b4", "cbz x0, 0x1000", []),
    ("00001836", "tbz w0, #3, 0x1000", []),
    ("20001fd6", "br x1", []),
    ("200020d4", "brk #1", []),
    ("418020f8", "swp x0, x1, [x2]", [MemoryOperand(UPDATE, 8, 2, 0x0)]),
    ("7f0400b9", "str wzr, [x3, #4]", [MemoryOperand(STORE, 4, 3, 0x4)]),
    ("400440a8", "ldnp x0, x1, [x2]", [MemoryOperand(LOAD, 8, 2, 0x0, None, 2)]),
    ("40044069", "ldpsw x0, x1, [x2]", [MemoryOperand(LOAD, 4, 2, 0x0, None, 2)]),
]


@pytest.mark.parametrize(("code", "text", "memory"), AARCH64, ids=[text for _, text, _ in AARCH64])
def test_what_was_assembled_is_read_back(code: str, text: str, memory: list[MemoryOperand]) -> None:
    found = instruction_at(bytes.fromhex(code), ADDRESS, 183, 8)
    assert found is not None
    assert found.end == ADDRESS + len(bytes.fromhex(code))
    assert f"{found.mnemonic} {found.operands}".strip() == text
    assert list(found.memory) == memory
