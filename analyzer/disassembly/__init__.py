"""Machine code in words: instructions, where their branches go, and what memory they touch.

Decoding is capstone's; Xtensa is not among its architectures. Registers are DWARF numbers.
"""

from analyzer.disassembly.access import Access, evaluate
from analyzer.disassembly.decoder import can_disassemble, instruction_at, listing
from analyzer.disassembly.instruction import Direction, Index, Instruction, MemoryOperand

__all__ = [
    "Access",
    "Direction",
    "Index",
    "Instruction",
    "MemoryOperand",
    "can_disassemble",
    "evaluate",
    "instruction_at",
    "listing",
]
