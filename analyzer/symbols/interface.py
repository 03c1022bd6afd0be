"""What the rest of the analyzer may ask of a firmware's symbols.

The unwinder, the kernel walker and the values see a firmware only through these shapes. `analyzer.symbols.index`
implements `Symbols` over a memory-mapped file; tests may implement it over a dict.
All addresses are link-time virtual addresses without the Thumb bit; register numbers are the architecture's
DWARF register numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function or object of the ELF symbol table."""

    name: str
    address: int
    size: int
    """In bytes; 0 where the assembler did not say."""
    is_function: bool


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """One function active at an address: the function itself or one inlined into it."""

    function: str
    """Plain name: no arguments, no clone suffix such as `.isra.0`."""
    file: str | None
    line: int | None
    inlined: bool
    """True when this function's body was inlined into the next frame of the chain."""
    scope: int
    """Handle for `Symbols.variables`; -1 when the debug information names no scope."""


class RuleKind(Enum):
    """How to find a register of the caller (DWARF 5, section 6.4.1)."""

    UNDEFINED = 0
    SAME_VALUE = 1
    OFFSET = 2  # saved at CFA + offset
    VAL_OFFSET = 3  # is CFA + offset
    REGISTER = 4  # is in another register
    EXPRESSION = 5  # saved at the address the expression gives
    VAL_EXPRESSION = 6  # is what the expression gives


@dataclass(frozen=True, slots=True)
class RegisterRule:
    """The rule for one register in one row."""

    kind: RuleKind
    offset: int = 0
    """Bytes, for OFFSET and VAL_OFFSET; the register number for REGISTER."""
    expression: bytes = b""


class RowSource(Enum):
    """Where a row comes from."""

    CFI = 0
    """Call frame information: exact at every address."""
    EXIDX = 1
    """Exception handling tables: they hold behind the prologue and before the epilogue."""


@dataclass(frozen=True, slots=True)
class UnwindRow:
    """One row of the call frame information table, valid for the pc that was asked for."""

    cfa_register: int
    cfa_offset: int
    cfa_expression: bytes
    """Empty unless the CFA is given by an expression; then register and offset are 0."""
    rules: dict[int, RegisterRule]
    """Register number to rule; a register that is missing has the ABI's default (callee-saved: same value)."""
    return_register: int
    signal_frame: bool
    source: RowSource = RowSource.CFI
    saved: tuple[tuple[int, int], ...] = field(init=False, repr=False, compare=False)
    """Register number and offset from the CFA of all rules of kind OFFSET, by offset: what most rows consist of."""
    others: tuple[tuple[int, RegisterRule], ...] = field(init=False, repr=False, compare=False)
    """The other rules."""

    def __post_init__(self) -> None:
        """Sort the rules once, for they are applied for every frame of every dump."""
        kept = [(rule.offset, number) for number, rule in self.rules.items() if rule.kind is RuleKind.OFFSET]
        others = [(number, rule) for number, rule in self.rules.items() if rule.kind is not RuleKind.OFFSET]
        object.__setattr__(self, "saved", tuple((number, offset) for offset, number in sorted(kept)))
        object.__setattr__(self, "others", tuple(others))


@dataclass(frozen=True, slots=True)
class Variable:
    """A parameter, local variable or function static that is in scope at a pc."""

    name: str
    type: int
    """Type handle for `analyzer.values`; -1 for an unknown type."""
    location: bytes | None
    """DWARF expression that is valid at this pc; None means `<optimized out>` here.

    Operands that point into other debug sections are resolved: addresses are plain, types are handles of the index.
    """
    const_value: int | bytes | None
    is_parameter: bool
    spared: bool = False
    """Whether a call whose last byte is at pc leaves the location as it is, as the compiler says."""


