"""The firmware of one crash, chosen by hand, for programs."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from console.crashes.answers import Queued
from console.crashes.api import CRASH_ANSWERS, FromCrash, FromInspector
from console.crashes.fit import evidence_of, verdict_of_fit
from console.crashes.link import fit_for, hand_link, link, unlink
from console.people.access import Engineer, Viewer
from console.web.services import FromServices, Reading

router: Final = APIRouter(prefix="/crashes/{event_id}", tags=["crashes"], responses=CRASH_ANSWERS)
BUILD_ID: Final = "^[0-9a-f]{2,128}$"


class EvidenceAnswer(BaseModel):
    """One thing that was looked at."""

    name: str
    text: str
    speaks: bool | None = Field(description="For (true) or against (false) the firmware; null where it tells nothing.")


class FitAnswer(BaseModel):
    """Whether a firmware fits the dump."""

    state: Literal["fits", "unknown", "differs"]
    text: str
    evidence: list[EvidenceAnswer]


class LinkAnswer(BaseModel):
    """The choice that concerns this crash."""

    scope: Literal["dump", "build", ""] = Field(
        description="For this dump, for all dumps of its build id, or empty: it was taken back since the last analysis."
    )
    to: str = Field(description="Build id of the firmware.")
    by: str = Field(description="Who chose it; empty where it was done on the server's command line.")
    at: datetime | None
    is_used: bool = Field(description="Whether the analysis was made with it already.")


class LinkRequest(BaseModel):
    """The firmware to use."""

    to: str = Field(description="Its build id.", pattern=BUILD_ID)
    scope: Literal["dump", "build"] = Field("dump", description="For this dump, or for all dumps of its build id.")
    sure: bool = Field(default=False, description="Use it although the dump contradicts it.")


@router.get("/fit", summary="Tell whether a firmware fits the dump")
async def get_fit(
    crash: FromCrash,
    services: FromServices,
    inspector: FromInspector,
    to: Annotated[str, Query(description="Build id of the firmware.", pattern=BUILD_ID)],
) -> FitAnswer:
    """Before it is chosen by hand. Nothing is changed."""
    fit = await fit_for(services, inspector, crash.event, to)
    verdict = verdict_of_fit(fit)
    evidence = [EvidenceAnswer(name=one.name, text=one.text, speaks=one.speaks) for one in evidence_of(fit)]
    return FitAnswer.model_validate({"state": verdict.state, "text": verdict.text, "evidence": evidence})


@router.get("/link", summary="Show which firmware was chosen by hand")
async def get_link(crash: FromCrash, session: Reading, _: Viewer) -> LinkAnswer | None:
    """Null where nobody chose any."""
    found = await hand_link(session, crash.event)
    if found is None:
        return None
    return LinkAnswer.model_validate(
        {
            "scope": found.scope,
            "to": found.build_id,
            "by": found.account,
            "at": None if found.at_ms is None else datetime.fromtimestamp(found.at_ms / 1000, UTC),
            "is_used": found.is_used,
        }
    )


@router.put("/link", status_code=202, summary="Choose the firmware by hand")
async def put_link(
    crash: FromCrash, services: FromServices, inspector: FromInspector, person: Engineer, body: LinkRequest
) -> Queued:
    """The dump is analysed again with it. Where it does not fit this is refused, unless `sure`."""
    await link(services, inspector, person, crash.event, to=body.to, scope=body.scope, sure=body.sure)
    return Queued(event_id=crash.event.id)


@router.delete("/link", status_code=202, summary="Take the choice back")
async def delete_link(crash: FromCrash, services: FromServices, person: Engineer) -> Queued:
    """The dump is analysed again without it; with a link of its build id, so are all dumps of the build."""
    await unlink(services, person, crash.event)
    return Queued(event_id=crash.event.id)
