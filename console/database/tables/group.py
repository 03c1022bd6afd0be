"""Groups: crashes with one cause, and what people decided about them."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.database.base import Base


class Group(Base):
    """A cause of crashes. Its crashes are those of its fingerprints; times in Unix milliseconds."""

    __tablename__ = "crash_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    """Of its newest crash with the best analysis."""
    kind: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16), default="unresolved", index=True)
    """`unresolved`, `resolved` or `muted`."""
    resolved_version: Mapped[str] = mapped_column(Text, default="")
    """Firmware version that has the fix; empty where builds that were not seen before have it."""
    resolved_ms: Mapped[int | None]
    regressed_ms: Mapped[int | None]
    """When a newer build crashed although it was resolved; the state is `unresolved` again."""
    regressed_version: Mapped[str] = mapped_column(Text, default="")
    """Firmware version of that crash; empty where it told none."""
    decided_ms: Mapped[int | None]
    """When a person last said what is to be done about it; none where nobody did."""
    decided_by: Mapped[str] = mapped_column(Text, default="")
    """Who that was."""
    created_ms: Mapped[int]
    crashes: Mapped[int] = mapped_column(default=0)
    devices: Mapped[int] = mapped_column(default=0)
    first_ms: Mapped[int]
    last_ms: Mapped[int] = mapped_column(index=True)


class Fingerprint(Base):
    """Which group a fingerprint belongs to: merging and splitting move fingerprints, never crashes."""

    __tablename__ = "fingerprint"

    fingerprint: Mapped[str] = mapped_column(String(128), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("crash_group.id"), index=True)
    home_id: Mapped[int] = mapped_column(ForeignKey("crash_group.id"))
    """The group that was made for it, which a split gives it back to."""
    crashes: Mapped[int] = mapped_column(default=0)


class FingerprintDevice(Base):
    """How often a device crashed with a fingerprint: groups count devices by it."""

    __tablename__ = "fingerprint_device"
    __table_args__ = (Index("ix_fingerprint_device_device", "device_id"), {"sqlite_with_rowid": False})

    fingerprint: Mapped[str] = mapped_column(
        ForeignKey("fingerprint.fingerprint", ondelete="CASCADE"), primary_key=True
    )
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    crashes: Mapped[int] = mapped_column(default=0)


class GroupChange(Base):
    """A merge or a split, with what it takes to undo it."""

    __tablename__ = "group_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[int]
    account: Mapped[str] = mapped_column(Text)
    """Who did it."""
    action: Mapped[str] = mapped_column(String(16))
    """`merge` or `split`."""
    group_id: Mapped[int] = mapped_column(ForeignKey("crash_group.id"), index=True)
    before: Mapped[str] = mapped_column(Text)
    """JSON: fingerprint to the id of the group that it was in."""
    undone_ms: Mapped[int | None]
