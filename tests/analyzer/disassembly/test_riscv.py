"""What the assembler wrote and how it is read back: code, text, memory operands."""

import pytest

from analyzer.disassembly import Direction, MemoryOperand, instruction_at

LOAD, STORE, UPDATE = Direction
ADDRESS = 0x1000
RISCV32 = [
    ("c841", "c.lw a0, 4(a1)", [MemoryOperand(LOAD, 4, 11, 0x4)]),
    ("c8c1", "c.sw a0, 4(a1)", [MemoryOperand(STORE, 4, 11, 0x4)]),
    ("2245", "c.lwsp a0, 8(sp)", [MemoryOperand(LOAD, 4, 2, 0x8)]),
    ("06c6", "c.swsp ra, 0xc(sp)", [MemoryOperand(STORE, 4, 2, 0xC)]),
    ("03a5c4ff", "lw a0, -4(s1)", [MemoryOperand(LOAD, 4, 9, -0x4)]),
    ("23aea4fe", "sw a0, -4(s1)", [MemoryOperand(STORE, 4, 9, -0x4)]),
    ("03c50500", "lbu a0, 0(a1)", [MemoryOperand(LOAD, 1, 11, 0x0)]),
    ("a380a500", "sb a0, 1(a1)", [MemoryOperand(STORE, 1, 11, 0x1)]),
    ("03952500", "lh a0, 2(a1)", [MemoryOperand(LOAD, 2, 11, 0x2)]),
    ("03d52500", "lhu a0, 2(a1)", [MemoryOperand(LOAD, 2, 11, 0x2)]),
    ("2fa50510", "lr.w a0, (a1)", [MemoryOperand(LOAD, 4, 11, 0x0)]),
    ("2fa5c518", "sc.w a0, a2, (a1)", [MemoryOperand(STORE, 4, 11, 0x0)]),
    ("2fa5c500", "amoadd.w a0, a2, (a1)", [MemoryOperand(UPDATE, 4, 11, 0x0)]),
    ("c861", "c.flw fa0, 4(a1)", [MemoryOperand(LOAD, 4, 11, 0x4)]),
    ("c8e1", "c.fsw fa0, 4(a1)", [MemoryOperand(STORE, 4, 11, 0x4)]),
    ("8825", "c.fld fa0, 8(a1)", [MemoryOperand(LOAD, 8, 11, 0x8)]),
    ("88a5", "c.fsd fa0, 8(a1)", [MemoryOperand(STORE, 8, 11, 0x8)]),
    ("2225", "c.fldsp fa0, 8(sp)", [MemoryOperand(LOAD, 8, 2, 0x8)]),
    ("ef000000", "jal 0x1000", []),
    ("0295", "c.jalr a0", []),
    ("01a0", "c.j 0x1000", []),
    ("6300b500", "beq a0, a1, 0x1000", []),
    ("01c1", "c.beqz a0, 0x1000", []),
    ("0000", "c.unimp", []),
]
RISCV64 = [
    ("c841", "c.lw a0, 4(a1)", [MemoryOperand(LOAD, 4, 11, 0x4)]),
    ("c8c1", "c.sw a0, 4(a1)", [MemoryOperand(STORE, 4, 11, 0x4)]),
    ("2245", "c.lwsp a0, 8(sp)", [MemoryOperand(LOAD, 4, 2, 0x8)]),
    ("06c6", "c.swsp ra, 0xc(sp)", [MemoryOperand(STORE, 4, 2, 0xC)]),
    ("03a5c4ff", "lw a0, -4(s1)", [MemoryOperand(LOAD, 4, 9, -0x4)]),
    ("23aea4fe", "sw a0, -4(s1)", [MemoryOperand(STORE, 4, 9, -0x4)]),
    ("03c50500", "lbu a0, 0(a1)", [MemoryOperand(LOAD, 1, 11, 0x0)]),
    ("a380a500", "sb a0, 1(a1)", [MemoryOperand(STORE, 1, 11, 0x1)]),
    ("03952500", "lh a0, 2(a1)", [MemoryOperand(LOAD, 2, 11, 0x2)]),
    ("03d52500", "lhu a0, 2(a1)", [MemoryOperand(LOAD, 2, 11, 0x2)]),
    ("2fa50510", "lr.w a0, (a1)", [MemoryOperand(LOAD, 4, 11, 0x0)]),
    ("2fa5c518", "sc.w a0, a2, (a1)", [MemoryOperand(STORE, 4, 11, 0x0)]),
    ("2fa5c500", "amoadd.w a0, a2, (a1)", [MemoryOperand(UPDATE, 4, 11, 0x0)]),
    ("07a54500", "flw fa0, 4(a1)", [MemoryOperand(LOAD, 4, 11, 0x4)]),
    ("27a2a500", "fsw fa0, 4(a1)", [MemoryOperand(STORE, 4, 11, 0x4)]),
    ("8825", "c.fld fa0, 8(a1)", [MemoryOperand(LOAD, 8, 11, 0x8)]),
    ("88a5", "c.fsd fa0, 8(a1)", [MemoryOperand(STORE, 8, 11, 0x8)]),
    ("8865", "c.ld a0, 8(a1)", [MemoryOperand(LOAD, 8, 11, 0x8)]),
    ("88e5", "c.sd a0, 8(a1)", [MemoryOperand(STORE, 8, 11, 0x8)]),
    ("03e54500", "lwu a0, 4(a1)", [MemoryOperand(LOAD, 4, 11, 0x4)]),
    ("8865", "c.ld a0, 8(a1)", [MemoryOperand(LOAD, 8, 11, 0x8)]),
    ("88e5", "c.sd a0, 8(a1)", [MemoryOperand(STORE, 8, 11, 0x8)]),
    ("4265", "c.ldsp a0, 0x10(sp)", [MemoryOperand(LOAD, 8, 2, 0x10)]),
    ("2ae8", "c.sdsp a0, 0x10(sp)", [MemoryOperand(STORE, 8, 2, 0x10)]),
    ("2f35b608", "amoswap.d a0, a1, (a2)", [MemoryOperand(UPDATE, 8, 12, 0x0)]),
    ("ef000000", "jal 0x1000", []),
    ("e7004500", "jalr ra, a0, 4", []),
    ("01a0", "c.j 0x1000", []),
    ("6300b500", "beq a0, a1, 0x1000", []),
    ("01c1", "c.beqz a0, 0x1000", []),
    ("73000000", "ecall", []),
    ("0000", "c.unimp", []),
]


@pytest.mark.parametrize(("code", "text", "memory"), RISCV32, ids=[text for _, text, _ in RISCV32])
def test_what_was_assembled_is_read_back_32(code: str, text: str, memory: list[MemoryOperand]) -> None:
    found = instruction_at(bytes.fromhex(code), ADDRESS, 243, 4)
    assert found is not None
    assert found.end == ADDRESS + len(bytes.fromhex(code))
    assert f"{found.mnemonic} {found.operands}".strip() == text
    assert list(found.memory) == memory


@pytest.mark.parametrize(("code", "text", "memory"), RISCV64, ids=[text for _, text, _ in RISCV64])
def test_what_was_assembled_is_read_back_64(code: str, text: str, memory: list[MemoryOperand]) -> None:
    found = instruction_at(bytes.fromhex(code), ADDRESS, 243, 8)
    assert found is not None
    assert found.end == ADDRESS + len(bytes.fromhex(code))
    assert f"{found.mnemonic} {found.operands}".strip() == text
    assert list(found.memory) == memory
