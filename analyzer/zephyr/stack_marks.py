"""What a kernel leaves in the part of a stack that nobody has used yet."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from analyzer.dump.memory import Memory
from analyzer.zephyr.thread import KernelThread

SENTINEL = bytes.fromhex("f0f0f0f0")
"""What CONFIG_STACK_SENTINEL keeps at the end of a stack (Zephyr's `kernel/include/kernel_internal.h`)."""
FILL = b"\xaa"
"""What CONFIG_INIT_STACKS fills unused stack with."""
_LEAST_FILLED = 8
"""Bytes of filling that are none by chance."""
_UNTOUCHED = re.compile(b"(?:" + re.escape(SENTINEL) + b")?(" + re.escape(FILL) + b"*)")


class StackMarks(NamedTuple):
    """The marks of one stack."""

    peak: int | None
    """Bytes that were ever written, told by the filling; None where the stack was not filled, or not dumped."""
    sentinel: bool | None
    """Whether the sentinel is where the stack ends; None where that is not in the dump."""


def stack_marks(threads: Iterable[KernelThread], memory: Memory) -> dict[tuple[int, int], StackMarks]:
    """The marks of the threads' stacks."""
    return {thread.stack: marks_of(thread.stack, memory) for thread in threads if thread.stack is not None}


def marks_of(stack: tuple[int, int], memory: Memory) -> StackMarks:
    """The marks of a stack, half-open."""
    start, end = stack
    content = memory.dumped(start, max(end - start, len(SENTINEL)))
    if len(content) < len(SENTINEL):
        return StackMarks(None, None)
    peak = None
    if len(content) >= end - start and (untouched := _UNTOUCHED.match(content)) is not None:
        filled_from, filled_to = untouched.span(1)
        peak = len(content) - filled_to if filled_to - filled_from >= _LEAST_FILLED else None
    return StackMarks(peak, content.startswith(SENTINEL))
