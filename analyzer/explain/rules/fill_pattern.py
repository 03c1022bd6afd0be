"""A pointer that is a pattern which memory is filled with: uninitialised, freed, erased."""

import tomllib
from functools import cache, lru_cache
from importlib.resources import files

from analyzer.explain.facts import ACCESS_KINDS, FETCH_KINDS, Facts, Note

REACH = 0x1000
"""How far from a pattern an address without a base register may be to come from it."""


def fill_pattern(facts: Facts) -> Note | None:
    """The pointer that was followed, or the address, is one of the well-known patterns."""
    cpu = facts.crash.cpu
    if cpu is None or not facts.holds(*ACCESS_KINDS, *FETCH_KINDS):
        return None
    access = facts.access
    if access is not None and access.base_value is not None:
        found = _pattern(access.base_value, cpu.pointer_size, 1)
    else:
        found = None if facts.address is None else _pattern(facts.address, cpu.pointer_size, REACH)
    if found is None:
        return None
    value, meaning = found
    return Note("fill-pattern", f"the pointer is {facts.number(value)}, {meaning}")


def _pattern(value: int, size: int, reach: int) -> tuple[int, str] | None:
    wholes = _wholes(size)
    if reach == 1:
        return (value, wholes[value]) if value in wholes else None
    return next(((whole, meaning) for whole, meaning in wholes.items() if 0 <= value - whole < reach), None)


@lru_cache(2)
def _wholes(size: int) -> dict[int, str]:
    """Pointer, of some bytes, to what it stands for: a pattern alone or twice."""
    found: dict[int, str] = {}
    for pattern, meaning in fill_patterns().items():
        for whole in (pattern, pattern | pattern << 32) if size == 8 else (pattern,):
            found.setdefault(whole, meaning)
    return found


@cache
def fill_patterns() -> dict[int, str]:
    """Word of 32 bits to what it stands for."""
    text = files("analyzer.explain").joinpath("fill_patterns.toml").read_text("utf-8")
    return {int(word, 16): meaning for word, meaning in tomllib.loads(text)["patterns"].items()}
