"""What the analyzer asks of a CPU architecture. Nothing in here knows DWARF or Zephyr's kernel objects."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Protocol

import msgspec

from analyzer.dump.caveat import Caveat
from analyzer.dump.memory import Memory
from analyzer.dump.model import ArchitectureBlock
from analyzer.symbols.interface import Field

FieldOf = Callable[[str, str], Field | None]
"""Where a member of a structure of the firmware lies, as `Symbols.field` tells it."""


def no_fields(_structure: str, _path: str) -> Field | None:
    """Of a firmware that describes no structures."""
    return None


UNKNOWN_INTERRUPT = -1
"""In place of the number of an interrupt, where only the kernel tells that one was being handled."""


class BitField(msgspec.Struct, frozen=True):
    """Some bits of a status register that say something together."""

    name: str
    low: int
    width: int = 1


class StatusBit(msgspec.Struct, frozen=True):
    """A bit of a fault status register that was set."""

    register: str
    name: str
    meaning: str


class Fault(msgspec.Struct, frozen=True):
    """What the CPU can tell about a fault from reason code, registers and code alone."""

    kind: str
    """Stable slug."""
    label: str
    """Start of a title, such as `Division by zero`."""
    reason: str
    """The reason code's name."""
    details: tuple[str, ...] = ()
    imprecise: bool = False
    """Whether the fault belongs to an instruction before the program counter."""


class FaultStatus(msgspec.Struct, frozen=True):
    """The fault status registers, as far as the dump holds them."""

    bits: tuple[StatusBit, ...] = ()
    address: int | None = None
    """The address whose access failed, when the hardware says that it is valid."""
    reason: int | None = None
    """The reason code that the bits stand for."""
    fault: Fault | None = None
    """What they say where no reason code stands for it, such as the exception's vector."""


class Context(msgspec.Struct, frozen=True):
    """The registers of one moment of one thread. A register that is not known is not in the mapping."""

    registers: Mapping[int, int]
    """DWARF register number to value; the program counter without instruction set bits."""
    status: int | None = None
    """The program status register, which has no DWARF number."""
    interrupt: int = 0
    """Number of the exception or interrupt that was being handled; 0 in a thread."""
    fault: FaultStatus | None = None
    """What the dump's own register block says about the fault; None where it says nothing."""


class CrashContexts(msgspec.Struct, frozen=True):
    """How the context that crashed may be read, best first. More than one where the dump leaves it open."""

    contexts: tuple[Context, ...] = ()
    caveats: tuple[Caveat, ...] = ()


def unknown_layout(block: ArchitectureBlock) -> Caveat:
    """What is said of a register block that cannot be read."""
    return Caveat("unknown-registers", f"{_measured(block)}, which no known layout has")


def layout_by_size(block: ArchitectureBlock, version: int) -> Caveat:
    """What is said of a register block that was read as that of another version."""
    return Caveat("register-layout", f"{_measured(block)}; it was read as version {version}, by its size")


def _measured(block: ArchitectureBlock) -> str:
    return f"register block version {block.version} has {block.claimed_size} bytes"


class SavedThread(msgspec.Struct, frozen=True):
    """Where the kernel keeps what is needed to find a switched-out thread's registers."""

    stack_pointer_field: int | None
    """Address of the field that holds the saved stack pointer; None where the firmware does not say."""
    exc_return: int | None = None
    """Cortex-M: low byte of the thread's EXC_RETURN, where the firmware stores it."""
    thread: int = 0
    """Address of the thread's structure, `struct k_thread`."""
    switch_handle: int | None = None
    """The thread's `switch_handle`; None where the structure has none, or it is not in the dump."""
    field_of: FieldOf = no_fields


class ExceptionReturn(msgspec.Struct, frozen=True):
    """What lies under an exception handler's first frame."""

    context: Context | None
    reason: str = ""
    """Why there is no context."""


class WindowedCaller(msgspec.Struct, frozen=True):
    """The caller of a function, by the register windows that were spilled to the stack."""

    registers: Mapping[int, int]
    """The program counter among them."""
    frame_address: int | None
    """The canonical frame address of the function; None where it has not made its frame yet."""


class FunctionPointer(msgspec.Struct, frozen=True):
    """What a call went through: a register, or a word of memory."""

    value: int | None
    """Where it led to; None where it is not known."""
    register: int | None = None
    """DWARF number."""
    address: int | None = None
    """Of the word."""


