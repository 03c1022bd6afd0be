"""Register windows of Xtensa: what a caller's registers were, from where the windows were spilled to.

Xtensa Instruction Set Architecture Reference Manual, 4.7.1 (the windowed register option) and 8.1 (the ABIs). A call
rotates the window by 4, 8 or 12 registers; the two upper bits of the return address say by how many. When the register
file is full, windows are spilled, the oldest first: a0..a3 of a frame go right below the stack pointer of the frame
that it called, and what else its call keeps, a4..a7 or a4..a11, below those of the frame that called it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.cpu.base import WindowedCaller
from analyzer.dump.memory import Memory

A0, A1 = 0, 1
SAVE_AREA = 16
"""Bytes below a stack pointer that hold a0..a3 of the frame that called."""
REGION = 0xC0000000
"""Bits of an address that a call does not change, and that its size stands in for in a return address."""
_ENTRY = 0x36


@dataclass(frozen=True, slots=True)
class Entry:
    """The instruction that a windowed function starts with."""

    size: int
    """Bytes of the stack frame."""


def entry_at(start: int, memory: Memory) -> Entry | None:
    """The ENTRY instruction at a function's start; None where the function uses no windows."""
    code = memory.read(start, 3)
    if code is None or code[0] != _ENTRY or code[1] & 15 != A1:
        return None
    return Entry((code[1] >> 4 | code[2] << 4) * 8)


def resolve(return_address: int, pc: int) -> int:
    """The address that a windowed call returns to, from the region that the callee runs in."""
    return return_address & ~REGION | pc & REGION


def caller(registers: Mapping[int, int], pc_number: int, entry: Entry, memory: Memory) -> WindowedCaller | str:
    """The caller of a function that has made its frame, or why it cannot be told."""
    return_address, pointer, pc = registers.get(A0), registers.get(A1), registers.get(pc_number)
    if return_address is None or pointer is None or pc is None:
        return "the return address or the stack pointer is not in the dump"
    if return_address == 0:
        return WindowedCaller({pc_number: 0}, None)
    size = return_address >> 30
    if size == 0:
        return f"the return address {return_address:#010x} is not one of a windowed call"
    target = resolve(return_address, pc)
    saved = memory.read(pointer - SAVE_AREA, SAVE_AREA)
    if saved is None:
        return "the caller's register window is not in the dump"
    window = [int.from_bytes(saved[at : at + 4], "little") for at in range(0, SAVE_AREA, 4)]
    # A frame that grew since, by alloca(), is larger than its ENTRY says; none is smaller.
    if window[A1] < pointer + entry.size or window[A1] % 16:
        known = {pc_number: target, A1: pointer + entry.size}
        return WindowedCaller(known, pointer + entry.size)
    further = _further(window[A1], size, memory)
    return WindowedCaller({**dict(enumerate(window)), **further, pc_number: target}, window[A1])


def _further(pointer: int, size: int, memory: Memory) -> dict[int, int]:
    """a4..a7 or a4..a11 of a frame, by its stack pointer and the size of the call that it made."""
    count = 4 * (size - 1)
    above = memory.unsigned(pointer - SAVE_AREA + 4 * A1, 4)
    if not count or above is None or above <= pointer or above % 16:
        return {}
    saved = memory.read(above - SAVE_AREA - 4 * count, 4 * count)
    if saved is None:
        return {}
    return {4 + index: int.from_bytes(saved[4 * index : 4 * index + 4], "little") for index in range(count)}


def caller_before_entry(registers: Mapping[int, int], pc_number: int, status: int | None) -> WindowedCaller | str:
    """The caller of a function whose ENTRY was not executed yet: the window is still the caller's.

    `status` is PS, whose field CALLINC says by how much ENTRY is to rotate.
    """
    pc = registers.get(pc_number)
    increment = None if status is None else status >> 16 & 3
    if not increment or pc is None:
        return "how far the call was to rotate the registers is not known"
    return_address = registers.get(4 * increment)
    if return_address is None or return_address >> 30 != increment:
        return "the return address is not in the dump"
    return WindowedCaller({**registers, pc_number: resolve(return_address, pc)}, None)
