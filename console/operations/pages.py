"""The page of operations, which keeps itself up to date, and what is done to dead letters there."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from console.operations import actions
from console.operations.api import Entry, PartitionNumber, seen
from console.operations.dead_letters import MOST_AT_ONCE, Done, Letter, dead_letters
from console.operations.shapes import Reason
from console.people.access import Engineer, Viewer
from console.web.formats import plural
from console.web.render import render
from console.web.services import FromServices, Services
from contract.errors import StreamsUnavailable
from contract.records import Keys

router: Final = APIRouter(prefix="/operations")
HERE: Final = "/operations"
ONE: Final = Done(1, 0, is_all=True)


class DoneQuery(BaseModel):
    """What was just done, as numbers: nobody can make this page say something else by a link."""

    retried: Annotated[int, Field(ge=0, le=MOST_AT_ONCE)] | None = None
    discarded: Annotated[int, Field(ge=0, le=MOST_AT_ONCE)] | None = None
    kept: Annotated[int, Field(ge=0, le=MOST_AT_ONCE)] = 0
    more: bool = False

    @property
    def text(self) -> str:
        """In words; empty where nothing was done."""
        parts = [
            f"{plural(number, 'letter')} {word}"
            for number, word in ((self.retried, "put back"), (self.discarded, "discarded"))
            if number is not None
        ]
        if self.kept:
            parts.append(f"{self.kept} kept, for only a part of their work is there")
        if self.more:
            parts.append("there are more: do it once more")
        return "; ".join(parts)


@router.get("")
async def operations_page(
    request: Request, services: FromServices, _: Viewer, done: Annotated[DoneQuery, Query()]
) -> Response:
    """Everything."""
    values = await _letters(services) | {
        "seen": await seen(request, services),
        "done": done.text,
        "oob": False,
    }
    return render(request, "operations/page.html", values)


@router.get("/state")
async def state(
    request: Request, services: FromServices, _: Viewer, letters: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """The parts that change; the dead letters only where they are not those that the page has."""
    values = await _letters(services)
    values |= {"seen": await seen(request, services), "oob": True, "with_letters": values["digest"] != letters}
    return render(request, "operations/state.html", values)


async def _letters(services: Services) -> dict[str, Any]:
    """The newest dead letters, how many there are of each reason, and a digest of them."""
    try:
        found = await dead_letters(services.redis, Keys(services.settings.key_prefix), services.settings.partitions)
    except StreamsUnavailable:
        found = []
    names = "\n".join(f"{each.partition}/{each.id}" for each in found)
    return {"letters": found, "reasons": _reasons(found), "digest": sha256(names.encode()).hexdigest()[:16]}


def _reasons(found: Sequence[Letter]) -> list[tuple[str, str, int, str]]:
    """Stage, code and number of letters of each reason, and its query; the most frequent one first."""
    counts = Counter((each.letter.stage, each.letter.code) for each in found)
    return [
        (stage, code, count, urlencode({"stage": stage, "code": code})) for (stage, code), count in counts.most_common()
    ]


@router.post("/letters/retry")
async def retry_all(services: FromServices, person: Engineer, form: Annotated[Reason, Form()]) -> Response:
    """Try all letters of a reason again."""
    return _back(await actions.retry_all(services, person, form.stage, form.code), retried=True)


@router.get("/letters/discard")
async def confirm_all(request: Request, _: Engineer, query: Annotated[Reason, Query()]) -> Response:
    """Ask whether all letters of a reason are to go."""
    values = {
        "title": "Discard all of a reason",
        "reason": query,
        "letter": None,
        "action": "/operations/letters/discard",
    }
    return render(request, "operations/discard.html", values)


@router.post("/letters/discard")
async def discard_all(services: FromServices, person: Engineer, form: Annotated[Reason, Form()]) -> Response:
    """Throw all letters of a reason away."""
    return _back(await actions.discard_all(services, person, form.stage, form.code), retried=False)


@router.post("/letters/{partition}/{entry}/retry")
async def retry(services: FromServices, person: Engineer, partition: PartitionNumber, entry: Entry) -> Response:
    """Try one again."""
    await actions.retry(services, person, partition, entry)
    return _back(ONE, retried=True)


@router.get("/letters/{partition}/{entry}/discard")
async def confirm(
    request: Request, services: FromServices, _: Engineer, partition: PartitionNumber, entry: Entry
) -> Response:
    """Ask whether one is to go."""
    letter = await actions.read(services, partition, entry)
    action = f"/operations/letters/{partition}/{entry}/discard"
    values = {"title": "Discard a dead letter", "reason": None, "letter": letter, "action": action}
    return render(request, "operations/discard.html", values)


@router.post("/letters/{partition}/{entry}/discard")
async def discard(services: FromServices, person: Engineer, partition: PartitionNumber, entry: Entry) -> Response:
    """Throw one away."""
    await actions.discard(services, person, partition, entry)
    return _back(ONE, retried=False)


def _back(done: Done, *, retried: bool) -> Response:
    query: dict[str, object] = {"retried" if retried else "discarded": done.done}
    if done.kept:
        query["kept"] = done.kept
    if not done.is_all:
        query["more"] = "true"
    return RedirectResponse(f"{HERE}?{urlencode(query)}#letters-title", status_code=303)
