"""Machine code in words: instructions, where their branches go, and what memory they touch.

Decoding is capstone's; Xtensa is not among its architectures. Registers are DWARF numbers.
"""

from analyzer.disassembly.access import Access, evaluate
from analyzer.disassembly.data_flow import Registers
from analyzer.disassembly.decoder import (
    MAX_FUNCTION,
    MAX_INSTRUCTION,
    can_disassemble,
    instruction_at,
    instructions_of,
    listing,
    straight_line,
)
from analyzer.disassembly.instruction import Direction, Flow, Index, Instruction, MemoryOperand
from analyzer.disassembly.stack_depth import Taken, taken_at

__all__ = [
    "MAX_FUNCTION",
    "MAX_INSTRUCTION",
    "Access",
    "Direction",
    "Flow",
    "Index",
    "Instruction",
    "MemoryOperand",
    "Registers",
    "Taken",
    "can_disassemble",
    "evaluate",
    "instruction_at",
    "instructions_of",
    "listing",
    "straight_line",
    "taken_at",
]
