"""A crash event as rows: checked where types do not reach."""

import json
from typing import Any

import msgspec
import pytest
from support.crashes import START_MS, crash_event, crash_payload

from console.intake.record import read_document, read_record
from contract.event import EventError


def changed(path: str, value: object) -> bytes:
    event: dict[str, Any] = msgspec.to_builtins(crash_event())
    *parents, last = path.split(".")
    place: Any = event
    for name in parents:
        place = place[name]
    place[last] = value
    return json.dumps(event).encode()


def test_a_record_has_what_the_event_says() -> None:
    record = read_record(crash_payload(7, device="d", attributes={"region": "eu", "n": 3, "on": True, "no": None}))
    assert (record.event_id, record.device, record.time_ms) == ("00000000-0000-0000-0000-000000000008", "d", START_MS)
    assert record.attributes == {"region": "eu", "n": "3", "on": "true", "no": "null"}
    assert read_document(record.document).data.device == "d"


def test_the_time_of_an_event_that_does_not_say_when_it_was_received() -> None:
    assert read_record(changed("data.upload.received_ms", 0)).time_ms == START_MS


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "no-uuid"),
        ("data.revision", 2**70),
        ("data.upload.size", 2**63),
        ("data.device", ""),
        ("data.device", "\0"),
        ("data.fault", None),
    ],
)
def test_what_is_no_event_of_ours_is_refused(path: str, value: object) -> None:
    with pytest.raises(EventError):
        read_record(changed(path, value))


def test_a_time_that_is_none_is_refused_where_it_is_needed() -> None:
    payload = json.loads(changed("data.upload.received_ms", 0))
    payload["time"] = "yesterday"
    with pytest.raises(EventError):
        read_record(json.dumps(payload).encode())


def test_numbers_and_texts_are_cut_to_what_a_database_takes() -> None:
    attributes = {f"{n:03}\0" + "k" * 200: "v\0" * 500 for n in range(100)}
    record = read_record(changed("data.attributes", attributes))
    assert len(record.attributes) == 64
    assert all(len(key) == 64 and "\0" not in key for key in record.attributes)
    assert set(record.attributes.values()) == {"v" * 200}
    assert read_record(changed("data.uptime_ms", 2**70)).uptime_ms is None
    assert read_record(changed("data.device", "d" * 500)).device == "d" * 128


def test_ids_are_written_one_way() -> None:
    upper = changed("id", "CF0CD8E8-BE2F-5D8B-BCF3-F9CC0AC70698")
    assert read_record(upper).event_id == "cf0cd8e8-be2f-5d8b-bcf3-f9cc0ac70698"
