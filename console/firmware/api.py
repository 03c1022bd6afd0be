"""Firmware over HTTP: `/api/v1/firmware`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from console.firmware.facts import change_facts
from console.firmware.linking import link_build, unlink_build
from console.firmware.listing import PAGE, ListedFirmware, listed, one
from console.firmware.missing import missing_firmware
from console.firmware.removal import find_firmware_row, needs, remove_firmware
from console.firmware.source_link import MAX_LENGTH
from console.firmware.upload import MAX_TEXT, check_announced, plain_name, take_upload
from console.people.access import Engineer, Sender, Uploader, Viewer
from console.web.errors import refuses
from console.web.moment import maybe_time_of, time_of
from console.web.parameters import MAX_ID, Id, Line
from console.web.services import FromServices, Reading
from contract.records import Keys

router = APIRouter(prefix="/firmware", tags=["firmware"])

BuildId = Annotated[str, Path(description="Build id, hexadecimal.", pattern="^[0-9a-f]{2,128}$")]
Text = Annotated[Line, Query(max_length=MAX_TEXT)]


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
    next: int | None = Field(description="`cursor` of the next page; null on the last one.")


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
    linked: list[str] = Field(description="Build ids that are linked to it by hand.")
    dumps: int = Field(description="Single dumps that are.")


class Changes(BaseModel):
    """What people say of a firmware; what is not given stays."""

    name: Line | None = Field(None, max_length=MAX_TEXT)
    version: Line | None = Field(None, max_length=MAX_TEXT)
    board: Line | None = Field(None, max_length=MAX_TEXT)
    source_url: Line | None = Field(
        None,
        max_length=MAX_LENGTH,
        description="Where a line of its source is shown, with {file} and {line}; empty for nowhere.",
        examples=["https://git.example.com/app/blob/v1.4/{file}#L{line}"],
    )


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
    responses=refuses({409: "The upload was cut off.", 413: "Larger than FAULTCAST_MAX_FIRMWARE_SIZE."}),
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
    check_announced(request.headers.get("Content-Length"), services.settings.max_firmware_size)
    row = await take_upload(
        services,
        person,
        request.stream(),
        file_name=plain_name(file_name),
        name=name,
        version=version,
        board=board,
    )
    return _facts(ListedFirmware(row, (), 0, None))


@router.get("", summary="List firmware")
async def list_firmware(
    session: Reading,
    _person: Viewer,
    cursor: Annotated[int | None, Query(ge=1, le=MAX_ID, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE)] = PAGE,
    q: Annotated[Line, Query(max_length=MAX_TEXT, description="Part of build id, name, version, board, file.")] = "",
) -> FirmwarePage:
    """Newest upload first."""
    rows = await listed(session, before=cursor, limit=limit, text=q)
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
            last_crash=time_of(build.last_ms),
            firmware=build.firmware,
            version=build.version,
            board=build.board,
            warning=build.warning,
        )
        for build in found
    ]


@router.get("/{number}", summary="Show one firmware")
async def show(session: Reading, _person: Sender, number: Id) -> FirmwareFacts:
    """With the crashes of all its build ids."""
    return _facts(await one(session, await find_firmware_row(session, number)))


@router.patch("/{number}", summary="Change what is said of a firmware")
async def change(services: FromServices, person: Engineer, number: Id, changes: Changes) -> FirmwareFacts:
    """What is not given stays as it is."""
    async with services.database.writing() as session:
        row = await change_facts(session, person, number, changes.model_dump(exclude_none=True))
        return _facts(await one(session, row))


@router.get("/{number}/needs", summary="Tell what still needs a firmware")
async def show_needs(session: Reading, _person: Viewer, number: Id) -> NeedsFacts:
    """Before it is removed."""
    found = await needs(session, await find_firmware_row(session, number))
    return NeedsFacts(
        crashes=found.crashes, last_crash=maybe_time_of(found.last_ms), linked=[*found.linked], dumps=found.dumps
    )


@router.delete(
    "/{number}",
    summary="Remove a firmware",
    responses=refuses({409: "Something still needs it, and nobody said `force`."}),
)
async def delete(
    services: FromServices,
    person: Engineer,
    number: Id,
    force: Annotated[bool, Query(description="Even where crashes or links need it.")] = False,
) -> Removed:
    """Reports stay as they are; values can no longer be opened, and new crashes of it have no names."""
    return Removed(freed=await remove_firmware(services, person, number, force=force))


@router.put(
    "/links/{build_id}",
    summary="Link a build id to a firmware by hand",
    responses=refuses({409: "The build has a firmware of its own, or its id is no name."}),
)
async def link(services: FromServices, person: Engineer, build_id: BuildId, body: Link) -> Released:
    """For a build whose file is lost. A firmware of its own, uploaded later, wins over the link."""
    return Released(released=await link_build(services, person, build_id, body.to))


@router.delete("/links/{build_id}", status_code=204, summary="Undo a link")
async def unlink(services: FromServices, person: Engineer, build_id: BuildId) -> None:
    """Dumps that were analysed by the link and are still in the store are analysed again without it."""
    await unlink_build(services, person, build_id)


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
        added=time_of(row.added_ms),
        added_by=row.added_by or "",
        crashes=found.crashes,
        last_crash=maybe_time_of(found.last_ms),
    )
