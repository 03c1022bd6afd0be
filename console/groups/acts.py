"""What people do with groups, and the entries of it in the audit log: one function for the API and the pages."""

from collections.abc import Collection

from console.groups import changes
from console.groups.state import State
from console.people.audit import audit
from console.people.clock import now_ms
from console.people.person import Person
from console.web.services import Services

_WORDS = {State.RESOLVED: "group.resolve", State.MUTED: "group.mute", State.UNRESOLVED: "group.reopen"}


async def set_state(services: Services, person: Person, group_id: int, state: State, version: str = "") -> None:
    """Resolve (in a version), mute or reopen. Raises `NoSuchGroup` or `BadState`."""
    async with services.database.writing() as session:
        decision = await changes.set_state(session, group_id, state, person.actor, now_ms(), version=version)
        detail = f"in {decision.resolved_version}" if state == State.RESOLVED and decision.resolved_version else ""
        await audit(session, person, _WORDS[state], str(group_id), detail=detail)


async def merge(services: Services, person: Person, group_id: int, others: Collection[int]) -> int:
    """Move the crashes of others into a group; returns the number of the change. As `changes.merge`."""
    async with services.database.writing() as session:
        change = await changes.merge(session, group_id, others, person.actor, now_ms())
        await audit(session, person, "group.merge", str(group_id), detail=", ".join(map(str, sorted(others))))
    return change


async def split(services: Services, person: Person, group_id: int, fingerprints: Collection[str]) -> int:
    """Take fingerprints out of a group; returns the number of the change. As `changes.split`."""
    async with services.database.writing() as session:
        change = await changes.split(session, group_id, fingerprints, person.actor, now_ms())
        await audit(session, person, "group.split", str(group_id), detail=", ".join(sorted(fingerprints)))
    return change


async def undo(services: Services, person: Person, change_id: int) -> list[int]:
    """Take a merge or a split back; returns the groups that it concerned. As `changes.undo`."""
    async with services.database.writing() as session:
        groups = await changes.undo(session, change_id, now_ms())
        await audit(session, person, "group.undo", str(change_id), detail=f"groups {', '.join(map(str, groups))}")
    return groups
