"""What there is to explain a crash from: everything that rules look at, made once."""

from collections.abc import Sequence

import msgspec

from analyzer.cpu import Context, Cpu
from analyzer.cpu.base import FaultStatus
from analyzer.disassembly import Access, Instruction
from analyzer.dump.memory import Memory
from analyzer.explain.source_pointer import SourcePointer
from analyzer.grouping import Plumbing
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind import Frame

ACCESS_KINDS = (
    "memory-fault",
    "bus-fault",
    "cpu-exception",
    "unaligned-access",
    "general-protection",
    "stack-segment-fault",
    "double-fault",
)
"""Kinds of fault that a load or store can have."""
FETCH_KINDS = (
    "memory-fault",
    "bus-fault",
    "cpu-exception",
    "bad-jump",
    "undefined-instruction",
    "usage-fault",
    "general-protection",
)
"""Kinds of fault that the fetch of an instruction can have."""


class SourceLine(msgspec.Struct, frozen=True):
    """A frame as far as a title needs it."""

    function: str | None
    file: str | None
    line: int | None


class ThreadStack(msgspec.Struct, frozen=True):
    """A thread and the stack that is its own."""

    name: str
    stack: tuple[int, int]
    """Half-open."""


class Crash(msgspec.Struct, frozen=True):
    """A crash as the rest of the analysis hands it over."""

    reason: int | None
    cpu: Cpu | None
    context: Context | None
    frames: Sequence[Frame]
    lines: Sequence[SourceLine]
    """The crashed thread's frames, inlined ones included, innermost first."""
    memory: Memory
    symbols: TypedSymbols | None = None
    pc_is_code: bool | None = None
    """None where nobody knows, for lack of symbols."""
    thread: ThreadStack | None = None
    """The one that was current."""
    thread_name: str | None = None
    interrupt_stack: tuple[int, int] | None = None
    """Half-open."""
    others: Sequence[ThreadStack] = ()


class Assertion(msgspec.Struct, frozen=True):
    """An assertion that did not hold; None where it cannot be told."""

    text: str | None
    """The condition, or a message."""
    file: str | None
    line: int | None


class Verdict(msgspec.Struct, frozen=True):
    """What happened, in three lengths."""

    kind: str
    """Stable slug."""
    label: str
    """Start of a title."""
    detail: str
    """A sentence without its capital and its full stop."""
    by_caller: bool = False
    """Whether the instruction that was to be executed is not to blame, but the call that led there."""


class Facts(msgspec.Struct, frozen=True):
    """A crash and what its reason, its registers and its code say, before any rule has spoken."""

    crash: Crash
    verdict: Verdict
    """What the reason code and the CPU say."""
    reason_name: str
    software: bool
    """Whether the program itself asked for the fault."""
    imprecise: bool
    """Whether the fault belongs to an instruction before pc."""
    status: FaultStatus
    plumbing: Plumbing
    instruction: Instruction | None = None
    """The one at pc; None where there is no code, or it cannot be disassembled."""
    access: Access | None = None
    """The memory access of that instruction which failed, where that is certain."""
    address: int | None = None
    """The address whose access failed."""
    assertion: Assertion | None = None
    """What the assertion that failed said."""
    pointer: SourcePointer | None = None
    """What the access's base register is in the source."""
    disbelieved: str | None = None
    """Why the kernel's reason is not what the verdict says."""

    def holds(self, *kinds: str) -> bool:
        """Whether the reason says one of these kinds."""
        return self.verdict.kind in kinds

    def register(self, number: int | None) -> int | None:
        """A register of the crash."""
        context = self.crash.context
        return None if number is None or context is None else context.registers.get(number)

    @property
    def followed(self) -> int | None:
        """The pointer that was followed: the base register's value, else the address itself."""
        if self.access is not None and self.access.base_value is not None:
            return self.access.base_value
        return self.address

    def number(self, address: int) -> str:
        """An address in the width of the machine."""
        size = self.crash.cpu.pointer_size if self.crash.cpu else 4
        return f"{address:#0{2 + 2 * size}x}"


class Note(msgspec.Struct, frozen=True):
    """What a rule has to say."""

    rule: str
    """Stable name."""
    text: str
    """A sentence without its capital and its full stop."""
    verdict: Verdict | None = None
    """Where the rule knows better than the reason code what happened."""


def judged(rule: str, kind: str, label: str, detail: str, *, by_caller: bool = False) -> Note:
    """A note that says what happened."""
    return Note(rule, detail, Verdict(kind, label, detail, by_caller))
