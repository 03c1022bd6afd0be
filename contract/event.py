"""The crash event: what downstream consumers build on.

A CloudEvents 1.0 event in the JSON format (structured mode). `source` and `id` together name the crash: every
redelivery and every later revision of the same crash has the same pair, so a consumer that keeps the highest
`data.revision` per id is exact.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from contract.chunk import Attribute
from contract.errors import MessageError
from contract.identity import Sha256
from contract.malformed import MALFORMED

EVENT_TYPE = "io.faultcast.crash.v1"
SCHEMA_ID = "urn:faultcast:schema:crash-event:1"


Count = Annotated[int, Meta(ge=0)]
MOST_GAPS = 1_000
"""Ranges that an `Upload` names at most: an event has to fit into a message."""


class EventError(MessageError):
    """A crash event that does not follow its schema."""

    code = "message.event"


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame of the crashed thread."""

    pc: str
    """Hexadecimal, such as `0x00000404`."""
    function: str | None = None
    """Plain name, without arguments; null without symbols."""
    file: str | None = None
    line: int | None = None
    inlined: bool = False
    """Whether this function was inlined into the next one."""
    trust: str
    """How the frame was found: `context`, `cfi`, `exception`, `window`, `exidx`, `frame-pointer` or `scan`."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why it crashed."""

    kind: str
    """Stable slug such as `null-dereference`."""
    title: str
    """One line a person recognises."""
    explanation: str = ""
    """What the fault registers say, in words; empty when they say nothing."""
    reason: int | None = None
    """Zephyr's reason code, as dumped."""


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """The dump behind the event and how it came in."""

    sha256: Sha256
    """Name of the dump in the store."""
    size: Count
    """Bytes."""
    complete: bool
    """False when chunks were given up on; what never arrived counts as not in the dump."""
    missing_bytes: Count = 0
    chunks: Count = 0
    """Chunks that arrived, repetitions among them."""
    duplicates: Count = 0
    conflicts: Count = 0
    """Chunks that came again with other bytes; the first ones were kept."""
    received_ms: Count = 0
    """Unix time of the first chunk in milliseconds."""
    last_received_ms: Count = 0
    """Unix time of the last chunk in milliseconds."""
    missing: list[tuple[Count, Count]] = []
    """Byte ranges that never arrived, as start and end (exclusive); at most 1,000, the last of which then goes on to
    the end of the last one there is."""
    dump_id: Annotated[str, Meta(pattern="^[0-9a-f]*$", max_length=64)] = ""
    """The id under which the device sent the dump, hexadecimal."""


class Firmware(msgspec.Struct, frozen=True, kw_only=True):
    """What was running."""

    build_id: str = ""
    """Hexadecimal; empty when neither the device nor the dump named one."""
    name: str = ""
    version: str = ""
    board: str = ""
    os: str = ""
    linked: str = ""
    """Build id of the firmware that a person chose in place of the one that was running; empty where nobody did."""


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """How the event was made; the one part that is another one each time the same dump is analysed."""

    matches: bool | None = None
    """Whether the symbols are those of the dump: false when something speaks against it, null when nothing tells."""
    started_ms: Count = 0
    """Unix time in milliseconds."""
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    """How long it took."""


class Crash(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a crash event."""

    revision: Annotated[int, Meta(ge=1)]
    """How good the analysis could be: 1 of a partial dump without symbols, 2 partial with symbols,
    3 whole without symbols, 4 whole with symbols. The highest one of an id is the one to keep."""
    symbolized: bool
    """Whether the firmware was known, so that addresses have names."""
    device: str
    occurrence: str = ""
    """Boot or uptime that tells this crash from an identical one."""
    fault: Fault
    fingerprint: str
    """The same for crashes with the same cause, over builds and devices."""
    thread: str | None = None
    """Name of the crashed thread; of its function where it has no name."""
    frames: list[Frame] = []
    """Frames of the crashed thread, innermost first; at most 64."""
    firmware: Firmware
    uptime_ms: int | None = None
    """Milliseconds from boot to crash, as the device said."""
    attributes: dict[str, Attribute] = {}
    """What the device sent along: serial number, region, hardware revision."""
    upload: Upload
    report: str
    """Key of the full report in the store."""
    warnings: list[str] = []
    """What could not be read of the dump, and why."""
    architecture: str = ""
    """Of the dump, such as `ARM Cortex-M`; empty where it is unknown."""
    analysis: Analysis = Analysis()


class CrashEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope (CloudEvents 1.0, JSON event format)."""

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    """UUID; the same for every delivery and revision of one crash."""
    source: Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
    """`/faultcast/device/{device}`."""
    type: Literal["io.faultcast.crash.v1"] = EVENT_TYPE
    subject: str
    """The device id."""
    time: Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
    """RFC 3339, UTC: when the first chunk of the dump arrived."""
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = SCHEMA_ID
    data: Crash


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(CrashEvent)


def encode_event(event: CrashEvent) -> bytes:
    """The JSON of an event."""
    return _encoder.encode(event)


def decode_event(payload: bytes) -> CrashEvent:
    """Decode a crash event; raises `EventError`."""
    try:
        return _decoder.decode(payload)
    except MALFORMED as error:
        raise EventError(f"not a crash event: {error}") from error


def event_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the crash event, made from the types above."""
    schema = msgspec.json.schema(CrashEvent)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **schema}
