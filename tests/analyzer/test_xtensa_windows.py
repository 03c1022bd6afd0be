"""A core with register windows crashed in QEMU (examples/firmware/xtensa): its source says what is expected."""

from pathlib import Path

from analyzer.analyze import analyze
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex

FIXTURE = Path(__file__).parent.parent / "xtensa"


def test_callers_and_what_they_were_called_with_are_found_in_spilled_windows() -> None:
    index = SymbolIndex.from_bytes(build_index(FIXTURE / "firmware.elf"))
    report = analyze((FIXTURE / "dump.core").read_bytes(), index)

    assert report.fault.title.startswith("Bus fault in register_read (program.c:")
    assert "0x70000004" in report.fault.explanation
    (thread,) = report.threads
    known = [{one.name: one.value for one in frame.locals if one.parameter} for frame in thread.frames]
    assert [(frame.function, frame.trust) for frame in thread.frames] == [
        ("register_read", "context"),
        ("sensor_poll", "window"),
        ("app", "window"),
        ("start", "window"),
    ]
    assert known == [{"channel": "42"}, {"channel": "41", "offset": "3"}, {"start": "41"}, {}]
