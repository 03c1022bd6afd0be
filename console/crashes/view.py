"""A report in the order and the pieces of the page. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from analyzer.questions import FrameAt
from analyzer.report.model import Frame, KernelObject, Report, Stack, Thread
from analyzer.report.recursion import folded
from console.crashes.positions import positions
from console.firmware.source_link import source_link
from contract.event import CrashEvent

MOST_FRAMES: Final = 200
"""Of one thread."""
MOST_THREADS: Final = 256
TRUST: Final = {
    "context": "from saved registers",
    "cfi": "by the compiler's call frame information",
    "exception": "from the registers that the hardware or the kernel put on the stack",
    "exidx": "by ARM's exception tables",
    "window": "by register windows that were spilled to the stack",
    "frame-pointer": "along the chain of frame pointers",
    "scan": "a word on the stack that looks like a return address: a guess",
}
"""How a frame was found, in words."""


@dataclass(frozen=True, slots=True)
class FrameRow:
    """A frame of the page."""

    number: int
    frame: Frame
    at: FrameAt
    source: str | None
    """Link to its line."""


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread of the page; in `rows` a number stands for so many frames that are like those around."""

    number: int
    thread: Thread
    rows: Sequence[FrameRow | int]
    hidden: int
    """Frames that are not shown."""


@dataclass(frozen=True, slots=True)
class StackBar:
    """Shares of a stack, in percent."""

    used: int
    peak: int
    text: str
    is_bad: bool


def thread_views(report: Report | None, event: CrashEvent, template: str) -> list[ThreadView]:
    """Every thread, the crashed one first as in the report; of the event where there is none."""
    threads = report.threads if report is not None else [_of_event(event)]
    return [_thread_view(number, thread, template) for number, thread in enumerate(threads[:MOST_THREADS])]


def _of_event(event: CrashEvent) -> Thread:
    frames = [
        Frame(pc=one.pc, function=one.function, file=one.file, line=one.line, inlined=one.inlined, trust=one.trust)
        for one in event.data.frames
    ]
    return Thread(name=event.data.thread, crashed=True, frames=frames)


def _thread_view(number: int, thread: Thread, template: str) -> ThreadView:
    shown = thread.frames[:MOST_FRAMES]
    places = positions(number, shown)
    rows: list[FrameRow | int] = []
    for at, frame in folded(shown):
        if frame is None:
            rows.append(at)
        else:
            rows.append(FrameRow(at, frame, places[at], source_link(template, frame.file, frame.line)))
    return ThreadView(number, thread, rows, len(thread.frames) - len(shown))


def stack_bar(stack: Stack) -> StackBar:
    """How full a stack is, and was at most."""
    if stack.overflow:
        return StackBar(100, 100, f"overflowed its {stack.size:,} bytes", is_bad=True)
    used, peak = (_share(part, stack.size) for part in (stack.used, stack.peak))
    most = max(stack.used or 0, stack.peak or 0)
    share = _share(most, stack.size)
    return StackBar(used, max(used, peak), f"{share}% of {stack.size:,} bytes", is_bad=share >= 90)


def _share(part: int | None, whole: int) -> int:
    return min(100, 100 * (part or 0) // whole) if whole > 0 else 0


def objects_by_kind(objects: Sequence[KernelObject]) -> list[tuple[str, list[KernelObject]]]:
    """Kernel objects under their kinds; those with a problem and those that somebody waits for come first."""
    ordered = sorted(objects, key=lambda one: (one.kind, not one.problem, not one.waiting, one.name))
    return [(kind, list(each)) for kind, each in groupby(ordered, key=lambda one: one.kind)]
