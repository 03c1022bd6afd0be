"""One crash for programs: `/api/v1/crashes/{event_id}`."""

from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

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
    Question,
    ReadMemory,
    ShowValue,
)
from console.crashes import downloads
from console.crashes.answers import (
    CrashAnswer,
    GlobalsAnswer,
    GroupOfCrash,
    InstructionAnswer,
    MemoryAnswer,
    Queued,
    RegisterAnswer,
    StepAnswer,
    SymbolsAnswer,
    Value,
)
from console.crashes.crash import StoredCrash, load_crash, load_report
from console.crashes.entry import read_number, read_path
from console.crashes.inspector import Inspector, closing_inspector, inspector_of
from console.crashes.processing import processing_log
from console.crashes.reanalyse import reanalyse
from console.crashes.symbols import verdict_of
from console.people.access import Engineer, Viewer
from console.people.audit import audit
from console.web.errors import refuses
from console.web.parameters import sends
from console.web.services import FromServices, Reading

CRASH_ANSWERS: Final = refuses(
    {
        404: "There is no such crash, or no such thing in its dump.",
        409: "The answer needs the firmware's symbols, and they are not here.",
        410: "The dump or the report was removed by age.",
    }
)
router: Final = APIRouter(
    prefix="/crashes/{event_id}", tags=["crashes"], responses=CRASH_ANSWERS, lifespan=closing_inspector
)


async def _crash(_: Viewer, event_id: str, session: Reading) -> StoredCrash:
    return await load_crash(session, event_id)


