"""x86, 64 bit.

Register block: Zephyr's `arch/x86/core/intel64/coredump.c`. Register numbers: System V ABI, AMD64 supplement, figure
3.36. Switched-out threads and interrupted code: `locore.S` there and `include/zephyr/arch/x86/intel64/thread.h`.
"""

import struct
from collections.abc import Mapping

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
from analyzer.cpu.x86_family import FLAGS_SET, X86Family, is_flags, is_selector
from analyzer.dump.caveat import Caveat
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.words import known_words

RAX, RDX, RCX, RBX, RSI, RDI, RBP, RSP, R8, R9, R10, R11, R12, R13, R14, R15, RIP = range(17)
CS, SS = 51, 52
MODE = x86_code.Mode(8, (RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15))
_LAYOUT = (RAX, RCX, RDX, RSI, RDI, RSP, R8, R9, R10, R11, RIP)
_OFFSET_FLAGS, _OFFSET_CS, _OFFSET_SS, _OFFSET_RBP, _OFFSET_RBX = 104, 112, 120, 128, 136
_DEBUG_LAYOUT = (RBX, R12, R13, R14, R15)
SIZES = (_OFFSET_RBX, _OFFSET_RBX + 8 * len(_DEBUG_LAYOUT))
"""Of a register block, without and with what CONFIG_EXCEPTION_DEBUG adds."""
_CALLEE_SAVED = {"rsp": RSP, "rbx": RBX, "rbp": RBP, "r12": R12, "r13": R13, "r14": R14, "r15": R15, "rip": RIP}
"""Members of `struct _callee_saved`, in order; rflags follows."""
_RFLAGS = 49
_SAVED = {number: 8 * at for at, number in enumerate((*_CALLEE_SAVED.values(), _RFLAGS))}
"""Where they are, as seen from the stack pointer, which is the first of them."""
_CALLER_SAVED = {
    "rax": RAX,
    "rcx": RCX,
    "rdx": RDX,
    "rsi": RSI,
    "rdi": RDI,
    "r8": R8,
    "r9": R9,
    "r10": R10,
    "r11": R11,
}
"""Members of `struct _thread_arch` that are valid when the thread was interrupted."""
_FLAG_ALL = 1
"""Of `_thread_arch.flags`: the thread was interrupted, and all of its registers are there."""
_RUNNING = 0xB9
"""What an assertion puts in the place of the program counter while the thread runs."""
_INTERRUPT_ENTRIES = frozenset({"irq", "irq_enter_nested", "irq_enter_unnested", "irq_dispatch"})
_EXCEPTION_ENTRIES = frozenset({"except"})
_FXSAVE = 512
_MOVE_TO_RAX, _FATAL_INTERRUPT = bytes.fromhex("48c7c0"), bytes.fromhex("cd20")
_NESTED = (R11, R10, R9, R8, RDI, RDX, RCX, RSI, RAX)
"""What a nested interrupt pushes below the hardware's frame, above the floating point state."""
_EXCEPTION = ("rbx", "r12", "r13", "r14", "r15", "rbp", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")
_NUMBERS = {**_CALLEE_SAVED, **_CALLER_SAVED}


class X8664(X86Family):
    """Intel 64 and AMD64 in long mode."""

    name = "x86-64"
    machine = 62
    pointer_size = 8
    register_names: Mapping[int, str] = {
        RAX: "rax",
        RBX: "rbx",
        RCX: "rcx",
        RDX: "rdx",
        RSI: "rsi",
        RDI: "rdi",
        RBP: "rbp",
        RSP: "rsp",
        **{number: f"r{number}" for number in range(R8, R15 + 1)},
        RIP: "rip",
        CS: "cs",
        SS: "ss",
    }
    pc = RIP
    sp = RSP
    mode = MODE
    frame_pointer = RBP
    callee_saved = frozenset({RBX, RBP, R12, R13, R14, R15})
    entries = _INTERRUPT_ENTRIES | _EXCEPTION_ENTRIES

    def crashed(
        self,
        block: ArchitectureBlock,
        memory: Memory,
        stack: tuple[int, int] | None = None,  # noqa: ARG002 - the block has all that is known
        field_of: FieldOf = no_fields,  # noqa: ARG002 - the block is laid out by its size
    ) -> CrashContexts:
        """The context that crashed; rbx and r12..r15 only where the firmware captured them."""
        if block.claimed_size not in SIZES:
            return CrashContexts((), (unknown_layout(block),))
        payload = block.payload
        words = dict(zip(_LAYOUT, payload.words(len(_LAYOUT), 8, 16), strict=True))
        words |= {CS: payload.unsigned(_OFFSET_CS, 8), SS: payload.unsigned(_OFFSET_SS, 8)}
        words[RBP] = payload.unsigned(_OFFSET_RBP, 8)
        caveats: tuple[Caveat, ...] = ()
        if block.claimed_size == SIZES[1]:
            words |= {number: payload.unsigned(_OFFSET_RBX + 8 * at, 8) for at, number in enumerate(_DEBUG_LAYOUT)}
        else:
            caveats = (
                Caveat("callee-saved-missing", "rbx and r12..r15 of the crash were not captured by the firmware"),
            )
        registers = {number: value for number, value in words.items() if value is not None}
        fault = self._fault(payload.unsigned(0, 8), payload.unsigned(8, 8), registers, memory)
        return CrashContexts((Context(registers, payload.unsigned(_OFFSET_FLAGS, 8), fault=fault),), caveats)

    def _fault(
        self, vector: int | None, code: int | None, registers: Mapping[int, int], memory: Memory
    ) -> FaultStatus | None:
        if vector is None:
            return None
        divisor = None
        if vector == x86_faults.DIVIDE_ERROR:
            _, divisor = x86_code.divisor(registers.get(RIP, 0), registers, memory, MODE)
        return x86_faults.describe(vector, code or 0, divisor)

    def overwritten(self, pc: int, memory: Memory) -> frozenset[int]:
        """`ARCH_EXCEPT` puts the reason into RAX and does not say so: `mov rax, …; int 32`.

        Zephyr's `include/zephyr/arch/x86/intel64/arch.h`.
        """
        code = memory.read(pc - 9, 9)
        is_entry = code is not None and code[:3] == _MOVE_TO_RAX and code[7:] == _FATAL_INTERRUPT
        return frozenset((RAX,)) if is_entry else frozenset()

    def switched_out(self, thread: SavedThread, memory: Memory) -> Context | str:
        """The registers in the thread's structure; after an interrupt all of them, else those that a call keeps."""
        if thread.stack_pointer_field is None:
            return "where the kernel saved its registers is not known"
        if thread.switch_handle == 0:
            return "it was running on another CPU, whose registers are not in the dump"
        return _saved(thread, thread.stack_pointer_field, memory)

    def interrupted(
        self,
        function: str,
        registers: Mapping[int, int],
        memory: Memory,
        field_of: FieldOf,
        thread: SavedThread | None = None,
    ) -> ExceptionReturn | None:
        """What an interrupt or exception came into.

        A nested interrupt has all of it on its stack; the first one puts it where a switched-out thread has it.
        """
        pointer = registers.get(RSP)
        kept = self.surviving(registers)
        found: Context | None = None
        if function in _INTERRUPT_ENTRIES:
            found = None if pointer is None else _nested(pointer, kept, memory)
            if found is None and thread is not None and thread.stack_pointer_field is not None:
                saved = _saved(thread, thread.stack_pointer_field, memory)
                found = saved if isinstance(saved, Context) and RAX in saved.registers else None
        elif function in _EXCEPTION_ENTRIES:
            found = None if pointer is None else _exception(pointer, kept, memory, field_of)
        else:
            return None
        if found is None:
            return ExceptionReturn(None, "the frame of what was interrupted is not in the dump")
        return ExceptionReturn(found)


def _saved(thread: SavedThread, stack_pointer_field: int, memory: Memory) -> Context | str:
    """The registers that a switch or an interrupt left in the thread's structure."""

    def member(path: str) -> int | None:
        found = thread.field_of("k_thread", path)
        return None if found is None else memory.unsigned(thread.thread + found.offset, found.size)

    words: dict[int, int | None] = {**known_words(stack_pointer_field, _SAVED, 8, memory)}
    flags = words.pop(_RFLAGS, None)
    pointer, pc = words.get(RSP), words.get(RIP)
    if pointer is None or pc is None:
        return "its saved registers are not in the dump"
    if pc == _RUNNING:
        return "it was running, and its registers are not in its structure"
    if pointer == 0:
        return f"its saved stack pointer {pointer:#x} is not one"
    # A thread that has never run lacks the bit that always is 1.
    if flags is not None and not is_flags(flags | FLAGS_SET):
        return f"its saved rflags {flags:#x} cannot be"
    if (member("arch.flags") or 0) & _FLAG_ALL:
        words |= {number: member(f"arch.{name}") for name, number in _CALLER_SAVED.items()}
    return Context({number: value for number, value in words.items() if value is not None}, flags)


def _resumed(registers: Mapping[int, int], hardware: int, memory: Memory) -> Context | None:
    """The context of a frame that the hardware pushed: RIP, CS, RFLAGS, RSP, SS."""
    raw = memory.read(hardware, 40)
    if raw is None:
        return None
    rip, cs, flags, rsp, ss = struct.unpack("<5Q", raw)
    if not is_selector(cs) or not is_flags(flags) or (ss and not is_selector(ss)) or memory.read(rip, 1) is None:
        return None
    return Context({**registers, RIP: rip, CS: cs, RSP: rsp, SS: ss}, flags)


def _nested(pointer: int, kept: Mapping[int, int], memory: Memory) -> Context | None:
    raw = memory.read(pointer + _FXSAVE, 8 * len(_NESTED))
    if raw is None:
        return None
    registers = {number: int.from_bytes(raw[8 * at : 8 * at + 8], "little") for at, number in enumerate(_NESTED)}
    return _resumed({**kept, **registers}, pointer + _FXSAVE + len(raw), memory)


def _exception(pointer: int, kept: Mapping[int, int], memory: Memory, field_of: FieldOf) -> Context | None:
    """An exception's frame, which lies at the handler's stack pointer."""
    hardware = field_of("x86_esf", "rip")
    if hardware is None:
        return None
    fields = {name: field_of("x86_esf", name) for name in _EXCEPTION}
    words = {
        _NUMBERS[name]: memory.unsigned(pointer + found.offset, 8)
        for name, found in fields.items()
        if found is not None
    }
    registers = {number: value for number, value in words.items() if value is not None}
    return _resumed({**kept, **registers}, pointer + hardware.offset, memory)
