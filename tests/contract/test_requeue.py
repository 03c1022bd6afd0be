"""A crash event says all that it takes to analyse its dump again."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.announce import crash_event
from analyzer.report.model import Dump, Fault, Firmware, Report
from contract.asyncapi import EXAMPLE_EVENT
from contract.chunk import Metadata
from contract.event import MOST_GAPS, CrashEvent, EventError, decode_event, encode_event
from contract.records import DumpItem
from contract.requeue import work_item

REPORT = Report(
    symbolized=True,
    fault=Fault(kind="unknown", title="Crash", explanation=""),
    fingerprint="2-0",
    grouped_by="",
    threads=[],
    firmware=Firmware(matches=True),
    dump=Dump(
        container="raw",
        size=1,
        truncated=False,
        version=2,
        architecture="ARM Cortex-M",
        pointer_size=4,
        memory=[],
        memory_size=0,
    ),
)

short = st.text(max_size=20)
metadata = st.builds(
    Metadata,
    build_id=st.binary(max_size=64),
    firmware=short,
    version=short,
    board=short,
    os=short,
    boot=st.none() | st.integers(0, 2**63 - 1),
    uptime_ms=st.none() | st.integers(0, 2**63 - 1),
    attributes=st.dictionaries(short, short | st.booleans() | st.none() | st.integers(-(2**63), 2**63 - 1), max_size=4),
)
gaps = st.lists(st.integers(0, 2**30), unique=True, max_size=20).map(
    lambda ends: list(zip(*[iter(sorted(ends))] * 2, strict=False))
)
items = st.builds(
    lambda metadata, missing, dump_id, first, last: DumpItem(
        event_id=EXAMPLE_EVENT.id,
        device="d1",
        sha256="0" * 64,
        size=2**30,
        dump_id=dump_id,
        occurrence=metadata.occurrence,
        metadata=metadata,
        missing=missing,
        first_received_ms=first,
        last_received_ms=last,
        chunks=7,
        duplicates=2,
        conflicts=1,
    ),
    metadata,
    gaps,
    st.binary(min_size=4, max_size=32),
    st.integers(0, 2**41),
    st.integers(0, 2**41),
)


@given(items)
def test_the_item_of_an_event_is_the_item_it_was_made_of(item: DumpItem) -> None:
    event = crash_event(REPORT, item, item.metadata.build_id.hex(), started_ms=5, seconds=0.5)
    assert work_item(decode_event(encode_event(event))) == item


def test_the_same_analysis_again_differs_in_nothing_but_its_time() -> None:
    item = work_item(EXAMPLE_EVENT)
    first = crash_event(REPORT, item, EXAMPLE_EVENT.data.firmware.build_id, started_ms=1, seconds=0.5)
    again = crash_event(REPORT, work_item(first), first.data.firmware.build_id, started_ms=2, seconds=0.7)
    assert (again.data.analysis.started_ms, again.data.analysis.seconds) == (2, 0.7)
    assert msgspec.structs.replace(again, data=first.data) == first
    assert msgspec.structs.replace(again.data, analysis=first.data.analysis) == first.data


def test_what_the_analysis_was_is_said() -> None:
    event = crash_event(REPORT, work_item(EXAMPLE_EVENT), "ab")
    assert event.data.architecture == "ARM Cortex-M"
    assert event.data.analysis.matches is True


def test_very_many_gaps_become_a_bounded_number_that_covers_them() -> None:
    missing = [(4 * number, 4 * number + 2) for number in range(2 * MOST_GAPS)]
    item = msgspec.structs.replace(work_item(EXAMPLE_EVENT), missing=missing)
    told = crash_event(REPORT, item, "").data.upload
    assert len(told.missing) == MOST_GAPS
    assert told.missing[:-1] == missing[: MOST_GAPS - 1]
    assert told.missing[-1] == (missing[MOST_GAPS - 1][0], missing[-1][1])
    assert told.missing_bytes == 2 * len(missing)


def changed(**upload: object) -> CrashEvent:
    crash = EXAMPLE_EVENT.data
    upload_ = msgspec.structs.replace(crash.upload, **upload)
    return msgspec.structs.replace(EXAMPLE_EVENT, data=msgspec.structs.replace(crash, upload=upload_))


def test_an_event_from_before_dump_ids_were_told_gives_work_too() -> None:
    assert work_item(changed(dump_id="", last_received_ms=0)).dump_id == b""


@pytest.mark.parametrize(
    "upload", [{"dump_id": "abc"}, {"dump_id": "zz"}, {"size": 2**70}, {"complete": False, "missing_bytes": 7}]
)
def test_an_event_that_gives_no_work_says_so(upload: dict[str, object]) -> None:
    with pytest.raises(EventError):
        work_item(changed(**upload))


def test_a_build_id_that_is_none_gives_no_work() -> None:
    firmware = msgspec.structs.replace(EXAMPLE_EVENT.data.firmware, build_id="v1.2")
    event = msgspec.structs.replace(EXAMPLE_EVENT, data=msgspec.structs.replace(EXAMPLE_EVENT.data, firmware=firmware))
    with pytest.raises(EventError):
        work_item(event)
