"""ARM64 (AArch64).

Register blocks: Zephyr's `arch/arm64/core/coredump.c` (`struct arm64_arch_block`). Exception frames: its
`include/zephyr/arch/arm64/exc.h` and `arch/arm64/core/{vector_table,isr_wrapper,switch}.S`. Switched-out threads: its
`include/zephyr/arch/arm64/thread.h`. Register numbers: DWARF for the Arm 64-bit Architecture (AADWARF64), section 4.1.
Procedure calls: AAPCS64. Instructions and SPSR: Arm Architecture Reference Manual (DDI 0487).
"""

from collections.abc import Iterator, Mapping

from analyzer.cpu import arm64_frame
from analyzer.cpu.arm64_frame import ELR, FP, LR, PC, SP, SPSR, FrameLayout
from analyzer.cpu.base import (
    Context,
    Cpu,
    CrashContexts,
    ExceptionReturn,
    FieldOf,
    SavedThread,
    no_fields,
    unknown_layout,
)
from analyzer.dump.caveat import Caveat
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.words import known_words

X19 = 19
RETURN_SIGNED = 34
"""The pseudo register that tells whether a return address is signed."""
ADDRESS_BITS = (48, 42, 40, 39, 36, 32)
"""Widths of virtual addresses that kernels configure; above them a signature stands."""

_VOLATILE = tuple(range(19))
_CALLEE_SAVED = tuple(range(X19, FP))
_LAYOUTS: dict[int, tuple[int, ...]] = {
    176: (*_VOLATILE, LR, SPSR, ELR),
    192: (*_VOLATILE, LR, SPSR, ELR, FP, SP),
    272: (*_VOLATILE, *_CALLEE_SAVED, LR, SPSR, ELR, FP, SP),
}
"""Bytes of a register block to what its words are: the versions 1 to 3, which only the size tells reliably."""
_SAVED_NAMES = (*((f"x{number}", number) for number in (*_CALLEE_SAVED, FP)), ("sp_elx", SP), ("lr", LR))
_SAVED_PATHS = tuple((f"callee_saved.{name}", number) for name, number in _SAVED_NAMES)
_FROM_STACK_POINTER = {**{number: 8 * (number - X19 - 12) for number in (*_CALLEE_SAVED, FP)}, SP: 0, LR: 8}
"""Where the saved registers lie, as seen from the stack pointer among them; the word before that is another one."""
_ENTRY_CODE = frozenset(
    {
        "_isr_wrapper",
        "z_arm64_irq_done",
        "z_arm64_sync_exc",
        "z_arm64_serror",
        "z_arm64_exit_exc",
        "z_arm64_exit_exc_fpu_done",
        "z_irq_spurious",
    }
)
"""Assembler that exceptions enter and leave by, with its stack pointer at what it interrupted or right below."""
_ENTERED_BY_JUMP = frozenset({"z_arm64_do_kernel_oops"})
"""Functions that such code jumps to: the link register is the interrupted code's, not theirs."""


