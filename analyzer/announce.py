"""A report as the crash event that consumers receive. Pure."""

from datetime import UTC, datetime

from analyzer.report.model import Report
from contract.event import Crash, CrashEvent, Fault, Firmware, Frame, Upload
from contract.records import DumpItem
from runtime.store import report_key

MOST_FRAMES = 64


def crash_event(report: Report, item: DumpItem, build_id: str) -> CrashEvent:
    """The event of a crash. `build_id` is the one the firmware was looked up by, hexadecimal, or empty."""
    metadata = item.metadata
    thread = report.crashed_thread()
    return CrashEvent(
        id=item.event_id,
        source=f"/faultcast/device/{item.device}",
        subject=item.device,
        time=_timestamp(item.first_received_ms),
        data=Crash(
            revision=revision(complete=not item.missing, symbolized=report.symbolized),
            symbolized=report.symbolized,
            device=item.device,
            occurrence=item.occurrence,
            fault=Fault(
                kind=report.fault.kind,
                title=report.fault.title,
                explanation=report.fault.explanation,
                reason=report.fault.reason,
            ),
            fingerprint=report.fingerprint,
            thread=(thread.name or thread.entry) if thread is not None else None,
            frames=[
                Frame(
                    pc=frame.pc,
                    function=frame.function,
                    file=frame.file,
                    line=frame.line,
                    inlined=frame.inlined,
                    trust=frame.trust,
                )
                for frame in (thread.frames[:MOST_FRAMES] if thread is not None else [])
            ],
            firmware=Firmware(
                build_id=build_id,
                name=metadata.firmware,
                version=metadata.version,
                board=metadata.board,
                os=metadata.os,
            ),
            uptime_ms=metadata.uptime_ms,
            attributes=metadata.attributes,
            upload=Upload(
                sha256=item.sha256,
                size=item.size,
                complete=not item.missing,
                missing_bytes=sum(end - start for start, end in item.missing),
                chunks=item.chunks,
                duplicates=item.duplicates,
                conflicts=item.conflicts,
                received_ms=item.first_received_ms,
            ),
            report=report_key(item.event_id),
            warnings=[warning.text for warning in report.warnings],
        ),
    )


def revision(*, complete: bool, symbolized: bool) -> int:
    """How good an analysis is, 1 to 4: computed, so that a redelivery has the same one."""
    return 1 + 2 * complete + symbolized


def _timestamp(unix_ms: int) -> str:
    moment = datetime.fromtimestamp(unix_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
