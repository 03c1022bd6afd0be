"""The profile of a crash: the same for crashes that agree, and never more than a column takes."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.crashes import crash_event

from console.database.tables import Profile
from console.intake.profile import ProfileRow, profile_of, search_text, weakest
from contract.event import CrashEvent, Fault, Frame


def with_fault(**more: object) -> CrashEvent:
    event = crash_event()
    fault = msgspec.structs.replace(event.data.fault, **more)
    return msgspec.structs.replace(event, data=msgspec.structs.replace(event.data, fault=fault))


def frame(function: str | None, trust: str = "cfi", file: str | None = None, line: int | None = None) -> Frame:
    return Frame(pc="0x0", function=function, file=file, line=line, trust=trust)


def test_the_row_has_the_columns_of_the_table() -> None:
    counted = {"id", "digest", "crashes", "first_ms", "last_ms"}
    assert set(ProfileRow.__struct_fields__) == {column.name for column in Profile.__table__.columns} - counted


def test_crashes_that_differ_in_device_time_and_addresses_share_a_profile() -> None:
    one = profile_of(crash_event(1, device="a"))
    other = profile_of(crash_event(2, device="b", time_ms=5, attributes={"x": 1}))
    assert one == other
    assert one.digest() == other.digest()
    moved = profile_of(with_fault(explanation="A 2-byte load from 0x00000ABC through r7 (NULL) + 16."))
    assert moved.digest() == one.digest()


@pytest.mark.parametrize(
    "more", [{"version": "1.5"}, {"build_id": "ff"}, {"fingerprint": "2-b"}, {"revision": 3}, {"title": "Other"}]
)
def test_crashes_that_differ_in_what_is_filtered_by_do_not(more: dict[str, str]) -> None:
    assert profile_of(crash_event(**more)).digest() != profile_of(crash_event()).digest()  # type: ignore[arg-type]


def test_the_top_function_is_the_innermost_with_a_name() -> None:
    frames = [frame(None), frame("take", file="a.c", line=3), frame("main")]
    profile = profile_of(crash_event(frames=frames))
    assert (profile.function, profile.file, profile.line) == ("take", "a.c", 3)


def test_without_frames_there_is_no_function_and_no_trust() -> None:
    profile = profile_of(crash_event(frames=[]))
    assert (profile.function, profile.file, profile.line, profile.trust) == (None, None, None, "")


@pytest.mark.parametrize(
    ("trusts", "expected"),
    [
        (["context", "cfi", "cfi"], "cfi"),
        (["context"], "context"),
        (["context", "scan", "cfi"], "scan"),
        (["context", "cfi", "cfi", "cfi", "cfi", "scan"], "cfi"),
        (["context", "frame-pointer", "exidx"], "frame-pointer"),
        (["context", "divination", "scan"], "divination"),
    ],
)
def test_a_call_stack_is_trusted_as_its_weakest_inner_frame(trusts: list[str], expected: str) -> None:
    assert weakest([frame("f", trust) for trust in trusts]) == expected


def test_the_search_text_has_names_and_no_numbers() -> None:
    event = crash_event(frames=[frame("Take", file="src/A.c"), frame("Take", file="src/A.c"), frame("guess", "scan")])
    assert search_text(event).splitlines() == [
        "null pointer dereference in read_sensor (sensor.c:41)",
        "a -byte load from through r7 (null) + .",
        "take",
        "src/a.c",
    ]


hostile = st.text("a\0<é😀İß'\"\\%_ ", max_size=40).map(lambda text: text * 200) | st.text(max_size=5)
numbers = st.integers(-(2**80), 2**80)


@given(hostile, hostile, hostile, numbers, st.lists(st.tuples(hostile, numbers), max_size=40))
def test_whatever_a_device_sends_fits_into_the_columns(
    title: str, name: str, version: str, line: int, frames: list[tuple[str, int]]
) -> None:
    event = crash_event(
        fingerprint=name,
        kind=name,
        version=version,
        build_id=name,
        frames=[
            Frame(pc="0x0", function=function, file=name, line=number, trust=name)
            for function, number in [(title, line), *frames]
        ],
    )
    fault = Fault(kind=name, title=title, explanation=title)
    data = msgspec.structs.replace(event.data, fault=fault, thread=name, architecture=name)
    row = profile_of(msgspec.structs.replace(event, data=data))
    for column in Profile.__table__.columns:
        value = getattr(row, column.name, None)
        if isinstance(value, str):
            assert "\0" not in value
            assert len(value) <= (getattr(column.type, "length", None) or 4_000)
    assert row.line is None or 0 <= row.line < 2**63
