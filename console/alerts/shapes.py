"""Targets, rules and deliveries as the API writes and takes them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

import msgspec
from pydantic import BaseModel, Field

from console.alerts import log
from console.alerts.alert import encode_alert
from console.alerts.rule import LARGEST_THRESHOLD, LONGEST_MINUTES, MAX_QUERY, Trigger
from console.alerts.rule import MAX_NAME as MAX_RULE
from console.alerts.targets import MAX_NAME, MAX_URL, shown_key, shown_url
from console.database.tables import AlertRule, AlertTarget
from console.web.moment import maybe_time_of, time_of
from console.web.parameters import MAX_ID, Line

Name = Annotated[Line, Field(min_length=1, max_length=MAX_NAME)]
Number = Annotated[int, Field(ge=1, le=MAX_ID)]
State = Literal["waiting", "delivered", "failed"]


class TargetInfo(BaseModel):
    """Where alerts go."""

    id: int
    name: str
    kind: Literal["webhook", "apprise"]
    url: str = Field(description="Without what is secret in it.")
    key: str = Field(description="The start of the key that webhooks are signed with; empty for Apprise.")
    enabled: bool
    created: datetime

    @classmethod
    def of(cls, target: AlertTarget) -> Self:
        """From its row; loads Apprise for its kind, so call it in a thread."""
        return cls(
            id=target.id,
            name=target.name,
            kind="webhook" if target.kind == "webhook" else "apprise",
            url=shown_url(target),
            key=shown_key(target),
            enabled=target.enabled,
            created=time_of(target.created_ms),
        )


class MadeTarget(BaseModel):
    """A target that was just made, or that got another key."""

    target: TargetInfo
    key: str = Field(description="The whole key, `whsec_…`; it is not shown again. Empty for Apprise.")


class NewTarget(BaseModel):
    """A target to add."""

    name: Name
    kind: Literal["webhook", "apprise"]
    url: Annotated[str, Field(min_length=1, max_length=MAX_URL, description="https://…, or Apprise's URL of a service")]


class TargetChange(BaseModel):
    """What to change of a target; what is left out stays."""

    name: Name | None = None
    url: Annotated[str, Field(min_length=1, max_length=MAX_URL)] | None = None
    enabled: bool | None = None


class TargetAnswer(BaseModel):
    """What came of a test."""

    delivered: bool
    reply: str = Field(description="What the other side said, or why it could not be asked.")
    milliseconds: int


class RuleInfo(BaseModel):
    """When a target is told."""

    id: int
    name: str
    trigger: Trigger
    threshold: int = Field(description="Crashes for `spike`, dumps for `missing-symbols`, entries for `lag`; else 0.")
    minutes: int = Field(description="How far `spike` looks back; how long the oldest entry waits for `lag`; else 0.")
    filter: str = Field(description="Query string as `/events` takes it, without a time; empty for all crashes.")
    target: int
    enabled: bool
    created: datetime

    @classmethod
    def of(cls, rule: AlertRule) -> Self:
        """From its row."""
        return cls(
            id=rule.id,
            name=rule.name,
            trigger=Trigger(rule.trigger),
            threshold=rule.threshold,
            minutes=rule.minutes,
            filter=rule.query,
            target=rule.target_id,
            enabled=rule.enabled,
            created=time_of(rule.created_ms),
        )


class NewRule(BaseModel):
    """A rule to add, or all values that an existing one is to have."""

    name: Annotated[Line, Field(min_length=1, max_length=MAX_RULE)]
    trigger: Trigger
    target: Number
    threshold: Annotated[int, Field(ge=0, le=LARGEST_THRESHOLD)] = 0
    minutes: Annotated[int, Field(ge=0, le=LONGEST_MINUTES)] = 0
    filter: Annotated[str, Field(max_length=MAX_QUERY)] = ""


class RuleSwitch(BaseModel):
    """Whether a rule watches."""

    enabled: bool


class DeliveryInfo(BaseModel):
    """An alert on its way to a target."""

    id: int
    target: int
    rule: int | None
    state: State
    attempts: int
    reply: str = Field(description="What came of the last try.")
    created: datetime
    next_try: datetime | None = Field(description="Of one that waits.")
    delivered: datetime | None
    alert: dict[str, Any] = Field(description="The body that is sent.")

    @classmethod
    def of(cls, entry: log.Entry) -> Self:
        """From an entry of the log."""
        row = entry.delivery
        return cls(
            id=row.id,
            target=row.target_id,
            rule=row.rule_id,
            state=cast("State", row.state),
            attempts=row.attempts,
            reply=row.reply,
            created=time_of(row.created_ms),
            next_try=time_of(row.due_ms) if row.state == "waiting" else None,
            delivered=maybe_time_of(row.delivered_ms),
            alert=msgspec.json.decode(encode_alert(entry.alert)),
        )


class Deliveries(BaseModel):
    """A page of the log, newest first."""

    items: list[DeliveryInfo]
    next: int | None = Field(description="`cursor` of the next page; null on the last one.")


class DeliveryQuery(BaseModel):
    """Which deliveries."""

    cursor: Number | None = None
    state: State | None = None
    target: Number | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = log.PAGE
