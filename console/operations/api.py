"""Operations for programs: `/api/v1/operations/…`."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from console.intake.progress import Progress
from console.operations import actions
from console.operations.dead_letters import Done, count_dead_letters, dead_letters
from console.operations.overview import Gauges, Overview, overview
from console.operations.shapes import DoneInfo, LetterInfo, Letters, LettersQuery, Reason, State
from console.people.access import Engineer, Viewer
from console.web.errors import refuses
from console.web.parameters import sends
from console.web.services import FromServices, Services
from contract.records import Keys

router: Final = APIRouter(prefix="/operations", tags=["operations"])

PartitionNumber = Annotated[int, Path(ge=0, le=1023)]
Entry = Annotated[str, Path(max_length=50, description="Id of the letter: `milliseconds-number`.")]


async def seen(request: Request, services: Services) -> Overview:
    """What there is to see now. Who runs the intake in this process tells how far it is."""
    intake: Callable[[], Progress] = getattr(request.app.state, "progress", Progress)
    gauges: Gauges = request.app.state.gauges
    return await overview(services, gauges, intake())


def _info(done: Done) -> DoneInfo:
    return DoneInfo(done=done.done, kept=done.kept, all=done.is_all)


@router.get("")
async def get_state(request: Request, services: FromServices, _: Viewer) -> State:
    """How far the stages are behind, which workers there are, how much room is taken and left."""
    return State.of(await seen(request, services))


@router.get("/dead-letters")
async def list_dead_letters(services: FromServices, _: Viewer, query: Annotated[LettersQuery, Query()]) -> Letters:
    """The newest pieces of work that were given up, each with its reason."""
    keys, partitions = Keys(services.settings.key_prefix), services.settings.partitions
    found = await dead_letters(services.redis, keys, partitions, limit=query.limit)
    total = await count_dead_letters(services.redis, keys, partitions)
    return Letters(items=[LetterInfo.of(each) for each in found], total=total)


@router.post("/dead-letters/retry")
async def retry_reason(services: FromServices, person: Engineer, reason: Reason) -> DoneInfo:
    """Try the work of all letters of a reason again, 1000 at most."""
    return _info(await actions.retry_all(services, person, reason.stage, reason.code))


@router.post("/dead-letters/discard")
async def discard_reason(services: FromServices, person: Engineer, reason: Reason) -> DoneInfo:
    """Throw all letters of a reason away, 1000 at most."""
    return _info(await actions.discard_all(services, person, reason.stage, reason.code))


@router.get("/dead-letters/{partition}/{entry}")
async def get_dead_letter(services: FromServices, _: Viewer, partition: PartitionNumber, entry: Entry) -> LetterInfo:
    """One letter."""
    return LetterInfo.of(await actions.read(services, partition, entry))


@router.get(
    "/dead-letters/{partition}/{entry}/payload",
    response_class=Response,
    responses=sends("application/octet-stream"),
)
async def get_payload(services: FromServices, person: Engineer, partition: PartitionNumber, entry: Entry) -> Response:
    """What was kept of the work: the MessagePack of its stream entry, at most 64 KiB."""
    name = f"dead-letter-{partition}-{entry}.msgpack"
    return Response(
        await actions.download(services, person, partition, entry),
        media_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post(
    "/dead-letters/{partition}/{entry}/retry",
    status_code=202,
    responses=refuses({409: "Only a part of the work was kept."}),
)
async def retry_one(services: FromServices, person: Engineer, partition: PartitionNumber, entry: Entry) -> None:
    """Put the work back where it came from, and the letter away: both or neither."""
    await actions.retry(services, person, partition, entry)


@router.delete("/dead-letters/{partition}/{entry}", status_code=204)
async def discard_one(services: FromServices, person: Engineer, partition: PartitionNumber, entry: Entry) -> None:
    """Throw a letter away."""
    await actions.discard(services, person, partition, entry)
