"""A fingerprint that two crashes share when they are the same bug, over rebuilds and optimisation levels.

It is made of the kind of fault and the functions of the innermost frames that are not plumbing: inlined ones
included, since inlining differs between builds, and without lines, offsets and addresses.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from analyzer.grouping.plumbing import Plumbing

VERSION = 1
"""Goes up with every change that gives an old crash another fingerprint."""
DEPTH = 4
"""How many functions tell one crash from another."""


class NamedFrame(msgspec.Struct, frozen=True):
    """A frame of the crashed thread; None where a name is not known."""

    pc: int
    function: str | None
    file: str | None
    guessed: bool
    """Found by scanning the stack."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """A fingerprint and what it is made of."""

    fingerprint: str
    explanation: str


def group(kind: str, frames: Sequence[NamedFrame], plumbing: Plumbing, build_id: str | None) -> Grouping:
    """The fingerprint of a crash: by its functions, else by the address in its build, else by the address alone."""
    functions = _functions(frames, plumbing)
    if functions:
        return Grouping(_digest("functions", kind, *functions), f"{kind} in {' ← '.join(functions)}")
    pc = f"{frames[0].pc:#010x}" if frames else "an unknown address"
    if build_id:
        return Grouping(_digest("build", kind, build_id, pc), f"{kind} at {pc} of build {build_id}")
    return Grouping(_digest("address", kind, pc), f"{kind} at {pc} of an unknown build")


def _functions(frames: Sequence[NamedFrame], plumbing: Plumbing) -> list[str]:
    """The innermost functions that count; repeats of a recursion count once."""
    named = [frame.function for frame in frames if frame.function and not frame.guessed]
    own = [name for name in named if plumbing.group(name) is None]
    functions: list[str] = []
    for name in own or named:
        if name not in functions:
            functions.append(name)
    return functions[:DEPTH]


def _digest(*parts: str) -> str:
    content = "\0".join(parts).encode()
    return f"{VERSION}-{hashlib.sha256(content).hexdigest()[:24]}"