FromCrash = Annotated[StoredCrash, Depends(_crash)]
FromInspector = Annotated[Inspector, Depends(inspector_of)]
Number = Annotated[int, Query(ge=0, le=1_000_000)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Path = Annotated[str, Query(description="Numbers of the parts that lead there, such as `0.3.12`.", max_length=700)]
Text = Annotated[str, Query(max_length=500)]
Address = Annotated[str, Query(description="Decimal, or hexadecimal with 0x.", max_length=20)]


@router.get("")
async def get_crash(crash: FromCrash, services: FromServices) -> CrashAnswer:
    """The event, the whole report, the processing log and why the symbols are those they are."""
    stored = await load_report(services.store, crash.event)
    verdict = await verdict_of(services.store, crash.event)
    return CrashAnswer(
        event=msgspec.to_builtins(crash.event),
        report=msgspec.to_builtins(stored.report) if stored.report is not None else None,
        why_no_report=stored.why_not,
        group=GroupOfCrash(id=crash.group_id, title=crash.group_title) if crash.group_id is not None else None,
        symbols=SymbolsAnswer(state=verdict.state, text=verdict.text, advice=verdict.advice),
        log=[
            StepAnswer(name=step.name, text=step.text, at=step.moment, is_bad=step.is_bad)
            for step in processing_log(crash.event)
        ],
    )


@router.get("/variables")
async def list_variables(
    *,
    crash: FromCrash,
    inspector: FromInspector,
    thread: Number = 0,
    frame: Number = 0,
    inlined: Number = 0,
    path: Path = "",
    start: Number = 0,
    limit: Limit = 100,
) -> list[Value]:
    """The variables of a frame, or with a path the parts of one: members, elements, what a pointer points at.

    Threads are numbered as in the report. Frames are those of the stack: functions inlined into one have its number
    and count from 0, the innermost, in `inlined`.
    """
    at = FrameAt(thread=thread, frame=frame, inlined=inlined)
    return await _values(inspector, crash, OpenValue(at, read_path(path), start, limit))


@router.get("/globals")
async def list_globals(
    crash: FromCrash, inspector: FromInspector, text: Text = "", start: Number = 0, limit: Limit = 100
) -> GlobalsAnswer:
    """Global variables whose name, file or function holds a text; none is decoded yet."""
    return GlobalsAnswer.model_validate_json(await inspector.ask(crash.event, ListGlobals(text, start, limit)))


@router.get("/globals/{number}")
async def show_global(crash: FromCrash, inspector: FromInspector, number: int, path: Path = "") -> Value:
    """A global variable, or a part of one."""
    question = ShowValue(GlobalAt(number=_bounded(number)), read_path(path))
    return Value.model_validate_json(await inspector.ask(crash.event, question))


@router.get("/globals/{number}/parts")
async def open_global(
    *,
    crash: FromCrash,
    inspector: FromInspector,
    number: int,
    path: Path = "",
    start: Number = 0,
    limit: Limit = 100,
) -> list[Value]:
    """The parts of a global variable, or of a part of one."""
    question = OpenValue(GlobalAt(number=_bounded(number)), read_path(path), start, limit)
    return await _values(inspector, crash, question)


@router.get("/objects")
async def open_object(
    *,
    crash: FromCrash,
    inspector: FromInspector,
    type: Text,  # noqa: A002 - the word of the address
    address: Address,
    path: Path = "",
    start: Number = 0,
    limit: Limit = 100,
) -> list[Value]:
    """Any address as an object of a type of the program: its parts."""
    at = ObjectAt(type=type, address=read_number(address))
    return await _values(inspector, crash, OpenValue(at, read_path(path), start, limit))


@router.get("/registers")
async def list_registers(
    crash: FromCrash, inspector: FromInspector, thread: Number = 0, frame: Number = 0
) -> list[RegisterAnswer]:
    """The registers of a frame, as far as they survived the calls further in."""
    answer = await inspector.ask(crash.event, ListRegisters(FrameAt(thread=thread, frame=frame)))
    return [RegisterAnswer.model_validate(one) for one in msgspec.json.decode(answer)]


@router.get("/cast")
async def cast_value(crash: FromCrash, inspector: FromInspector, value: Address, kind: Text) -> Value:
    """A value as something else.

    `kind` is int8 to int64, uint8 to uint64, float, double, ascii, pointer, or the name of a type of the program.
    """
    question = CastValue(read_number(value), kind)
    return Value.model_validate_json(await inspector.ask(crash.event, question))


@router.get("/types")
async def list_types(crash: FromCrash, inspector: FromInspector, text: Text = "", limit: Limit = 20) -> list[str]:
    """Names of types of the program that hold a text, the shortest first."""
    return await inspector.answer(crash.event, ListTypes(text, limit), list[str])


@router.get("/memory")
async def read_memory(
    crash: FromCrash,
    inspector: FromInspector,
    address: Address,
    size: Annotated[int, Query(ge=1, le=65_536)] = 256,
) -> list[MemoryAnswer]:
    """Memory, cut where its source or its symbol changes."""
    answer = await inspector.ask(crash.event, ReadMemory(read_number(address), size))
    return [MemoryAnswer.model_validate(one) for one in msgspec.json.decode(answer)]


@router.get("/disassembly")
async def disassemble(
    crash: FromCrash, inspector: FromInspector, thread: Number = 0, frame: Number = 0
) -> list[InstructionAnswer]:
    """The code around a frame's program counter."""
    answer = await inspector.ask(crash.event, Disassemble(FrameAt(thread=thread, frame=frame)))
    return [InstructionAnswer.model_validate(one) for one in msgspec.json.decode(answer)]


@router.get("/dump", response_class=Response, responses=sends("application/octet-stream"))
async def download_dump(crash: FromCrash, services: FromServices, _: Engineer) -> Response:
    """The raw dump as the device sent it; it may hold secrets, hence engineers only."""
    return await downloads.dump_file(services.store, crash.event)


@router.get("/core", response_class=Response, responses=sends("application/octet-stream"))
async def download_core(crash: FromCrash, services: FromServices, inspector: FromInspector, _: Engineer) -> Response:
    """An ELF core with every thread, for gdb 12 or newer; for engineers, as the dump is."""
    return await downloads.core_file(services.store, inspector, crash.event)


@router.get("/report", response_class=Response, responses=sends("application/json"))
async def download_report(crash: FromCrash, services: FromServices) -> Response:
    """The whole report as a JSON file."""
    return downloads.report_file(crash.event, await load_report(services.store, crash.event))


@router.get("/markdown", response_class=Response, responses=sends("text/markdown"))
async def download_markdown(crash: FromCrash, services: FromServices) -> Response:
    """The report as a ticket in Markdown."""
    return downloads.markdown_file(crash.event, await load_report(services.store, crash.event))


@router.post("/reanalyse", status_code=202)
async def analyse_again(crash: FromCrash, services: FromServices, person: Engineer) -> Queued:
    """Analyse the dump again; the event comes again under the same id."""
    await reanalyse(services, crash.event)
    async with services.database.writing() as session:
        await audit(session, person, "crash.reanalyse", crash.event.id)
    return Queued(event_id=crash.event.id)


def _bounded(number: int) -> int:
    return max(-1, min(number, 1 << 31))


async def _values(inspector: Inspector, crash: StoredCrash, question: Question) -> list[Value]:
    answer = await inspector.ask(crash.event, question)
    return [Value.model_validate(one) for one in msgspec.json.decode(answer)]
