"""What became of a dump between the device and this page, and why its symbols are those they are. Pure."""

from dataclasses import dataclass
from typing import Final

from console.web.moment import rfc3339
from contract.event import CrashEvent

LEVELS: Final = {
    1: "partial dump, no symbols",
    2: "partial dump, with symbols",
    3: "whole dump, no symbols",
    4: "whole dump, with symbols",
}
"""What each revision of an analysis means."""
MOST_GAPS: Final = 20
"""That are listed."""
END_MS: Final = 253_402_300_800_000
"""The year 10000 begins: dates go no further."""


@dataclass(frozen=True, slots=True)
class SymbolVerdict:
    """Why there are symbols, or none."""

    state: str
    """`matched`, `unconfirmed`, `mismatch`, `arrived`, `missing`, `zero-build-id` or `no-build-id`."""
    text: str
    advice: str = ""
    """What to do; empty where all is well."""

    @property
    def is_good(self) -> bool:
        """Whether names and lines can be believed."""
        return self.state == "matched"


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the processing log; the time in Unix milliseconds."""

    name: str
    text: str
    at_ms: int | None = None
    is_bad: bool = False

    @property
    def moment(self) -> str | None:
        """RFC 3339, UTC; None where it is not known."""
        if self.at_ms is None or not 0 < self.at_ms < END_MS:
            return None
        return rfc3339(self.at_ms)


def symbol_verdict(event: CrashEvent, *, firmware_here: bool) -> SymbolVerdict:
    """Why the symbols matched or not; `firmware_here` says whether there is a firmware for the dump now."""
    firmware, matches = event.data.firmware, event.data.analysis.matches
    if not event.data.symbolized:
        return _without_symbols(firmware.build_id, firmware_here=firmware_here)
    chosen = f"A person chose firmware {firmware.linked} for build id {firmware.build_id or 'unknown'}"
    found = chosen if firmware.linked else f"The firmware was found by its build id {firmware.build_id}"
    if matches is False:
        advice = "Upload the ELF file of exactly this build, or choose another firmware; names and lines may be wrong."
        return SymbolVerdict("mismatch", f"{found}, but the dump speaks against it.", advice)
    if matches is None:
        return SymbolVerdict("unconfirmed", f"{found}; nothing in the dump confirms or contradicts it.")
    return SymbolVerdict("matched", f"{found}, and all that the dump tells agrees with it.")


def _without_symbols(build_id: str, *, firmware_here: bool) -> SymbolVerdict:
    if firmware_here:
        text = (
            f"The firmware with build id {build_id or 'chosen by hand'} is here now; it was not when this was analysed."
        )
        return SymbolVerdict("arrived", text, "Analyse the dump again if that does not happen by itself soon.")
    if not build_id:
        text = "Neither the device nor the dump names a build id."
        advice = (
            "Let the device send its build id with the first chunk, and link with --build-id; "
            "for this crash, choose a firmware by hand."
        )
        return SymbolVerdict("no-build-id", text, advice)
    if not build_id.strip("0"):
        text = "The build id is all zeros: the device sent a place that was never filled in."
        advice = (
            "Link with --build-id and keep the note section in the image, or compute the id after linking; "
            "for this crash, choose a firmware by hand."
        )
        return SymbolVerdict("zero-build-id", text, advice)
    advice = "Upload the ELF file of this build; the dump is then analysed again by itself."
    return SymbolVerdict("missing", f"There is no firmware with build id {build_id}.", advice)


def processing_log(event: CrashEvent) -> list[Step]:
    """What happened, in the order of time."""
    crash, upload = event.data, event.data.upload
    steps = [
        Step("First chunk", f"of dump {upload.dump_id or 'unknown'}", upload.received_ms or None),
        Step("Last chunk", _chunks(event), upload.last_received_ms or None, is_bad=upload.conflicts > 0),
    ]
    if not upload.complete:
        steps.append(Step("Gaps", _gaps(event), is_bad=True))
    completeness = "verified and kept" if upload.complete else "kept as far as it came"
    steps.append(Step("Stored", f"{completeness}, {upload.size:,} bytes, SHA-256 {upload.sha256}"))
    level = LEVELS.get(crash.revision, "of a kind that this console does not know")
    text = f"in {crash.analysis.seconds:g} s, revision {crash.revision}: {level}"
    steps.append(Step("Analysed", text, crash.analysis.started_ms or None))
    steps += [Step("Warning", warning, is_bad=True) for warning in crash.warnings]
    return steps


def _chunks(event: CrashEvent) -> str:
    upload = event.data.upload
    if not upload.chunks:
        return "how many there were is not known"
    text = f"{upload.chunks:,} in all"
    if upload.duplicates:
        text += f", {upload.duplicates:,} of them repetitions"
    if upload.conflicts:
        text += f", {upload.conflicts:,} with other bytes than the first time; the first ones were kept"
    return text


def _gaps(event: CrashEvent) -> str:
    upload = event.data.upload
    share = f"{upload.missing_bytes:,} of {upload.size:,} bytes never arrived"
    ranges = [f"{start:#x}–{end:#x}" for start, end in upload.missing]  # noqa: RUF001 - a range is written with this dash
    if not ranges:
        return f"{share}; where they are missing is not known"
    more = f" and {len(ranges) - MOST_GAPS:,} more" if len(ranges) > MOST_GAPS else ""
    return f"{share}: {', '.join(ranges[:MOST_GAPS])}{more}"
