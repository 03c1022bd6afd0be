"""Addresses as the report writes them: hexadecimal in the width of the machine, or what is known to be there."""

from collections.abc import Callable

from analyzer.cpu import Cpu
from analyzer.symbols.interface import Symbols
from analyzer.zephyr import KernelThread

WRITERS: dict[int, Callable[[int], str]] = {4: "0x%08x".__mod__, 8: "0x%016x".__mod__}
"""By the size of a pointer in bytes."""


def function_at(pointer: int, cpu: Cpu | None, symbols: Symbols | None, pointer_size: int) -> str:
    """The function that a pointer points at, by name; the address where there is none."""
    symbol = None if cpu is None or symbols is None else symbols.symbol_at(cpu.code_address(pointer))
    return symbol.name if symbol is not None and symbol.is_function else WRITERS[pointer_size](pointer)


def thread_name(thread: KernelThread, cpu: Cpu | None, symbols: Symbols | None, pointer_size: int) -> str:
    """A thread for a person: by its name, else by the function that it runs, else by its address."""
    if thread.name:
        return thread.name
    return (
        function_at(thread.entry, cpu, symbols, pointer_size) if thread.entry else WRITERS[pointer_size](thread.address)
    )
