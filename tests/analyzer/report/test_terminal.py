import io

import msgspec
import pytest
from rich.console import Console

from analyzer.analyze import analyze
from analyzer.report.model import Report
from analyzer.report.terminal import print_report
from tests.analyzer import specimen
from tests.analyzer.golden import CASES, dump_of, report_of, symbols_of


def shown(report: Report, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_report(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_every_case_can_be_shown(case: str, width: int) -> None:
    text = shown(report_of(case), width)
    assert report_of(case).fingerprint in text
    assert max(map(len, text.splitlines())) <= width


def test_what_a_person_looks_for() -> None:
    text = shown(report_of("cortex-m/null-deref-Os"))
    for part in (
        "Null pointer dereference in calibration_in_range (sensor.c:41)",
        "2-byte load from 0x00000008 through `calibration` (NULL) + 8, field `minimum`",
        "➤ 0x",
        "↳ calibration_in_range  src/app/sensor.c:41  inlined",
        "• sensor_poll  src/app/sensor.c:",
        'label    = "round 13"',
        "waits for mutex storage_mutex, held by ",
        "not started",
        "r7 0x00000000",
    ):
        assert part in text


def test_a_long_value_stays_beside_its_name() -> None:
    report = report_of("cortex-m/null-deref-Os")
    variable = msgspec.structs.replace(report.threads[0].frames[0].locals[0], name="pages", value="0x20001704 " * 20)
    frame = msgspec.structs.replace(report.threads[0].frames[0], locals=[variable])
    thread = msgspec.structs.replace(report.threads[0], frames=[frame])
    lines = shown(msgspec.structs.replace(report, threads=[thread]), 80).splitlines()
    first = next(at for at, line in enumerate(lines) if "pages = " in line)
    indent = lines[first].index("pages") + len("pages")
    assert [line[:indent].strip() for line in lines[first + 1 : first + 4]] == [""] * 3
    assert all("0x20001704" in line for line in lines[first : first + 3])


def test_what_is_said_of_the_dump() -> None:
    report = report_of("cortex-m/null-deref-Os")
    facts = report.dump
    text = shown(report)
    assert f"dump  {facts.size} bytes, version {facts.version}; {facts.memory_size} bytes of memory" in text
    assert f"{report.firmware.build_id}  matches" in text
    assert " more kernel objects in the JSON report" in text
    printed = msgspec.structs.replace(facts, container="text", truncated=True)
    assert f"{facts.size} bytes from a log, version" in shown(msgspec.structs.replace(report, dump=printed))


def test_a_recursion_is_folded() -> None:
    text = shown(report_of("cortex-m/stack-overflow-Os"))
    assert "more of the same" in text
    assert text.count("settings_show") < 12


def test_a_wrong_firmware_is_loud() -> None:
    report = analyze(dump_of("cortex-m/undefined-Os"), symbols_of("cortex-m/undefined-Og"))
    assert "✗ firmware-mismatch" in shown(report)


def test_without_symbols() -> None:
    text = shown(analyze(specimen.dump(), None))
    assert "Kernel panic at 0x00000404" in text
    assert "no symbols" in text


def test_unknown_registers_are_called_unavailable() -> None:
    text = shown(analyze(specimen.header() + specimen.architecture(specimen.words(*specimen.REGISTERS_V1), 1), None))
    assert "r4 unavailable" in text


def test_nothing_from_a_device_reaches_the_terminal_as_a_command() -> None:
    report = report_of("cortex-m/null-deref-Os")
    evil = "\x1b]0;owned\x07[bold]name\r\n"
    thread = msgspec.structs.replace(report.threads[0], name=evil, waits_for=evil)
    frames = [msgspec.structs.replace(frame, function=evil, file=evil) for frame in thread.frames]
    thread = msgspec.structs.replace(thread, frames=frames)
    text = shown(msgspec.structs.replace(report, threads=[thread]))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]name" in text
