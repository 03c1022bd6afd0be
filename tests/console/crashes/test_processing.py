import msgspec
import pytest

from console.crashes.processing import processing_log, symbol_verdict
from contract.event import Analysis, CrashEvent
from contract.event import Firmware as Running
from tests.support.crashes import crash_event


def _event(
    *, symbolized: bool, build_id: str = "61a948a9", linked: str = "", matches: bool | None = True
) -> CrashEvent:
    event = crash_event()
    data = msgspec.structs.replace(
        event.data,
        symbolized=symbolized,
        firmware=Running(build_id=build_id, linked=linked),
        analysis=Analysis(matches=matches),
    )
    return msgspec.structs.replace(event, data=data)


@pytest.mark.parametrize(
    ("event", "here", "state", "word"),
    [
        (_event(symbolized=True), True, "matched", "61a948a9"),
        (_event(symbolized=True, matches=None), True, "unconfirmed", "61a948a9"),
        (_event(symbolized=True, matches=False), True, "mismatch", "speaks against"),
        (_event(symbolized=True, linked="beef"), True, "matched", "A person chose firmware beef"),
        (_event(symbolized=False), False, "missing", "61a948a9"),
        (_event(symbolized=False), True, "arrived", "is here now"),
        (_event(symbolized=False, build_id=""), False, "no-build-id", "Neither"),
        (_event(symbolized=False, build_id="0" * 40), False, "zero-build-id", "all zeros"),
    ],
)
def test_it_is_said_why_symbols_matched_or_not(event: CrashEvent, here: bool, state: str, word: str) -> None:  # noqa: FBT001 - a column of the table
    verdict = symbol_verdict(event, firmware_here=here)
    assert verdict.state == state
    assert word in verdict.text
    assert bool(verdict.advice) == (state not in ("matched", "unconfirmed"))
    assert verdict.is_good == (state == "matched")


def test_the_log_tells_of_a_partial_dump() -> None:
    event = crash_event()
    upload = msgspec.structs.replace(
        event.data.upload,
        complete=False,
        size=4096,
        missing_bytes=1024,
        missing=[(start, start + 2) for start in range(0, 1024, 4)],
        chunks=1_040,
        duplicates=3,
        conflicts=1,
        last_received_ms=event.data.upload.received_ms + 1_500,
    )
    data = msgspec.structs.replace(event.data, upload=upload, revision=2, warnings=["memory is missing"])
    log = processing_log(msgspec.structs.replace(event, data=data))
    assert [step.name for step in log] == ["First chunk", "Last chunk", "Gaps", "Stored", "Analysed", "Warning"]
    assert log[1].text.startswith("1,040 in all, 3 of them repetitions, 1 with other bytes than the first time;")
    assert log[1].moment == "2026-03-01T08:00:01.500Z"
    assert log[2].text.startswith("1,024 of 4,096 bytes never arrived: 0x0–0x2, 0x4–0x6")  # noqa: RUF001 - as it is written
    assert log[2].text.endswith("and 236 more")
    assert "partial dump, with symbols" in log[4].text
    assert [step.is_bad for step in log] == [False, True, True, False, False, True]


def test_a_time_that_no_calendar_has_is_not_known() -> None:
    event = crash_event()
    upload = msgspec.structs.replace(event.data.upload, received_ms=1 << 62)
    log = processing_log(msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, upload=upload)))
    assert log[0].moment is None
