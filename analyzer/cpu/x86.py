"""x86, 32 bit.

Register block: Zephyr's `arch/x86/core/ia32/coredump.c`. Register numbers: System V ABI, Intel386 supplement, table
2.14. Switched-out threads: `arch/x86/core/ia32/swap.S`. Interrupted code: `intstub.S` and `excstub.S` there.
"""

import struct
from collections.abc import Iterator, Mapping

from analyzer.cpu import x86_code, x86_faults
from analyzer.cpu.base import (
    Context,
    CrashContexts,
    ExceptionReturn,
    FaultStatus,
    FieldOf,
    SavedThread,
    no_fields,
    unknown_layout,
)
from analyzer.cpu.x86_family import X86Family, is_flags, is_selector
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock

EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, EIP, CS = 0, 1, 2, 3, 4, 5, 6, 7, 8, 41
MODE = x86_code.Mode(4, (EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI))
SIZES = (52, 56)
"""Of a register block; the first releases of the format had CR3 at its end."""
_LAYOUT = (EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, EIP)
_OFFSET_FLAGS, _OFFSET_CS = 44, 48
_SWITCHED = (EBP, EBX, ESI, EDI, EIP)
"""What is on a switched-out thread's stack, above the value that the switch returns."""
_INTERRUPTED = (EDI, ECX, EDX, EAX, EIP)
"""What is on the stack of what an interrupt came into; CS and EFLAGS follow."""
_EXCEPTION = (ESP, EBP, EBX, ESI, EDI, EDX, EAX, ECX)
"""What is on the stack of what an exception came into; error code, EIP, CS and EFLAGS follow."""
_SEGMENTS = 5
"""Segment registers below them, where the firmware has a debugger's stub."""
_INTERRUPT_ENTRIES = frozenset({"_interrupt_enter", "alreadyOnIntStack", "handle_idle"})
_EXCEPTION_ENTRIES = frozenset({"_exception_enter", "allDone"})
"""The entries, and the labels in them that calls follow."""
_MOST_PUSHED = 4
"""Words that the interrupt's entry may have above the return address, before the frame."""
_REASON_PUSHED, _INT_OOPS = 0x6A, (0xCD, 0x20)


class X86(X86Family):
    """IA-32 in protected mode."""

    name = "x86"
    machine = 3
    pointer_size = 4
    register_names: Mapping[int, str] = {
        EAX: "eax",
        EBX: "ebx",
        ECX: "ecx",
        EDX: "edx",
        ESI: "esi",
        EDI: "edi",
        EBP: "ebp",
        ESP: "esp",
        EIP: "eip",
        CS: "cs",
    }
    pc = EIP
    sp = ESP
    mode = MODE
    frame_pointer = EBP
    callee_saved = frozenset({EBX, EBP, ESI, EDI})
    entries = _INTERRUPT_ENTRIES | _EXCEPTION_ENTRIES

    def crashed(
        self,
        block: ArchitectureBlock,
        memory: Memory,
        stack: tuple[int, int] | None = None,  # noqa: ARG002 - the block has all that is known
        field_of: FieldOf = no_fields,  # noqa: ARG002 - the block is laid out by its size
    ) -> CrashContexts:
        """The context that crashed."""
        if block.claimed_size not in SIZES:
            return CrashContexts((), (unknown_layout(block),))
        payload = block.payload
        words: dict[int, int | None] = dict(zip(_LAYOUT, payload.words(len(_LAYOUT), 4, 8), strict=True))
        words[CS] = payload.unsigned(_OFFSET_CS, 4)
        registers = {number: value for number, value in words.items() if value is not None}
        fault = self._fault(payload.unsigned(0, 4), payload.unsigned(4, 4), registers, memory)
        if _pushed_reason(registers, memory):
            # The compiler knows nothing of what k_oops() and k_panic() push, so its frames are counted from above.
            registers[ESP] += 4
        return CrashContexts((Context(registers, payload.unsigned(_OFFSET_FLAGS, 4), fault=fault),))

    def _fault(
        self, vector: int | None, code: int | None, registers: Mapping[int, int], memory: Memory
    ) -> FaultStatus | None:
        """The exception; vector 0 is also what is there where the firmware did not note any."""
        if vector is None:
            return None
        divisor = None
        if vector == x86_faults.DIVIDE_ERROR:
            divides, divisor = x86_code.divisor(registers.get(EIP, 0), registers, memory, MODE)
            if not divides:
                return None
        return x86_faults.describe(vector, code or 0, divisor)

    def switched_out(self, thread: SavedThread, memory: Memory) -> Context | str:
        """The registers that the switch pushed: where it returns to, and those that a call leaves alone."""
        if thread.stack_pointer_field is None:
            return "where the kernel saved its registers is not known"
        pointer = memory.unsigned(thread.stack_pointer_field, 4)
        if pointer is None:
            return "its saved registers are not in the dump"
        if pointer == 0 or pointer % 4:
            return f"its saved stack pointer {pointer:#010x} is not one"
        raw = memory.read(pointer + 4, 4 * len(_SWITCHED))
        if raw is None:
            return f"its stack at {pointer:#010x} is not in the dump"
        registers = _words(raw, _SWITCHED)
        registers[ESP] = pointer + 4 + len(raw)
        return Context(registers)

    def interrupted(
        self,
        function: str,
        registers: Mapping[int, int],
        memory: Memory,
        field_of: FieldOf,  # noqa: ARG002 - written in assembler
        thread: SavedThread | None = None,  # noqa: ARG002 - nothing is in the thread's structure
    ) -> ExceptionReturn | None:
        """What the interrupt's or exception's frame holds, if there is exactly one word where it can be."""
        if function not in self.entries:
            return None
        find = _interrupt_frames if function in _INTERRUPT_ENTRIES else _exception_frames
        pointer = registers.get(ESP)
        kept = self.surviving(registers)
        found = [] if pointer is None else list(find(pointer, kept, memory))
        if len(found) != 1:
            return ExceptionReturn(None, "the frame of what was interrupted is not in the dump")
        return ExceptionReturn(found[0])


