"""What an instruction's memory operand comes to with the registers of a moment.

All of the architectures here leave the base register as it was when a load or store with write-back, or one of several
registers, does not complete: Armv7-M (DDI 0403, B1.5.10), Armv8-A (DDI 0487, D1.13, base register of data aborts),
RISC-V (it has no write-back). So the address is computed as if the instruction were only about to start.
"""

from collections.abc import Mapping

import msgspec

from analyzer.disassembly.instruction import MemoryOperand


class Access(msgspec.Struct, frozen=True):
    """A memory operand with its address."""

    operand: MemoryOperand
    address: int
    """Of the first transfer."""
    base_value: int | None
    """None where there is no base register."""
    index_value: int | None
    """What the index register adds, extended and shifted; None where there is none."""

    @property
    def end(self) -> int:
        """Address behind the last transfer."""
        return self.address + self.operand.size * self.operand.count

    def covers(self, address: int) -> bool:
        """Whether an address is among those that are accessed."""
        return self.address <= address < self.end


def evaluate(operand: MemoryOperand, registers: Mapping[int, int], pointer_size: int) -> Access | None:
    """The access that an operand stands for; None where a register that it needs is not known."""
    mask = (1 << 8 * pointer_size) - 1
    base = 0 if operand.base is None else registers.get(operand.base)
    if base is None:
        return None
    added = None
    if operand.index is not None:
        value = registers.get(operand.index.register)
        if value is None:
            return None
        if operand.index.extend:
            value &= 0xFFFFFFFF
            if operand.index.extend == "sxtw" and value >> 31:
                value -= 1 << 32
        added = (value << operand.index.shift) & mask
    address = (base + (added or 0) + operand.displacement) & mask
    return Access(operand, address, None if operand.base is None else base, added)
