"""What a firmware says of one place in its code: worked out once, for every frame of every dump that is there."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from analyzer.cpu import Cpu
from analyzer.disassembly import Taken, instructions_of, taken_at
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.words import WordBlock
from analyzer.symbols.interface import CallSite, RowSource, RuleKind, SourceFrame, UnwindRow
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind.saved import not_passed_on, saved_block
from analyzer.values.call_path import call_path

MOST_CALL = 8
"""Bytes of the longest call instruction, of all architectures."""
_CACHED: Final = 8192


class Site(NamedTuple):
    """A place in the code."""

    executable: bool
    """Whether it is in a function, as far as the image tells; assemblers' labels have no size."""
    row: UnwindRow | None
    """The call frame information there; nothing outside of functions."""
    saved: WordBlock | None
    """What the row says of saved registers, where they can be read in one piece."""
    not_passed_on: tuple[int, ...]
    """The registers that the row gives the caller and that the caller's call would not have left as they are."""
    plain_row: UnwindRow | None
    """The row, where nothing but its rules can tell the caller and a register what the CFA is counted from."""
    sources: Sequence[SourceFrame]
    """The functions active there, innermost first; empty where nothing is known."""
    frame_base: bytes | None
    """DW_AT_frame_base of the function that the code belongs to."""
    function: str | None
    """Name of the function that the code belongs to, not of one inlined into it."""
    symbol_start: int | None
    """Where the symbol of that function starts."""
    start: int | None
    """Where the function is entered, by the debug information."""


NOWHERE: Final = Site(
    executable=False,
    row=None,
    saved=None,
    not_passed_on=(),
    plain_row=None,
    sources=(),
    frame_base=None,
    function=None,
    symbol_start=None,
    start=None,
)
"""Where there are no symbols."""


class Sites:
    """The places of a firmware."""

    def __init__(self, symbols: TypedSymbols, cpu: Cpu, is_outermost: Callable[[str], bool]) -> None:
        self._symbols = symbols
        self._cpu = cpu
        self._is_outermost = is_outermost
        self._image = Memory(MemoryImage(), symbols.read_only)
        self.read_only_ranges = symbols.read_only_ranges()
        self.at: Callable[[int], Site] = lru_cache(_CACHED)(self._find)
        self.behind_call: Callable[[int], tuple[int, Site] | None] = lru_cache(_CACHED)(self._behind_call)
        """Where a return address leads if it is one for sure, by what the image alone has: pc, and the site before it.

        None where it is none, has a meaning of its own, or where the image does not have the call.
        """
        self.follows_call: Callable[[int], bool] = lru_cache(_CACHED)(self._follows_call)
        """Whether a call stands before a return address in the image."""
        self.calls_between: Callable[[int, int], tuple[CallSite, ...] | None] = lru_cache(_CACHED)(self._calls_between)
        """The call that returns to an address and the tail calls from there to the function that starts at another.

        Empty where there is not exactly one way, None where the registers of the caller must tell.
        """
        self.stands: Callable[[int], bool] = lru_cache(_CACHED)(self._stands)
        """Whether the frame stands that exception handling tables describe: the code before proves it by all ways."""

    def _calls_between(self, function: int, address: int) -> tuple[CallSite, ...] | None:
        site = self._symbols.call_site(address)
        if site is not None and site.target_expression and not site.targets and not site.is_tail:
            return None
        return call_path(self._symbols, None, address, function) or ()

    def _stands(self, pc: int) -> bool:
        row, symbol = self.at(pc).row, self._symbols.symbol_at(pc)
        code = None if symbol is None else self._symbols.read_only(symbol.address, symbol.size)
        if row is None or symbol is None or not code or row.cfa_register != self._cpu.sp:
            return False
        saved = dict(row.saved).get(row.return_register)
        function = instructions_of(code, symbol.address, self._symbols.machine, self._symbols.pointer_size)
        return saved is not None and taken_at(function, pc) == Taken(row.cfa_offset, -saved)

    def _follows_call(self, value: int) -> bool:
        return self._cpu.follows_call(value, self._image)

    def _behind_call(self, value: int) -> tuple[int, Site] | None:
        cpu = self._cpu
        if cpu.ends_stack(value) or cpu.is_exception_return(value):
            return None
        pc = cpu.code_address(value)
        site = self.at(pc - 1)
        in_image = self._symbols.read_only(pc - MOST_CALL, MOST_CALL) is not None
        return (pc, site) if in_image and site.executable and self.follows_call(value) else None

    def _find(self, address: int) -> Site:
        symbols = self._symbols
        symbol = symbols.symbol_at(address)
        is_function = symbol is not None and symbol.is_function
        executable = bool(address) and symbols.is_code(address) and (symbol is None or is_function or not symbol.size)
        row = symbols.unwind_row(address) if executable else None
        frames = symbols.source_frames(address)
        function = frames[-1].function if frames else None
        return Site(
            executable=executable,
            row=row,
            saved=None if row is None else saved_block(row, self._cpu),
            not_passed_on=() if row is None else not_passed_on(row, self._cpu),
            plain_row=row if row is not None and self._is_plain(row, function) else None,
            sources=frames,
            frame_base=symbols.frame_base(frames[-1].scope, address) if frames else None,
            function=function,
            symbol_start=symbol.address if symbol is not None and is_function else None,
            start=symbols.function_start(address),
        )

    def _is_plain(self, row: UnwindRow, function: str | None) -> bool:
        """Whether nothing but a row's rules can tell the caller, and a register what the CFA is counted from."""
        if function is not None and (self._is_outermost(function) or function in self._cpu.entries):
            return False
        rule = row.rules.get(row.return_register)
        returns = rule is None or rule.kind is not RuleKind.UNDEFINED
        by_register = not row.cfa_expression and row.cfa_register not in self._cpu.pairs
        return row.source is RowSource.CFI and returns and by_register and not self._cpu.has_windows


def sites_of(symbols: TypedSymbols, cpu: Cpu, is_outermost: Callable[[str], bool]) -> Sites:
    """The places of a firmware, the same ones for every dump; `is_outermost` tells of a function that it has no caller.

    They are kept for as long as the symbols are: `is_outermost` is not to be made anew for each dump.
    """
    key = Sites, is_outermost
    sites: Sites | None = symbols.derived.get(key)
    if sites is None:
        sites = symbols.derived[key] = Sites(symbols, cpu, is_outermost)
    return sites
