"""Crash events for tests of what comes after them."""

import uuid
from datetime import UTC, datetime

from contract.event import (
    Analysis,
    Attribute,
    Crash,
    CrashEvent,
    Fault,
    Firmware,
    Frame,
    Upload,
    encode_event,
)

START_MS = 1_772_352_000_000
"""A full hour."""


def crash_event(
    number: int = 0,
    *,
    device: str = "sensor-1",
    time_ms: int = START_MS,
    revision: int = 4,
    fingerprint: str = "2-a",
    title: str = "Null pointer dereference in read_sensor (sensor.c:41)",
    kind: str = "null-dereference",
    version: str = "1.4.2",
    build_id: str = "61a948a9",
    attributes: dict[str, Attribute] | None = None,
    frames: list[Frame] | None = None,
    sha256: str = "ab" * 32,
) -> CrashEvent:
    """The crash with a number of its own; the same number is the same crash."""
    event_id = str(uuid.UUID(int=number + 1))
    return CrashEvent(
        id=event_id,
        source=f"/faultcast/device/{device}",
        subject=device,
        time=datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds"),
        data=Crash(
            revision=revision,
            symbolized=revision in (2, 4),
            device=device,
            occurrence=f"boot:{number}",
            fault=Fault(kind=kind, title=title, explanation="A 2-byte load from 0x00000008 through r7 (NULL) + 8."),
            fingerprint=fingerprint,
            thread="sensor",
            frames=[Frame(pc="0x000012dc", function="read_sensor", file="src/sensor.c", line=41, trust="context")]
            if frames is None
            else frames,
            firmware=Firmware(
                build_id=build_id, name="weather-station", version=version, board="mps2/an385", os="Zephyr 4.1.0"
            ),
            uptime_ms=7_345_120,
            attributes={"region": "eu"} if attributes is None else attributes,
            upload=Upload(
                sha256=sha256,
                size=8_809,
                complete=revision >= 3,
                received_ms=time_ms,
                missing_bytes=0,
                dump_id="abcd1234",
            ),
            report=f"report/{event_id}-{revision}.json",
            architecture="ARM Cortex-M",
            analysis=Analysis(matches=True, started_ms=time_ms + 100, seconds=0.05),
        ),
    )


def crash_payload(number: int = 0, **more: object) -> bytes:
    """The JSON of `crash_event`."""
    return encode_event(crash_event(number, **more))  # type: ignore[arg-type]
