"""Groups as the API answers them."""

import json
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from console.database.tables import GroupChange
from console.groups.changes import MOST_GROUPS
from console.groups.detail import BuildCount, DeviceCount
from console.groups.listing import GroupRow, Member
from console.groups.state import LONGEST_VERSION
from console.web.moment import maybe_time_of, time_of
from console.web.parameters import MAX_ID, Line

StateName = Literal["unresolved", "resolved", "muted"]
GroupId = Annotated[int, Field(ge=1, le=MAX_ID)]


class GroupInfo(BaseModel):
    """A cause of crashes."""

    id: int
    title: str
    kind: str = Field(description="Stable slug of the fault.")
    state: str = Field(description="`unresolved`, `resolved` or `muted`.")
    decided: datetime | None = Field(description="When a person last set the state; null where nobody did.")
    decided_by: str
    resolved: datetime | None
    resolved_version: str = Field(
        description="Firmware version that has the fix; empty where builds that were not seen before have it."
    )
    regressed: datetime | None = Field(description="When it came back after it was resolved.")
    regressed_version: str = Field(description="The version that it came back in.")
    crashes: int
    devices: int
    first_seen: datetime
    last_seen: datetime
    versions: list[str] = Field(description="Firmware versions that crashed, newest first, at most ten.")
    days: list[int] = Field(description="Crashes of each of the last 30 days (UTC), today last.")

    @classmethod
    def of(cls, row: GroupRow) -> Self:
        """From a row."""
        return cls(
            id=row.id,
            title=row.title,
            kind=row.kind,
            state=row.state,
            decided=maybe_time_of(row.decided_ms),
            decided_by=row.decided_by,
            resolved=maybe_time_of(row.resolved_ms),
            resolved_version=row.resolved_version,
            regressed=maybe_time_of(row.regressed_ms),
            regressed_version=row.regressed_version,
            crashes=row.crashes,
            devices=row.devices,
            first_seen=time_of(row.first_ms),
            last_seen=time_of(row.last_ms),
            versions=list(row.versions),
            days=list(row.days),
        )


class GroupList(BaseModel):
    """Some groups."""

    items: list[GroupInfo]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class MemberInfo(BaseModel):
    """A fingerprint of a group."""

    fingerprint: str
    title: str
    crashes: int

    @classmethod
    def of(cls, member: Member) -> Self:
        """From a row."""
        return cls(fingerprint=member.fingerprint, title=member.title, crashes=member.crashes)


class BuildInfo(BaseModel):
    """A build that crashed so."""

    version: str
    firmware: str
    build_id: str
    crashes: int
    first_seen: datetime
    last_seen: datetime

    @classmethod
    def of(cls, build: BuildCount) -> Self:
        """From a count."""
        return cls(
            version=build.version,
            firmware=build.firmware,
            build_id=build.build_id,
            crashes=build.crashes,
            first_seen=time_of(build.first_ms),
            last_seen=time_of(build.last_ms),
        )


class DeviceInfo(BaseModel):
    """A device that crashed so."""

    device: str
    crashes: int

    @classmethod
    def of(cls, device: DeviceCount) -> Self:
        """From a count."""
        return cls(device=device.name, crashes=device.crashes)


class GroupDetail(GroupInfo):
    """A group, and what it consists of."""

    fingerprints: list[MemberInfo] = Field(description="Those with most crashes first, at most two hundred.")
    builds: list[BuildInfo] = Field(description="At most fifty.")
    top_devices: list[DeviceInfo] = Field(description="Those that crashed most, at most ten.")
    newest_crash: str | None = Field(description="Event id; null where no crash is left.")
    merged_into: list[int] = Field(description="Groups that hold fingerprints which were this group's own.")


class ChangeInfo(BaseModel):
    """A merge or a split."""

    id: int
    action: str = Field(description="`merge` or `split`.")
    by: str
    at: datetime
    undone: datetime | None
    before: dict[str, int] = Field(description="Fingerprints that moved, each with the group it was in.")

    @classmethod
    def of(cls, change: GroupChange) -> Self:
        """From its row."""
        return cls(
            id=change.id,
            action=change.action,
            by=change.account,
            at=time_of(change.at_ms),
            undone=maybe_time_of(change.undone_ms),
            before=json.loads(change.before),
        )


class NewState(BaseModel):
    """What is to be done about a group."""

    state: StateName
    version: Annotated[Line, Field(max_length=LONGEST_VERSION)] = Field(
        "", description="With `resolved`: the version that has the fix; empty for every build that was not seen before."
    )


class Merge(BaseModel):
    """Groups that have the same cause."""

    groups: Annotated[list[GroupId], Field(min_length=1, max_length=MOST_GROUPS)] = Field(
        description="Their crashes go into the group of the address."
    )


class Split(BaseModel):
    """Fingerprints that have another cause."""

    fingerprints: Annotated[list[Annotated[Line, Field(max_length=128)]], Field(min_length=1, max_length=MOST_GROUPS)]


class Changed(BaseModel):
    """What was noted."""

    change: int = Field(description="Number of the change, to undo it.")


class Undone(BaseModel):
    """What an undo concerned."""

    groups: list[int]
