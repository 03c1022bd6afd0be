"""One frame of an unwound stack."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from analyzer.cpu import Cpu
from analyzer.dump.memory import Memory
from analyzer.symbols.interface import CallSite, RegisterRule, SourceFrame
from analyzer.unwind.site import Site


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
        "_cpu",
        "_memory",
        "calls",
        "canonical_address",
        "departed",
        "guessed",
        "interrupted",
        "lookup_pc",
        "not_passed_on",
        "outer",
        "pc",
        "registers",
        "return_address",
        "site",
        "stopped_in",
        "trust",
    )

    def __init__(  # noqa: PLR0917 - made for every frame of every dump, and keywords would take a dictionary each time
        self,
        pc: int,
        registers: Mapping[int, int],
        trust: Trust,
        site: Site,
        memory: Memory,
        cpu: Cpu,
        *,
        interrupted: bool = False,
    ) -> None:
        """`interrupted` tells that all registers are those of this moment, and pc is no return address.

        `site` is what the firmware says of `lookup_pc`.
        """
        self.pc = pc
        self.lookup_pc = pc if interrupted else pc - 1
        """An address inside the instruction that this frame executes: a return address lies behind its call."""
        self.site = site
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
        self.not_passed_on: tuple[int, ...] | None = None
        """Those of the registers that a call does not leave as they are; None where nobody has looked."""
        self._memory = memory
        self._cpu = cpu

    def departed_at(self, pc: int, site: Site, registers: Mapping[int, int]) -> "Frame":
        """The frame of a function that was called from here and left by a tail call, which pc is behind."""
        found = Frame(pc, registers, self.trust, site, self._memory, self._cpu)
        found.departed = True
        return found

    def source_frames(self) -> Sequence[SourceFrame]:
        """The functions active here, innermost first; empty where nothing is known."""
        return self.site.sources

    def function(self) -> str | None:
        """Name of the function that the code belongs to, not of one inlined into it."""
        return self.site.function

    def register(self, number: int) -> int | None:
        """A DWARF register of this frame."""
        value = self.registers.get(number)
        pair = self._cpu.pairs.get(number) if value is None else None
        if pair is None:
            return value
        low, high = self.registers.get(pair[0]), self.registers.get(pair[1])
        return None if low is None or high is None else low | high << 32

    def lost(self, number: int | None) -> bool:
        """Whether a call may have changed a register, or whether the frame has left the stack."""
        if number is None:
            return self.departed
        if self.interrupted or self.trust is Trust.WINDOW:
            # Which registers a rotation of windows keeps depends on the call.
            return False
        return self._cpu.pairs.get(number, (number,))[0] not in self._cpu.callee_saved

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
        return self.site.frame_base

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
