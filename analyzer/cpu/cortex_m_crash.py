"""The context that crashed on a Cortex-M: from the dump's register block and what the fault handler left on the stack.

Register blocks: Zephyr's `arch/arm/core/cortex_m/coredump.c` (`struct arm_arch_block`). What the handler pushes:
`arch/arm/core/cortex_m/fault_s.S`.
"""

from collections.abc import Mapping

import msgspec

from analyzer.cpu.base import Context, CrashContexts, layout_by_size, unknown_layout
from analyzer.cpu.cortex_m_exception import (
    BASIC_FRAME,
    CALLEE_SAVED,
    EXC_RETURN_BASIC,
    EXC_RETURN_PSP,
    EXC_RETURN_THREAD,
    EXTENDED_FRAME,
    HARDWARE_FRAME,
    INTEGRITY_SIGNATURE,
    PC,
    PSP,
    R0,
    R4,
    SP,
    STATE_CONTEXT,
    XPSR_ALIGNED,
    XPSR_EXCEPTION,
    XPSR_THUMB,
    above,
    float_registers,
    is_exc_return,
    read_frame,
    read_state_context,
    were_preserved,
    words_at,
)
from analyzer.dump.caveat import Caveat
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.sparse import SparseBytes

_SIZES = {1: 36, 2: 68, 3: 76}
_MOST_FRAMES = 16
_OFFSET_XPSR, _OFFSET_SP, _OFFSET_R4, _OFFSET_VALID = 28, 32, 36, 68
_ENTRY = 4 * (CALLEE_SAVED + 4)
"""Bytes that the fault handler pushes: r4..r11, PSP, a word without meaning, MSP, EXC_RETURN."""


def crash_contexts(block: ArchitectureBlock, memory: Memory, stack: tuple[int, int] | None) -> CrashContexts:
    """The context that crashed; two where only the unwinding can tell a frame with FP state from one without."""
    payload = block.payload
    version, caveats = _layout(block)
    if version is None:
        return CrashContexts((), tuple(caveats))
    registers = _read_registers(payload, version)
    secure = _behind_secure_context(registers.get(R0), payload.unsigned(_OFFSET_SP, 4), memory)
    if secure is not None:
        text = "the firmware took the state that Armv8-M stacks for the secure world for the registers"
        return CrashContexts((secure,), (*caveats, Caveat("secure-context", f"{text}; they were read behind it")))
    if R4 not in registers:
        caveats.append(Caveat("callee-saved-missing", "r4..r11 of the crash were not captured by the firmware"))
    status = payload.unsigned(_OFFSET_XPSR, 4)
    stacked = _Stacked(registers, status, memory)
    dumped = payload.unsigned(_OFFSET_SP, 4)
    frame = stacked.near(dumped)
    if frame is not None:
        entry = stacked.entry(frame)
        if entry is not None:
            return CrashContexts((stacked.context(frame, entry),), tuple(caveats))
    pointers = stacked.pointers(dumped)
    interrupt = (status or 0) & XPSR_EXCEPTION
    if stack is not None and not interrupt and frame is None:
        # Older firmware does not set SP for k_oops() and k_panic(): it is 0 or left over from an earlier fault.
        recovered = stacked.search(stack)
        if recovered:
            pointers = recovered
            caveats.append(
                Caveat("stack-pointer-recovered", "the stack pointer was found by the exception frame on the stack")
            )
    if not pointers:
        caveats.append(Caveat("stack-pointer-missing", "the stack pointer of the crash was not captured"))
    contexts = tuple(Context({**registers, SP: pointer}, status, interrupt) for pointer in pointers)
    return CrashContexts(contexts or (Context(registers, status, interrupt),), tuple(caveats))


class _Entry(msgspec.Struct, frozen=True):
    """What the fault handler found when it was entered."""

    exc_return: int
    psp: int | None
    """None where the firmware does not keep it."""


