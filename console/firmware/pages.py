"""The Firmware pages: what is there, what is missing, one firmware, and what would be missed."""

from collections.abc import AsyncIterable
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import select, update
from starlette.responses import RedirectResponse, Response

from console.database.tables import Crash, Firmware, Profile
from console.firmware.facts import change_facts, sample_line
from console.firmware.linking import unlink_build
from console.firmware.listing import listed, one
from console.firmware.missing import missing_firmware
from console.firmware.removal import find_firmware_row, needs, remove_firmware
from console.firmware.source_link import BadSourceTemplate, check_template, source_link
from console.firmware.upload import MAX_TEXT, check_announced, plain_name, take_upload
from console.people.access import Engineer, FileFormSender, Viewer
from console.people.csrf import FIELD, require_token
from console.people.person import Person
from console.web.errors import NotFound
from console.web.multipart import BadForm, Part, parts, text_of
from console.web.parameters import MAX_ID, Id, Line
from console.web.render import render
from console.web.services import FromServices, Reading, Services
from contract.errors import InputError, ServiceError
from contract.records import Keys

router: Final = APIRouter(prefix="/firmware")
PAGE: Final = 50
MAX_FILES: Final = 20
"""That a form is taken for; scripts send each file by itself."""
FORM_ROOM: Final = 64 << 10
"""Bytes that a form may have on top of its file."""

Cursor = Annotated[int | None, Query(ge=1, le=MAX_ID)]
Text = Annotated[Line, Query(max_length=MAX_TEXT)]
Said = Annotated[Line, Form(max_length=MAX_TEXT)]


@router.get("")
async def firmware_page(
    *,
    request: Request,
    person: Viewer,
    session: Reading,
    services: FromServices,
    q: Text = "",
    cursor: Cursor = None,
) -> Response:
    """The list, where to drop files, and what is missing."""
    values = {
        **await _list(session, q, cursor),
        **await _missing(session, services),
        "limit": services.settings.max_firmware_size,
        "may_upload": person.is_engineer,
    }
    return render(request, "firmware/page.html", values)


@router.get("/list")
async def list_fragment(
    request: Request, _person: Viewer, session: Reading, q: Text = "", cursor: Cursor = None
) -> Response:
    """The list alone, which asks for itself again while anything is being indexed."""
    values = await _list(session, q, cursor)
    # What is missing is asked for again when an index is done.
    headers = {} if values["is_busy"] else {"HX-Trigger": "firmware-ready"}
    return render(request, "firmware/_list.html", values, headers=headers)


@router.get("/missing")
async def missing_fragment(request: Request, _person: Viewer, session: Reading, services: FromServices) -> Response:
    """What is missing alone."""
    return render(request, "firmware/_missing.html", await _missing(session, services))


@router.get("/link")
async def link_build_page(
    _person: Engineer, session: Reading, build: Annotated[str, Query(max_length=128)]
) -> Response:
    """To link a build, one looks at its newest crash: that tells whether a firmware fits."""
    newest = await session.scalar(
        select(Crash.event_id)
        .join(Profile, Profile.id == Crash.profile_id)
        .where(Profile.build_id == build.replace("\0", ""))
        .order_by(Crash.time_ms.desc(), Crash.id.desc())
        .limit(1)
    )
    if newest is None:
        raise NotFound("no crash of this build is here any more, so nothing could tell whether a firmware fits")
    return RedirectResponse(f"/crashes/{newest}/link?for=build", status_code=303)


@router.post("")
async def upload(request: Request, person: FileFormSender, services: FromServices) -> Response:
    """Files from a form, for browsers without scripts; the token goes before them."""
    most = services.settings.max_firmware_size
    check_announced(request.headers.get("Content-Length"), MAX_FILES * most + FORM_ROOM)
    form = parts(request)
    try:
        fields, taken = await _take(services, person, form)
    except InputError:
        # A browser shows the answer only once it has sent everything.
        async for _ in form:
            pass
        raise
    if said := {name: text for name in ("version", "board") if (text := _said(fields, name))}:
        async with services.database.writing() as session:  # fields may come behind the files
            await session.execute(update(Firmware).where(Firmware.id.in_(taken)).values(**said))
    return RedirectResponse("/firmware", status_code=303)


