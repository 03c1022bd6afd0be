import io

import pytest
import rich.console

from faultcast import progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    screen = Screen()
    monkeypatch.setattr(
        rich.console, "Console", lambda **_kw: original(file=screen, force_terminal=screen.isatty(), width=80)
    )
    return screen


original = rich.console.Console


def test_a_bar_appears_when_it_takes_long(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    with progress.progress_bar("indexing [bold]x[/]") as show:
        show(40, 100)
    assert "indexing [bold]x[/]" in screen.getvalue()
    assert "40%" in screen.getvalue()


def test_what_is_quick_leaves_no_trace(screen: Screen) -> None:
    with progress.progress_bar("indexing") as show:
        show(40, 100)
        show(100, 100)
    assert screen.getvalue().strip("\n") == ""


def test_nothing_is_drawn_where_nobody_looks(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_S", 0.0)
    monkeypatch.setattr(screen, "isatty", lambda: False)
    with progress.progress_bar("indexing") as show:
        show(40, 100)
    assert screen.getvalue().strip("\n") == ""
