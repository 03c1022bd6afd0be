"""Registers as the report writes them: by name, in the order that a person expects."""

from functools import lru_cache
from typing import NamedTuple

from analyzer.cpu import Context, Cpu
from analyzer.report.address import FORMATS, WRITERS


class _Form(NamedTuple):
    """How the registers are written of all contexts that hold the same ones."""

    unknown: dict[str, str | None]
    """Every register that is always listed."""
    known: tuple[str, ...]
    numbers: tuple[int, ...]
    """Of those that are known."""
    values: str
    """Writes all of them at once, with spaces between them."""


def written(context: Context, cpu: Cpu) -> dict[str, str | None]:
    """The registers of a moment, hexadecimal; None where one is not known."""
    registers = context.registers
    form = _form(cpu, tuple(registers))
    named = form.unknown.copy()
    named.update(zip(form.known, (form.values % tuple(map(registers.__getitem__, form.numbers))).split(), strict=True))
    if context.status is not None:
        named[cpu.status_name] = WRITERS[cpu.pointer_size](context.status)
    return named


@lru_cache(256)
def _form(cpu: Cpu, held: tuple[int, ...]) -> _Form:
    """The form of a context that holds some registers: a firmware's dumps hold the same ones again and again."""
    listed = {
        number: name for number, name in (*cpu.register_names.items(), *cpu.further_names.items()) if number in held
    }
    values = " ".join([FORMATS[cpu.pointer_size]] * len(listed))
    return _Form(dict.fromkeys(cpu.register_names.values()), tuple(listed.values()), tuple(listed), values)