def _pushed_reason(registers: Mapping[int, int], memory: Memory) -> bool:
    """Whether the program has just pushed a reason and raised the kernel's fatal error with it."""
    eip, esp = registers.get(EIP), registers.get(ESP)
    code = None if eip is None else memory.read(eip - 4, 4)
    if code is None or esp is None or code[0] != _REASON_PUSHED or tuple(code[2:]) != _INT_OOPS:
        return False
    return memory.unsigned(esp, 4) == code[1]


def _words(raw: bytes, numbers: tuple[int, ...]) -> dict[int, int]:
    return {number: int.from_bytes(raw[4 * at : 4 * at + 4], "little") for at, number in enumerate(numbers)}


def _resumed(registers: dict[int, int], hardware: int, memory: Memory) -> Context | None:
    """The context of a frame that the hardware pushed: EIP, CS, EFLAGS, and from user mode ESP and SS."""
    raw = memory.read(hardware, 12)
    if raw is None:
        return None
    eip, cs, flags = struct.unpack("<3I", raw)
    if not is_selector(cs) or not is_flags(flags) or memory.read(eip, 1) is None:
        return None
    pointer = hardware + 12 if cs & 3 == 0 else memory.unsigned(hardware + 12, 4)
    if pointer is None:
        return None
    return Context({**registers, EIP: eip, CS: cs, ESP: pointer}, flags)


def _interrupt_frames(pointer: int, kept: Mapping[int, int], memory: Memory) -> Iterator[Context]:
    """Contexts that an interrupt may have come into.

    A nested interrupt's frame is on the same stack. Otherwise its address is the first word of the interrupt stack, or,
    once the handler is done and another thread goes first, the frame is on the thread's stack itself.
    """
    seen: set[int] = set()
    for at in range(_MOST_PUSHED):
        here = pointer + 4 * at
        for frame in (here, memory.unsigned(here, 4)):
            if frame is None or frame % 4 or frame in seen:
                continue
            seen.add(frame)
            raw = memory.read(frame, 4 * len(_INTERRUPTED))
            if raw is not None:
                found = _resumed({**kept, **_words(raw, _INTERRUPTED)}, frame + len(raw) - 4, memory)
                if found is not None:
                    yield found


def _exception_frames(pointer: int, kept: Mapping[int, int], memory: Memory) -> Iterator[Context]:
    """The context that an exception came into: its frame is what the handler was given, and holds its own end."""
    frame = memory.unsigned(pointer, 4)
    for start in () if frame is None else (frame, frame + 4 * _SEGMENTS):
        raw = memory.read(start, 4 * len(_EXCEPTION))
        if raw is None:
            continue
        registers = _words(raw, _EXCEPTION)
        found = _resumed({**kept, **registers}, start + len(raw) + 4, memory)
        if found is not None and (found.registers[ESP] == registers[ESP] or found.registers[CS] & 3):
            yield found
