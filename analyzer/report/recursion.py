"""A stack that ran over shows the same few lines hundreds of times: they are said once."""

from collections.abc import Iterator, Sequence

from analyzer.report.model import Frame


def folded(frames: Sequence[Frame]) -> Iterator[tuple[int, Frame | None]]:
    """Each frame with its number; None in place of frames that are like those around, with how many they are."""
    repeats = 0
    for number, frame in enumerate(frames):
        following = frames[number + 1] if number + 1 < len(frames) else None
        if number > 2 and following is not None and _same_place(frames[number - 1], frame, following):
            repeats += 1
            continue
        if repeats:
            yield repeats, None
            repeats = 0
        yield number, frame


def _same_place(*frames: Frame) -> bool:
    return len({(frame.pc, frame.function, frame.line) for frame in frames}) == 1
