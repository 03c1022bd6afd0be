"""What the hardware stacks when it enters an exception, and what it puts into LR.

Armv7-M Architecture Reference Manual (DDI 0403), B1.5.6 to B1.5.8; Armv8-M Architecture Reference Manual (DDI 0553),
B3.18 to B3.21. Register numbers: DWARF for the Arm Architecture (IHI 0040).
"""

import struct

from analyzer.dump.memory import Memory

R0, R1, R2, R3, R4, R11, R12, SP, LR, PC = 0, 1, 2, 3, 4, 11, 12, 13, 14, 15
S0, S15, S16, S31, D0 = 64, 79, 80, 95, 256
PSP = 0x10000
"""The stack pointer of the interrupted thread; DWARF has no number for it that Armv7-M knows."""

HARDWARE_FRAME = (R0, R1, R2, R3, R12, LR, PC)
"""What the hardware stacks, in order; xPSR follows."""
BASIC_FRAME = 32
_FRAME = struct.Struct("<8I")
EXTENDED_FRAME = BASIC_FRAME + 72
"""Bytes with s0..s15, FPSCR and a reserved word behind the basic frame."""
CALLEE_SAVED = 8
"""Registers r4..r11."""
STATE_CONTEXT = 4 * (2 + CALLEE_SAVED)
"""Bytes of the state that the secure world leaves below a frame: signature, a reserved word, r4..r11."""
INTEGRITY_SIGNATURE = 0xFEFA125B
"""Bit 0 is clear when there is floating point state."""

EXC_RETURN_PREFIX = 0xFFFFFF80
EXC_RETURN_BASIC = 0x10
EXC_RETURN_THREAD = 0x08
EXC_RETURN_PSP = 0x04

XPSR_THUMB = 1 << 24
XPSR_ALIGNED = 1 << 9
XPSR_EXCEPTION = 0x1FF
XPSR_RESERVED = 0x00C00000
"""Bits that are zero in every version of the architecture; Armv8-M has given some that were a meaning (RETPSR)."""

_FPCCR, _FPCAR = 0xE000EF34, 0xE000EF38
_LAZY_PENDING = 1


def is_exc_return(value: int) -> bool:
    """EXC_RETURN values fill the top of the address space, where no code can be."""
    return EXC_RETURN_PREFIX <= value < 0xFFFFFFFF


def words_at(address: int, count: int, memory: Memory) -> tuple[int, ...] | None:
    """Words of memory; None unless all of them are known."""
    raw = memory.read(address, 4 * count)
    return None if raw is None else struct.unpack(f"<{count}I", raw)


def read_frame(pointer: int, memory: Memory) -> tuple[dict[int, int], int] | None:
    """Registers and xPSR of a basic frame; pc without the bit that may be left in it."""
    raw = memory.read(pointer, BASIC_FRAME)
    if raw is None:
        return None
    *values, status = _FRAME.unpack(raw)
    registers: dict[int, int] = dict(zip(HARDWARE_FRAME, values, strict=True))
    registers[PC] &= ~1
    return registers, status


def above(pointer: int, status: int, *, basic: bool) -> int:
    """The stack pointer before the hardware stacked a frame at `pointer`."""
    return (pointer + (BASIC_FRAME if basic else EXTENDED_FRAME)) | (4 if status & XPSR_ALIGNED else 0)


def is_frame(status: int, *, thread: bool) -> bool:
    """Whether an xPSR can have been stacked by an exception that interrupted a thread, or a handler."""
    return bool(status & XPSR_THUMB) and not status & XPSR_RESERVED and bool(status & XPSR_EXCEPTION) != thread


def float_registers(frame: int, memory: Memory) -> dict[int, int]:
    """s0..s15 of an extended frame that were really written there; empty where they are not in the dump."""
    values = words_at(frame + BASIC_FRAME, 16, memory)
    return {} if values is None else dict(zip(range(S0, S15 + 1), values, strict=True))


def were_preserved(frame: int, memory: Memory) -> bool:
    """Whether s0..s15 of an extended frame are proven to be written.

    The hardware reserves their place and writes them only when the floating point unit is used again (B1.5.7, lazy
    state preservation): FPCCR.LSPACT tells that this has still to come, for the frame whose place FPCAR names. Few
    dumps hold these registers.
    """
    control, place = memory.unsigned(_FPCCR, 4), memory.unsigned(_FPCAR, 4)
    if control is None:
        return False
    return not control & _LAZY_PENDING or (place is not None and place != frame + BASIC_FRAME)


def read_state_context(pointer: int, memory: Memory) -> dict[int, int] | None:
    """r4..r11 that the secure world stacked below a frame; None unless its signature is there (DDI 0553, B3.21)."""
    values = words_at(pointer, 2 + CALLEE_SAVED, memory)
    if values is None or values[0] | 1 != INTEGRITY_SIGNATURE:
        return None
    return {R4 + index: value for index, value in enumerate(values[2:])}
