"""A fingerprint that two crashes share when they are the same bug, over rebuilds, optimisation levels and CPUs.

It is made of the kind of fault, as far as that does not depend on the CPU, and the functions of the innermost frames
that are not plumbing: inlined ones included, since inlining differs between builds, and without lines, offsets and
addresses. Where there are no such functions it is made of whatever else tells one crash from another.
"""

import hashlib
from collections.abc import Iterable, Sequence

import msgspec

from analyzer.grouping.families import family_of
from analyzer.grouping.plumbing import Plumbing

VERSION = 2
"""Goes up with every change that gives an old crash another fingerprint."""
DEPTH = 4
"""How many functions tell one crash from another."""


class Circumstances(msgspec.Struct, frozen=True):
    """What is known of a crash beside its frames: what it is told by where those say too little."""

    build_id: str | None = None
    pc: int | None = None
    """Of the innermost frame."""
    architecture: str = ""
    memory: int | None = None
    """Where the dumped memory starts: of a build without an id it is what comes closest to one, and where only the
    current thread is dumped that is its address."""
    reason: str = ""
    """The reason code's name."""
    thread: str | None = None
    """Name of the thread, else of its function; None in an interrupt."""
    called_from: int | None = None
    """The return address of the innermost frame, where it can be read without symbols."""
    assertion: str | None = None
    """Which one failed."""


class Grouping(msgspec.Struct, frozen=True):
    """A fingerprint and what it is made of."""

    fingerprint: str
    explanation: str


def group(kind: str, named: Sequence[str], plumbing: Plumbing, known: Circumstances) -> Grouping:
    """The fingerprint of a crash: by its functions, else by its address in its build, else by what else is known.

    `named` are the functions of the frames that have one and were not found by scanning the stack, innermost first.
    """
    family = family_of(kind)
    what = kind if family == kind else f"{family} ({kind})"
    own = _innermost(name for name in named if plumbing.group(name) is None)
    if own:
        return Grouping(_digest("functions", family, *own), f"{what} in {' ← '.join(own)}")
    thread, called = known.thread or "", "" if known.called_from is None else f"{known.called_from:#010x}"
    of_thread = f" of thread {thread}" if thread else ""
    functions = _innermost(named)
    if functions:
        # All crashes of a kind go through the same plumbing.
        said = known.assertion or ""
        why = f", {said}" if said else ""
        return Grouping(
            _digest("plumbing", family, thread, said, *functions),
            f"{what} in {' ← '.join(functions)}{of_thread}{why}",
        )
    memory = "" if known.memory is None else f"{known.memory:#010x}"
    build = f"build {known.build_id}" if known.build_id else f"an unknown build for {known.architecture or 'some CPU'}"
    if memory and not known.build_id:
        build += f" with memory at {memory}"
    if known.pc is not None:
        pc = f"{known.pc:#010x}"
        after = f", called from {called}" if called else ""
        return Grouping(
            _digest("address", family, build, pc, called, thread, memory),
            f"{what} at {pc}{after}{of_thread} of {build}",
        )
    return Grouping(
        _digest("circumstances", family, build, known.reason, thread, memory),
        f"{what}{of_thread} of {build}, whose registers are not known" + (f"; {known.reason}" if known.reason else ""),
    )


def _innermost(functions: Iterable[str]) -> list[str]:
    """The innermost functions; repeats of a recursion count once."""
    return list(dict.fromkeys(functions))[:DEPTH]


def _digest(*parts: str) -> str:
    content = "\0".join(parts).encode()
    return f"{VERSION}-{hashlib.sha256(content).hexdigest()[:24]}"
