"""Where the frames of a report are in the dump. Pure.

A report gives inlined functions frames of their own; a dump has the frames of the stack, each with what was inlined
there. To ask about a frame of a report, its place in the dump is needed.
"""

from collections.abc import Sequence

from analyzer.questions import FrameAt
from analyzer.report.model import Frame


def positions(thread: int, frames: Sequence[Frame]) -> list[FrameAt]:
    """The place of each frame of the thread with this number in the report."""
    found: list[FrameAt] = []
    at = FrameAt(thread=thread, frame=0)
    for frame in frames:
        found.append(at)
        inlined = at.inlined + 1 if frame.inlined else 0
        at = FrameAt(thread=thread, frame=at.frame if frame.inlined else at.frame + 1, inlined=inlined)
    return found
