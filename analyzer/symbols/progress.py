"""How far the building of an index has come."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Is told what is done and what there is in all, in a unit of no meaning; called at most some hundred times."""


def unheard(_done: int, _total: int) -> None:
    """For those who do not want to know."""


def stretch(progress: Progress, start: int, end: int) -> Progress:
    """Progress that fills the percents from `start` to `end` of another one; it speaks up once for each percent."""
    said = start

    def part(done: int, total: int) -> None:
        nonlocal said
        percent = start + (end - start) * done // max(total, 1)
        if percent > said:
            said = percent
            progress(percent, 100)

    return part
