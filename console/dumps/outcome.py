"""What became of a dump that was sent."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Crash, Profile
from console.web.errors import NotFound


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of the analysis of a dump, as far as it has come."""

    symbolized: bool
    title: str


async def outcome_of(session: AsyncSession, event_id: str) -> Outcome:
    """The outcome under an event id; raises `NotFound` while there is none."""
    try:
        wanted = str(UUID(event_id))
    except ValueError as error:
        raise NotFound("an event id is a UUID, and this is none") from error
    row = await session.execute(
        select(Profile.symbolized, Profile.title)
        .join(Crash, Crash.profile_id == Profile.id)
        .where(Crash.event_id == wanted)
    )
    found = row.one_or_none()
    if found is None:
        raise NotFound("no crash event of this id has come yet: ask again; where it never comes, see the dead letters")
    return Outcome(*found)
