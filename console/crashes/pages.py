"""The page of one crash, and the pieces of it that are loaded when somebody opens them."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from analyzer.inspection import Node, Page, Register
from analyzer.memory_view import MemoryRun
from analyzer.questions import (
    CastValue,
    Disassemble,
    FrameAt,
    GlobalAt,
    ListGlobals,
    ListRegisters,
    ListTypes,
    ObjectAt,
    OpenValue,
    ReadMemory,
    ShowValue,
    Start,
)
from analyzer.report.model import Instruction, Report
from console.crashes.crash import StoredCrash, load_crash, load_report
from console.crashes.downloads import gdb_command
from console.crashes.entry import KINDS, BadEntry, known_place, leading_address, read_number, read_path, split_place
from console.crashes.hexdump import rows
from console.crashes.inspector import Inspector, find_specimen, inspector_of
from console.crashes.link import hand_link
from console.crashes.processing import processing_log
from console.crashes.reanalyse import reanalyse
from console.crashes.symbols import verdict_of
from console.crashes.view import TRUST, objects_by_kind, stack_bar, thread_views
from console.firmware.source_link import source_link
from console.people.access import Engineer, Viewer
from console.people.audit import audit
from console.web.errors import NotFound, status_of
from console.web.render import render
from console.web.services import FromServices, Reading
from contract.errors import FaultcastError, InputError

router: Final = APIRouter(prefix="/crashes/{event_id}")
PARTS: Final = 100
"""Of a value that are shown at once."""
ROWS: Final = 50
"""Of the global variables."""
MEMORY: Final = 512
"""Bytes of a page of memory."""


async def _crash(_: Viewer, event_id: str, session: Reading) -> StoredCrash:
    return await load_crash(session, event_id)


FromCrash = Annotated[StoredCrash, Depends(_crash)]
FromInspector = Annotated[Inspector, Depends(inspector_of)]
Number = Annotated[int, Query(ge=0, le=1_000_000)]
Text = Annotated[str, Query(max_length=500)]


@router.get("")
async def show(request: Request, crash: FromCrash, services: FromServices, session: Reading) -> Response:
    """The page."""
    stored = await load_report(services.store, crash.event)
    values: dict[str, Any] = {
        **_common(crash),
        "report": stored.report,
        "why_no_report": stored.why_not,
        "threads": thread_views(stored.report, crash.event, crash.source_url),
        "fault_code": _code_lines(stored.report.fault.disassembly if stored.report else [], crash),
        "objects": objects_by_kind(stored.report.objects) if stored.report else [],
        "verdict": await verdict_of(services.store, crash.event),
        "log": processing_log(crash.event),
        "has_dump": await _has_dump(services, crash),
        "gdb": gdb_command(crash.event),
        "stack_bar": stack_bar,
        "hand": await hand_link(session, crash.event),
        "queued": "queued" in request.query_params,
    }
    return render(request, "crashes/crash.html", values)


@router.get("/values")
async def values(
    *,
    request: Request,
    crash: FromCrash,
    inspector: FromInspector,
    at: Text,
    path: Text = "",
    start: Number = 0,
) -> Response:
    """The parts of a value, closed; of a frame its variables."""

    async def found() -> Mapping[str, Any]:
        question = OpenValue(_start(at), read_path(path), start, PARTS + 1)
        nodes = await inspector.answer(crash.event, question, list[Node])
        return {"at": at, "path": path, "start": start, "nodes": nodes[:PARTS], "more": len(nodes) > PARTS}

    return await _piece(request, "crashes/_values.html", crash, found())


@router.get("/globals")
async def globals_(
    request: Request, crash: FromCrash, inspector: FromInspector, text: Text = "", start: Number = 0
) -> Response:
    """Global variables that fit a text."""

    async def found() -> Mapping[str, Any]:
        page = await inspector.answer(crash.event, ListGlobals(text, start, ROWS), Page)
        return {"page": page, "text": text, "start": start, "rows": ROWS}

    return await _piece(request, "crashes/_globals.html", crash, found())


@router.get("/value")
async def value(request: Request, crash: FromCrash, inspector: FromInspector, at: Text) -> Response:
    """One value, which can be opened."""

    async def found() -> Mapping[str, Any]:
        node = await inspector.answer(crash.event, ShowValue(_start(at)), Node)
        return {"node": node, "at": at}

    return await _piece(request, "crashes/_value.html", crash, found())


@router.get("/registers")
async def registers(
    request: Request, crash: FromCrash, inspector: FromInspector, thread: Number = 0, frame: Number = 0
) -> Response:
    """The registers of a frame."""

    async def found() -> Mapping[str, Any]:
        question = ListRegisters(FrameAt(thread=thread, frame=frame))
        return {"registers": await inspector.answer(crash.event, question, list[Register]), "kinds": KINDS}

    return await _piece(request, "crashes/_registers.html", crash, found())


@router.get("/cast")
async def cast_(
    *,
    request: Request,
    crash: FromCrash,
    inspector: FromInspector,
    value: Text,
    kind: Text = "",
    type: Text = "",  # noqa: A002 - the word of the address
) -> Response:
    """A register as something else; a type of the program goes before one of the plain kinds."""

    async def found() -> Mapping[str, Any]:
        wanted = type.strip() or kind
        if not wanted:
            return {"node": None}
        return {"node": await inspector.answer(crash.event, CastValue(read_number(value), wanted), Node)}

    return await _piece(request, "crashes/_cast.html", crash, found())


@router.get("/types")
async def types(
    request: Request,
    crash: FromCrash,
    inspector: FromInspector,
    type: Text = "",  # noqa: A002 - the word of the address
) -> Response:
    """Suggestions of types."""

    async def found() -> Mapping[str, Any]:
        return {"names": await inspector.answer(crash.event, ListTypes(type, 20), list[str])}

    return await _piece(request, "crashes/_types.html", crash, found())


@router.get("/code")
async def code(
    request: Request, crash: FromCrash, inspector: FromInspector, thread: Number = 0, frame: Number = 0
) -> Response:
    """The code around a frame."""

    async def found() -> Mapping[str, Any]:
        question = Disassemble(FrameAt(thread=thread, frame=frame))
        lines = await inspector.answer(crash.event, question, list[Instruction])
        return {"lines": _code_lines(lines, crash)}

    return await _piece(request, "crashes/_code.html", crash, found())


@router.get("/memory")
async def memory(
    request: Request, crash: FromCrash, services: FromServices, inspector: FromInspector, at: Text = "sp"
) -> Response:
    """Memory from an address, a register or a global variable on."""
    stored = await load_report(services.store, crash.event)
    values: dict[str, Any] = {**_common(crash), "entry": at, "rows": [], "problem": "", "address": None}
    status = 200
    try:
        address = await _address(inspector, crash, stored.report, at)
        base = address - address % 16
        runs = await inspector.answer(crash.event, ReadMemory(base, MEMORY), list[MemoryRun])
        ranges = [] if stored.report is None else [(int(a, 16), int(b, 16)) for a, b in stored.report.dump.memory]
        pointer_size = 4 if stored.report is None else stored.report.dump.pointer_size
        values |= {"rows": rows(runs, ranges, pointer_size), "address": address, "base": base, "ranges": ranges}
    except FaultcastError as error:
        values["problem"], status = str(error), status_of(error)
    return render(request, "crashes/memory.html", {**values, "step": MEMORY}, status)


@router.post("/reanalyse")
async def analyse_again(crash: FromCrash, services: FromServices, person: Engineer) -> Response:
    """Analyse the dump again, and come back."""
    await reanalyse(services, crash.event)
    async with services.database.writing() as session:
        await audit(session, person, "crash.reanalyse", crash.event.id)
    return RedirectResponse(f"/crashes/{crash.event.id}?queued#log", status_code=303)


async def _piece(request: Request, template: str, crash: StoredCrash, values: Awaitable[Mapping[str, Any]]) -> Response:
    """A piece of the page; what is wrong is said in its place, and a script lets it in although it is an error."""
    try:
        found = await values
    except FaultcastError as error:
        problem = {"message": str(error), "code": error.code}
        return render(request, "crashes/_problem.html", problem, status_of(error), {"X-Piece": "problem"})
    return render(request, template, {**_common(crash), **found})


def _common(crash: StoredCrash) -> dict[str, Any]:
    return {
        "crash": crash,
        "event": crash.event,
        "here": f"/crashes/{crash.event.id}",
        "api": f"/api/v1/crashes/{crash.event.id}",
        "trust": TRUST,
        "leading_address": leading_address,
        "link": quote,
    }


async def _has_dump(services: FromServices, crash: StoredCrash) -> bool:
    try:
        await asyncio.to_thread(find_specimen, services.store, crash.event)
    except InputError:
        return False
    return True


def _code_lines(lines: list[Instruction], crash: StoredCrash) -> list[tuple[Instruction, str | None]]:
    return [(one, source_link(crash.source_url, one.file, one.line)) for one in lines]


def _start(text: str) -> Start:
    """Where a value begins: `frame.0.2.1`, `global.7`, `object.0x20000054.channel`; raises `BadEntry`."""
    kind, _, rest = text.partition(".")
    if kind == "frame" and len(numbers := read_path(rest)) == 3:
        return FrameAt(thread=numbers[0], frame=numbers[1], inlined=numbers[2])
    if kind == "global" and len(numbers := read_path(rest)) == 1:
        return GlobalAt(number=numbers[0])
    if kind == "object":
        address, _, name = rest.partition(".")
        return ObjectAt(type=name, address=read_number(address))
    raise BadEntry("expected frame.0.0.0, global.0 or object.0x20000000.type")


async def _address(inspector: Inspector, crash: StoredCrash, report: Report | None, text: str) -> int:
    name, offset = split_place(text)
    thread = report.crashed_thread() if report is not None else None
    known = known_place(name, thread.registers if thread is not None else {})
    if known is None:
        page = await inspector.answer(crash.event, ListGlobals(name, 0, 1000), Page)
        number = next((row.number for row in page.rows if row.name == name), None)
        if number is None:
            raise NotFound(f"there is no register and no global variable {name!r}; addresses begin with 0x")
        node = await inspector.answer(crash.event, ShowValue(GlobalAt(number=number)), Node)
        known = node.address
    if known is None:
        raise NotFound(f"{name!r} has no address")
    return min(max(known + offset, 0), (1 << 64) - 1 - MEMORY)
