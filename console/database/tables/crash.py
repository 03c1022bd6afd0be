"""Crashes: one row for each event id, what many of them share in a row of its own.

A fleet's crashes differ in device and time and agree in nearly everything else. What they agree in is a *profile*: of
a million crashes there are some thousand profiles, so a filter by text, function, version or kind looks through those,
and crashes are only counted and fetched. See docs/adr/0014.
"""

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from console.database.base import Base


class Profile(Base):
    """What crashes have in common; times in Unix milliseconds."""

    __tablename__ = "profile"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    """SHA-256 of all columns below `last_ms`, by which a profile is recognised."""
    crashes: Mapped[int] = mapped_column(default=0)
    first_ms: Mapped[int]
    last_ms: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(String(128), index=True)
    kind: Mapped[str] = mapped_column(String(128))
    """Slug of the fault."""
    title: Mapped[str] = mapped_column(Text)
    function: Mapped[str | None] = mapped_column(Text)
    """Innermost function that has a name."""
    file: Mapped[str | None] = mapped_column(Text)
    line: Mapped[int | None]
    thread: Mapped[str | None] = mapped_column(Text)
    trust: Mapped[str] = mapped_column(String(32))
    """The weakest one of the innermost frames: how far the call stack can be believed."""
    symbolized: Mapped[bool]
    complete: Mapped[bool]
    architecture: Mapped[str] = mapped_column(String(64))
    build_id: Mapped[str] = mapped_column(String(128), index=True)
    firmware: Mapped[str] = mapped_column(Text)
    version: Mapped[str] = mapped_column(Text)
    board: Mapped[str] = mapped_column(Text)
    os: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    """What a search looks through, casefolded: title, explanation without its numbers, functions, files."""


class Crash(Base):
    """A crash of a device; times in Unix milliseconds."""

    __tablename__ = "crash"
    __table_args__ = (
        Index("ix_crash_time", "time_ms", "id"),
        # With the profile, so that the past of a device is read from the index alone.
        Index("ix_crash_device", "device_id", "time_ms", "id", "profile_id"),
        Index("ix_crash_profile", "profile_id", "time_ms", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(String(36), unique=True)
    time_ms: Mapped[int]
    """When its first chunk arrived."""
    revision: Mapped[int]
    change: Mapped[int] = mapped_column(index=True)
    """Counts up over all crashes with every new one and every better analysis: what live pages follow."""
    profile_id: Mapped[int] = mapped_column(ForeignKey("profile.id"))
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id"))
    uptime_ms: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    """Of the dump, its name in the store."""
    size: Mapped[int]
    """Of the dump, in bytes."""


class CrashDocument(Base):
    """The crash event itself; beside its crash, so that a page of crashes does not read it."""

    __tablename__ = "crash_document"

    crash_id: Mapped[int] = mapped_column(ForeignKey("crash.id", ondelete="CASCADE"), primary_key=True)
    event: Mapped[bytes] = mapped_column(LargeBinary)
    """CloudEvents JSON, compressed by zlib."""


class CrashAttribute(Base):
    """Metadata that a device sent along; keyed in the order of the question which crashes have it, newest first."""

    __tablename__ = "crash_attribute"
    __table_args__ = (Index("ix_crash_attribute_crash", "crash_id"), {"sqlite_with_rowid": False})

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    """Text as it is, other values as their JSON; cut at 200 characters."""
    time_ms: Mapped[int] = mapped_column(primary_key=True)
    crash_id: Mapped[int] = mapped_column(ForeignKey("crash.id", ondelete="CASCADE"), primary_key=True)


class CrashHour(Base):
    """Crashes of a profile in an hour: what charts over days are drawn from."""

    __tablename__ = "crash_hour"
    __table_args__ = (Index("ix_crash_hour_profile", "profile_id", "hour"), {"sqlite_with_rowid": False})

    hour: Mapped[int] = mapped_column(primary_key=True)
    """Unix time in hours."""
    profile_id: Mapped[int] = mapped_column(ForeignKey("profile.id", ondelete="CASCADE"), primary_key=True)
    crashes: Mapped[int]


class CrashDay(Base):
    """Crashes of a profile in a day: what charts over months are drawn from."""

    __tablename__ = "crash_day"
    __table_args__ = (Index("ix_crash_day_profile", "profile_id", "day"), {"sqlite_with_rowid": False})

    day: Mapped[int] = mapped_column(primary_key=True)
    """Unix time in days."""
    profile_id: Mapped[int] = mapped_column(ForeignKey("profile.id", ondelete="CASCADE"), primary_key=True)
    crashes: Mapped[int]


class Position(Base):
    """How far a stream has been read: written in the transaction of what was read, so that nothing counts twice."""

    __tablename__ = "position"
    __table_args__ = (UniqueConstraint("stream"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(Text)
    entry: Mapped[str] = mapped_column(String(64))
    """Id of the last stream entry that is in the database."""
    change: Mapped[int] = mapped_column(default=0)
    """The last `Crash.change` that was given."""