class _Stacked(msgspec.Struct, frozen=True):
    """The registers of a crash, which the hardware put on the stack before the firmware put them into the dump."""

    registers: Mapping[int, int]
    status: int | None
    memory: Memory

    def pointers(self, dumped: int | None) -> tuple[int, ...]:
        """What SP was before the exception.

        Firmware until late 2024 dumps the address of the exception frame, later firmware the one above it, and nothing
        in the block tells them apart (zephyrproject-rtos/zephyr#79622): only the frame itself does, where it is dumped.
        """
        if not dumped:
            return ()
        if self._is_at(dumped):
            return self._above(dumped)
        return (dumped | self._padding(),)

    def near(self, dumped: int | None) -> int | None:
        """Where the frame is if it is where a dumped SP says that it is: there, or right below."""
        sizes = (0, BASIC_FRAME, BASIC_FRAME + 4, EXTENDED_FRAME, EXTENDED_FRAME + 4)
        return next((dumped - size for size in sizes if self._is_at(dumped - size)), None) if dumped else None

    def entry(self, frame: int) -> _Entry | None:
        """What the fault handler pushed when it was entered, which names the frame; None where it is not found.

        All of it has to fit together: where it lies, the stack pointers in it, and the registers of the block.
        """
        in_handler = bool((self.status or 0) & XPSR_EXCEPTION)
        captured = [self.registers.get(R4 + index) for index in range(CALLEE_SAVED)]
        known = b"".join([(value or 0).to_bytes(4, "little") for value in captured])
        if None in captured:
            # Only its last two words are sure to be there: MSP and EXC_RETURN.
            values = words_at(frame - 8, 2, self.memory) if in_handler else None
            fits = values is not None and values[0] == frame and self._fits(values[1], in_handler=True)
            return _Entry(values[1], None) if values is not None and fits else None
        if in_handler:
            return self._read_entry(frame - _ENTRY, frame, known, in_handler=True)
        places = self.memory.find(known + frame.to_bytes(4, "little"), _MOST_FRAMES)
        found = (self._read_entry(place, frame, known, in_handler=False) for place in places)
        return next((entry for entry in found if entry is not None), None)

    def _read_entry(self, place: int, frame: int, known: bytes, *, in_handler: bool) -> _Entry | None:
        raw, tail = self.memory.read(place, len(known)), words_at(place + len(known), 4, self.memory)
        if raw != known or tail is None:
            return None
        psp, _, msp, exc_return = tail
        if msp != place + _ENTRY or frame != (msp if in_handler else psp):
            return None
        return _Entry(exc_return, psp) if self._fits(exc_return, in_handler=in_handler) else None

    @staticmethod
    def _fits(exc_return: int, *, in_handler: bool) -> bool:
        mode = exc_return & (EXC_RETURN_THREAD | EXC_RETURN_PSP)
        return is_exc_return(exc_return) and mode == (0 if in_handler else EXC_RETURN_THREAD | EXC_RETURN_PSP)

    def context(self, frame: int, entry: _Entry) -> Context:
        """The context whose frame is known, and how large it is."""
        status = self.status or 0
        basic = bool(entry.exc_return & EXC_RETURN_BASIC)
        registers = {**self.registers, SP: above(frame, status, basic=basic)}
        if entry.psp is not None and status & XPSR_EXCEPTION:
            registers[PSP] = entry.psp
        if not basic and were_preserved(frame, self.memory):
            registers |= float_registers(frame, self.memory)
        return Context(registers, self.status, status & XPSR_EXCEPTION)

    def search(self, stack: tuple[int, int]) -> tuple[int, ...]:
        """What SP can have been, by where on a stack the frame is: eight equal words are no accident."""
        words = [self.registers.get(number) for number in HARDWARE_FRAME[:-1]]
        if None in words or self.registers.get(PC) is None or self.status is None:
            return ()
        start, end = stack
        pattern = b"".join((word or 0).to_bytes(4, "little") for word in words)
        content = self.memory.dumped(start, end - start)
        found: list[int] = []
        at = content.find(pattern)
        while at >= 0 and len(found) < _MOST_FRAMES:
            if at % 4 == 0 and self._is_at(start + at):
                entry = self.entry(start + at)
                found += self._above(start + at) if entry is None else [self.context(start + at, entry).registers[SP]]
            at = content.find(pattern, at + 1)
        return tuple(found)

    def _is_at(self, address: int) -> bool:
        frame = read_frame(address, self.memory)
        if frame is None or self.status != frame[1]:
            return False
        return frame[0].items() <= self.registers.items()

    def _above(self, frame: int) -> tuple[int, ...]:
        status = self.status or 0
        return above(frame, status, basic=True), above(frame, status, basic=False)

    def _padding(self) -> int:
        return 4 if self.status is not None and self.status & XPSR_ALIGNED else 0


def _layout(block: ArchitectureBlock) -> tuple[int | None, list[Caveat]]:
    """Which version's layout a register block has: its own version's, unless its size says otherwise."""
    if _SIZES.get(block.version) == block.claimed_size:
        return block.version, []
    version = next((known for known, size in _SIZES.items() if size == block.claimed_size), None)
    if version is None:
        return None, [unknown_layout(block)]
    return version, [layout_by_size(block, version)]


def _read_registers(payload: SparseBytes, version: int) -> dict[int, int]:
    """The registers of a block but for SP, as far as they were captured."""
    words: dict[int, int | None] = dict(zip(HARDWARE_FRAME, payload.words(len(HARDWARE_FRAME), 4), strict=True))
    captured = payload.words(CALLEE_SAVED, 4, _OFFSET_R4) if version >= 2 else ()
    # Version 3 says whether they were captured; before that, eight zeros are what is left where they were not.
    if bool(payload.unsigned(_OFFSET_VALID, 4)) if version == 3 else any(captured):
        words.update({R4 + index: value for index, value in enumerate(captured)})
    registers = {number: value for number, value in words.items() if value is not None}
    if PC in registers:
        registers[PC] &= ~1
    return registers


def _behind_secure_context(signature: int | None, pointer: int | None, memory: Memory) -> Context | None:
    """The context behind an additional state context, where a register block has that instead of a frame."""
    if signature is None or pointer is None or signature | 1 != INTEGRITY_SIGNATURE:
        return None
    for base in (pointer, pointer - BASIC_FRAME):
        state, frame = read_state_context(base, memory), read_frame(base + STATE_CONTEXT, memory)
        if state is None or frame is None or not frame[1] & XPSR_THUMB:
            continue
        registers, status = frame
        pointer = above(base + STATE_CONTEXT, status, basic=True)
        return Context({**registers, **state, SP: pointer}, status, status & XPSR_EXCEPTION)
    return None
