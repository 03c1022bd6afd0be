"""Devices that have crashed."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from console.database.base import Base


class Device(Base):
    """A device; times in Unix milliseconds."""

    __tablename__ = "device"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128), unique=True)
    """Its id on the broker."""
    crashes: Mapped[int] = mapped_column(default=0)
    first_ms: Mapped[int]
    last_ms: Mapped[int] = mapped_column(index=True)
    profile_id: Mapped[int | None]
    """Of its newest crash: what it ran, and why it crashed."""
    loop_ms: Mapped[int | None] = mapped_column(index=True)
    """When it last crashed as the third time within ten minutes, or more often."""
