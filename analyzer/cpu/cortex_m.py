"""ARM Cortex-M: Armv6-M, Armv7-M and Armv8-M.

Exceptions are in `cortex_m_exception`, the register block of a crash in `cortex_m_crash`, switched-out threads in
`cortex_m_switch`, fault codes in `cortex_m_faults`. Register numbers: DWARF for the Arm Architecture (IHI 0040).
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from analyzer.cpu import cortex_m_faults
from analyzer.cpu.base import (
    BitField,
    Context,
    Cpu,
    CrashContexts,
    ExceptionReturn,
    Fault,
    FaultStatus,
    FieldOf,
    SavedThread,
    no_fields,
)
from analyzer.cpu.cortex_m_crash import crash_contexts
from analyzer.cpu.cortex_m_exception import (
    BASIC_FRAME,
    D0,
    EXC_RETURN_BASIC,
    EXC_RETURN_PSP,
    EXC_RETURN_THREAD,
    LR,
    PC,
    PSP,
    R0,
    R4,
    R11,
    S0,
    S16,
    S31,
    SP,
    STATE_CONTEXT,
    XPSR_EXCEPTION,
    XPSR_RESERVED,
    XPSR_THUMB,
    above,
    float_registers,
    is_exc_return,
    is_frame,
    read_frame,
    read_state_context,
    were_preserved,
)
from analyzer.cpu.cortex_m_switch import switched_out
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock

_XPSR = (
    BitField("N", 31),
    BitField("Z", 30),
    BitField("C", 29),
    BitField("V", 28),
    BitField("Q", 27),
    BitField("T", 24),
    BitField("GE", 16, 4),
    BitField("exception", 0, 9),
)
"""Armv7-M Architecture Reference Manual, B1.4.2."""
_UNMASK_AND_MOVE = bytes.fromhex("80f311884ff0")
"""`msr BASEPRI, r0` and the first half of `mov.w r0, #…` (DDI 0403, B5.2.3 and A7.7.76)."""
_SVC = 0xDF
_SOFTWARE_NAMES = {number: f"r{number}" for number in range(13)}


class CortexM(Cpu):
    """Armv6-M, Armv7-M and Armv8-M."""

    name = "ARM Cortex-M"
    machine = 40
    pointer_size = 4
    register_names: Mapping[int, str] = {**_SOFTWARE_NAMES, SP: "sp", LR: "lr", PC: "pc"}
    further_names: Mapping[int, str] = {PSP: "psp", **{S0 + number: f"s{number}" for number in range(32)}}
    pc = PC
    sp = SP
    link: int | None = LR
    status_name = "xpsr"
    bit_fields: Mapping[str, tuple[BitField, ...]] = MappingProxyType({"xpsr": _XPSR})
    callee_saved = frozenset((*range(R4, R11 + 1), *range(S16, S31 + 1), PSP))
    untouched = frozenset((PSP,))
    pairs: Mapping[int, tuple[int, int]] = {D0 + number: (S0 + 2 * number, S0 + 2 * number + 1) for number in range(16)}

    def crashed(
        self,
        block: ArchitectureBlock,
        memory: Memory,
        stack: tuple[int, int] | None = None,
        field_of: FieldOf = no_fields,  # noqa: ARG002 - the hardware says what it stacks
    ) -> CrashContexts:
        """The context that crashed; two where only the unwinding can tell a frame with FP state from one without."""
        return crash_contexts(block, memory, stack)

    def switched_out(self, thread: SavedThread, memory: Memory) -> Context | str:
        """The registers that the kernel saved, in either of its ways."""
        return switched_out(thread, memory)

    def was_stacked(self, context: Context) -> bool:
        """By the bits of xPSR that are always zero, and the Thumb bit, which only a bad jump clears."""
        status = context.status
        return status is None or (not status & XPSR_RESERVED and bool(status & XPSR_THUMB))

    def salvage(self, context: Context) -> Context:
        """r4..r11 were saved by software. SP may be off by the word that aligns it; below it nothing is missed."""
        kept = {number: value for number, value in context.registers.items() if R4 <= number <= R11}
        pointer = context.registers.get(SP)
        return Context(kept if pointer is None else {**kept, SP: pointer & ~7})

    def code_address(self, value: int) -> int:
        """Without the Thumb bit."""
        return value & ~1

    def is_exception_return(self, address: int) -> bool:
        """EXC_RETURN values fill the top of the address space, where no code can be."""
        return is_exc_return(address)

    def exception_return(self, address: int, registers: Mapping[int, int], memory: Memory) -> ExceptionReturn:
        """The context under a handler, on the stack that EXC_RETURN names.

        A handler that was interrupted used the same stack as the one that interrupted it. A thread has its own, and
        where its frame lies there is known only if the firmware keeps PSP when it faults (CONFIG_EXTRA_EXCEPTION_INFO).
        """
        thread = bool(address & EXC_RETURN_THREAD)
        on_psp = bool(address & EXC_RETURN_PSP)
        if on_psp and not thread:
            return ExceptionReturn(None, f"{address:#010x} returns to nothing that there is")
        pointer = registers.get(PSP if on_psp else SP)
        if pointer is None and on_psp:
            return ExceptionReturn(None, "the interrupted thread's stack pointer is not part of the dump")
        state = None if pointer is None else read_state_context(pointer, memory)
        if pointer is not None and state is not None:
            pointer += STATE_CONTEXT
        frame = None if pointer is None else read_frame(pointer, memory)
        if pointer is None or frame is None:
            return ExceptionReturn(None, "the exception frame is not in the dump")
        stacked, status = frame
        if not is_frame(status, thread=thread):
            return ExceptionReturn(None, f"there is no exception frame at {pointer:#010x}")
        kept = self.surviving(registers)
        if on_psp:
            del kept[PSP]
        basic = bool(address & EXC_RETURN_BASIC)
        if not basic and were_preserved(pointer, memory):
            stacked |= float_registers(pointer, memory)
        registers = {**kept, **(state or {}), **stacked, SP: above(pointer, status, basic=basic)}
        return ExceptionReturn(Context(registers, status, 0 if thread else status & XPSR_EXCEPTION))

    def interrupted_contexts(self, stack: tuple[int, int], memory: Memory) -> Iterator[Context]:
        """What looks like the frame of a thread that was interrupted, from the top of its stack down.

        Frames are aligned to eight bytes. Frames of earlier exceptions may have been left where the stack has shrunk
        since, so the ones nearer to the top are the ones to be believed first.
        """
        start, end = (stack[0] + 7) & ~7, stack[1]
        content = memory.dumped(start, end - start)
        for at in range(len(content) - BASIC_FRAME & ~7, -1, -8):
            status = int.from_bytes(content[at + 28 : at + 32], "little")
            if not is_frame(status, thread=True):
                continue
            frame = read_frame(start + at, memory)
            if frame is not None:
                for basic in (True, False):
                    pointer = above(start + at, status, basic=basic)
                    if pointer <= end:
                        yield Context({**frame[0], SP: pointer}, status)

    def ends_stack(self, address: int) -> bool:
        """Reset leaves LR all ones; kernels and start-up code leave 0 there."""
        return address in (0, 0xFFFFFFFF)

    def after_call(self, pc: int, memory: Memory) -> bool:
        """An SVC stacks the address behind itself."""
        instruction = memory.unsigned(pc - 2, 2)
        return instruction is not None and instruction >> 8 == _SVC

    def overwritten(self, pc: int, memory: Memory) -> frozenset[int]:
        """`ARCH_EXCEPT` of Armv7-M puts the reason into r0 and does not say so: `msr BASEPRI, r0; mov r0, #…; svc`.

        Zephyr's `include/zephyr/arch/arm/error.h`.
        """
        code = memory.read(pc - 10, 10)
        is_entry = code is not None and code[:6] == _UNMASK_AND_MOVE and not code[7] & 0x8F and code[9] == _SVC
        return frozenset((R0,)) if is_entry else frozenset()

    def follows_call(self, value: int, memory: Memory) -> bool:
        """A Thumb address behind `BL` or `BLX`."""
        if not value & 1:
            return False
        raw = memory.read(value - 5, 4)
        if raw is not None and (_is_branch_and_link(raw) or _indirect_register(raw[2:]) is not None):
            return True
        return raw is None and self.calls_pointer(value, memory) is not None

    def call_target(self, return_address: int, memory: Memory) -> int | None:
        """Of a `BL` (DDI 0403, A7.7.18)."""
        raw = memory.read((return_address & ~1) - 4, 4)
        return None if raw is None else _branch_and_link(raw, return_address & ~1)

    def calls_pointer(self, return_address: int, memory: Memory) -> int | None:
        """`BLX Rm` before the return address."""
        raw = memory.read((return_address & ~1) - 2, 2)
        return None if raw is None else _indirect_register(raw)

    def fault(self, reason: int) -> Fault | None:
        """Zephyr's reasons 16..44 (`include/zephyr/arch/arm/arch.h`)."""
        return cortex_m_faults.FAULTS.get(reason)

    def fault_status(self, memory: Memory) -> FaultStatus:
        """CFSR, HFSR, MMFAR and BFAR of the system control block."""
        return cortex_m_faults.status(memory)


def _is_branch_and_link(code: bytes) -> bool:
    return code[1] >> 3 == 0b11110 and code[3] & 0xD0 == 0xD0


def _indirect_register(code: bytes) -> int | None:
    """The register of a `BLX Rm`."""
    instruction = int.from_bytes(code, "little")
    return None if instruction & 0xFF87 != 0x4780 else instruction >> 3 & 15


def _branch_and_link(code: bytes, behind: int) -> int | None:
    """Where a `BL` goes that ends at the address `behind` (encoding T1: S:I1:I2:imm10:imm11:0); None of another."""
    if not _is_branch_and_link(code):
        return None
    first, second = int.from_bytes(code[:2], "little"), int.from_bytes(code[2:], "little")
    sign = first >> 10 & 1
    high = (1 ^ (second >> 13 & 1) ^ sign) << 23 | (1 ^ (second >> 11 & 1) ^ sign) << 22
    offset = high | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
    return (behind + offset - (sign << 24)) & 0xFFFFFFFF
