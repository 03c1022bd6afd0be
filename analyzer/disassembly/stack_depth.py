"""How much of the stack a function of Thumb code has taken where it comes to an instruction, by all ways there.

Where the code leaves room for doubt, nothing is said: behind jumps to computed addresses, where ways with different
stacks meet, where the stack pointer is set or changed by anything but what compilers write for prologues and epilogues.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from analyzer.disassembly.instruction import Direction, Flow, Instruction

_ADJUSTED = re.compile(r"sp, (?:sp, )?#(0x[0-9a-f]+|\d+)")
_OTHERWISE = re.compile(r"^sp,|sp!|\[sp.*\](?:!|, #)|[mp]sp")
"""The stack pointer as what an instruction writes to; some that only read it are among them."""
_LISTED = ("push", "vpush", "pop", "vpop")


class Taken(NamedTuple):
    """What is on the stack since the function was entered."""

    size: int
    """Bytes."""
    link: int | None
    """Where the return address is, in bytes below the stack pointer on entry; None where it was not saved."""


def taken_at(function: Sequence[Instruction], pc: int) -> Taken | None:
    """What a function has taken when it executes the instruction at pc; `function` is all of it, from its entry on."""
    places = {one.address: one for one in function}
    found: dict[int, Taken] = {}
    waiting = [(function[0].address, Taken(0, None))] if function else []
    while waiting:
        address, taken = waiting.pop()
        if address in found and found[address] == taken:
            continue
        one = places.get(address)
        behind = None if one is None else _behind(one, taken)
        if address in found or one is None or behind is None:
            return None
        found[address] = taken
        # A jump out of the function is a tail call; a call that is its last instruction does not return.
        waiting += [(way, behind) for way in _ways(one) if function[0].address <= way < function[-1].end]
    return found.get(pc)


def _ways(one: Instruction) -> list[int]:
    """Where the code goes on."""
    ways = [] if one.flow is Flow.LEAVE else [one.end]
    return ways if one.target is None or one.flow is Flow.CALL else [*ways, one.target]


def _behind(one: Instruction, taken: Taken) -> Taken | None:
    """What is taken behind an instruction; None where it is not understood."""
    name = one.mnemonic.removesuffix(".w")
    if name in _LISTED and len(one.memory) == 1:
        [listed] = one.memory
        size = listed.size * listed.count
        if listed.direction is Direction.LOAD:
            return taken._replace(size=taken.size - size)
        return Taken(taken.size + size, taken.size + 4 if "lr" in one.operands else taken.link)
    adjusted = _ADJUSTED.fullmatch(one.operands)
    if adjusted is not None and name in ("add", "addw", "sub", "subw"):
        size = int(adjusted[1], 0)
        return taken._replace(size=taken.size + (-size if name.startswith("add") else size))
    doubtful = not name or name.startswith(_LISTED) or one.flow is Flow.COMPUTED or _OTHERWISE.search(one.operands)
    return None if doubtful else taken
