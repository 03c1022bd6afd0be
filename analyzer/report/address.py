"""Addresses as the report writes them: hexadecimal in the width of the machine, or the function that is there."""

from collections.abc import Callable

from analyzer.cpu import Cpu
from analyzer.symbols.interface import Symbols

WRITERS: dict[int, Callable[[int], str]] = {4: "{:#010x}".format, 8: "{:#018x}".format}
"""By the size of a pointer in bytes."""


def function_at(pointer: int, cpu: Cpu | None, symbols: Symbols | None, pointer_size: int) -> str:
    """The function that a pointer points at, by name; the address where there is none."""
    symbol = None if cpu is None or symbols is None else symbols.symbol_at(cpu.code_address(pointer))
    return symbol.name if symbol is not None and symbol.is_function else WRITERS[pointer_size](pointer)
