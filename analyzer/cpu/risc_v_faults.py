"""Exceptions of RISC-V. Zephyr has no reason codes for them: all of them are K_ERR_CPU_EXCEPTION.

Where nothing holds mcause, the instruction that raised the exception tells what it can have been. Codes of mcause and
the instructions that are illegal on purpose: the RISC-V Instruction Set Manual, volume II, "Machine Cause", and I.
"""

from analyzer.cpu.base import Fault, FaultStatus
from analyzer.dump.memory import Memory

_REASON = "K_ERR_CPU_EXCEPTION"
_CODE = 0xFFF
"""The bits of mcause that say which exception it was; those above are of the core-local interrupt controller."""
_MEMORY, _JUMP = ("memory-fault", "Memory fault"), ("bad-jump", "Jump to a bad address")
_UNALIGNED = ("unaligned-access", "Unaligned access")
_ILLEGAL = ("undefined-instruction", "Undefined instruction", "the CPU met an instruction that is none")
_BREAKPOINT = ("breakpoint", "Breakpoint", "the program ran into an EBREAK, as a trap of the compiler's is one")
_CAUSES = {
    0: (*_JUMP, "code was fetched from an odd address"),
    1: (*_JUMP, "code was fetched from memory that may not be executed"),
    2: _ILLEGAL,
    3: _BREAKPOINT,
    4: (*_UNALIGNED, "a load came from an address that is not a multiple of its size"),
    5: (*_MEMORY, "a load came from memory that it may not touch"),
    6: (*_UNALIGNED, "a store went to an address that is not a multiple of its size"),
    7: (*_MEMORY, "a store went to memory that it may not touch"),
    12: (*_JUMP, "code was fetched from a page that may not be executed"),
    13: (*_MEMORY, "a load came from a page that it may not touch"),
    15: (*_MEMORY, "a store went to a page that it may not touch"),
}
_LOAD, _STORE, _ATOMIC = 0x03, 0x23, 0x2F
_ILLEGAL_HALVES, _ILLEGAL_WORD = (0x0000, 0xFFFF), 0xC0001073
_EBREAK, _C_EBREAK = 0x00100073, 0x9002
_C_LW, _C_LD, _C_SW, _C_SD = 2, 3, 6, 7


def by_cause(cause: int) -> FaultStatus | None:
    """What a value of mcause says; None for one that is no fault."""
    found = _CAUSES.get(cause & _CODE)
    if found is None:
        return None
    kind, label, detail = found
    return FaultStatus(fault=Fault(kind, label, f"{_REASON}, mcause {cause & _CODE}", (detail,)))


def by_instruction(pc: int, memory: Memory, pointer_size: int) -> FaultStatus | None:
    """What the instruction at pc can have done to raise an exception; None where that may be more than one thing."""
    half, word = memory.unsigned(pc, 2), memory.unsigned(pc, 4)
    if half is None:
        return None
    if half in _ILLEGAL_HALVES or word == _ILLEGAL_WORD:
        return _status(*_ILLEGAL)
    if half == _C_EBREAK or word == _EBREAK:
        return _status(*_BREAKPOINT)
    if _touches_memory(half, pointer_size):
        return _status(*_MEMORY, "a load or store went to memory that it may not touch")
    return None


def _status(kind: str, label: str, detail: str) -> FaultStatus:
    return FaultStatus(fault=Fault(kind, label, _REASON, (detail,)))


def _touches_memory(half: int, pointer_size: int) -> bool:
    """Whether the instruction loads or stores an integer. One of floating point may be illegal for want of a unit."""
    quadrant, operation = half & 3, half >> 13
    if quadrant == 3:
        return half & 0x7F in (_LOAD, _STORE, _ATOMIC)
    if quadrant == 1:
        return False
    # With 32 bits, what would be a doubleword's is a float's.
    return operation in (_C_LW, _C_SW) or (pointer_size == 8 and operation in (_C_LD, _C_SD))