class Arm64(Cpu):
    """Armv8-A and Armv8-R in AArch64 state."""

    name = "ARM64"
    machine = 183
    pointer_size = 8
    register_names: Mapping[int, str] = {**{number: f"x{number}" for number in range(31)}, SP: "sp", PC: "pc"}
    pc = PC
    sp = SP
    link: int | None = LR
    status_name = "cpsr"
    callee_saved = frozenset({*range(X19, LR), *range(72, 80)})
    """x19..x29, and the lower halves of v8..v15."""
    entries = _ENTRY_CODE | _ENTERED_BY_JUMP

    def crashed(
        self,
        block: ArchitectureBlock,
        memory: Memory,
        stack: tuple[int, int] | None = None,
        field_of: FieldOf = no_fields,  # noqa: ARG002 - frames have one layout
    ) -> CrashContexts:
        """The context that crashed; version 1 has no stack pointer, and two readings where it can be found."""
        layout = _LAYOUTS.get(block.claimed_size)
        if layout is None:
            return CrashContexts((), (unknown_layout(block),))
        words = zip(layout, block.payload.words(len(layout), 8), strict=True)
        known = {number: value for number, value in words if value is not None}
        status, elr = known.pop(SPSR, None), known.pop(ELR, None)
        if elr is not None:
            known[PC] = elr
        caveats: list[Caveat] = []
        if not known.get(FP):
            # Firmware without frame pointers writes 0, which no running code has there.
            known.pop(FP, None)
        if X19 not in known:
            caveats.append(Caveat("callee-saved-missing", "x19..x28 of the crash are not captured by the firmware"))
        raw = block.payload.read(0, block.claimed_size)
        if SP in known:
            if status is not None and arm64_frame.is_user(status) and self._is_kernels(known[SP], layout, raw, memory):
                del known[SP]
                text = "the stack pointer of user mode was not captured"
                caveats.append(Caveat("stack-pointer-missing", text))
            return CrashContexts((Context(known, status),), tuple(caveats))
        contexts = tuple(_with_frame(known, status, raw, memory, stack))
        if contexts:
            text = "the stack pointer was found by the exception frame on the stack"
            caveats.append(Caveat("stack-pointer-recovered", text))
        else:
            caveats.append(Caveat("stack-pointer-missing", "the stack pointer of the crash was not captured"))
        return CrashContexts(contexts or (Context(known, status),), tuple(caveats))

    @staticmethod
    def _is_kernels(pointer: int, layout: tuple[int, ...], raw: bytes | None, memory: Memory) -> bool:
        """Whether a fault in user mode was dumped with the kernel's stack pointer, which is right above its frame."""
        if raw is None:
            return True
        start, end = 8 * layout.index(LR), 8 * (layout.index(ELR) + 1)
        pattern = raw[: 8 * len(_VOLATILE)] + raw[start:end]
        sizes = (arm64_frame.BASIC_SIZE, arm64_frame.BASIC_SIZE + 16)
        held = [memory.read(pointer - size, len(pattern)) for size in sizes]
        return None in held or pattern in held

    def snapshot(self, block: ArchitectureBlock, memory: Memory) -> CrashContexts:
        """What another CPU was doing when it was stopped. Room for x19..x28 is there, but they are never filled in."""
        found = self.crashed(block, memory)
        contexts = [
            Context(
                {number: value for number, value in each.registers.items() if number not in _CALLEE_SAVED}, each.status
            )
            for each in found.contexts
        ]
        return CrashContexts(tuple(contexts))

    def switched_out(self, thread: SavedThread, memory: Memory) -> Context | str:
        """What z_arm64_context_switch() put into the thread's `_callee_saved`: it goes on behind the call of that."""
        if thread.stack_pointer_field is None:
            return "where the kernel saved its registers is not known"
        if thread.switch_handle == 0:
            return "it was running on another CPU, whose registers are not in the dump"
        registers = _saved(thread, thread.stack_pointer_field, memory)
        if SP not in registers or LR not in registers:
            return "its saved registers are not in the dump"
        if registers[SP] == 0 or registers[SP] % 16:
            return f"its saved stack pointer {registers[SP]:#018x} is not one"
        return Context({**registers, PC: registers[LR]})

    def interrupted(
        self,
        function: str,
        registers: Mapping[int, int],
        memory: Memory,
        field_of: FieldOf,
        thread: SavedThread | None = None,
    ) -> ExceptionReturn | None:
        """What an exception or interrupt came in between, from the frame that its entry code left on the stack.

        An interrupt that is not nested changes to a stack of its own, and leaves the old stack pointer there.
        """
        del thread  # its structure keeps nothing of this
        if function in _ENTERED_BY_JUMP:
            return ExceptionReturn(None, "the handler does not tell where its exception frame is")
        if function not in _ENTRY_CODE:
            return None
        layout = arm64_frame.layout_of(field_of)
        pointer = registers.get(SP)
        if layout is None or pointer is None:
            return ExceptionReturn(None, "the firmware does not tell how its exception frames are laid out")
        context = None
        for place in self._frame_places(function, pointer, registers.get(PC, 0), memory):
            context = context or _frame_at(place, layout, memory)
        if context is None:
            return ExceptionReturn(None, f"there is no exception frame at {pointer:#018x}")
        kept = self.surviving(registers)
        return ExceptionReturn(Context({**kept, **context.registers}, context.status))

    def _frame_places(self, function: str, pointer: int, pc: int, memory: Memory) -> tuple[int, ...]:
        """Where entry code can have its exception frame, or the old stack pointer that leads there.

        It is at its stack pointer, or behind the two words that it pushes before it calls the handler of an interrupt
        or asks for the next thread.
        """
        if function == "z_arm64_irq_done":
            # Two words lower a frame looks like one, too, where x18 is 0: what lies higher goes first.
            return (pointer + 16, pointer)
        pushed = function == "_isr_wrapper" and self.calls_pointer(pc, memory) is not None
        return (pointer + 16 if pushed else pointer,)

    def by_frame_pointer(self, registers: Mapping[int, int], memory: Memory) -> Mapping[int, int] | None:
        """AAPCS64, section 6.4.6: x29 leads to the caller's x29 and the return address. Where SP is nobody says."""
        pointer = registers.get(FP)
        if not pointer or pointer % 8:
            return None
        outer, address = memory.unsigned(pointer, 8), memory.unsigned(pointer + 8, 8)
        if outer is None or not address or (outer and outer <= pointer):
            return None
        return {FP: outer, PC: address}

    def return_address(self, address: int, registers: Mapping[int, int], memory: Memory) -> int:
        """Without its signature, where the call frame information says that it has one (Armv8.3-A, FEAT_PAuth)."""
        if registers.get(RETURN_SIGNED) != 1:
            return address
        plain = [address & (1 << bits) - 1 for bits in ADDRESS_BITS]
        return next((each for each in plain if self.follows_call(each, memory)), plain[0])

    def after_call(self, pc: int, memory: Memory) -> bool:
        """`SVC` has the address behind itself as its return address."""
        instruction = memory.unsigned(pc - 4, 4)
        return instruction is not None and instruction & 0xFFE0001F == 0xD4000001

    def follows_call(self, value: int, memory: Memory) -> bool:
        """Behind `BL` or `BLR`."""
        if value % 4:
            return False
        instruction = memory.unsigned(value - 4, 4)
        if instruction is None:
            return False
        return instruction >> 26 == 0b100101 or self.calls_pointer(value, memory) is not None

    def calls_pointer(self, return_address: int, memory: Memory) -> int | None:
        """`BLR`, and its forms that authenticate the pointer, before the return address."""
        instruction = memory.unsigned(return_address - 4, 4)
        if instruction is None:
            return None
        plain = instruction & 0xFFFFFC1F == 0xD63F0000
        return instruction >> 5 & 31 if plain or instruction & 0xFEFFF800 == 0xD63F0800 else None


