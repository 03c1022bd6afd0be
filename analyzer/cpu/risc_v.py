"""RISC-V, 32 and 64 bit.

Register blocks: Zephyr's `arch/riscv/core/coredump.c` (`struct riscv_arch_block`). Register numbers and frame
pointers: the RISC-V ABIs Specification. Switched-out threads: Zephyr's `include/zephyr/arch/riscv/thread.h` and
`arch/riscv/core/switch.S`; interrupts: `arch/riscv/core/isr.S`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec

from analyzer.cpu import risc_v_code, risc_v_faults
from analyzer.cpu.base import (
    Context,
    Cpu,
    CrashContexts,
    ExceptionReturn,
    FieldOf,
    SavedThread,
    layout_by_size,
    no_fields,
    unknown_layout,
)
from analyzer.cpu.risc_v_frame import (
    CALLEE_SAVED,
    GP,
    NAMES,
    PC,
    RA,
    S0,
    S1,
    SP,
    TP,
    ExceptionFrame,
    FrameLayout,
    frames_with,
    read_frame,
    read_layout,
)
from analyzer.dump.caveat import Caveat
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.words import known_words

_T, _A = (5, 6, 7, 28, 29, 30, 31), tuple(range(10, 18))
_CALLER_SAVED = (RA, TP, *_T[:3], *_A, *_T[3:], PC, SP)
_CALLER_SAVED_E = (RA, TP, *_T[:3], *_A[:6], PC, SP)
_ALL = (*range(32), PC)
_MOST_FRAMES = 4
_UPPER = 0xFFFFFFFF
_ENTRY = frozenset(
    {
        "_isr_wrapper", "__irq_wrapper", "z_riscv_thread_start",
        # What stands between its labels belongs to the same function.
        "is_interrupt", "on_irq_stack", "irq_done", "check_reschedule", "reschedule", "might_have_rescheduled",
        "no_reschedule", "is_kernel_syscall", "do_fault", "do_irq_offload", "is_user_syscall", "valid_syscall_id",
        "skip_schedule", "no_fp", "is_fp", "fp_trap_exit",
    }
)  # fmt: skip
"""The function that every trap enters."""


@dataclass(frozen=True, slots=True)
class _Block:
    """The layout of a register block."""

    versions: tuple[int, ...]
    registers: Sequence[int]
    width: int
    """Bytes of a value."""

    @property
    def size(self) -> int:
        return len(self.registers) * self.width


def _blocks(width: int) -> tuple[_Block, ...]:
    classic, full = (1, 3) if width == 4 else (2, 4)
    layouts = [
        _Block((classic,), order[:end], width) for order in (_CALLER_SAVED, _CALLER_SAVED_E) for end in (None, -1)
    ]
    if width == 8:
        # Zephyr up to 3.5 has one structure for both widths, which cuts the registers of 64 bit machines in half.
        layouts += [_Block((1,), _CALLER_SAVED[:end], 4) for end in (None, -1)]
    return (*layouts, _Block((full,), _ALL, width))


class RiscV(Cpu):
    """RV32 and RV64 with any extensions; RV32E too."""

    name = "RISC-V"
    machine = 243
    register_names: Mapping[int, str] = {**NAMES, PC: "pc"}
    pc = PC
    sp = SP
    link: int | None = RA
    status_name = "mstatus"
    callee_saved = frozenset({*CALLEE_SAVED, GP, TP})
    entries = _ENTRY

    def __init__(self, pointer_size: int) -> None:
        """`pointer_size` is 4 or 8 bytes."""
        self.pointer_size = pointer_size
        self._blocks = {block.size: block for block in _blocks(pointer_size)}

    def crashed(
        self,
        block: ArchitectureBlock,
        memory: Memory,
        stack: tuple[int, int] | None = None,
        field_of: FieldOf = no_fields,
    ) -> CrashContexts:
        """The context that crashed; the exception frame on the stack fills what the block leaves out."""
        layout = self._blocks.get(block.claimed_size)
        if layout is None:
            return CrashContexts((), (unknown_layout(block),))
        caveats: list[Caveat] = []
        if block.version not in layout.versions:
            caveats.append(layout_by_size(block, layout.versions[0]))
        slots = zip(layout.registers, block.payload.words(len(layout.registers), layout.width), strict=True)
        dumped = {number: value for number, value in slots if value is not None}
        crash = _Crash(dumped, layout.width, memory, stack, read_layout(field_of, self.pointer_size), field_of)
        if layout.registers is _ALL:
            contexts = [_captured(dumped, crash.layout)]
        elif layout.width < self.pointer_size:
            contexts, found = crash.completed()
            caveats += found
        else:
            contexts, found = crash.recovered()
            caveats += found
        if any(S1 not in context.registers for context in contexts):
            caveats.append(Caveat("callee-saved-missing", "s1..s11 of the crash were not captured by the firmware"))
        return CrashContexts(tuple(self._faulted(context, memory) for context in contexts), tuple(caveats))

    def _faulted(self, context: Context, memory: Memory) -> Context:
        """The context with what its instruction tells of the fault, unless its frame knew."""
        pc = context.registers.get(PC)
        if context.fault is not None or pc is None:
            return context
        return msgspec.structs.replace(context, fault=risc_v_faults.by_instruction(pc, memory, self.pointer_size))

    def switched_out(self, thread: SavedThread, memory: Memory) -> Context | str:
        """The registers that `z_riscv_switch` keeps in the thread's structure, as they are when it has returned.

        Up to Zephyr 2.7 it is not called but entered by `ecall`, and all other registers are in an exception frame.
        """
        if thread.switch_handle is not None and thread.switch_handle != thread.thread:
            return "it was not switched out: it was running on another CPU, or about to"
        if thread.stack_pointer_field is None:
            return "where the kernel saved its registers is not known"
        saved = self._saved(thread.stack_pointer_field, memory, thread.field_of)
        pointer, address = saved.get(SP), saved.get(RA)
        if pointer is None:
            return "its saved registers are not in the dump"
        if pointer == 0 or pointer % 4:
            return f"its saved stack pointer {pointer:#x} is not one"
        if address is not None:
            return Context({**saved, PC: address})
        layout = read_layout(thread.field_of, self.pointer_size)
        frame = None if layout is None else read_frame(pointer, layout, memory)
        if frame is None or not frame.is_plausible(self.pointer_size):
            return f"there is no exception frame at its saved stack pointer {pointer:#x}"
        return Context({**saved, **frame.registers}, frame.status)

    def _saved(self, address: int, memory: Memory, field_of: FieldOf) -> dict[int, int]:
        """A `struct _callee_saved`, by the address of the stack pointer in it."""
        width = self.pointer_size
        first = field_of("_callee_saved", "sp")
        offsets: dict[int, int] = {}
        if first is not None:
            fields = {number: field_of("_callee_saved", NAMES[number]) for number in (SP, RA, *CALLEE_SAVED)}
            offsets = {number: field.offset - first.offset for number, field in fields.items() if field is not None}
        else:
            # Nothing tells RV32E, which has no more than these.
            order = (SP, RA, *CALLEE_SAVED) if width == 8 else (SP, RA, S0, S1)
            offsets = {number: width * index for index, number in enumerate(order)}
        return known_words(address, offsets, width, memory)

    def interrupted(
        self,
        function: str,
        registers: Mapping[int, int],
        memory: Memory,
        field_of: FieldOf,
        thread: SavedThread | None = None,  # noqa: ARG002 - the frame is on a stack
    ) -> ExceptionReturn | None:
        """What a trap interrupted: its exception frame is on the stack, or on the one that is left for interrupts'.

        Who is interrupted first on a CPU goes on, on the interrupt stack, with a pointer to its frame.
        """
        if function not in _ENTRY:
            return None
        pointer = registers.get(SP)
        layout = read_layout(field_of, self.pointer_size)
        if pointer is None or layout is None:
            return ExceptionReturn(None, "where the exception frame is is not known")
        kept = self.surviving(registers)
        # While the next thread is looked for, a word and its padding are on the stack.
        for address in (memory.unsigned(pointer, self.pointer_size), pointer, pointer + 16):
            frame = None if not address else read_frame(address, layout, memory)
            if frame is None or not frame.is_plausible(self.pointer_size) or not frame.registers[PC]:
                continue
            return ExceptionReturn(Context(_under(kept, frame), frame.status))
        return ExceptionReturn(None, f"there is no exception frame at {pointer:#x}")

    def code_address(self, value: int) -> int:
        """JALR clears bit 0."""
        return value & ~1

    def by_frame_pointer(self, registers: Mapping[int, int], memory: Memory) -> Mapping[int, int] | None:
        """The return address and the caller's s0 lie right below the address in s0, which was sp on entry."""
        pointer, inside = registers.get(S0), registers.get(SP)
        if pointer is None or inside is None or pointer <= inside or pointer % self.pointer_size:
            return None
        address = memory.unsigned(pointer - self.pointer_size, self.pointer_size)
        before = memory.unsigned(pointer - 2 * self.pointer_size, self.pointer_size)
        if address is None or before is None:
            return None
        return {PC: address, SP: pointer, S0: before}

    def after_call(self, pc: int, memory: Memory) -> bool:
        """Zephyr lets an `ecall` go on behind itself."""
        return risc_v_code.is_system_call(pc - 4, memory)

    def follows_call(self, value: int, memory: Memory) -> bool:
        """An even address behind JAL or JALR, compressed or not."""
        return risc_v_code.follows_call(value, memory, self.pointer_size)

    def calls_pointer(self, return_address: int, memory: Memory) -> int | None:
        """JALR before the return address."""
        return risc_v_code.calls_pointer(return_address, memory)


