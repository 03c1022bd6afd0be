"""The registers of switched-out threads on a Cortex-M, in both ways in which Zephyr keeps them.

Classic: the PendSV handler of `arch/arm/core/cortex_m/swap_helper.S` leaves the hardware's frame on the thread's stack
and keeps r4..r11, psp and s16..s31 in `struct k_thread` (`include/zephyr/arch/arm/thread.h`). CONFIG_USE_SWITCH:
`arch/arm/core/cortex_m/arm-m-switch.c` keeps everything behind `switch_handle`; what lies where has changed and is
taken from the firmware's debug information.
"""

from analyzer.cpu.base import Context, FieldOf, SavedThread
from analyzer.cpu.cortex_m_exception import (
    CALLEE_SAVED,
    EXC_RETURN_BASIC,
    LR,
    PC,
    R4,
    R12,
    S0,
    S16,
    SP,
    XPSR_THUMB,
    above,
    float_registers,
    is_frame,
    read_frame,
    words_at,
)
from analyzer.dump.memory import Memory

_CALLEE_SAVED = range(R4, R4 + CALLEE_SAVED)
_RESTORE = bytes.fromhex("bde8ff5f00bd")
"""POP {r0-r12, lr}; POP {pc}: what a thread that gave up the CPU itself goes on behind."""
_POP_R7 = 0xBC80
_STUB = 0xDE00
"""UDF #0, which stands for an instruction that was interrupted half-way."""
_WRITTEN_BY_SWITCH = (*range(6), R12, LR, PC)
"""What a thread that gave up the CPU itself has written; the place of the others is only reserved."""


def switched_out(thread: SavedThread, memory: Memory) -> Context | str:
    """The registers, or why they cannot be had."""
    if thread.switch_handle is not None:
        return _Switched(thread, memory).context(thread.switch_handle)
    return _classic(thread, memory)


def _classic(thread: SavedThread, memory: Memory) -> Context | str:
    if thread.stack_pointer_field is None:
        return "where the kernel saved its registers is not known"
    saved = words_at(thread.stack_pointer_field - 4 * CALLEE_SAVED, CALLEE_SAVED + 1, memory)
    if saved is None:
        return "its saved registers are not in the dump"
    pointer = saved[-1]
    if pointer == 0 or pointer % 4:
        return f"its saved stack pointer {pointer:#010x} is not one"
    frame = read_frame(pointer, memory)
    if frame is None:
        return f"its stack at {pointer:#010x} is not in the dump"
    registers, status = frame
    if not is_frame(status, thread=True):
        return f"there is no exception frame at its saved stack pointer {pointer:#010x}"
    registers.update(zip(_CALLEE_SAVED, saved, strict=False))
    basic = thread.exc_return is None or bool(thread.exc_return & EXC_RETURN_BASIC)
    registers[SP] = above(pointer, status, basic=basic)
    kept = None if basic else thread.field_of("k_thread", "arch.preempt_float")
    if kept is not None and kept.size == 64:
        # Storing s16..s31 is what makes the hardware write s0..s15 to their place in the frame, which until then may
        # be reserved only: the handler stores them for every thread whose EXC_RETURN tells of an extended frame.
        upper = words_at(thread.thread + kept.offset, 16, memory) or ()
        registers |= float_registers(pointer, memory) | {S16 + index: value for index, value in enumerate(upper)}
    return Context(registers, status)


class _Switched:
    """A thread whose context lies behind its `switch_handle`."""

    def __init__(self, thread: SavedThread, memory: Memory) -> None:
        self.thread = thread
        self.memory = memory

    def context(self, handle: int) -> Context | str:
        """The registers in the `struct switch_frame`, and in the floating point state before it."""
        if not handle:
            return "it was about to run: the kernel holds no registers of it"
        layout = _layout(self.thread.field_of)
        if layout is None:
            return "the firmware's debug information does not say how it keeps the registers of its threads"
        base, floats = self._frame(handle)
        if base is None:
            return "its saved floating point state cannot be read"
        found = {name: self.memory.unsigned(base + offset, 4) for name, offset in layout.items()}
        if None in found.values():
            return f"its saved registers at {base:#010x} are not in the dump"
        values = {name: value for name, value in found.items() if value is not None}
        status = values.pop("status")
        if not is_frame(status, thread=True):
            return f"there are no saved registers at {base:#010x}"
        registers = {number: values[name] for name, number in _NUMBERS.items()}
        registers[PC] &= ~1
        registers[SP] = base + max(layout.values()) + 4
        return self._resumed(registers | floats, status)

    def _frame(self, handle: int) -> tuple[int | None, dict[int, int]]:
        """Where the `struct switch_frame` is, and the floating point registers beside it.

        With CONFIG_FPU the handle points at a word that tells whether there are any.
        """
        field_of = self.thread.field_of
        flag = field_of("z_frame", "have_fpu")
        plain = field_of("z_frame", "u.sw")
        if flag is None or plain is None:
            return (handle if flag is None else None), {}
        present = self.memory.unsigned(handle + flag.offset, 4)
        if not present:
            return (None if present is None else handle + plain.offset), {}
        kept, behind = field_of("z_frame_fpu", "s_regs"), field_of("z_frame_fpu", "u.sw")
        if kept is None or behind is None or kept.size != 128:
            return None, {}
        values = words_at(handle + kept.offset, 32, self.memory) or ()
        return handle + behind.offset, {S0 + index: value for index, value in enumerate(values)}

    def _resumed(self, registers: dict[int, int], status: int) -> Context:
        """The context as it will be when the thread has got its CPU back."""
        pc = registers[PC]
        if self.memory.read(pc - len(_RESTORE), len(_RESTORE)) == _RESTORE:
            floats = {number: value for number, value in registers.items() if number >= S0}
            registers = {number: registers[number] for number in (*_WRITTEN_BY_SWITCH, SP)} | floats
            if self.memory.unsigned(pc, 2) == _POP_R7:
                # CONFIG_ARM_GCC_FP_WORKAROUND: r7 was pushed before, which no call frame information knows.
                kept = self.memory.unsigned(registers[SP], 4)
                registers |= {SP: registers[SP] + 4} | ({} if kept is None else {7: kept})
        elif self.memory.unsigned(pc, 2) == _STUB:
            real_pc, real_status = self._field("arch.iciit_pc"), self._field("arch.iciit_apsr")
            if real_pc and real_status is not None and real_status & XPSR_THUMB:
                return Context({**registers, PC: real_pc & ~1}, real_status)
        return Context(registers, status)

    def _field(self, path: str) -> int | None:
        field = self.thread.field_of("k_thread", path)
        return None if field is None else self.memory.unsigned(self.thread.thread + field.offset, 4)


_NUMBERS = {**{f"r{number}": number for number in range(13)}, "lr": LR, "pc": PC}
_STATUS_NAMES = ("apsr", "xpsr", "psr")


def _layout(field_of: FieldOf) -> dict[str, int] | None:
    """Offsets of the registers in `struct switch_frame`; None unless all are there."""
    found = {name: field_of("switch_frame", name) for name in _NUMBERS}
    status = next((field for name in _STATUS_NAMES if (field := field_of("switch_frame", name))), None)
    fields = {**found, "status": status}
    offsets = {name: field.offset for name, field in fields.items() if field is not None and field.size == 4}
    return offsets if len(offsets) == len(fields) else None
