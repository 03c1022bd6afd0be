"""From an explanation to the report's fault."""

from collections.abc import Sequence

import msgspec

from analyzer.cpu import Cpu
from analyzer.disassembly import MAX_INSTRUCTION, Direction
from analyzer.dump.memory import Memory
from analyzer.explain import Explanation
from analyzer.report import model
from analyzer.report.address import WRITERS
from analyzer.report.disassembly import disassembly_of
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind import Frame

_BEHIND = 64
"""Bytes that those behind take at most."""
_MAX_CODE = 8192
_DIRECTIONS = {Direction.LOAD: "load", Direction.STORE: "store", Direction.UPDATE: "update"}


class FaultWriter(msgspec.Struct, frozen=True):
    """Writes the fault for the report."""

    cpu: Cpu | None
    memory: Memory
    symbols: TypedSymbols | None
    pointer_size: int

    def fault(self, explanation: Explanation, reason: int | None, frames: Sequence[Frame]) -> model.Fault:
        """The report's view of an explanation; `frames` are the crashed thread's."""
        said = explanation.assertion
        shown = self._disassembly(frames)
        return model.Fault(
            kind=explanation.kind,
            title=explanation.title,
            explanation=explanation.text,
            reason=reason,
            reason_name=explanation.reason_name,
            address=None if explanation.address is None else self._address(explanation.address),
            evidence=list(explanation.evidence),
            notes=[model.Note(rule=note.rule, text=note.text) for note in explanation.notes],
            access=self._access(explanation),
            assertion=None if said is None else model.Assertion(text=said.text, file=said.file, line=said.line),
            disassembly=shown,
        )

    def _address(self, value: int) -> str:
        return WRITERS[self.pointer_size](value)

    def _access(self, explanation: Explanation) -> model.Access | None:
        access = explanation.access
        if access is None:
            return None
        operand, pointer = access.operand, explanation.pointer
        base = None if operand.base is None or self.cpu is None else self.cpu.register_names.get(operand.base)
        return model.Access(
            direction=_DIRECTIONS[operand.direction],
            address=self._address(access.address),
            size=operand.size * operand.count,
            register=base,
            pointer=None if access.base_value is None else self._address(access.base_value),
            variables=[] if pointer is None else list(pointer.expressions),
            expression=explanation.expression,
        )

    def _disassembly(self, frames: Sequence[Frame]) -> list[model.Instruction]:
        """The code around the instruction that failed; around the call where that led to no code."""
        if self.cpu is None:
            return []
        for frame in frames[:2]:
            found = [] if frame.guessed else self.around(frame)
            if found:
                return found
        return []

    def around(self, frame: Frame) -> list[model.Instruction]:
        """The code around a frame's program counter; empty where it is not known."""
        cpu, symbols = self.cpu, self.symbols
        if cpu is None:
            return []
        start, most, end = frame.pc, _BEHIND, None
        if symbols is not None:
            symbol = symbols.symbol_at(frame.lookup_pc)
            if not symbols.is_code(frame.lookup_pc) or symbol is None or not symbol.is_function:
                return []
            start = symbol.address if frame.pc - symbol.address < _MAX_CODE else frame.pc
            if symbol.size:
                end = symbol.address + symbol.size
                # Behind a call that never returns the next function may start: it is read, and not shown.
                most = min(_BEHIND, end - frame.pc) if end > frame.pc else MAX_INSTRUCTION
        code = next(
            (code for size in (most, 16, 4, 2, 1) if (code := self.memory.read(start, frame.pc - start + size))), b""
        )
        exact = frame.interrupted and frame.lookup_pc == frame.pc
        return list(disassembly_of(cpu, symbols).around(code, start, frame.pc, end, exact))
