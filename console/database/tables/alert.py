"""Alerts: when somebody is told what, and whether it got there."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from console.database.base import Base


class AlertTarget(Base):
    """Where alerts go."""

    __tablename__ = "alert_target"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16))
    """`apprise` or `webhook`."""
    url: Mapped[str] = mapped_column(Text)
    secret: Mapped[str] = mapped_column(Text, default="")
    """Key that webhooks are signed with."""
    enabled: Mapped[bool] = mapped_column(default=True)
    created_ms: Mapped[int]


class AlertRule(Base):
    """When an alert goes to a target."""

    __tablename__ = "alert_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    trigger: Mapped[str] = mapped_column(String(32))
    """`new-group`, `regression`, `spike`, `crash-loop`, `missing-symbols` or `lag`."""
    threshold: Mapped[int] = mapped_column(default=0)
    """Crashes for `spike`, dumps for `missing-symbols`, entries for `lag`."""
    minutes: Mapped[int] = mapped_column(default=0)
    """Time that `spike` looks back over."""
    query: Mapped[str] = mapped_column(Text, default="")
    """Query string of an event filter that crashes must fit; empty for all."""
    target_id: Mapped[int] = mapped_column(ForeignKey("alert_target.id", ondelete="CASCADE"), index=True)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_ms: Mapped[int]


class Delivery(Base):
    """One alert on its way to one target; times in Unix milliseconds."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_due", "state", "due_ms"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("alert_target.id", ondelete="CASCADE"), index=True)
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("alert_rule.id", ondelete="SET NULL"))
    key: Mapped[str] = mapped_column(Text, unique=True)
    """What it is about: the same thing is told once."""
    body: Mapped[str] = mapped_column(Text)
    """JSON of the alert."""
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    """`waiting`, `delivered` or `failed`."""
    attempts: Mapped[int] = mapped_column(default=0)
    due_ms: Mapped[int]
    """When it is tried next."""
    created_ms: Mapped[int]
    delivered_ms: Mapped[int | None]
    reply: Mapped[str] = mapped_column(Text, default="")
    """What came of the last try."""
