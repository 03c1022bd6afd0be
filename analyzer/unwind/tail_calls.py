"""Frames of functions that ended in a jump: they left nothing on the stack, and call sites tell that they were there.

A tail call (DWARF 5, section 3.4, DW_AT_call_tail_call) gives up its function's frame before it jumps, so that the
function it jumps to returns past it. Only where the debug information proves that there is one way from the call to
the function that runs are the functions in between put back.
"""

from collections.abc import Sequence

from analyzer.cpu import Cpu
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind.frame import Frame, Trust
from analyzer.unwind.site import Sites
from analyzer.values.call_path import call_path

_BY_RULES = (Trust.CFI, Trust.EXIDX)


def departed_frames(frame: Frame, caller: Frame, symbols: TypedSymbols, sites: Sites, cpu: Cpu) -> Sequence[Frame]:
    """The functions that left by a tail call between a frame and the one that it returns to, innermost first.

    At its jump such a one has given the registers that survive calls back to its caller, and the link register is
    what it was entered with. Its part of the stack is gone: neither its stack pointer nor its CFA is given, so that no
    variable is read where another function has written. The way to the frame's function is noted there.
    """
    if frame.return_address is None or caller.trust not in _BY_RULES or caller.guessed:
        return ()
    function = frame.site.start
    path = () if function is None else sites.calls_between(function, caller.pc)
    if path is None and function is not None:
        path = call_path(symbols, caller, caller.pc, function)
    frame.calls = path or ()
    if path is None or len(path) <= 1:
        return ()
    registers = cpu.surviving(caller.registers)
    if cpu.link is not None:
        registers[cpu.link] = frame.return_address
    departed: list[Frame] = []
    for site in reversed(path[1:]):
        pc = site.return_address
        departed.append(caller.departed_at(pc, sites.at(pc - 1), {**registers, cpu.pc: pc}))
    return departed
