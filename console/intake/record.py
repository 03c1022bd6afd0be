"""A crash event as the rows that it becomes. Pure."""

import json
import uuid
import zlib
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from console.intake.profile import LARGEST, LONGEST_NAME, ProfileRow, bounded, plain, profile_of
from contract.chunk import Attribute
from contract.event import CrashEvent, EventError, decode_event

LONGEST_KEY: Final = 64
LONGEST_VALUE: Final = 200
MOST_ATTRIBUTES: Final = 64
BEST_REVISION: Final = 1_000
_LEVEL: Final = 3
"""Of the compression: half the time of the usual one, for a few bytes more."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One analysis of one crash, ready to be written."""

    event_id: str
    revision: int
    time_ms: int
    device: str
    profile: ProfileRow
    digest: str
    """Of the profile."""
    uptime_ms: int | None
    sha256: str
    size: int
    attributes: dict[str, str]
    document: bytes
    """The event, compressed."""


def read_record(payload: bytes) -> Record:
    """The record of the JSON of a crash event; raises `EventError`."""
    event = decode_event(payload)
    crash, profile = event.data, profile_of(event)
    if crash.revision > BEST_REVISION or crash.upload.size > LARGEST:
        raise EventError("not a crash event of ours: a number in it is out of bounds")
    device = plain(crash.device, LONGEST_NAME)
    if not device:
        raise EventError("not a crash event of ours: it names no device")
    return Record(
        event_id=_canonical(event.id),
        revision=crash.revision,
        time_ms=_time_ms(event),
        device=device,
        profile=profile,
        digest=profile.digest(),
        uptime_ms=bounded(crash.uptime_ms),
        sha256=crash.upload.sha256,
        size=crash.upload.size,
        attributes=_attributes(crash.attributes),
        document=zlib.compress(payload, _LEVEL),
    )


def read_document(document: bytes) -> CrashEvent:
    """The crash event of a `CrashDocument`; raises `EventError`."""
    return decode_event(zlib.decompress(document))


def _canonical(event_id: str) -> str:
    try:
        return str(uuid.UUID(event_id))
    except ValueError as error:
        raise EventError("not a crash event of ours: its id is no UUID") from error


def _time_ms(event: CrashEvent) -> int:
    """When the first chunk arrived; of the envelope where the data does not say."""
    received = event.data.upload.received_ms
    if 0 < received <= _LATEST_MS:
        return received
    try:
        moment = datetime.fromisoformat(event.time)
    except ValueError as error:
        raise EventError("not a crash event of ours: its time cannot be read") from error
    utc = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, (utc - _EPOCH) // timedelta(milliseconds=1))


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS: Final = 253_402_300_799_999
"""The end of the year 9999: what dates can say."""


def _attributes(attributes: dict[str, Attribute]) -> dict[str, str]:
    """Key to value as `CrashAttribute` keeps them: text as it is, other values as their JSON."""
    found: dict[str, str] = {}
    for key, value in sorted(attributes.items())[:MOST_ATTRIBUTES]:
        text = value if isinstance(value, str) else json.dumps(value)
        found.setdefault(plain(key, LONGEST_KEY), plain(text, LONGEST_VALUE))
    return found
