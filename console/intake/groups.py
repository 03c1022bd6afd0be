"""The groups that crashes fall into: made for new causes, named after their crashes, reopened by a regression."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Fingerprint, Group, Profile
from console.intake.owners import table_of
from console.intake.record import Record
from console.intake.regression import Fix, regresses


@dataclass(frozen=True, slots=True)
class Regression:
    """A group that was resolved, and the first crash that shows it is not."""

    group_id: int
    crash_id: int
    at_ms: int
    version: str = ""
    """Firmware version of that crash; empty where it told none."""


async def homes(session: AsyncSession, records: Sequence[Record], now_ms: int) -> tuple[dict[str, int], list[int]]:
    """The group of each record's fingerprint, and those groups that were made for it."""
    examples = {record.profile.fingerprint: record for record in records}
    found = await groups_of(session, examples)
    missing = [fingerprint for fingerprint in examples if fingerprint not in found]
    if not missing:
        return found, []
    connection, group = await session.connection(), table_of(Group)
    made = await connection.scalars(
        insert(group).returning(group.c.id, sort_by_parameter_order=True),
        [
            {
                "title": examples[fingerprint].profile.title,
                "kind": examples[fingerprint].profile.kind,
                "state": "unresolved",
                "resolved_version": "",
                "regressed_version": "",
                "decided_by": "",
                "created_ms": now_ms,
                "crashes": 0,
                "devices": 0,
                "first_ms": examples[fingerprint].time_ms,
                "last_ms": examples[fingerprint].time_ms,
            }
            for fingerprint in missing
        ],
    )
    new = dict(zip(missing, made, strict=True))
    await connection.execute(
        insert(table_of(Fingerprint)),
        [{"fingerprint": name, "group_id": id_, "home_id": id_, "crashes": 0} for name, id_ in new.items()],
    )
    return found | new, list(new.values())


async def groups_of(session: AsyncSession, fingerprints: Iterable[str]) -> dict[str, int]:
    """The groups that fingerprints are in, of those that are known."""
    rows = await session.execute(
        select(Fingerprint.fingerprint, Fingerprint.group_id).where(Fingerprint.fingerprint.in_(fingerprints))
    )
    return dict(rows.all())


async def settle(session: AsyncSession, made: Sequence[int], moves: Iterable[tuple[int | None, int]]) -> list[int]:
    """Tell new causes from new names of known ones, among groups that were made; returns those of new causes.

    `moves` has, for each crash, the group it was in, None where the crash itself is new, and the one it is in now. A
    group of crashes that were all known, because symbols came later, begins with what was decided about them.
    """
    sources: dict[int, set[int | None]] = {id_: set() for id_ in made}
    for before, after in moves:
        if after in sources:
            sources[after].add(before)
    for id_, before in sources.items():
        if len(before) == 1 and None not in before:
            decided = await session.execute(select(*_DECIDED).where(Group.id.in_(before)))
            await session.execute(update(Group).where(Group.id == id_).values(decided.mappings().one()))
    return [id_ for id_, before in sources.items() if None in before]


_DECIDED: Final = (
    Group.state,
    Group.resolved_version,
    Group.resolved_ms,
    Group.regressed_ms,
    Group.regressed_version,
    Group.decided_ms,
    Group.decided_by,
)
"""What people said of a group, and what became of it."""


async def update_groups(session: AsyncSession, group_ids: Iterable[int]) -> None:
    """Bring title, kind and times of groups up to date; one without crashes keeps what it has."""
    rows = await session.execute(
        select(
            Fingerprint.group_id,
            Profile.symbolized,
            Profile.complete,
            Profile.last_ms,
            Profile.digest,
            Profile.first_ms,
            Profile.title,
            Profile.kind,
        )
        .join(Profile, Profile.fingerprint == Fingerprint.fingerprint)
        .where(Fingerprint.group_id.in_(group_ids), Profile.crashes > 0)
    )
    best: dict[int, tuple[bool, bool, int, str, int, str, str]] = {}
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for id_, symbolized, complete, last_ms, digest, first_ms, title, kind in rows:
        candidate = (symbolized, complete, last_ms, digest, first_ms, title, kind)
        best[id_] = max(best.get(id_, candidate), candidate)
        first[id_] = min(first.get(id_, first_ms), first_ms)
        last[id_] = max(last.get(id_, last_ms), last_ms)
    if best:
        group = table_of(Group)
        await (await session.connection()).execute(
            update(group)
            .where(group.c.id == bindparam("this"))
            .values(
                title=bindparam("new_title"),
                kind=bindparam("new_kind"),
                first_ms=bindparam("new_first"),
                last_ms=bindparam("new_last"),
            ),
            [
                {"this": id_, "new_title": title, "new_kind": kind, "new_first": first[id_], "new_last": last[id_]}
                for id_, (*_, title, kind) in best.items()
            ],
        )


async def reopen(session: AsyncSession, crashes: Sequence[tuple[int, int, Record]]) -> list[Regression]:
    """Reopen resolved groups that got a crash (its id, its group, its record) of a build that should have the fix."""
    rows = await session.execute(
        select(Group.id, Group.resolved_version, Group.resolved_ms).where(
            Group.id.in_({group_id for _, group_id, _ in crashes}), Group.state == "resolved"
        )
    )
    fixes = {id_: Fix(version, resolved_ms or 0) for id_, version, resolved_ms in rows}
    suspects = [crash for crash in crashes if crash[1] in fixes]
    if not suspects:
        return []
    rows = await session.execute(
        select(Profile.build_id, func.min(Profile.first_ms))
        .where(Profile.build_id.in_({record.profile.build_id for *_, record in suspects} - {""}), Profile.crashes > 0)
        .group_by(Profile.build_id)
    )
    builds = dict(rows.all())
    found: dict[int, Regression] = {}
    for crash_id, group_id, record in sorted(suspects, key=lambda suspect: (suspect[2].time_ms, suspect[2].event_id)):
        profile = record.profile
        if group_id not in found and regresses(
            fixes[group_id], record.time_ms, profile.version, builds.get(profile.build_id)
        ):
            found[group_id] = Regression(group_id, crash_id, record.time_ms, profile.version)
    for regression in found.values():
        await session.execute(
            update(Group)
            .where(Group.id == regression.group_id)
            .values(state="unresolved", regressed_ms=regression.at_ms, regressed_version=regression.version)
        )
    return list(found.values())
