"""What the assembler wrote and how it is read back: code, text, memory operands."""

import pytest

from analyzer.disassembly import Direction, Index, MemoryOperand, instruction_at
from analyzer.disassembly.arm import boundaries

LOAD, STORE, UPDATE = Direction
ADDRESS = 0x1000
THUMB = [
    ("1168", "ldr r1, [r2]", [MemoryOperand(LOAD, 4, 2, 0x0)]),
    ("49f8ff1c", "str r1, [r9, #-0xff]", [MemoryOperand(STORE, 4, 9, -0xFF)]),
    ("59f8081b", "ldr r1, [r9], #8", [MemoryOperand(LOAD, 4, 9, 0x0)]),
    ("59f8081d", "ldr r1, [r9, #-0x8]!", [MemoryOperand(LOAD, 4, 9, -0x8)]),
    ("19f82310", "ldrb.w r1, [r9, r3, lsl #2]", [MemoryOperand(LOAD, 1, 9, 0x0, Index(3, 2, ""))]),
    ("03ca", "ldm r2!, {r0, r1}", [MemoryOperand(LOAD, 4, 2, 0x0, None, 2)]),
    ("0fca", "ldm r2, {r0, r1, r2, r3}", [MemoryOperand(LOAD, 4, 2, 0x0, None, 4)]),
    ("39e90f00", "ldmdb r9!, {r0, r1, r2, r3}", [MemoryOperand(LOAD, 4, 9, -0x10, None, 4)]),
    ("29e90f00", "stmdb r9!, {r0, r1, r2, r3}", [MemoryOperand(STORE, 4, 9, -0x10, None, 4)]),
    ("89e80f00", "stm.w r9, {r0, r1, r2, r3}", [MemoryOperand(STORE, 4, 9, 0x0, None, 4)]),
    ("d9e90401", "ldrd r0, r1, [r9, #0x10]", [MemoryOperand(LOAD, 4, 9, 0x10, None, 2)]),
    ("e9e80401", "strd r0, r1, [r9], #0x10", [MemoryOperand(STORE, 4, 9, 0x0, None, 2)]),
    ("0449", "ldr r1, [pc, #0x10]", [MemoryOperand(LOAD, 4, None, 0x1014)]),
    ("dfe90201", "ldrd r0, r1, [pc, #8]", [MemoryOperand(LOAD, 4, None, 0x100C, None, 2)]),
    ("52e8001f", "ldrex r1, [r2]", [MemoryOperand(LOAD, 4, 2, 0x0)]),
    ("52e8011f", "ldrex r1, [r2, #4]", [MemoryOperand(LOAD, 4, 2, 0x4)]),
    ("42e80010", "strex r0, r1, [r2]", [MemoryOperand(STORE, 4, 2, 0x0)]),
    ("d0e801f0", "tbb [r0, r1]", [MemoryOperand(LOAD, 1, 0, 0x0, Index(1, 0, ""))]),
    ("dfe811f0", "tbh [pc, r1, lsl #1]", [MemoryOperand(LOAD, 2, None, 0x1004, Index(1, 1, ""))]),
    ("02df", "svc #2", []),
    ("10b5", "push {r4, lr}", [MemoryOperand(STORE, 4, 13, -0x8, None, 2)]),
    ("2de9f04f", "push.w {r4, r5, r6, r7, r8, r9, r10, r11, lr}", [MemoryOperand(STORE, 4, 13, -0x24, None, 9)]),
    ("10bd", "pop {r4, pc}", [MemoryOperand(LOAD, 4, 13, 0x0, None, 2)]),
    ("90ed010a", "vldr s0, [r0, #4]", [MemoryOperand(LOAD, 4, 0, 0x4)]),
    ("9fed020b", "vldr d0, [pc, #8]", [MemoryOperand(LOAD, 8, None, 0x100C)]),
    ("00ed020b", "vstr d0, [r0, #-8]", [MemoryOperand(STORE, 8, 0, -0x8)]),
    ("b0ec040a", "vldmia r0!, {s0, s1, s2, s3}", [MemoryOperand(LOAD, 4, 0, 0x0, None, 4)]),
    ("20ed040b", "vstmdb r0!, {d0, d1}", [MemoryOperand(STORE, 8, 0, -0x10, None, 2)]),
    ("2ded048b", "vpush {d8, d9}", [MemoryOperand(STORE, 8, 13, -0x10, None, 2)]),
    ("bdec018a", "vpop {s16}", [MemoryOperand(LOAD, 4, 13, 0x0)]),
    ("0860", "str r0, [r1]", [MemoryOperand(STORE, 4, 1, 0x0)]),
    ("fed1", "bne 0x1000", []),
    ("10b1", "cbz r0, 0x1008", []),
    ("fff7feff", "bl 0x1000", []),
    ("7047", "bx lr", []),
    ("fff7febf", "b.w 0x1000", []),
    ("0190", "str r0, [sp, #4]", [MemoryOperand(STORE, 4, 13, 0x4)]),
    ("5af80b00", "ldr.w r0, [r10, r11]", [MemoryOperand(LOAD, 4, 10, 0x0, Index(11, 0, ""))]),
    ("5cf80e00", "ldr.w r0, [r12, lr]", [MemoryOperand(LOAD, 4, 12, 0x0, Index(14, 0, ""))]),
    ("51f8040e", "ldrt r0, [r1, #4]", [MemoryOperand(LOAD, 4, 1, 0x4)]),
    ("d1e8af0f", "lda r0, [r1]", [MemoryOperand(LOAD, 4, 1, 0x0)]),
    ("90ed000b", "vldr d0, [r0]", [MemoryOperand(LOAD, 8, 0, 0x0)]),
    ("20ec000a", "vlstm r0", []),
    ("d1e8df0f", "ldaexh r0, [r1]", [MemoryOperand(LOAD, 2, 1, 0x0)]),
    ("9f46", "mov pc, r3", []),
]


@pytest.mark.parametrize(("code", "text", "memory"), THUMB, ids=[text for _, text, _ in THUMB])
def test_what_was_assembled_is_read_back(code: str, text: str, memory: list[MemoryOperand]) -> None:
    found = instruction_at(bytes.fromhex(code), ADDRESS, 40, 4)
    assert found is not None
    assert found.end == ADDRESS + len(bytes.fromhex(code))
    assert f"{found.mnemonic} {found.operands}".strip() == text
    assert list(found.memory) == memory


def test_tables_and_literals_are_no_code() -> None:
    code = bytes.fromhex(
        "0249"  # 1000: ldr r1, [pc, #8] -> 100c
        "dfe800f0"  # 1002: tbb [pc, r0]
        "0202"  # 1006: the table
        "00bf"  # 1008: fills up
        "7047"  # 100a: bx lr
        "f0f0f0f0"  # 100c: the literal
        "00bf"  # 1010: nop
    )
    assert list(boundaries(code, 0x1000, 0x1012)) == [(0x1000, 2), (0x1002, 4), (0x100A, 2), (0x1010, 2)]