class Cpu(Protocol):
    """An architecture. What has a body here is what an architecture without that feature answers."""

    name: str
    machine: int
    """ELF e_machine."""
    pointer_size: int
    register_names: Mapping[int, str]
    """DWARF number to name, in the order a person expects."""
    pc: int
    sp: int
    link: int | None
    """Number of the register that a call leaves its return address in."""
    status_name: str
    """Of the program status register."""
    callee_saved: frozenset[int]
    """Registers that a function leaves as it found them, where no call frame information says otherwise."""
    untouched: frozenset[int] = frozenset()
    """Those of them that no code changes but a kernel's, so that they are known where nothing else is."""
    further_names: Mapping[int, str] = MappingProxyType({})
    """Number to name of registers that a person expects only where they are known."""
    bit_fields: Mapping[str, tuple[BitField, ...]] = MappingProxyType({})
    """What the bits of status registers say, by the register's name."""
    pairs: Mapping[int, tuple[int, int]] = MappingProxyType({})
    """Registers that are two others side by side, the less significant first: a context holds those two."""
    entries: frozenset[str] = frozenset()
    """The functions that the hardware enters, as `interrupted` knows them."""
    has_windows: bool = False
    """Whether a call may rotate the registers, as `by_windows` tells."""

    def crashed(
        self,
        block: ArchitectureBlock,
        memory: Memory,
        stack: tuple[int, int] | None = None,
        field_of: FieldOf = no_fields,
    ) -> CrashContexts:
        """The context that crashed, from the dump's register block; `stack` is the current thread's, half-open."""
        ...

    def snapshot(self, block: ArchitectureBlock, memory: Memory) -> CrashContexts:
        """What another CPU was doing when the one that crashed stopped it."""
        return self.crashed(block, memory)

    def switched_out(self, thread: SavedThread, memory: Memory) -> Context | str:
        """The registers of a thread that does not run, or why they cannot be had."""
        ...

    def was_stacked(self, context: Context) -> bool:
        """Whether the status register is one that a CPU can have: what a failed exception entry leaves is none."""
        return True

    def salvage(self, context: Context) -> Context:
        """What can be believed of a context whose exception entry failed."""
        return context

    def return_address(self, address: int, registers: Mapping[int, int], memory: Memory) -> int:
        """A return address without what was added to protect it; `registers` are all that the rules gave."""
        return address

    def code_address(self, value: int) -> int:
        """A function pointer or return address without instruction set bits."""
        return value

    def is_exception_return(self, address: int) -> bool:
        """Whether a return address is a request to return from an exception."""
        return False

    def exception_return(self, address: int, registers: Mapping[int, int], memory: Memory) -> ExceptionReturn:
        """The interrupted context; `registers` are those behind the handler's return, with its stack pointer."""
        return ExceptionReturn(None, "this architecture has no such return address")

    def interrupted_contexts(self, stack: tuple[int, int], memory: Memory) -> Iterator[Context]:
        """What looks like the registers of a thread that was interrupted, on its stack; the likeliest first.

        None of it is certain. For architectures that keep the stack pointer of an interrupted thread nowhere else.
        """
        return iter(())

    def interrupted(
        self,
        function: str,
        registers: Mapping[int, int],
        memory: Memory,
        field_of: FieldOf,
        thread: SavedThread | None = None,
    ) -> ExceptionReturn | None:
        """What lies under a function that the hardware entered; None unless the function is known to be one.

        `registers` are the function's own; `thread` is the current one, where it is known. For architectures whose
        exception entry leaves its frame on the stack, or in the thread's structure, and no trace in a return address.
        """
        return None

    def surviving(self, registers: Mapping[int, int]) -> dict[int, int]:
        """Those of the registers that a call leaves as they are."""
        return {number: value for number, value in registers.items() if number in self.callee_saved}

    def called_from(self, registers: Mapping[int, int], memory: Memory) -> Mapping[int, int] | None:
        """The caller's registers where a call has just landed, the return address in place of the program counter.

        None where the return address is not known.
        """
        return_address = None if self.link is None else registers.get(self.link)
        if return_address is None:
            return None
        kept = self.surviving(registers)
        if self.sp in registers:
            kept[self.sp] = registers[self.sp]
        return {**kept, self.pc: return_address}

    def by_windows(
        self, registers: Mapping[int, int], start: int | None, memory: Memory
    ) -> WindowedCaller | str | None:
        """The caller where the architecture rotates its registers at a call, or why it cannot be told.

        `start` is where the function starts. None unless the function is one that uses register windows.
        """
        return None

    def by_frame_pointer(self, registers: Mapping[int, int], memory: Memory) -> Mapping[int, int] | None:
        """The caller's registers, the program counter among them, where the ABI chains frames by a frame pointer."""
        return None

    def ends_stack(self, address: int) -> bool:
        """Whether a return address is one that marks the outermost frame."""
        return address == 0

    def after_call(self, pc: int, memory: Memory) -> bool:
        """Whether the instruction before pc entered the kernel, so that it and not pc is what was executed."""
        return False

    def overwritten(self, pc: int, memory: Memory) -> frozenset[int]:
        """Registers that the kernel entry before pc has used without the compiler's knowledge."""
        return frozenset()

    def follows_call(self, value: int, memory: Memory) -> bool:
        """Whether a word can be a return address: it has the instruction set bits, and a call stands before it."""
        ...

    def calls_pointer(self, return_address: int, memory: Memory) -> int | None:
        """The register through which the call before a return address went; None unless it is such a call."""
        return None

    def function_pointer(
        self, return_address: int, registers: Mapping[int, int], memory: Memory
    ) -> FunctionPointer | None:
        """What the call before a return address went through; None unless it is such a call, and can be told.

        `registers` are those at the call.
        """
        register = self.calls_pointer(return_address, memory)
        if register is None:
            return None
        # A call through the link register has put its return address there.
        return FunctionPointer(None if register == self.link else registers.get(register), register)

    def call_target(self, return_address: int, memory: Memory) -> int | None:
        """Where the call before a return address went; None unless the instruction itself says so."""
        return None

    def fault(self, reason: int) -> Fault | None:
        """What an architecture specific reason code means."""
        return None

    def fault_status(self, memory: Memory) -> FaultStatus:
        """The fault status registers, where the dump holds them."""
        return FaultStatus()