@dataclass(frozen=True, slots=True)
class Field:
    """Where a member of a structure lies: offset and size in bytes."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class CallSite:
    """A call and what is known about it (DWARF 5, section 3.4)."""

    return_address: int
    """Address behind the call instruction; of a tail call, behind the jump."""
    is_tail: bool
    targets: tuple[int, ...]
    """Where the called function may start; empty when that is not known."""
    target_expression: bytes
    """Gives the called address in the calling frame; empty unless the call is indirect and the compiler could say."""
    parameters: dict[int, bytes]
    """Register that passes a value to the expression that gives the value in the calling frame."""
    optimized_out: dict[int, bytes] = field(default_factory=dict[int, bytes])
    """The same for parameters that are passed nowhere: the index's reference of each to its expression."""


class DebugUnits(NamedTuple):
    """How much debug information a firmware has."""

    total: int
    """Units of it, mostly one per source file."""
    split: int
    """Those of them that hardly say more than which file beside the firmware has their contents (-gsplit-dwarf)."""


class Symbols(Protocol):
    """A firmware's symbol index."""

    @property
    def machine(self) -> int:
        """ELF e_machine."""
        ...

    @property
    def pointer_size(self) -> int:
        """4 or 8 bytes."""
        ...

    @property
    def build_ids(self) -> Sequence[bytes]:
        """Ids under which a device may name this firmware, best first; empty when it carries none."""
        ...

    @property
    def debug_units(self) -> DebugUnits:
        """How much debug information there is."""
        ...

    def symbol(self, name: str) -> Symbol | None:
        """The symbol of that exact name."""
        ...

    def symbol_at(self, address: int) -> Symbol | None:
        """The symbol that covers the address (or the last function below it with size 0 in the same section)."""
        ...

    def is_code(self, address: int) -> bool:
        """Whether the address lies in an executable section of the image."""
        ...

    def read_only(self, address: int, size: int) -> bytes | None:
        """Bytes of allocated, non-writable sections at a virtual address; None unless all of them are there."""
        ...

    def read_only_ranges(self) -> Sequence[tuple[int, int]]:
        """Half-open address ranges of what `read_only` reads, ascending."""
        ...

    def source_frames(self, pc: int) -> Sequence[SourceFrame]:
        """Functions active at pc, innermost first; the last one is never inlined. Empty where nothing is known."""
        ...

    def unwind_row(self, pc: int) -> UnwindRow | None:
        """The call frame information for pc."""
        ...

    def variables(self, scope: int, pc: int) -> Sequence[Variable]:
        """Parameters first, then locals in scope at pc (inner lexical blocks too), in declaration order."""
        ...

    def frame_base(self, scope: int, pc: int) -> bytes | None:
        """DW_AT_frame_base of the function that the scope belongs to, as an expression."""
        ...

    def field(self, structure: str, path: str) -> Field | None:
        """Where a member lies; `path` is dotted for nested ones, such as `base.pended_on` of `k_thread`.

        The empty path is the whole structure.
        """
        ...

    def is_noreturn(self, pc: int) -> bool:
        """Whether the function at pc is declared not to return."""
        ...


class Machine(Protocol):
    """One frame's view of the stopped machine: what expressions and values are evaluated against.

    Implemented by the unwinder; `None` always means "not known", never zero.
    """

    def register(self, number: int) -> int | None:
        """A DWARF register of this frame."""
        ...

    def lost(self, number: int | None) -> bool:
        """Whether the program itself gave up what is not known, so that no dump could hold it.

        A register that the functions further in may change, or, with None, the frame's place on the stack.
        """
        ...

    def read(self, address: int, size: int) -> bytes | None:
        """Memory: the dump over the firmware's read-only sections; None unless every byte is known."""
        ...

    def cfa(self) -> int | None:
        """The canonical frame address of this frame."""
        ...

    def frame_base_expression(self) -> bytes | None:
        """DW_AT_frame_base of the current function."""
        ...

    def caller(self) -> "Machine | None":
        """The calling frame, for entry values."""
        ...

    def returns_to(self) -> int | None:
        """The address of code in the calling frame that this frame returns to."""
        ...
