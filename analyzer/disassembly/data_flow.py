"""Where a register's value came from, as far as the instructions right before prove it."""

import re
from collections.abc import Sequence

import msgspec

from analyzer.disassembly.decoder import register_named
from analyzer.disassembly.instruction import Direction, Flow, Instruction, MemoryOperand

_WORD = re.compile(r"\w+")
_ADDRESS = re.compile(r"\[[^\]]*\]|\(\w+\)")
_WRITE_BACK = re.compile(r"\]!|\], #|\w!")
_STACK = ("push", "pop", "vpush", "vpop")


class Load(msgspec.Struct, frozen=True):
    """The load that a register got its value from."""

    operand: MemoryOperand
    position: int
    """Of the instruction among those that were searched."""


class Registers(msgspec.Struct, frozen=True):
    """The registers of one architecture, as instructions name them."""

    machine: int
    """ELF e_machine."""
    pointer_size: int

    def loaded_from(self, register: int, before: Sequence[Instruction]) -> Load | None:
        """The load that gave a register, by DWARF number, what it holds behind `before`.

        None where it was computed, or where something that is not understood may have changed it since. Only loads of
        a whole pointer count.
        """
        for position in range(len(before) - 1, -1, -1):
            one = before[position]
            if one.flow is not Flow.NEXT or not one.mnemonic:
                return None
            if not self._may_change(one, register):
                continue
            operands = one.memory
            plain = len(operands) == 1 and operands[0].direction is Direction.LOAD and operands[0].count == 1
            if not plain or operands[0].size != self.pointer_size or _WRITE_BACK.search(one.operands):
                return None
            destination = _WORD.search(one.operands)
            if destination is None or self._number(destination[0]) != register:
                return None
            return Load(operands[0], position)
        return None

    def is_kept(self, register: int, since: Sequence[Instruction]) -> bool:
        """Whether none of the instructions can have changed a register."""
        return all(one.flow is Flow.NEXT and one.mnemonic and not self._may_change(one, register) for one in since)

    def _may_change(self, one: Instruction, register: int) -> bool:
        """Whether an instruction names a register elsewhere than in an address."""
        text = one.operands if _WRITE_BACK.search(one.operands) else _ADDRESS.sub("", one.operands)
        if one.mnemonic.removesuffix(".w") in _STACK:
            text += ", sp"
        return any(self._number(word) == register for word in _WORD.findall(text))

    def _number(self, name: str) -> int | None:
        return register_named(name, self.machine, self.pointer_size)
