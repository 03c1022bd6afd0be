from analyzer.analyze import analyze
from tests.analyzer import specimen
from tests.analyzer.fake_symbols import FakeSymbols

CODE = bytes.fromhex("0420 02df 0020 7047")  # movs r0, #4; svc #2; movs r0, #0; bx lr
OTHER = (0x404, 0x480)
"""A function that starts right where the system call of the specimen's panic would have returned to."""


def shown(*functions: tuple[tuple[int, int], str]) -> list[tuple[str, bool]]:
    symbols = FakeSymbols(functions=dict(functions), read_only_bytes={0x400: CODE})
    return [(one.text, one.failed) for one in analyze(specimen.dump(), symbols).fault.disassembly]


def test_a_system_call_that_ends_its_function_is_shown_without_the_next_function() -> None:
    assert shown(((0x400, 0x404), "give_up"), (OTHER, "go_on")) == [("movs r0, #4", False), ("svc #2", True)]


def test_behind_a_system_call_its_function_goes_on() -> None:
    assert shown(((0x400, 0x480), "give_up"))[1:] == [("svc #2", True), ("movs r0, #0", False), ("bx lr", False)]