@dataclass(frozen=True, slots=True)
class _Crash:
    """The registers of a block without s-registers, and where more of them may be."""

    dumped: Mapping[int, int]
    width: int
    memory: Memory
    stack: tuple[int, int] | None
    layout: FrameLayout | None
    field_of: FieldOf

    def recovered(self) -> tuple[list[Context], list[Caveat]]:
        """The contexts by the frames on the stack, else the block as it is."""
        # Firmware that does not have them leaves zeros; there is neither memory nor a thread at 0.
        known = {number: value for number, value in self.dumped.items() if value or number not in (SP, TP)}
        pointer = known.get(SP)
        frames = self._frames()
        if frames:
            contexts = [self._with(known, frame) for frame in frames]
            if pointer is None or any(context.registers[SP] == pointer for context in contexts):
                return [each for each in contexts if pointer in (None, each.registers[SP])], []
            text = f"the dumped stack pointer {pointer:#x} is none; it was found by the exception frame on the stack"
            return contexts, [Caveat("stack-pointer-recovered", text)]
        if pointer is not None and pointer % 4 == 0 and self.memory.holding(pointer - 1) is not None:
            return [Context(known)], []
        known.pop(SP, None)
        return [Context(known)], [Caveat("stack-pointer-missing", "the stack pointer of the crash was not captured")]

    def completed(self) -> tuple[list[Context], list[Caveat]]:
        """The contexts of a block with half registers: whole ones are in the frame alone."""
        contexts = [self._with({}, frame) for frame in self._frames(self.width)]
        if contexts:
            return contexts, []
        text = (
            "the firmware dumps the lower 32 bits of registers only, and their whole values are not on a dumped stack"
        )
        # Code whose address has more than 32 bits is not found by it, so that nothing is named wrongly.
        pc = {PC: self.dumped[PC]} if PC in self.dumped else {}
        return [Context(pc)], [Caveat("registers-halved", text)]

    def _frames(self, known: int | None = None) -> list[ExceptionFrame]:
        """The frames that hold what the block says, those on the thread's stack first."""
        if self.layout is None:
            return []
        values = {number: value for number, value in self.dumped.items() if number not in (SP, TP)}
        if len(values) < len(self.layout.registers) - 4:
            # Of a block that did not arrive as a whole too little is left to tell one frame from another.
            return []
        found = list(islice(frames_with(values, self.layout, self.memory, known), _MOST_FRAMES))
        own = self.stack
        near = [address for address in found if own is not None and own[0] - self.layout.size <= address < own[1]]
        frames = (read_frame(address, self.layout, self.memory) for address in near or found)
        return [frame for frame in frames if frame is not None and frame.is_plausible(self.layout.width)]

    def _with(self, known: Mapping[int, int], frame: ExceptionFrame) -> Context:
        registers = {**known, **self._callee_saved(frame), **frame.registers}
        fault = None if frame.cause is None else risc_v_faults.by_cause(frame.cause)
        return Context(registers, frame.status, fault=fault)

    def _callee_saved(self, frame: ExceptionFrame) -> Mapping[int, int]:
        """What CONFIG_EXTRA_EXCEPTION_INFO hangs on the frame."""
        layout = self.layout
        if layout is None or layout.callee_saved is None or frame.by_user:
            return {}
        at = frame.registers[SP] - layout.size + layout.callee_saved
        saved = self.memory.unsigned(at, layout.width)
        fields = {number: self.field_of("_callee_saved", NAMES[number]) for number in CALLEE_SAVED}
        if not saved or saved % layout.width:
            return {}
        offsets = {number: field.offset for number, field in fields.items() if field is not None}
        values = known_words(saved, offsets, layout.width, self.memory)
        # What the frame has too says whether the pointer is one of this crash.
        return values if values.get(S0) == frame.registers.get(S0) else {}


def _captured(dumped: Mapping[int, int], layout: FrameLayout | None) -> Context:
    """The registers of a block that has all of them, without those whose zeros mean that they are unknown."""
    unknown: Iterable[int] = (0,)
    if not any(dumped.get(number) for number in CALLEE_SAVED[1:]):
        unknown = (0, *CALLEE_SAVED[1:])
    registers = {number: value for number, value in dumped.items() if number not in unknown}
    if layout is not None and _A[7] not in layout.registers:
        # RV32E: the upper half does not exist.
        registers = {number: value for number, value in registers.items() if number < 16 or number == PC}
    return Context(registers)


def _under(kept: Mapping[int, int], frame: ExceptionFrame) -> dict[int, int]:
    """The registers of who was interrupted: those that the trap saved, and those that it does not touch."""
    unsafe = (TP, GP) if frame.by_user else ()
    return {**{number: value for number, value in kept.items() if number not in unsafe}, **frame.registers}
