"""The log of deliveries: what was told to whom, what they said, and another try where that helps."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from console.alerts.alert import Alert, decode_alert
from console.database.tables import AlertRule, AlertTarget, Delivery
from console.web.errors import Conflict, NotFound

PAGE: Final = 50
STATES: Final = ("waiting", "delivered", "failed")


@dataclass(frozen=True, slots=True)
class Entry:
    """A delivery as it is listed."""

    delivery: Delivery
    target: str
    rule: str
    """Empty where the rule was deleted."""
    alert: Alert


async def entries(
    session: AsyncSession, *, before: int | None = None, state: str = "", target: int | None = None, limit: int = PAGE
) -> list[Entry]:
    """Newest first; `before` is the id of the last one of the page before."""
    found = (
        select(Delivery, AlertTarget.name, AlertRule.name)
        .join(AlertTarget, AlertTarget.id == Delivery.target_id)
        .outerjoin(AlertRule, AlertRule.id == Delivery.rule_id)
        .order_by(Delivery.id.desc())
        .limit(limit)
    )
    if before is not None:
        found = found.where(Delivery.id < before)
    if state:
        found = found.where(Delivery.state == state)
    if target is not None:
        found = found.where(Delivery.target_id == target)
    return [
        Entry(delivery, target_name, rule_name or "", decode_alert(delivery.body))
        for delivery, target_name, rule_name in await session.execute(found)
    ]


async def try_again(session: AsyncSession, delivery_id: int, now_ms: int) -> Delivery:
    """Let a delivery be tried anew, all its tries before it.

    Raises:
        NotFound: there is none.
        Conflict: it got there, or its target is disabled.
    """
    found = await session.execute(
        select(Delivery, AlertTarget.enabled)
        .join(AlertTarget, AlertTarget.id == Delivery.target_id)
        .where(Delivery.id == delivery_id)
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound("there is no such delivery; the log is kept for 30 days")
    delivery, enabled = row
    if delivery.state == "delivered":
        raise Conflict("this alert was delivered already")
    if not enabled:
        raise Conflict("the target is disabled: enable it first")
    again = update(Delivery).where(Delivery.id == delivery_id)
    await session.execute(again.values(state="waiting", attempts=0, due_ms=now_ms))
    return delivery
