"""A report as the crash event that consumers receive. Pure."""

from datetime import UTC, datetime

from analyzer.report.model import Report
from contract.event import MOST_GAPS, Analysis, Crash, CrashEvent, Fault, Firmware, Frame, Upload
from contract.records import DumpItem
from runtime.store import report_key

MOST_FRAMES = 64


def crash_event(
    report: Report, item: DumpItem, build_id: str, *, linked: str = "", started_ms: int = 0, seconds: float = 0.0
) -> CrashEvent:
    """The event of a crash.

    `build_id` is the one the firmware was looked up by, hexadecimal, or empty; `linked` is that of the one a person
    chose in its place; `started_ms` is when the analysis
    began, in Unix milliseconds, and `seconds` is how long it took.
    """
    level = revision(complete=not item.missing, symbolized=report.symbolized)
    metadata = item.metadata
    thread = report.crashed_thread()
    return CrashEvent(
        id=item.event_id,
        source=f"/faultcast/device/{item.device}",
        subject=item.device,
        time=_timestamp(item.first_received_ms),
        data=Crash(
            revision=level,
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
                linked=linked,
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
                last_received_ms=item.last_received_ms,
                missing=_at_most(MOST_GAPS, item.missing),
                dump_id=item.dump_id.hex(),
            ),
            report=report_key(item.event_id, level),
            warnings=[warning.text for warning in report.warnings],
            architecture=report.dump.architecture,
            analysis=Analysis(matches=report.firmware.matches, started_ms=started_ms, seconds=seconds),
        ),
    )


def revision(*, complete: bool, symbolized: bool) -> int:
    """How good an analysis is, 1 to 4: computed, so that a redelivery has the same one."""
    return 1 + 2 * complete + symbolized


def _at_most(count: int, ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first of ascending ranges; the last one covers the rest, for to leave out bytes does less harm than zeros."""
    if len(ranges) <= count:
        return ranges
    return [*ranges[: count - 1], (ranges[count - 1][0], ranges[-1][1])]


def _timestamp(unix_ms: int) -> str:
    moment = datetime.fromtimestamp(unix_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
