"""One frame of an unwound stack."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from analyzer.dump.memory import Memory
from analyzer.symbols.interface import CallSite, RegisterRule, SourceFrame, Symbols

_NO_PAIRS: Mapping[int, tuple[int, int]] = MappingProxyType({})


class Trust(StrEnum):
    """How a frame was found, most reliable first."""

    CONTEXT = "context"
    """From saved registers alone."""
    CFI = "cfi"
    """By call frame information; a function that left by a tail call: by the call sites around it."""
    EXCEPTION = "exception"
    """From the registers that the hardware stacked."""
    WINDOW = "window"
    """By the register windows that were spilled to the stack, as the calling convention says."""
    EXIDX = "exidx"
    """By exception handling tables, which say nothing about prologue and epilogue."""
    FRAME_POINTER = "frame-pointer"
    SCAN = "scan"
    """A word on the stack that looks like a return address: a guess."""


class Frame:
    """A frame as a machine that expressions and values can be evaluated against (`analyzer.symbols.Machine`)."""

    __slots__ = (
        "_kept",
        "_memory",
        "_pairs",
        "_sources",
        "_symbols",
        "calls",
        "canonical_address",
        "departed",
        "guessed",
        "interrupted",
        "lookup_pc",
        "outer",
        "pc",
        "registers",
        "return_address",
        "stopped_in",
        "trust",
    )

    def __init__(
        self,
        pc: int,
        registers: Mapping[int, int],
        trust: Trust,
        memory: Memory,
        symbols: Symbols | None,
        *,
        interrupted: bool,
        pairs: Mapping[int, tuple[int, int]] = _NO_PAIRS,
        kept: frozenset[int] | None = None,
    ) -> None:
        """`interrupted` tells that all registers are those of this moment, and pc is no return address.

        `pairs` are the registers that are two others side by side (`Cpu.pairs`), `kept` those that a call leaves as
        they are; None where that is not as simple.
        """
        self.pc = pc
        self.lookup_pc = pc if interrupted else pc - 1
        """An address inside the instruction that this frame executes: a return address lies behind its call."""
        self.registers = registers
        self.trust = trust
        self.interrupted = interrupted
        self.guessed = trust is Trust.SCAN
        """Whether this frame or one further in was found by scanning, so that the stack pointer is a guess."""
        self.canonical_address: int | None = None
        self.return_address: int | None = None
        """Where this frame returns to, as its return register holds it; None where no rule tells."""
        self.departed = False
        """Whether the function left by a tail call, so that it has no place on the stack."""
        self.outer: Frame | None = None
        self.calls: tuple[CallSite, ...] | None = None
        """The call and the tail calls by which the function was entered; empty where there is not exactly one way.

        None where nobody has looked for it.
        """
        self.stopped_in: tuple[Mapping[int, int], Mapping[int, RegisterRule]] | None = None
        """Where the function called from here is the one that was stopped: its registers, and rules for the caller's.

        None where another function was called, or where no rules told what called it.
        """
        self._kept = kept
        self._memory = memory
        self._symbols = symbols
        self._pairs = pairs
        self._sources: Sequence[SourceFrame] | None = None

    def departed_at(self, pc: int, registers: Mapping[int, int]) -> "Frame":
        """The frame of a function that was called from here and left by a tail call, which pc is behind."""
        found = Frame(
            pc,
            registers,
            self.trust,
            self._memory,
            self._symbols,
            interrupted=False,
            pairs=self._pairs,
            kept=self._kept,
        )
        found.departed = True
        return found

    def source_frames(self) -> Sequence[SourceFrame]:
        """The functions active here, innermost first; empty where nothing is known."""
        if self._sources is None:
            self._sources = () if self._symbols is None else self._symbols.source_frames(self.lookup_pc)
        return self._sources

    def function(self) -> str | None:
        """Name of the function that the code belongs to, not of one inlined into it."""
        frames = self.source_frames()
        return frames[-1].function if frames else None

    def register(self, number: int) -> int | None:
        """A DWARF register of this frame."""
        pair = self._pairs.get(number) if self._pairs else None
        if pair is None:
            return self.registers.get(number)
        low, high = self.registers.get(pair[0]), self.registers.get(pair[1])
        return None if low is None or high is None else low | high << 32

    def lost(self, number: int | None) -> bool:
        """Whether a call may have changed a register, or whether the frame has left the stack."""
        if number is None:
            return self.departed
        if self.interrupted or self._kept is None:
            return False
        return self._pairs.get(number, (number,))[0] not in self._kept

    def spared(self, number: int) -> int | None:
        """A register that is known only if the function called from here leaves it alone: the compiler must say so.

        No deeper call may have come between: of one function alone its rules tell what it has put aside.
        """
        if self.stopped_in is None or self.guessed:
            return None
        registers, rules = self.stopped_in
        return None if number in rules else registers.get(number)

    def read(self, address: int, size: int) -> bytes | None:
        """Memory: the dump over the firmware's read-only sections; None unless every byte is known."""
        return self._memory.read(address, size)

    def cfa(self) -> int | None:
        """The canonical frame address."""
        return self.canonical_address

    def frame_base_expression(self) -> bytes | None:
        """DW_AT_frame_base of the function that the code belongs to."""
        frames = self.source_frames()
        if self._symbols is None or not frames:
            return None
        return self._symbols.frame_base(frames[-1].scope, self.lookup_pc)

    def caller(self) -> "Frame | None":
        """The frame that this one returns to, past those that left by a tail call.

        None where nobody called, as behind an exception, or where the caller is a guess.
        """
        caller = self.outer
        while caller is not None and caller.departed:
            caller = caller.outer
        if caller is None or caller.guessed or caller.trust is Trust.EXCEPTION:
            return None
        return caller

    def returns_to(self) -> int | None:
        """Where its caller goes on."""
        caller = self.caller()
        return None if caller is None else caller.pc
