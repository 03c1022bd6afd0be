"""What people do with groups: decide about them, merge and split them, and take that back.

A group's crashes are those of its fingerprints, so merging and splitting move fingerprints and touch no crash. Every
function is called in a transaction for writing, and waits for intake, which counts in the same rows.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.alone import change_counters_alone
from console.database.tables import Fingerprint, FingerprintDevice, Group, GroupChange
from console.groups.state import Decision, State, decide
from console.intake.groups import update_groups
from console.web.errors import Conflict, NotFound

MOST_GROUPS: Final = 100
"""Groups that are merged at a time, and fingerprints that are split off."""


class NoSuchGroup(NotFound):
    """There is no group, or no change, with that number."""

    code = "group-missing"


class BadChange(Conflict):
    """A merge, a split or an undo that makes no sense as things are."""

    code = "group-change"


async def set_state(
    session: AsyncSession, group_id: int, state: str, account: str, now_ms: int, *, version: str = ""
) -> Decision:
    """Resolve (in a version), mute or reopen a group. Raises `NoSuchGroup` or `BadState`."""
    await change_counters_alone(session)
    group = await _group(session, group_id)
    before = Decision(
        State(group.state), group.resolved_version, group.resolved_ms, group.regressed_ms, group.regressed_version
    )
    after = decide(before, state, now_ms, version)
    group.state, group.resolved_version, group.resolved_ms = after.state, after.resolved_version, after.resolved_ms
    group.regressed_ms, group.regressed_version = after.regressed_ms, after.regressed_version
    group.decided_ms, group.decided_by = now_ms, account
    await session.flush()
    return after


async def merge(session: AsyncSession, group_id: int, others: Collection[int], account: str, now_ms: int) -> int:
    """Move the fingerprints of other groups into a group; returns the number of the change, to undo it.

    Raises:
        NoSuchGroup: one of them does not exist.
        BadChange: there is nothing to be merged, or too much.
    """
    await change_counters_alone(session)
    others = set(others) - {group_id}
    if not 0 < len(others) <= MOST_GROUPS:
        raise BadChange(f"name 1 to {MOST_GROUPS} other groups to be merged into this one")
    for each in (group_id, *others):
        await _group(session, each)
    rows = await session.execute(
        select(Fingerprint.fingerprint, Fingerprint.group_id).where(Fingerprint.group_id.in_(others))
    )
    before = dict(rows.all())
    if not before:
        raise BadChange("these groups were merged already: nothing is left in them")
    change = GroupChange(
        at_ms=now_ms, account=account, action="merge", group_id=group_id, before=json.dumps(before), undone_ms=None
    )
    return await _change(session, change, dict.fromkeys(before, group_id))


async def split(session: AsyncSession, group_id: int, fingerprints: Collection[str], account: str, now_ms: int) -> int:
    """Give fingerprints of a group back to the groups that were made for them; returns the number of the change.

    One whose own group this is goes into a new one.

    Raises:
        NoSuchGroup: there is no such group.
        BadChange: a fingerprint is not in it, or none would stay.
    """
    await change_counters_alone(session)
    group = await _group(session, group_id)
    found = {
        each.fingerprint: each
        for each in await session.scalars(select(Fingerprint).where(Fingerprint.group_id == group_id))
    }
    wanted = set(fingerprints)
    if not wanted or len(wanted) > MOST_GROUPS or not wanted <= found.keys():
        raise BadChange(f"name 1 to {MOST_GROUPS} fingerprints of this group to be split off")
    if wanted == found.keys():
        raise BadChange("one fingerprint at least has to stay in the group")
    after: dict[str, int] = {}
    for name in sorted(wanted):
        home = found[name].home_id
        after[name] = home if home != group_id else await _new_group(session, group, now_ms)
    before = json.dumps(dict.fromkeys(after, group_id))
    change = GroupChange(
        at_ms=now_ms, account=account, action="split", group_id=group_id, before=before, undone_ms=None
    )
    return await _change(session, change, after)


async def undo(session: AsyncSession, change_id: int, now_ms: int) -> list[int]:
    """Take a merge or a split back; returns the groups that it concerned.

    Raises:
        NoSuchGroup: there is no such change.
        BadChange: it was undone already, or a later one moved the same fingerprints.
    """
    await change_counters_alone(session)
    change = await session.get(GroupChange, change_id)
    if change is None:
        raise NoSuchGroup(f"there is no merge or split with the number {change_id}")
    if change.undone_ms is not None:
        raise BadChange("this was undone already")
    before: dict[str, int] = json.loads(change.before)
    later = await session.scalars(
        select(GroupChange).where(GroupChange.id > change_id, GroupChange.undone_ms.is_(None))
    )
    for each in later:
        if before.keys() & json.loads(each.before).keys():
            raise BadChange(f"change {each.id} came later and moved the same fingerprints: undo that one first")
    change.undone_ms = now_ms
    touched = await _move(session, before)
    return sorted(touched)


async def history(session: AsyncSession, group_id: int, limit: int = 50) -> Sequence[GroupChange]:
    """The merges and splits of a group, newest first."""
    rows = await session.scalars(
        select(GroupChange).where(GroupChange.group_id == group_id).order_by(GroupChange.id.desc()).limit(limit)
    )
    return rows.all()


async def recount(session: AsyncSession, group_ids: Iterable[int]) -> None:
    """Count the crashes and the devices of groups afresh; a device with several fingerprints counts once."""
    group_ids = list(group_ids)
    crashes = (
        select(func.coalesce(func.sum(Fingerprint.crashes), 0))
        .where(Fingerprint.group_id == Group.id)
        .correlate(Group)
        .scalar_subquery()
    )
    devices = (
        select(func.count(FingerprintDevice.device_id.distinct()))
        .join(Fingerprint, Fingerprint.fingerprint == FingerprintDevice.fingerprint)
        .where(Fingerprint.group_id == Group.id)
        .correlate(Group)
        .scalar_subquery()
    )
    await session.execute(
        update(Group)
        .where(Group.id.in_(group_ids))
        .values(crashes=crashes, devices=devices)
        .execution_options(synchronize_session=False)
    )
    await update_groups(session, group_ids)
    session.expire_all()


async def _change(session: AsyncSession, change: GroupChange, after: Mapping[str, int]) -> int:
    """Note a change and move the fingerprints; returns its number."""
    session.add(change)
    await session.flush()
    id_ = change.id
    await _move(session, after)
    return id_


async def _move(session: AsyncSession, places: Mapping[str, int]) -> set[int]:
    """Put fingerprints into groups; returns the groups that lost or got one."""
    moved = list(await session.scalars(select(Fingerprint).where(Fingerprint.fingerprint.in_(places))))
    touched = {each.group_id for each in moved} | set(places.values())
    for each in moved:
        each.group_id = places[each.fingerprint]
    await session.flush()
    await recount(session, touched)
    return touched


async def _new_group(session: AsyncSession, like: Group, now_ms: int) -> int:
    group = Group(title=like.title, kind=like.kind, created_ms=now_ms, first_ms=like.first_ms, last_ms=like.last_ms)
    session.add(group)
    await session.flush()
    return group.id


async def _group(session: AsyncSession, group_id: int) -> Group:
    group = await session.get(Group, group_id)
    if group is None:
        raise NoSuchGroup(f"there is no group {group_id}")
    return group
