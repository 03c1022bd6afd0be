"""Asks analysing processes about dumps, for a page or a program that looks into one.

Each process remembers the dumps that it was last asked about, so the same dump always goes to the same one. They are
apart from those of the analyzer: whoever looks around holds up no new crash.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from fastapi import FastAPI
from starlette.requests import Request

from analyzer.firmware import FoundFirmware, find_firmware
from analyzer.questions import CastValue, ListGlobals, ListTypes, OpenValue, Question, ShowValue
from analyzer.requests import AnalyseDump, Answered, InspectDump
from analyzer.sandbox import AnalysisDied, AnalysisFailed, AnalysisTimedOut, Sandbox
from console.crashes.entry import KINDS
from console.web.errors import Conflict, Gone, NotFound
from console.web.services import Services
from contract.errors import InputError
from contract.event import CrashEvent
from contract.requeue import work_item
from runtime.store import NoSuchObject, Store, dump_key

PROCESSES: Final = 2
Answer = TypeVar("Answer")


class DumpGone(Gone):
    """The raw dump was removed by age; what was found out about it stays."""

    code = "dump-gone"


class FirmwareMissing(Conflict):
    """The answer needs symbols, and there is no firmware with the build id of this dump."""

    code = "firmware-missing"


class InspectionStopped(InputError):
    """The answer took too long or too much memory."""

    code = "inspection-stopped"


@dataclass(frozen=True, slots=True)
class Specimen:
    """A dump with the firmware that it is read with."""

    dump: AnalyseDump
    sha256: str
    firmware: FoundFirmware | None
    build_id: str
    """Of the firmware that is to be used, hexadecimal."""


def find_specimen(store: Store, event: CrashEvent, chosen: str = "") -> Specimen:
    """What there is of a crash to look into, the way the analyzer finds it. Blocks.

    `chosen` is the build id of a firmware to take in place of the one that it was analysed with.

    Raises:
        DumpGone: the dump is not in the store any more.
        EventError: the event does not say what its dump lacks.
        StoreUnavailable: nobody knows.
    """
    item = work_item(event)
    try:
        dump = store.path(dump_key(item.sha256))
    except NoSuchObject as error:
        raise DumpGone("the raw dump of this crash was removed from the store; its report stays") from error
    build_id = item.metadata.build_id.hex()
    firmware = find_firmware(store, build_id, chosen or item.linked)
    named = "" if firmware is not None and firmware.linked else build_id
    index = None if firmware is None else str(firmware.index)
    request = AnalyseDump(str(dump), index, named, tuple(item.missing))
    used = (chosen or build_id) if firmware is None else firmware.linked or build_id
    return Specimen(request, item.sha256, firmware, used)


class Inspector:
    """A few analysing processes, started when they are first needed."""

    def __init__(self, store: Store, *, seconds: float, memory: int, plumbing: str = "") -> None:
        """`seconds` for each question, `memory` in bytes for each process; `plumbing` is a file, as in the settings."""
        self._store = store
        more = Path(plumbing) if plumbing else None
        self._sandboxes = [Sandbox(seconds=seconds, memory=memory, plumbing=more) for _ in range(PROCESSES)]

    async def ask(self, event: CrashEvent, question: Question, chosen: str = "") -> bytes:
        """The answer as JSON, in the shape that the question names; `chosen` as in `find_specimen`.

        Raises:
            DumpGone, FirmwareMissing, InspectionStopped: as they say.
            NotFound: what was asked for is not in this dump or firmware.
            InputError: the dump, the firmware or the event is at fault, under the code of the cause.
            StoreUnavailable: dump or firmware cannot be read.
        """
        specimen = await asyncio.to_thread(find_specimen, self._store, event, chosen)
        if specimen.firmware is None and (chosen or needs_symbols(question)):
            wanted = specimen.build_id or "none that the device or the dump names"
            raise FirmwareMissing(f"this needs the firmware's symbols: upload its ELF file (build id {wanted})")
        sandbox = self._sandboxes[int(specimen.sha256[:8], 16) % len(self._sandboxes)]
        try:
            reply = await sandbox.ask(InspectDump(specimen.dump, question))
        except (AnalysisTimedOut, AnalysisDied) as error:
            raise InspectionStopped(str(error)) from error
        except AnalysisFailed as error:
            raise (NotFound(str(error)) if error.code == NotFound.code else error) from error
        if not isinstance(reply, Answered):
            raise TypeError(f"asked a question, got {type(reply).__name__}")
        return reply.answer

    async def answer(self, event: CrashEvent, question: Question, shape: type[Answer], chosen: str = "") -> Answer:
        """The answer as a value of its shape; raises as `ask`."""
        return msgspec.json.decode(await self.ask(event, question, chosen), type=shape)

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(*(sandbox.close() for sandbox in self._sandboxes))


def needs_symbols(question: Question) -> bool:
    """Whether a question is about the program's own names and types."""
    if isinstance(question, CastValue):
        return question.kind not in KINDS
    return isinstance(question, OpenValue | ShowValue | ListGlobals | ListTypes)


def inspector_of(request: Request) -> Inspector:
    """The inspector of the application that a request came to: one, made when it is first needed."""
    state: Any = request.app.state
    if not hasattr(state, "inspector"):
        services: Services = state.services
        settings = services.settings
        state.inspector = Inspector(
            services.store,
            seconds=settings.analysis_seconds,
            memory=settings.analysis_memory,
            plumbing=settings.plumbing,
        )
    return state.inspector


@asynccontextmanager
async def closing_inspector(app: FastAPI) -> AsyncGenerator[None]:
    """The lifespan of who uses `inspector_of`: its processes end with the application."""
    yield
    if (inspector := getattr(app.state, "inspector", None)) is not None:
        await inspector.close()
