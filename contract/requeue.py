"""From a crash event back to the work it came of, so that a crash can be analysed again from its event alone."""

from contextlib import suppress

from contract.chunk import Metadata
from contract.event import CrashEvent, EventError
from contract.records import DumpItem, RecordError, decode_item, encode_record


def work_item(event: CrashEvent) -> DumpItem:
    """The work item of a crash event: analysed again it gives the same event, or a better one.

    Of the metadata only the checksums are lost; they were compared when the dump was put together.

    Raises:
        EventError: the event is not one of ours: an id is no hexadecimal, a value is out of bounds.
    """
    crash, upload, firmware = event.data, event.data.upload, event.data.firmware
    boot = None
    if crash.occurrence.startswith("boot:"):
        with suppress(ValueError):
            boot = int(crash.occurrence.removeprefix("boot:"))
    try:
        item = DumpItem(
            event_id=event.id,
            device=crash.device,
            sha256=upload.sha256,
            size=upload.size,
            dump_id=bytes.fromhex(upload.dump_id),
            occurrence=crash.occurrence,
            metadata=Metadata(
                build_id=bytes.fromhex(firmware.build_id),
                firmware=firmware.name,
                version=firmware.version,
                board=firmware.board,
                os=firmware.os,
                boot=boot,
                uptime_ms=crash.uptime_ms,
                attributes=crash.attributes,
            ),
            linked=firmware.linked,
            missing=_missing(event),
            first_received_ms=upload.received_ms,
            last_received_ms=upload.last_received_ms,
            chunks=upload.chunks,
            duplicates=upload.duplicates,
            conflicts=upload.conflicts,
        )
        return decode_item(encode_record(item))  # within the bounds that whoever takes it holds it against
    except (ValueError, OverflowError, RecordError) as error:
        raise EventError(f"no work can be made of crash event {event.id}: {error}") from error


def _missing(event: CrashEvent) -> list[tuple[int, int]]:
    """What never arrived. An event from before they were told is of a partial dump whose gaps are not known."""
    upload = event.data.upload
    if upload.complete or upload.missing:
        return upload.missing
    raise EventError(f"crash event {event.id} does not say which bytes of its dump are missing")
