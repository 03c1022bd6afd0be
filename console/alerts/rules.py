"""Rules as they are kept."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.alerts.rule import RuleValues
from console.alerts.targets import get_target
from console.database.tables import AlertRule, AlertTarget
from console.web.errors import NotFound
from contract.errors import LimitExceeded

MOST: Final = 200
"""Rules; each costs a question to the database with every batch of crashes."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as it is listed."""

    rule: AlertRule
    target: AlertTarget


async def all_rules(session: AsyncSession) -> list[RuleRow]:
    """Every rule, by name."""
    found = select(AlertRule, AlertTarget).join(AlertTarget, AlertTarget.id == AlertRule.target_id)
    rows = await session.execute(found.order_by(func.lower(AlertRule.name), AlertRule.id))
    return [RuleRow(rule, target) for rule, target in rows]


async def get_rule(session: AsyncSession, rule_id: int) -> AlertRule:
    """One; raises `NotFound`."""
    rule = await session.get(AlertRule, rule_id)
    if rule is None:
        raise NotFound("there is no such rule; it may have been deleted")
    return rule


async def add_rule(session: AsyncSession, values: RuleValues, target_id: int, now_ms: int) -> AlertRule:
    """Keep a rule.

    Raises:
        NotFound: there is no such target.
        LimitExceeded: there are very many rules already.
    """
    if (await session.execute(select(func.count()).select_from(AlertRule))).scalar_one() >= MOST:
        raise LimitExceeded(f"there are {MOST} rules already: delete one first")
    rule = AlertRule(created_ms=now_ms)
    await set_rule(session, rule, values, target_id)
    session.add(rule)
    await session.flush()
    return rule


async def set_rule(session: AsyncSession, rule: AlertRule, values: RuleValues, target_id: int) -> None:
    """Give a rule other values; raises `NotFound` where there is no such target."""
    rule.target_id = (await get_target(session, target_id)).id
    rule.name, rule.trigger = values.name, values.trigger.value
    rule.threshold, rule.minutes, rule.query = values.threshold, values.minutes, values.query


async def delete_rule(session: AsyncSession, rule: AlertRule) -> None:
    """Delete a rule; what it has told stays in the log, and what is on its way goes out."""
    await session.execute(delete(AlertRule).where(AlertRule.id == rule.id))
