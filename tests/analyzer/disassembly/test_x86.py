"""What the assembler wrote and how it is read back: code, text, memory operands."""

import pytest

from analyzer.disassembly import Direction, Index, MemoryOperand, instruction_at

LOAD, STORE, UPDATE = Direction
ADDRESS = 0x1000
X86_64 = [
    ("8b18", "mov ebx, dword ptr [rax]", [MemoryOperand(LOAD, 4, 0, 0x0)]),
    ("895808", "mov dword ptr [rax + 8], ebx", [MemoryOperand(STORE, 4, 0, 0x8)]),
    ("895c8808", "mov dword ptr [rax + rcx*4 + 8], ebx", [MemoryOperand(STORE, 4, 0, 0x8, Index(2, 2, ""))]),
    ("8b0564000000", "mov eax, dword ptr [rip + 0x64]", [MemoryOperand(LOAD, 4, None, 0x106A)]),
    ("c60701", "mov byte ptr [rdi], 1", [MemoryOperand(STORE, 1, 5, 0x0)]),
    ("83460401", "add dword ptr [rsi + 4], 1", [MemoryOperand(UPDATE, 4, 4, 0x4)]),
    ("50", "push rax", [MemoryOperand(STORE, 8, 7, -0x8)]),
    ("58", "pop rax", [MemoryOperand(LOAD, 8, 7, 0x0)]),
    ("ff7008", "push qword ptr [rax + 8]", [MemoryOperand(LOAD, 8, 0, 0x8), MemoryOperand(STORE, 8, 7, -0x8)]),
    ("ff10", "call qword ptr [rax]", [MemoryOperand(LOAD, 8, 0, 0x0), MemoryOperand(STORE, 8, 7, -0x8)]),
    ("ffd0", "call rax", [MemoryOperand(STORE, 8, 7, -0x8)]),
    ("ff24c508000000", "jmp qword ptr [rax*8 + 8]", [MemoryOperand(LOAD, 8, None, 0x8, Index(0, 3, ""))]),
    ("e8fbffffff", "call 0x1000", [MemoryOperand(STORE, 8, 7, -0x8)]),
    ("75fe", "jne 0x1000", []),
    ("c3", "ret", [MemoryOperand(LOAD, 8, 7, 0x0)]),
    (
        "f3a4",
        "rep movsb byte ptr [rdi], byte ptr [rsi]",
        [MemoryOperand(STORE, 1, 5, 0x0), MemoryOperand(LOAD, 1, 4, 0x0)],
    ),
    ("f348ab", "rep stosq qword ptr [rdi], rax", [MemoryOperand(STORE, 8, 5, 0x0)]),
    ("660f6f00", "movdqa xmm0, xmmword ptr [rax]", [MemoryOperand(LOAD, 16, 0, 0x0)]),
    ("0f2900", "movaps xmmword ptr [rax], xmm0", [MemoryOperand(STORE, 16, 0, 0x0)]),
    (
        "48a18877665544332211",
        "movabs rax, qword ptr [0x1122334455667788]",
        [MemoryOperand(LOAD, 8, None, 0x1122334455667788)],
    ),
    ("480fb103", "cmpxchg qword ptr [rbx], rax", [MemoryOperand(UPDATE, 8, 3, 0x0)]),
    ("cd80", "int 0x80", []),
    ("488703", "xchg qword ptr [rbx], rax", [MemoryOperand(UPDATE, 8, 3, 0x0)]),
    ("0fb600", "movzx eax, byte ptr [rax]", [MemoryOperand(LOAD, 1, 0, 0x0)]),
    ("833800", "cmp dword ptr [rax], 0", [MemoryOperand(LOAD, 4, 0, 0x0)]),
    ("c9", "leave", [MemoryOperand(LOAD, 8, 6, 0x0)]),
    ("c8080000", "enter 8, 0", []),
    ("dd00", "fld qword ptr [rax]", [MemoryOperand(LOAD, 8, 0, 0x0)]),
    ("f731", "div dword ptr [rcx]", [MemoryOperand(LOAD, 4, 2, 0x0)]),
]


@pytest.mark.parametrize(("code", "text", "memory"), X86_64, ids=[text for _, text, _ in X86_64])
def test_what_was_assembled_is_read_back(code: str, text: str, memory: list[MemoryOperand]) -> None:
    found = instruction_at(bytes.fromhex(code), ADDRESS, 62, 8)
    assert found is not None
    assert found.end == ADDRESS + len(bytes.fromhex(code))
    assert f"{found.mnemonic} {found.operands}".strip() == text
    assert list(found.memory) == memory


@pytest.mark.parametrize(
    ("code", "text", "memory"),
    [
        (
            "f3a4",
            "rep movsb byte ptr es:[edi], byte ptr [esi]",
            [MemoryOperand(STORE, 1, 7), MemoryOperand(LOAD, 1, 6)],
        ),
        ("8b042565a10000", "mov eax, dword ptr [0xa165]", [MemoryOperand(LOAD, 4, None, 0xA165)]),
        (
            "ff148500100000",
            "call dword ptr [eax*4 + 0x1000]",
            [MemoryOperand(LOAD, 4, None, 0x1000, Index(0, 2)), MemoryOperand(STORE, 4, 4, -4)],
        ),
        ("895df8", "mov dword ptr [ebp - 8], ebx", [MemoryOperand(STORE, 4, 5, -8)]),
    ],
)
def test_32_bits(code: str, text: str, memory: list[MemoryOperand]) -> None:
    found = instruction_at(bytes.fromhex(code), ADDRESS, 3, 4)
    assert found is not None
    assert f"{found.mnemonic} {found.operands}" == text
    assert list(found.memory) == memory
