"""Firmware over HTTP: `/api/v1/firmware`."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import update
from starlette.requests import ClientDisconnect

from console.database.tables import Firmware
from console.firmware.indexing import upload_file, upload_folder
from console.firmware.linking import link_build, unlink_build
from console.firmware.listing import PAGE, ListedFirmware, listed, one
from console.firmware.missing import missing_firmware
from console.firmware.receive import receive
from console.firmware.removal import find_firmware_row, needs, remove
from console.people.access import Engineer, Uploader, Viewer
from console.people.audit import audit
from console.people.clock import now_ms
from console.web.errors import Conflict
from console.web.services import FromServices, Reading
from contract.errors import LimitExceeded
from contract.records import Keys

router = APIRouter(prefix="/firmware", tags=["firmware"])

Number = Annotated[int, Path(description="Number of the upload.", ge=1)]
BuildId = Annotated[str, Path(description="Build id, hexadecimal.", pattern="^[0-9a-f]{2,128}$")]
Text = Annotated[str, Query(max_length=200)]
SourceUrl = Annotated[str, Field(max_length=500, pattern=r"^$|^https?://")]


class FirmwareFacts(BaseModel):
    """A firmware."""

    number: int
    build_id: str | None = Field(description="Hexadecimal; null until the file was read.")
    aliases: list[str] = Field(description="Other build ids of the same file.")
    linked: list[str] = Field(description="Build ids that people linked to it by hand.")
    name: str
    version: str
    board: str
    file_name: str
    source_url: str = Field(description="Where a line of its source is shown, with {file} and {line}.")
    size: int = Field(description="Bytes of the ELF file.")
    index_size: int | None = Field(description="Bytes of the symbol index.")
    state: str = Field(description="`indexing`, `ready` or `failed`.")
    progress: int = Field(description="Percent of the index.")
    reason: str = Field(description="Why it failed.")
    added: datetime
    added_by: str
    crashes: int
    last_crash: datetime | None


class FirmwarePage(BaseModel):
    """Some firmware, newest upload first."""

    items: list[FirmwareFacts]
    next: int | None = Field(description="`before` of the next page; null on the last one.")


class Missing(BaseModel):
    """A build whose crashes have no names."""

    build_id: str
    crashes: int
    waiting: int = Field(description="Dumps that are analysed again when the file comes.")
    last_crash: datetime
    firmware: str
    version: str
    board: str
    warning: str = Field(description="Why no file can ever fit; empty where one can.")


class NeedsFacts(BaseModel):
    """What would be missed."""

    crashes: int
    last_crash: datetime | None
    linked: list[str]


class Changes(BaseModel):
    """What people say of a firmware; what is not given stays."""

    name: str | None = Field(None, max_length=200)
    version: str | None = Field(None, max_length=200)
    board: str | None = Field(None, max_length=200)
    source_url: SourceUrl | None = None


class Link(BaseModel):
    """The firmware to use."""

    to: str = Field(description="Its build id.", pattern="^[0-9a-f]{2,128}$")


class Released(BaseModel):
    """What a link set going."""

    released: int = Field(description="Dumps that waited and are analysed again.")


class Removed(BaseModel):
    """What went."""

    freed: int = Field(description="Bytes.")


@router.post(
    "",
    status_code=202,
    summary="Upload an ELF file",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    responses={413: {"description": "Larger than FAULTCAST_MAX_FIRMWARE_SIZE."}},
)
async def upload(
    request: Request,
    services: FromServices,
    person: Uploader,
    file_name: Text = "",
    name: Text = "",
    version: Text = "",
    board: Text = "",
) -> FirmwareFacts:
    """The body is the file itself. It is indexed in the background: ask for its state until it is `ready`.

    Dumps that wait for it are analysed again by themselves.
    """
    settings = services.settings
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > settings.max_firmware_size:
        raise LimitExceeded(
            f"the file has {announced} bytes; {settings.max_firmware_size} are taken (FAULTCAST_MAX_FIRMWARE_SIZE)"
        )
    try:
        path, size = await receive(request.stream(), upload_folder(settings), most=settings.max_firmware_size)
    except ClientDisconnect as error:
        raise Conflict("the upload was cut off before its end; nothing of it was kept") from error
    async with services.database.writing() as session:
        row = Firmware(
            name=name,
            version=version,
            board=board,
            file_name=file_name,
            size=size,
            state="indexing",
            added_ms=now_ms(),
            added_by=person.actor,
        )
        session.add(row)
        await session.flush()
        # Before the row can be seen: whoever finds it finds its file.
        await asyncio.to_thread(path.replace, upload_file(settings, row.id))
        await audit(session, person, "firmware.upload", file_name, detail=f"{size} bytes")
    return _facts(ListedFirmware(row, (), 0, None))


@router.get("", summary="List firmware")
async def list_firmware(
    session: Reading,
    _person: Viewer,
    before: Annotated[int | None, Query(ge=1, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
) -> FirmwarePage:
    """Newest upload first."""
    rows = await listed(session, before=before, limit=limit)
    return FirmwarePage(items=[*map(_facts, rows)], next=rows[-1].row.id if len(rows) == limit else None)


@router.get("/missing", summary="List builds without symbols")
async def list_missing(session: Reading, services: FromServices, _person: Viewer) -> list[Missing]:
    """Those with the most waiting dumps first."""
    found = await missing_firmware(session, services.redis, Keys(services.settings.key_prefix))
    return [
        Missing(
            build_id=build.build_id,
            crashes=build.crashes,
            waiting=build.waiting,
            last_crash=_time(build.last_ms),
            firmware=build.firmware,
            version=build.version,
            board=build.board,
            warning=build.warning,
        )
        for build in found
    ]


@router.get("/{number}", summary="Show one firmware")
async def show(session: Reading, _person: Viewer, number: Number) -> FirmwareFacts:
    """With the crashes of all its build ids."""
    return _facts(await one(session, await find_firmware_row(session, number)))


@router.patch("/{number}", summary="Change what is said of a firmware")
async def change(services: FromServices, person: Engineer, number: Number, changes: Changes) -> FirmwareFacts:
    """What is not given stays as it is."""
    values = changes.model_dump(exclude_none=True)
    async with services.database.writing() as session:
        row = await find_firmware_row(session, number)
        if values:
            await session.execute(update(Firmware).where(Firmware.id == number).values(**values))
            await audit(session, person, "firmware.change", row.build_id or row.file_name, detail=str(values))
        return _facts(await one(session, row))


@router.get("/{number}/needs", summary="Tell what still needs a firmware")
async def show_needs(session: Reading, _person: Viewer, number: Number) -> NeedsFacts:
    """Before it is removed."""
    found = await needs(session, await find_firmware_row(session, number))
    return NeedsFacts(crashes=found.crashes, last_crash=_maybe(found.last_ms), linked=[*found.linked])


@router.delete("/{number}", summary="Remove a firmware")
async def delete(
    services: FromServices,
    person: Engineer,
    number: Number,
    force: Annotated[bool, Query(description="Even where crashes or links need it.")] = False,
) -> Removed:
    """Reports stay as they are; values can no longer be opened, and new crashes of it have no names."""
    async with services.database.writing() as session:
        row = await find_firmware_row(session, number)
        found = await needs(session, row)
        if not force and (found.crashes or found.linked):
            raise Conflict(
                f"{found.crashes} crashes and {len(found.linked)} links need this firmware: remove it with force=true"
            )
        freed = await remove(session, services.store, row)
        await audit(
            session, person, "firmware.delete", row.build_id or row.file_name, detail=f"{found.crashes} crashes"
        )
    await asyncio.to_thread(upload_file(services.settings, number).unlink, missing_ok=True)
    return Removed(freed=freed)


@router.put("/links/{build_id}", summary="Link a build id to a firmware by hand")
async def link(services: FromServices, person: Engineer, build_id: BuildId, body: Link) -> Released:
    """For a build whose file is lost. A firmware of its own, uploaded later, wins over the link."""
    async with services.database.writing() as session:
        released = await link_build(
            session,
            services.settings,
            services.store,
            services.redis,
            build_id=build_id,
            to=body.to,
            account=person.actor,
        )
        await audit(session, person, "firmware.link", build_id, detail=f"to {body.to}")
    return Released(released=released)


@router.delete("/links/{build_id}", status_code=204, summary="Undo a link")
async def unlink(services: FromServices, person: Engineer, build_id: BuildId) -> None:
    """What was analysed stays as it is."""
    async with services.database.writing() as session:
        await unlink_build(session, services.store, build_id)
        await audit(session, person, "firmware.unlink", build_id)


def _facts(found: ListedFirmware) -> FirmwareFacts:
    row = found.row
    return FirmwareFacts(
        number=row.id,
        build_id=row.build_id,
        aliases=[alias.alias for alias in found.aliases if not alias.by_hand],
        linked=[alias.alias for alias in found.aliases if alias.by_hand],
        name=row.name or "",
        version=row.version or "",
        board=row.board or "",
        file_name=row.file_name or "",
        source_url=row.source_url or "",
        size=row.size,
        index_size=row.index_size,
        state=row.state,
        progress=row.progress or 0,
        reason=row.reason or "",
        added=_time(row.added_ms),
        added_by=row.added_by or "",
        crashes=found.crashes,
        last_crash=_maybe(found.last_ms),
    )


def _time(unix_ms: int) -> datetime:
    return datetime.fromtimestamp(unix_ms / 1000, UTC)


def _maybe(unix_ms: int | None) -> datetime | None:
    return None if unix_ms is None else _time(unix_ms)
