"""Why crashes are in one group: what the analyzer made their fingerprints of, read from a report of each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from analyzer.report.model import decode_report
from console.database.tables import Crash, Profile
from console.groups.listing import Member
from contract.errors import StoreUnavailable
from contract.malformed import MALFORMED
from runtime.store import NoSuchObject, Store, best_report

MOST: Final = 5
"""Fingerprints that are explained: each takes a report from the store."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A fingerprint, and what it was made of."""

    fingerprint: str
    event_id: str
    """The crash whose report says so."""
    text: str
    """Empty where no report can be read any more."""


async def grounds_of(session: AsyncSession, store: Store, members: Sequence[Member]) -> list[Ground]:
    """What the fingerprints with most crashes were made of; without their texts while the store does not answer."""
    names = [member.fingerprint for member in members if member.crashes > 0][:MOST]
    events = [await _newest(session, name) or "" for name in names]
    texts = await asyncio.gather(
        *(asyncio.to_thread(_explanation, store, event, name) for event, name in zip(events, names, strict=True))
    )
    return [Ground(*each) for each in zip(names, events, texts, strict=True)]


async def _newest(session: AsyncSession, fingerprint: str) -> str | None:
    return await session.scalar(
        select(Crash.event_id)
        .join(Profile, (Profile.id == Crash.profile_id) & (Profile.last_ms == Crash.time_ms))
        .where(Profile.fingerprint == fingerprint)
        .order_by(Crash.time_ms.desc(), Crash.id.desc())
        .limit(1)
    )


def _explanation(store: Store, event_id: str, fingerprint: str) -> str:
    try:
        report = decode_report(best_report(store, event_id))
    except (NoSuchObject, StoreUnavailable, *MALFORMED):
        return ""
    # The store may be ahead of the database by one analysis.
    return report.grouped_by if report.fingerprint == fingerprint else ""
