"""The firmware of one crash, chosen by a person who has seen whether it fits."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from analyzer.fit import Fit
from analyzer.questions import AssessFit
from console.crashes.fit import verdict_of_fit
from console.crashes.inspector import Inspector
from console.firmware.linking import (
    chosen_for,
    link_build,
    link_dump,
    link_of,
    ready_firmware,
    unlink_build,
    unlink_dump,
)
from console.firmware.missing import why_no_file_fits
from console.people.person import Person
from console.web.errors import Conflict, NotFound
from console.web.services import Services
from contract.event import CrashEvent

DUMP: Final = "dump"
BUILD: Final = "build"


class DoesNotFit(Conflict):
    """The dump contradicts the firmware, and nobody said that it is to be used all the same."""

    code = "does-not-fit"


@dataclass(frozen=True, slots=True)
class HandLink:
    """A choice that is in force for a crash, or one that its analysis was made by and that is in force no more."""

    scope: str
    """`dump` where it is for this dump alone, `build` for all of its build id, empty where it was taken back."""
    build_id: str
    """Of the firmware that was chosen."""
    account: str
    at_ms: int | None
    is_used: bool
    """Whether the analysis that is shown was made with it."""


async def hand_link(session: AsyncSession, event: CrashEvent) -> HandLink | None:
    """The choice that concerns a crash; None where nobody made any."""
    used = event.data.firmware.linked
    chosen = await chosen_for(session, event.id)
    if chosen is not None:
        return HandLink(DUMP, chosen.build_id, chosen.account, chosen.at_ms, chosen.build_id == used)
    build = await link_of(session, event.data.firmware.build_id)
    if build is not None:
        return HandLink(BUILD, build.build_id, build.account, build.at_ms, build.build_id == used)
    return HandLink("", used, "", None, is_used=True) if used else None


def may_link_build(event: CrashEvent) -> bool:
    """Whether its build id tells its build from others."""
    return not why_no_file_fits(event.data.firmware.build_id)


async def fit_for(services: Services, inspector: Inspector, event: CrashEvent, to: str) -> Fit:
    """How well a firmware fits the dump of a crash.

    Raises:
        NotFound: there is no such firmware.
        DumpGone, FirmwareMissing, InspectionStopped, InputError: as `Inspector.ask`.
    """
    async with services.database.reading() as session:
        await ready_firmware(session, to)
    return await inspector.answer(event, AssessFit(), Fit, to)


async def link(
    services: Services,
    inspector: Inspector,
    person: Person,
    event: CrashEvent,
    *,
    to: str,
    scope: str,
    sure: bool,
) -> Fit:
    """Use a firmware for this dump, or for all dumps of its build; they are analysed again.

    Raises:
        DoesNotFit: the dump contradicts it, and nobody is `sure`.
        Conflict, NotFound: as `link_build`, and as `fit_for`.
    """
    fit = await fit_for(services, inspector, event, to)
    if verdict_of_fit(fit).needs_confirming and not sure:
        raise DoesNotFit(f"the firmware {to} does not fit: {'; '.join(fit.against)}. Say that you are sure to use it")
    if scope == BUILD:
        await link_build(services, person, event.data.firmware.build_id, to)
    else:
        await link_dump(services, person, event, to)
    return fit


async def unlink(services: Services, person: Person, event: CrashEvent) -> None:
    """Take the choice back that is in force for a crash, for its whole build where it is one for that.

    Raises:
        NotFound: nobody made any.
    """
    async with services.database.reading() as session:
        found = await hand_link(session, event)
    if found is None or not found.scope:
        raise NotFound("no firmware is chosen by hand for this crash")
    if found.scope == DUMP:
        await unlink_dump(services, person, event)
    else:
        await unlink_build(services, person, event.data.firmware.build_id)
