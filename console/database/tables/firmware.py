"""Firmware that was uploaded, and links made by hand."""

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.database.base import Base


class Firmware(Base):
    """An ELF file; times in Unix milliseconds, sizes in bytes."""

    __tablename__ = "firmware"

    id: Mapped[int] = mapped_column(primary_key=True)
    build_id: Mapped[str | None] = mapped_column(String(128), unique=True)
    """Hexadecimal; the best one where a file has several. Not known before the file was read."""
    name: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[str] = mapped_column(Text, default="")
    board: Mapped[str] = mapped_column(Text, default="")
    file_name: Mapped[str] = mapped_column(Text, default="")
    size: Mapped[int]
    index_size: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(16))
    """`indexing`, `ready` or `failed`."""
    progress: Mapped[int] = mapped_column(default=0)
    """Percent of the index."""
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why it failed."""
    added_ms: Mapped[int]
    added_by: Mapped[str] = mapped_column(Text, default="")
    source_url: Mapped[str] = mapped_column(Text, default="")
    """Where a line of its source is shown: a URL with `{file}` and `{line}`."""


class FirmwareAlias(Base):
    """Another id under which devices may name a firmware."""

    __tablename__ = "firmware_alias"

    alias: Mapped[str] = mapped_column(String(128), primary_key=True)
    build_id: Mapped[str] = mapped_column(ForeignKey("firmware.build_id", ondelete="CASCADE"), index=True)
    """Of the firmware that stands in."""
    by_hand: Mapped[bool] = mapped_column(default=False)
    """Linked by a person, who took the risk; else the file itself has both."""
    account: Mapped[str] = mapped_column(Text, default="")
    at_ms: Mapped[int] = mapped_column(default=0)


class DumpLink(Base):
    """The firmware that a person chose for a single dump."""

    __tablename__ = "dump_link"

    event_id: Mapped[str] = mapped_column(ForeignKey("crash.event_id", ondelete="CASCADE"), primary_key=True)
    build_id: Mapped[str] = mapped_column(ForeignKey("firmware.build_id", ondelete="CASCADE"), index=True)
    account: Mapped[str] = mapped_column(Text, default="")
    at_ms: Mapped[int] = mapped_column(default=0)
