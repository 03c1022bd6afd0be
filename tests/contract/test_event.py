"""The crash event: what consumers are promised, by type and by JSON Schema."""

import json
from contextlib import suppress
from importlib.resources import files
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.asyncapi import EXAMPLE_EVENT
from contract.event import (
    EVENT_TYPE,
    Crash,
    CrashEvent,
    EventError,
    Fault,
    Firmware,
    Frame,
    Upload,
    decode_event,
    encode_event,
)

SCHEMA = json.loads((files("contract") / "schema" / "crash-event.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

LEAST = CrashEvent(
    id="88890be6-35e7-5bca-90dd-8d490073d5a3",
    source="/faultcast/device/d1",
    subject="d1",
    time="1970-01-01T00:00:00.000Z",
    data=Crash(
        revision=1,
        symbolized=False,
        device="d1",
        fault=Fault(kind="unknown", title="Crash"),
        fingerprint="1:0",
        firmware=Firmware(),
        upload=Upload(sha256="0" * 64, size=0, complete=False),
        report="report/x.json",
    ),
)


def changed(path: str, value: object) -> dict[str, Any]:
    """The example with one value replaced; `...` takes it away."""
    event: dict[str, Any] = msgspec.to_builtins(EXAMPLE_EVENT)
    *parents, last = path.split(".")
    place: Any = event
    for name in parents:
        place = place[int(name) if name.isdigit() else name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return event


@pytest.mark.parametrize("event", [EXAMPLE_EVENT, LEAST])
def test_an_event_comes_back_and_keeps_to_its_schema(event: CrashEvent) -> None:
    assert decode_event(encode_event(event)) == event
    VALIDATOR.validate(json.loads(encode_event(event)))


WRONG = [
    ("specversion", "0.3"),
    ("id", ...),
    ("id", 7),
    ("source", ...),
    ("type", "io.faultcast.crash.v2"),
    ("subject", None),
    ("time", ...),
    ("datacontenttype", "text/plain"),
    ("data", ...),
    ("data", []),
    ("data.revision", ...),
    ("data.revision", 0),
    ("data.revision", "4"),
    ("data.symbolized", 1),
    ("data.device", ...),
    ("data.fault", ...),
    ("data.fault.kind", ...),
    ("data.fault.reason", "0"),
    ("data.fingerprint", None),
    ("data.frames", {}),
    ("data.frames", ["main"]),
    ("data.frames.0.pc", ...),
    ("data.frames.0.pc", 0x404),
    ("data.frames.0.line", "42"),
    ("data.frames.0.trust", ...),
    ("data.firmware", ...),
    ("data.firmware.build_id", None),
    ("data.uptime_ms", 1.5),
    ("data.attributes", {"a": []}),
    ("data.upload", ...),
    ("data.upload.sha256", "../../etc/passwd"),
    ("data.upload.sha256", "0" * 64 + "\n"),
    ("data.upload.size", -1),
    ("data.upload.missing", [[1]]),
    ("data.upload.missing", [[1, -1]]),
    ("data.upload.missing", [1, 2]),
    ("data.upload.dump_id", "../../etc"),
    ("data.upload.last_received_ms", -1),
    ("data.architecture", None),
    ("data.analysis", None),
    ("data.analysis.matches", "yes"),
    ("data.analysis.seconds", -0.5),
    ("data.upload.complete", "yes"),
    ("data.report", ...),
    ("data.warnings", "none"),
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_type_and_schema_refuse_the_same_wrong_events(path: str, value: object) -> None:
    event = changed(path, value)
    with pytest.raises(EventError) as caught:
        decode_event(json.dumps(event).encode())
    assert caught.value.code == "message.event"
    assert not VALIDATOR.is_valid(event)


@pytest.mark.parametrize("attribute", ["specversion", "type", "datacontenttype", "dataschema"])
def test_the_schema_wants_the_whole_envelope(attribute: str) -> None:
    assert not VALIDATOR.is_valid(changed(attribute, ...))


def test_the_schema_wants_a_uuid() -> None:
    assert not VALIDATOR.is_valid(changed("id", "crash-1"))


@pytest.mark.parametrize(
    "path", ["later", "data.later", "data.frames.0.later", "data.upload.later", "data.fault.later"]
)
def test_what_a_later_version_adds_is_ignored(path: str) -> None:
    event = changed(path, {"a": [1]})
    assert decode_event(json.dumps(event).encode()) == EXAMPLE_EVENT
    VALIDATOR.validate(event)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"null",
        b"[" * 100_000,
        b'{"later":' + b"[" * 100_000,
        b'{"id":"\xff"}',
        b'{"id":"\\ud800"}',
        b'{"\xff":1}',
        encode_event(LEAST) + b"x",
    ],
)
def test_hostile_bytes_are_one_error_of_ours(payload: bytes) -> None:
    with pytest.raises(EventError):
        decode_event(payload)


@given(st.binary(max_size=100))
def test_arbitrary_bytes_raise_nothing_but_our_error(payload: bytes) -> None:
    with suppress(EventError):
        decode_event(payload)


ALPHABET = 'a\0\n"\\/ é\u2028😀'
text = st.text(ALPHABET)
frames = st.builds(
    Frame,
    pc=st.integers(0, 2**64 - 1).map("{:#010x}".format),
    function=st.none() | text,
    file=st.none() | text,
    line=st.none() | st.integers(0, 2**31),
    inlined=st.booleans(),
    trust=st.sampled_from(["context", "cfi", "scan"]),
)
events = st.builds(
    lambda device, boot, title, thread, frames, attributes, warnings: msgspec.structs.replace(
        LEAST,
        subject=device,
        data=msgspec.structs.replace(
            LEAST.data,
            device=device,
            occurrence=boot,
            fault=Fault(kind="k", title=title),
            thread=thread,
            frames=frames,
            attributes=attributes,
            warnings=warnings,
        ),
    ),
    text,
    text,
    text,
    st.none() | text,
    st.lists(frames, max_size=4),
    st.dictionaries(
        text, text | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()
    ),
    st.lists(text, max_size=3),
)


@given(events)
def test_every_event_comes_back_and_keeps_to_its_schema(event: CrashEvent) -> None:
    payload = encode_event(event)
    assert b"\n" not in payload
    assert decode_event(payload) == event
    VALIDATOR.validate(json.loads(payload))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_cannot_say_becomes_null(value: float) -> None:
    """A device may send any float64 in MessagePack; the event must stay JSON that every parser takes."""
    event = msgspec.structs.replace(LEAST, data=msgspec.structs.replace(LEAST.data, attributes={"a": value}))
    assert json.loads(encode_event(event), parse_constant=pytest.fail)["data"]["attributes"] == {"a": None}


def test_the_type_of_the_event_never_changes() -> None:
    assert EVENT_TYPE == "io.faultcast.crash.v1"
    assert SCHEMA["$id"] == "urn:faultcast:schema:crash-event:1"