async def _take(services: Services, person: Person, form: AsyncIterable[Part]) -> tuple[dict[str, str], list[int]]:
    """The fields of a form, and the numbers of its files, which are taken as they come."""
    fields: dict[str, str] = {}
    taken: list[int] = []
    async for part in form:
        if part.file_name is None:
            fields[part.name] = await text_of(part, most=1000)
            continue
        require_token(fields.get(FIELD, ""), person.csrf)
        if part.file_name:
            row = await take_upload(services, person, part.pieces, file_name=plain_name(part.file_name))
            taken.append(row.id)
    require_token(fields.get(FIELD, ""), person.csrf)
    if not taken:
        raise BadForm("no file was chosen: choose the ELF file, in Zephyr build/zephyr/zephyr.elf")
    return fields, taken


@router.get("/{number}")
async def show(request: Request, _person: Viewer, session: Reading, number: Id) -> Response:
    """One firmware: what is known and said of it, and what needs it."""
    row = await find_firmware_row(session, number)
    file, line = await sample_line(session, row)
    values = {
        "each": await one(session, row),
        "needed": await needs(session, row),
        "link": quote,
        **_preview(row.source_url, file, line),
        "saved": "saved" in request.query_params,
    }
    return render(request, "firmware/one.html", values)


@router.get("/{number}/preview")
async def preview(
    request: Request, _person: Viewer, session: Reading, number: Id, source_url: Annotated[Line, Query()] = ""
) -> Response:
    """What a template would make of a line."""
    file, line = await sample_line(session, await find_firmware_row(session, number))
    return render(request, "firmware/_preview.html", _preview(source_url, file, line))


@router.post("/{number}")
async def change(
    *,
    services: FromServices,
    person: Engineer,
    number: Id,
    name: Said = "",
    version: Said = "",
    board: Said = "",
    source_url: Annotated[Line, Form()] = "",
) -> Response:
    """Change what is said of it."""
    values = {"name": name, "version": version, "board": board, "source_url": source_url}
    async with services.database.writing() as session:
        await change_facts(session, person, number, {key: value.strip() for key, value in values.items()})
    return RedirectResponse(f"/firmware/{number}?saved", status_code=303)


@router.get("/{number}/delete")
async def ask_delete(request: Request, _person: Engineer, session: Reading, number: Id) -> Response:
    """Whether to remove it, with what needs it."""
    row = await find_firmware_row(session, number)
    return render(
        request, "firmware/delete.html", {"each": await one(session, row), "needed": await needs(session, row)}
    )


@router.post("/{number}/delete")
async def delete(services: FromServices, person: Engineer, number: Id) -> Response:
    """Remove it; the page before said what needs it."""
    await remove_firmware(services, person, number, force=True)
    return RedirectResponse("/firmware", status_code=303)


@router.post("/{number}/unlink")
async def unlink(
    services: FromServices, person: Engineer, number: Id, build_id: Annotated[str, Form(pattern="^[0-9a-f]{2,128}$")]
) -> Response:
    """Undo a link of a build id to it."""
    await unlink_build(services, person, build_id)
    return RedirectResponse(f"/firmware/{number}", status_code=303)


async def _list(session: Reading, q: str, cursor: int | None) -> dict[str, Any]:
    rows = await listed(session, before=cursor, limit=PAGE + 1, text=q)
    asked = {"q": q} if q else {}
    again = {**asked, **({"cursor": str(cursor)} if cursor else {})}
    older = {**asked, "cursor": str(rows[PAGE - 1].row.id)} if len(rows) > PAGE else None
    return {
        "rows": rows[:PAGE],
        "q": q,
        "cursor": cursor,
        "again": f"/firmware/list?{urlencode(again)}" if again else "/firmware/list",
        "older": f"/firmware?{urlencode(older)}" if older else None,
        "is_busy": any(each.row.state == "indexing" for each in rows),
    }


async def _missing(session: Reading, services: FromServices) -> dict[str, Any]:
    try:
        found = await missing_firmware(session, services.redis, Keys(services.settings.key_prefix))
    except ServiceError as error:  # the rest of the page needs no Redis
        return {"missing": [], "missing_problem": str(error)}
    return {"missing": found, "missing_problem": ""}


def _preview(template: str, file: str, line: int) -> dict[str, Any]:
    problem = ""
    if template:
        try:
            check_template(template)
        except BadSourceTemplate as error:
            problem = str(error)
    return {"sample": f"{file}:{line}", "sample_url": source_link(template, file, line), "problem": problem}


def _said(fields: dict[str, str], name: str) -> str:
    return "".join(letter for letter in fields.get(name, "") if letter.isprintable()).strip()[:MAX_TEXT]
