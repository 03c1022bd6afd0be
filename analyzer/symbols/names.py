"""Names of functions as people write them."""

import re
from collections.abc import Mapping
from typing import Any, cast

from itanium_demangler import parse

from analyzer.symbols.allowance import Allowance

_CLONE = re.compile(r"(\.(isra|part|constprop|lto_priv|cold|clone|localalias|llvm|specialized)(\.[0-9]+)*)+$")


def plain_name(name: str) -> str:
    """A symbol's name without what the compiler appended to it (`.isra.0`, `.part.0.cold`)."""
    return _CLONE.sub("", name)


_MANGLED = ("_Z", "_R")
_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_RUST_ESCAPES = {"$LT$": "<", "$GT$": ">", "$RF$": "&", "$BP$": "*", "$LP$": "(", "$RP$": ")", "$C$": ",", "$u20$": " "}
_MOST_MANGLED = 2048
_MOST_READABLE = 8192
_STEPS_PER_CHARACTER = 4


def demangled(name: str, described: Mapping[str, str], allowance: Allowance) -> str:
    """A symbol's name as the program's source has it, without arguments; what cannot be told stays as it is.

    `described` maps mangled names to those that the debug information gives; the others are read by the rules of the
    Itanium C++ ABI (5.1), which Rust's older names keep to as well.
    """
    if not name.startswith(_MANGLED):
        return name
    plain = plain_name(name)
    suffix = name[len(plain) :]
    found = described.get(name) or described.get(plain) or _parsed(plain, allowance)
    return name if found is None else found + suffix


def _parsed(name: str, allowance: Allowance) -> str | None:
    if len(name) > _MOST_MANGLED or not name.startswith("_Z"):
        return None
    allowance.spend(_STEPS_PER_CHARACTER * len(name))
    try:
        tree = parse(name)
        if tree is None or _size(tree, {}) > _MOST_READABLE:
            return None
        text = str(tree.name if tree.kind == "func" else tree)
    except Exception:  # noqa: BLE001 - a made-up name may trip the parser over anything
        return None
    if not text:
        return None
    without_hash = _RUST_HASH.sub("", text)
    if without_hash == text:
        return text.replace("_GLOBAL__N_1", "(anonymous namespace)")
    for escape, character in _RUST_ESCAPES.items():
        without_hash = without_hash.replace(escape, character)
    return without_hash.replace("..", "::")


def _size(part: Any, known: dict[int, int]) -> int:
    """How much a parsed name comes to when it is written out: what stands for a part may hold others, many times."""
    if not isinstance(part, tuple):
        return len(part) if isinstance(part, str) else 1
    parts = cast("tuple[Any, ...]", part)
    key = id(parts)
    if key not in known:
        known[key] = 1 + sum(_size(each, known) for each in parts)
    return known[key]
