import pytest

from analyzer.explain import incomplete
from analyzer.symbols.interface import DebugUnits
from tests.analyzer.fake_symbols import FakeSymbols


@pytest.mark.parametrize(
    ("units", "code", "text"),
    [
        (DebugUnits(0, 0), "no-debug-information", "compile with -g"),
        (DebugUnits(9, 9), "split-debug-information", "of all of 9 units is in .dwo files"),
        (DebugUnits(9, 2), "split-debug-information", "of 2 of 9 units is in .dwo files"),
    ],
)
def test_what_is_missing_is_said(units: DebugUnits, code: str, text: str) -> None:
    (caveat,) = incomplete(FakeSymbols(debug_units=units))
    assert caveat.code == code
    assert text in caveat.text


def test_of_a_whole_firmware_there_is_nothing_to_say() -> None:
    assert not list(incomplete(FakeSymbols()))
