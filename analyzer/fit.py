"""How well a firmware fits a dump, for a person who is about to link the two by hand."""

from collections.abc import Iterable

import msgspec

from analyzer.analyze import Analysis
from analyzer.dump.caveat import MISMATCH
from analyzer.explain.mismatch import first_difference, starts_function
from analyzer.report.address import WRITERS
from analyzer.unwind.stack import EndCode


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for a firmware and what against it."""

    matches: bool | None
    """False when something speaks against it, true when only what speaks for it was found; null where nothing tells."""
    pc: str | None
    """Where the device crashed, hexadecimal; null where the dump has no program counter."""
    pc_in_text: bool | None
    """Whether that is code of the firmware; null where there is no program counter."""
    function: str | None
    """The function that it is in."""
    callers: int
    """Return addresses on the stack of the crashed thread, those apart that are only guesses."""
    callers_in_text: int
    """How many of them are code of the firmware; unwinding ends at the first that is not."""
    unwound: bool
    """Whether the stack could be unwound to where the thread started."""
    threads: int
    """Threads whose first function the kernel noted."""
    threads_fitting: int
    """How many of those are functions of the firmware, as far as it names them."""
    kernel: bool | None
    """Whether the kernel's structure, where the firmware has it, leads to threads; null where that is not dumped."""
    compared: int
    """Bytes that dump and read-only sections have both: code and constants, which cannot have changed."""
    differs: bool
    """Whether any of them differ."""
    against: list[str]
    """What speaks against it, in words."""


def fit_of(analysis: Analysis) -> Fit:
    """The fit of an analysis' dump and firmware."""
    cpu, symbols, context = analysis.cpu, analysis.symbols, analysis.crashed.context
    against = [caveat.text for caveat in analysis.caveats if caveat.code == MISMATCH]
    pc = context.registers.get(cpu.pc) if cpu is not None and context is not None else None
    in_text, function, compared, differs = None, None, 0, False
    entries: list[bool] = []
    if symbols is not None and cpu is not None:
        compared = _overlap(analysis.dump.memory.ranges(), symbols.read_only_ranges())
        differs = first_difference(analysis.dump.memory, symbols) is not None
        threads = analysis.kernel.threads()
        entries = [starts_function(cpu.code_address(one.entry), symbols) is not False for one in threads if one.entry]
        if pc is not None:
            code = cpu.code_address(pc)
            symbol = symbols.symbol_at(code)
            in_text = symbols.is_code(code)
            function = symbol.name if symbol is not None and symbol.is_function else None
    elif pc is not None and against:  # the firmware is for another architecture
        in_text = False
    callers, in_code, unwound = _callers(analysis)
    return Fit(
        matches=analysis.matches() if symbols is not None else False if against else None,
        pc=None if pc is None else WRITERS[analysis.dump.header.pointer_size](pc),
        pc_in_text=in_text,
        function=function,
        callers=callers,
        callers_in_text=in_code,
        unwound=unwound,
        threads=len(entries),
        threads_fitting=sum(entries),
        kernel=_kernel(analysis),
        compared=compared,
        differs=differs,
        against=against,
    )


def _overlap(dumped: Iterable[tuple[int, int]], fixed: Iterable[tuple[int, int]]) -> int:
    """Bytes that two lists of half-open ranges share."""
    ranges = list(fixed)
    return sum(max(0, min(end, high) - max(start, low)) for start, end in dumped for low, high in ranges)


def _callers(analysis: Analysis) -> tuple[int, int, bool]:
    """Return addresses of the crashed thread, those that are code, and whether there are no more of them."""
    stack = analysis.crashed.stack
    if stack is None or analysis.symbols is None:
        return 0, 0, False
    found = sum(1 for frame in stack.frames[1:] if not frame.guessed)
    return found + (stack.end.code is EndCode.NO_CODE), found, stack.end.complete


def _kernel(analysis: Analysis) -> bool | None:
    symbol = analysis.symbols.symbol("_kernel") if analysis.symbols is not None else None
    dumped = analysis.dump.kernel
    if symbol is not None and dumped is not None and symbol.size and symbol.size != len(dumped):
        return False
    return True if analysis.kernel.current is not None else None
