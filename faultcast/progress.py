"""A bar for what takes longer than a moment, on a terminal and nowhere else."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.symbols.progress import Progress

PATIENCE_S = 1.0
"""Nobody needs a bar before that."""


@contextmanager
def progress_bar(text: str) -> "Generator[Progress]":
    """Gives what is to be told how far the work has come."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    started = time.monotonic()
    console = Console(stderr=True)
    bar = Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        console=console,
        transient=True,
    )
    task = bar.add_task(text, total=None)

    def show(done: int, total: int) -> None:
        if console.is_terminal and not bar.live.is_started and time.monotonic() - started >= PATIENCE_S:
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield show
    finally:
        if bar.live.is_started:
            bar.stop()
