"""Dumps over HTTP: `/api/v1/dumps`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from console.dumps.accept import accept, metadata_of, read_dump
from console.dumps.outcome import outcome_of
from console.people.access import Sender, Uploader
from console.web.errors import Conflict, refuses
from console.web.services import FromServices, Reading
from contract.errors import InputError, LimitExceeded
from contract.topics import DEVICE_ID

router = APIRouter(prefix="/dumps", tags=["dumps"])

ATTRIBUTE = "attr."
"""What the names of query parameters start with that are metadata."""

Text = Annotated[str, Query(max_length=128)]
Hex = Annotated[str, Query(pattern="^([0-9a-fA-F]{2})*$", max_length=128)]


class Accepted(BaseModel):
    """A dump that is kept and waits for its analysis."""

    event_id: str = Field(
        description="Of the crash event that will come of it; ask for it at /api/v1/dumps/{event_id}."
    )
    sha256: str
    size: int = Field(description="Bytes.")


class Analysed(BaseModel):
    """What became of a dump."""

    event_id: str
    symbolized: bool = Field(description="Whether its firmware was known; if not, it is analysed again when it comes.")
    title: str = Field(description="What crashed, in one line.")


@router.post(
    "",
    status_code=202,
    summary="Send a whole dump",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    responses=refuses({409: "The upload was cut off.", 413: "Larger than FAULTCAST_MAX_DUMP_SIZE."}),
)
async def send(
    request: Request,
    services: FromServices,
    _person: Uploader,
    device: Annotated[str, Query(description="Device id.", pattern=f"^{DEVICE_ID.pattern}$")],
    build_id: Hex = "",
    firmware: Text = "",
    version: Text = "",
    board: Text = "",
    os: Text = "",
    boot: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Number of the boot that crashed.")] = None,
    uptime_ms: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="From boot to crash.")] = None,
    sha256: Annotated[str, Query(pattern="^([0-9a-fA-F]{64})?$", description="Of the dump, to check it.")] = "",
) -> Accepted:
    """The body is the dump as the device has it: raw, an image of its flash partition, or a console log.

    Parameters `attr.NAME=VALUE` are metadata. When this is answered, the dump is on disk: the device may erase it.
    """
    most = services.settings.max_dump_size
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > most:
        raise LimitExceeded(f"the dump has {announced} bytes; {most} are taken (FAULTCAST_MAX_DUMP_SIZE)")
    attributes = {
        name.removeprefix(ATTRIBUTE): value
        for name, value in request.query_params.multi_items()
        if name.startswith(ATTRIBUTE)
    }
    if "" in attributes:
        raise InputError(f"a parameter is called {ATTRIBUTE!r} and nothing more: {ATTRIBUTE}region=eu is expected")
    facts: dict[str, object] = {
        "build_id": bytes.fromhex(build_id),
        "firmware": firmware,
        "version": version,
        "board": board,
        "os": os,
        "boot": boot,
        "uptime_ms": uptime_ms,
        "sha256": bytes.fromhex(sha256) if sha256 else None,
        "attributes": attributes,
    }
    metadata = metadata_of(facts)
    try:
        content = await read_dump(request.stream(), most=most)
    except ClientDisconnect as error:
        raise Conflict("the upload was cut off before its end; nothing of it was kept") from error
    item = await accept(
        content, metadata, device=device, settings=services.settings, store=services.store, redis=services.redis
    )
    return Accepted(event_id=item.event_id, sha256=item.sha256, size=item.size)


@router.get(
    "/{event_id}",
    summary="Ask what became of a dump",
    responses=refuses({404: "It was not analysed yet, or there is none of this id."}),
)
async def show(session: Reading, _person: Sender, event_id: Annotated[str, Path(max_length=64)]) -> Analysed:
    """For who sent it: a token that may upload may ask this, and no more about the crash."""
    found = await outcome_of(session, event_id)
    return Analysed(event_id=event_id, symbolized=found.symbolized, title=found.title)
