"""Registers as the report writes them: by name, in the order that a person expects."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import itemgetter
from struct import Struct, error
from typing import NamedTuple

from analyzer.cpu import Context, Cpu
from analyzer.report.address import WRITERS

_LETTERS = {4: "I", 8: "Q"}
"""By the size of a pointer in bytes, the letters of Python's `struct`."""


class _Form(NamedTuple):
    """How the registers are written of all contexts that hold the same ones."""

    unknown: dict[str, str | None]
    """Every register that is always listed."""
    known: tuple[str, ...]
    values: Callable[[Mapping[int, int]], tuple[int, ...]]
    """Picks the values of those that are known."""
    packed: Struct
    """Packs all of them, the most significant byte first."""


def written(context: Context, cpu: Cpu) -> dict[str, str | None]:
    """The registers of a moment, hexadecimal; None where one is not known."""
    registers = context.registers
    form = _form(cpu, tuple(registers))
    named = form.unknown.copy()
    if form.known:
        texts = _hexadecimal(form.values(registers), form.packed, cpu.pointer_size)
        named.update(zip(form.known, texts, strict=True))
    if context.status is not None:
        named[cpu.status_name] = WRITERS[cpu.pointer_size](context.status)
    return named


@lru_cache(256)
def _form(cpu: Cpu, held: tuple[int, ...]) -> _Form:
    """The form of a context that holds some registers: a firmware's dumps hold the same ones again and again."""
    listed = {
        number: name for number, name in (*cpu.register_names.items(), *cpu.further_names.items()) if number in held
    }
    packed = Struct(f">{len(listed)}{_LETTERS[cpu.pointer_size]}")
    return _Form(dict.fromkeys(cpu.register_names.values()), tuple(listed.values()), _picker(tuple(listed)), packed)


def _picker(numbers: tuple[int, ...]) -> Callable[[Mapping[int, int]], tuple[int, ...]]:
    """What picks some registers, in order, of those of a context."""
    # Of a single key `itemgetter` makes no tuple.
    return itemgetter(*numbers) if len(numbers) > 1 else lambda registers: tuple(registers[each] for each in numbers)


def _hexadecimal(values: tuple[int, ...], packed: Struct, size: int) -> list[str]:
    """Some numbers in the width of the machine, as `WRITERS` write each: all of them at once is much faster."""
    try:
        digits = packed.pack(*values).hex(",", size)
    except error:
        # A stack pointer may have been computed to be past the end of the address space.
        return [*map(WRITERS[size], values)]
    return ("0x" + digits.replace(",", ",0x")).split(",")
