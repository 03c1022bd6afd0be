"""RISC-V with the C, A, F and D extensions: lengths and memory operands.

The RISC-V Instruction Set Manual, Volume I: Unprivileged Architecture.
"""

import re
from collections.abc import Iterator

from analyzer.disassembly.instruction import Direction, Flow, MemoryOperand

_NAMES = {"zero": 0, "ra": 1, "sp": 2, "gp": 3, "tp": 4, "t0": 5, "t1": 6, "t2": 7, "s0": 8, "fp": 8, "s1": 9}
_NAMES.update({f"a{number}": 10 + number for number in range(8)})
_NAMES.update({f"s{number}": 16 + number for number in range(2, 12)})
_NAMES.update({f"t{number}": 25 + number for number in range(3, 7)})
_LOADS = {"lb": 1, "lbu": 1, "lh": 2, "lhu": 2, "lw": 4, "lwu": 4, "ld": 8, "flw": 4, "fld": 8}
_STORES = {"sb": 1, "sh": 2, "sw": 4, "sd": 8, "fsw": 4, "fsd": 8}
_ATOMIC = re.compile(r"(lr|sc|amo\w+)\.(w|d)(?:\.\w+)?")
_ADDRESS = re.compile(r"(-?\w+)?\((\w+)\)")
_OFFSET = re.compile(r"-?(?:0x[0-9a-f]+|\d+)")
_BRANCHES = ("j", "jal", "beq", "bne", "blt", "bge", "bltu", "bgeu", "beqz", "bnez", "blez", "bgez", "bltz", "bgtz")


def length(code: bytes) -> int:
    """Bytes of the instruction that starts with these two (Volume I, 1.5)."""
    return 4 if code[0] & 3 == 3 else 2


def memory(mnemonic: str, operands: str, _address: int, _end: int) -> tuple[MemoryOperand, ...]:
    """The memory operand of an instruction; empty where there is none."""
    name = mnemonic.removeprefix("c.")
    if name.endswith("sp") and name != "sp":
        name = name.removesuffix("sp")
    atomic = _ATOMIC.fullmatch(name)
    if atomic is not None:
        directions = {"lr": Direction.LOAD, "sc": Direction.STORE}
        direction, size = directions.get(atomic[1], Direction.UPDATE), 4 if atomic[2] == "w" else 8
    elif name in _LOADS:
        direction, size = Direction.LOAD, _LOADS[name]
    elif name in _STORES:
        direction, size = Direction.STORE, _STORES[name]
    else:
        return ()
    found = _ADDRESS.search(operands)
    number = None if found is None else _NAMES.get(found[2])
    if found is None or number is None:
        return ()
    # Register x0 is always zero: the address is in the code.
    return (MemoryOperand(direction, size, number or None, int(found[1] or "0", 0)),)


def write(mnemonic: str, operands: str, address: int) -> tuple[str, int | None]:
    """Operands with the address of a direct branch in place of its offset, and that address."""
    if mnemonic.removeprefix("c.") not in _BRANCHES:
        return operands, None
    *others, last = operands.split(", ")
    if not _OFFSET.fullmatch(last):
        return operands, None
    goal = address + int(last, 0)
    return ", ".join([*others, f"{goal:#x}"]), goal


def flow(mnemonic: str, operands: str) -> Flow:
    """What runs behind an instruction."""
    name = mnemonic.removeprefix("c.")
    if name == "ecall" or (name in ("jal", "jalr") and not operands.startswith("zero")):
        return Flow.CALL
    if name in ("j", "jal", "ret", "mret", "sret", "ebreak", "unimp") or (name == "jr" and operands == "ra"):
        return Flow.LEAVE
    return Flow.COMPUTED if name in ("jr", "jalr") else Flow.NEXT


def register(name: str) -> int | None:
    """DWARF number of a register that can be written."""
    return _NAMES.get(name) or None


def boundaries(code: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Address and length of each instruction."""
    position = 0
    while position + 2 <= len(code) and start + position < end:
        size = length(code[position : position + 2])
        yield start + position, size
        position += size
