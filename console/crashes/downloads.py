"""A crash as files: the dump, an ELF core for gdb, the report, a ticket."""

import asyncio
import os
import tempfile
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from analyzer.export.elf_core import elf_flags
from analyzer.export.markdown import markdown
from analyzer.questions import WriteCore
from analyzer.report.model import Report, encode_report
from console.crashes.crash import StoredReport
from console.crashes.inspector import Inspector, Specimen, find_specimen
from console.web.errors import Gone
from contract.event import CrashEvent
from runtime.store import NoSuchObject, Store, elf_key

_ELF_HEADER = 64
"""Bytes."""


class ReportGone(Gone):
    """The report was removed by age."""

    code = "report-gone"


def file_name(event: CrashEvent, ending: str) -> str:
    """What a file of a crash is called when it is saved; from the event's id alone, which is ours."""
    return f"crash-{event.id[:8]}.{ending}"


def gdb_command(event: CrashEvent) -> str:
    """What to type where the dump and the firmware were saved."""
    return f"faultcast gdb {file_name(event, 'dump')} --elf zephyr.elf"


async def dump_file(store: Store, event: CrashEvent) -> Response:
    """The raw dump; raises `DumpGone`."""
    specimen = await asyncio.to_thread(find_specimen, store, event)
    return FileResponse(specimen.dump.dump, media_type="application/octet-stream", filename=file_name(event, "dump"))


async def core_file(store: Store, inspector: Inspector, event: CrashEvent) -> Response:
    """An ELF core that stock gdb opens; raises as `Inspector.ask`."""
    specimen = await asyncio.to_thread(find_specimen, store, event)
    descriptor, name = tempfile.mkstemp(prefix="faultcast-", suffix=".core")
    os.close(descriptor)
    path = Path(name)
    try:
        await inspector.ask(event, WriteCore(name, await asyncio.to_thread(_flags, store, specimen)))
    except BaseException:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    return FileResponse(
        name,
        media_type="application/octet-stream",
        filename=file_name(event, "core"),
        background=BackgroundTask(path.unlink, missing_ok=True),
    )


def report_file(event: CrashEvent, stored: StoredReport) -> Response:
    """The report as JSON; raises `ReportGone`."""
    return _attachment(encode_report(_report(stored)), "application/json", file_name(event, "json"))


def markdown_file(event: CrashEvent, stored: StoredReport) -> Response:
    """The report as a ticket; raises `ReportGone`."""
    text = markdown(_report(stored), dump=file_name(event, "dump"))
    return _attachment(text.encode("utf-8", "replace"), "text/markdown; charset=utf-8", file_name(event, "md"))


def _report(stored: StoredReport) -> Report:
    if stored.report is None:
        raise ReportGone("the full report is not in the store any more; analyse the dump again if that is still there")
    return stored.report


def _attachment(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _flags(store: Store, specimen: Specimen) -> int:
    """`e_flags` of the firmware, 0 where its file is not kept."""
    if specimen.firmware is None:
        return 0
    try:
        with store.path(elf_key(specimen.build_id)).open("rb") as file:
            return elf_flags(file.read(_ELF_HEADER))
    except NoSuchObject:
        return 0
