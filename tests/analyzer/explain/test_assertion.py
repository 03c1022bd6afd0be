import struct
from dataclasses import replace

import pytest

from analyzer.analyze import analyze
from analyzer.symbols.interface import CallSite, SourceFrame, Variable
from tests.analyzer import specimen
from tests.analyzer.fake_symbols import BL, FakeSymbols, row

ENTRY = bytes.fromhex("80f31188 4ff00400 02df")
"""`ARCH_EXCEPT` of Armv7-M, up to the pc of the specimen's panic: it puts the reason into r0."""
FUNCTION, CALLER = (0x3F8, 0x410), (0x410, 0x440)
R0, CONST4U = b"\x50", 0x0C


class Asserting(FakeSymbols):
    """Says that the line is in r0 throughout `assert_post_action`, as a compiler does that was told nothing else."""

    def source_frames(self, pc: int) -> list[SourceFrame]:
        return [replace(frame, scope=1) for frame in super().source_frames(pc)]

    def variables(self, scope: int, pc: int) -> list[Variable]:
        del scope
        line = Variable("line", 0, R0, None, is_parameter=True)
        return [line] if FUNCTION[0] <= pc < FUNCTION[1] else []

    def size_of(self, handle: int) -> int | None:
        del handle
        return 4


@pytest.mark.parametrize(("passed", "line"), [({0: struct.pack("<BI", CONST4U, 143)}, 143), ({}, None)])
def test_what_an_assertion_was_given_its_caller_may_know(passed: dict[int, bytes], line: int | None) -> None:
    symbols = Asserting(
        functions={FUNCTION: "assert_post_action", CALLER: "push"},
        rows={FUNCTION: row(0), CALLER: row(0)},
        call_sites={0x420: CallSite(0x420, False, (FUNCTION[0],), b"", passed)},  # noqa: FBT003 - a plain tuple
        read_only_bytes={FUNCTION[0]: b"\x40\x40" + ENTRY + BL * 32},
    )
    fault = analyze(specimen.dump(), symbols).fault
    assert fault.kind == "assertion"
    assert (fault.assertion and fault.assertion.line) == line
