import re

import msgspec
import pytest

from analyzer.analyze import analyze
from analyzer.export.markdown import MOST_FRAMES, markdown
from analyzer.report import model
from analyzer.report.model import Report
from tests.analyzer import specimen
from tests.analyzer.golden import CASES, report_of

HOSTILE = (
    "<script>alert(1)</script>",
    "`` ` ```",
    "a | b",
    "@everyone",
    "#1",
    "[x](http://evil.example)",
    "</details>",
    "one\n```\ntwo",
    "www.evil.example",
    "<!--",
    "&lt;",
    "_x_ *y* ~~z~~",
)


def outside_code(text: str) -> str:
    """The ticket without its code blocks and spans."""
    text = re.sub(r"^(`{3,})text\n.*?\n\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text)


@pytest.mark.parametrize("case", CASES)
def test_every_case_makes_a_ticket(case: str) -> None:
    report = report_of(case)
    text = markdown(report)
    assert text.startswith("# ")
    assert report.fingerprint in text
    folded = 1 + bool(report.fault.disassembly) + (len(report.threads) > 1)
    assert text.count("<details>") == text.count("</details>") == folded
    assert max(map(len, text.splitlines())) < 2000


def test_what_a_ticket_says() -> None:
    report = report_of("cortex-m/null-deref-Os")
    text = markdown(report, dump="crash 7.core", elf="zephyr.elf")
    for part in (
        "# Null pointer dereference in calibration_in_range (sensor.c:41)\n",
        "(NULL) + 8, field",
        "#0  calibration_in_range at src/app/sensor.c:41 (inlined)",
        'label = "round 13"',
        "r7 0x00000000",
        " other threads</summary>",
        "waits for mutex `storage_mutex`, held by ",
        "<summary>Instructions</summary>",
        "\n➤ 0x",
        " src/app/sensor.c:41\n",
        " · wakes in ",
        f"`{report.firmware.build_id}`",
        "faultcast gdb 'crash 7.core' --elf zephyr.elf",
    ):
        assert part in text


def test_a_recursion_is_folded_and_a_deep_stack_cut() -> None:
    assert "more of the same" in markdown(report_of("cortex-m/stack-overflow-Os"))
    report = report_of("cortex-m/null-deref-Os")
    frame = report.threads[0].frames[0]
    frames = [msgspec.structs.replace(frame, line=number) for number in range(200)]
    thread = msgspec.structs.replace(report.threads[0], frames=frames)
    text = markdown(msgspec.structs.replace(report, threads=[thread]))
    assert f"⋯ {200 - MOST_FRAMES} more frames" in text


def test_without_symbols_and_threads() -> None:
    text = markdown(analyze(specimen.dump(), None))
    assert "no symbols" in text
    assert "# Kernel panic at 0x00000404" in text


def hostile(report: Report, evil: str) -> Report:
    """The report with everything that a device or an ELF file can name replaced."""
    thread = report.threads[0]
    variable = msgspec.structs.replace(report.threads[0].frames[0].locals[0], name=evil, type=evil, value=evil)
    frames = [
        msgspec.structs.replace(frame, function=evil, file=evil, locals=[variable] if frame.locals else [])
        for frame in thread.frames
    ]
    thread = msgspec.structs.replace(
        thread,
        name=evil,
        waits_for=evil,
        waits_kind=evil,
        waits_owner=evil,
        entry=evil,
        frames=frames,
        unwound=evil,
        complete=False,
    )
    code = [msgspec.structs.replace(one, text=evil, target=evil, file=evil) for one in report.fault.disassembly]
    other = msgspec.structs.replace(thread, crashed=False)
    return msgspec.structs.replace(
        report,
        threads=[thread, other],
        fault=msgspec.structs.replace(report.fault, title=evil, explanation=evil, evidence=[evil], disassembly=code),
        grouped_by=evil,
        firmware=msgspec.structs.replace(report.firmware, build_id=evil),
        warnings=[model.Warning(code=evil, text=evil)],
    )


@pytest.mark.parametrize("evil", HOSTILE)
def test_text_from_a_device_stays_text(evil: str) -> None:
    text = markdown(hostile(report_of("cortex-m/null-deref-Os"), evil), dump=evil, elf=evil)
    plain = outside_code(text)
    tags = re.findall(r"<[^>]*>", plain)
    assert set(tags) <= {"<details>", "</details>", "<summary>", "</summary>"}
    assert plain.count("<details>") == plain.count("</details>") == 3
    assert not re.search(r"[@#][A-Za-z0-9]", plain)
    assert not re.search(r"(?<!\\)\[|(?<!\\)\||(?<!\\)~|(?<!\\)`", plain)
    assert not re.search(r"https?://|www\.", plain)
    assert "<!--" not in plain
    # Nothing opens or closes a block but our own fences, which come in pairs.
    assert len(re.findall(r"^`{3,}", text, flags=re.MULTILINE)) % 2 == 0


def test_the_same_text_is_there_to_be_read() -> None:
    text = markdown(hostile(report_of("cortex-m/null-deref-Os"), "`` ` ```"))
    assert "```` `` ` ``` ````" in text