def _with_frame(
    known: Mapping[int, int], status: int | None, raw: bytes | None, memory: Memory, stack: tuple[int, int] | None
) -> Iterator[Context]:
    """A version 1 block with the stack pointer by where its exception frame lies on a stack: 22 equal words.

    Whether the frame has room for the frame pointer, and so is larger, the unwinding must tell.
    """
    if raw is None or stack is None:
        return
    start, end = stack
    content = memory.dumped(start, end - start)
    at = content.find(raw)
    if at < 0 or (start + at) % 16 or content.find(raw, at + 1) >= 0:
        return
    above = start + at + arm64_frame.BASIC_SIZE
    yield Context({**known, SP: above}, status)
    pointer = memory.unsigned(above, 8)
    if pointer is not None and above + 16 <= pointer < end and pointer % 8 == 0:
        yield Context({**known, FP: pointer, SP: above + 16}, status)


def _saved(thread: SavedThread, stack_pointer_field: int, memory: Memory) -> dict[int, int]:
    """The saved registers: by the debug information, else by the stack pointer's place among them."""
    fields = {number: thread.field_of("k_thread", path) for path, number in _SAVED_PATHS}
    offsets = {number: field.offset for number, field in fields.items() if field is not None}
    if offsets:
        return known_words(thread.thread, offsets, 8, memory)
    return known_words(stack_pointer_field, _FROM_STACK_POINTER, 8, memory)


def _frame_at(place: int, layout: FrameLayout, memory: Memory) -> Context | None:
    """The context in the exception frame at an address, or at the address that the first word on a stack gives."""
    outer = memory.unsigned(place, 8)
    found = [layout.read(address, memory) for address in {place, outer} if address]
    contexts = [context for context in found if context is not None]
    return contexts[0] if len(contexts) == 1 else None
