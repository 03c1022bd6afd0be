"""An instruction and the memory operands it has, as the code alone tells them."""

from dataclasses import dataclass
from enum import Enum


class Direction(Enum):
    """Which way data goes."""

    LOAD = "load from"
    STORE = "store to"
    UPDATE = "load from and store to"
    """Read and written at once, as atomic instructions and x86's arithmetic on memory do."""


class Flow(Enum):
    """What runs behind an instruction."""

    NEXT = 0
    """The next one, at least if a condition does not hold."""
    CALL = 1
    """The next one, after something else has run and has changed registers."""
    LEAVE = 2
    """Another one, which the code names, or the caller."""
    COMPUTED = 3
    """Another one, which a register or memory names."""


@dataclass(frozen=True, slots=True)
class Index:
    """A register that is shifted, perhaps extended from 32 bits, and added to the base."""

    register: int
    """DWARF number."""
    shift: int = 0
    """Bits to the left."""
    extend: str = ""
    """`sxtw` or `uxtw` where only the lower 32 bits count; else empty."""


@dataclass(frozen=True, slots=True)
class MemoryOperand:
    """`base + index + displacement`, of one or more transfers at ascending addresses."""

    direction: Direction
    size: int
    """Bytes of one transfer."""
    base: int | None
    """DWARF number; None where the address is in the code itself."""
    displacement: int = 0
    index: Index | None = None
    count: int = 1
    """How many transfers: more than one for a list or a pair of registers."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One decoded instruction."""

    address: int
    code: bytes
    mnemonic: str
    """Empty where the bytes are no instruction that the disassembler knows."""
    operands: str
    """As the architecture's assembler writes them; branches name their target's address."""
    target: int | None = None
    """Where a direct branch or call goes."""
    memory: tuple[MemoryOperand, ...] = ()
    flow: Flow = Flow.NEXT

    @property
    def end(self) -> int:
        """Address behind the instruction."""
        return self.address + len(self.code)
