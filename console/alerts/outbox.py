"""Deliveries that are yet to be made: written in the transaction of what they tell, each of them once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from console.alerts import words
from console.alerts.alert import SUMMARY, AlertData, decode_alert, encode_alert, new_alert
from console.alerts.rule import Trigger
from console.database.tables import AlertRule, AlertTarget, Delivery
from console.database.upsert import insert_into

HOUR_MS: Final = 3_600_000
OLD_MS: Final = HOUR_MS
"""Alerts about what happened longer ago are summed up."""
MOST_AN_HOUR: Final = 60
"""Alerts of a rule that are told one by one."""
SETTLE_MS: Final = 60_000
"""A summary goes out once nothing was added to it for so long, or when it is an hour old."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that a rule wants told."""

    key: str
    """What it is about: the rule tells it once."""
    subject: str
    """What a summary counts and lists."""
    at_ms: int
    data: AlertData


async def active_rules(session: AsyncSession, triggers: Iterable[Trigger]) -> Sequence[AlertRule]:
    """The rules that watch for one of these and may tell it."""
    found = await session.scalars(
        select(AlertRule)
        .join(AlertTarget, AlertTarget.id == AlertRule.target_id)
        .where(AlertRule.trigger.in_(list(triggers)), AlertRule.enabled, AlertTarget.enabled)
        .order_by(AlertRule.id)
    )
    return found.all()


def full_key(rule: AlertRule, key: str) -> str:
    """A key of one rule; SQLite gives the id of a deleted rule to the next one, hence the time."""
    return f"{rule.id}.{rule.created_ms}:{key}"


async def tell(session: AsyncSession, rule: AlertRule, news: Sequence[News], now_ms: int, address: str) -> None:
    """Write a delivery for each of the news, or sum them up: what is old, and what is too much."""
    told = await known_keys(session, rule, [each.key for each in news])
    fresh = {each.key: each for each in news if each.key not in told}
    recent = [each for each in fresh.values() if each.at_ms >= now_ms - OLD_MS]
    space = MOST_AN_HOUR - await _told_this_hour(session, rule, now_ms) if recent else 0
    one_by_one = recent[: max(space, 0)]
    if one_by_one:
        rows = [
            _row(rule, each.key, encode_alert(new_alert(rule.trigger, each.data, now_ms)), now_ms, now_ms)
            for each in one_by_one
        ]
        await session.execute(insert_into(session, Delivery).on_conflict_do_nothing(), rows)
    chosen = {each.key for each in one_by_one}
    if rest := [each.subject for each in fresh.values() if each.key not in chosen]:
        await _sum_up(session, rule, rest, now_ms, address)


async def known_keys(session: AsyncSession, rule: AlertRule, keys: Iterable[str]) -> set[str]:
    """Of these keys those that the rule has told."""
    full = {full_key(rule, key): key for key in keys}
    found = await session.scalars(select(Delivery.key).where(Delivery.key.in_(full)))
    return {full[key] for key in found}


async def told_since(session: AsyncSession, rule: AlertRule, since_ms: int) -> set[str]:
    """Keys that the rule has told since a time."""
    found = await session.scalars(
        select(Delivery.key).where(Delivery.rule_id == rule.id, Delivery.created_ms >= since_ms)
    )
    start = full_key(rule, "")
    return {key.removeprefix(start) for key in found if key.startswith(start)}


async def _told_this_hour(session: AsyncSession, rule: AlertRule, now_ms: int) -> int:
    recent = select(func.count()).where(Delivery.rule_id == rule.id, Delivery.created_ms >= now_ms - HOUR_MS)
    return (await session.execute(recent)).scalar_one()


async def _sum_up(session: AsyncSession, rule: AlertRule, subjects: Sequence[str], now_ms: int, address: str) -> None:
    """Add to the summary that has not been sent yet, or begin one."""
    start = full_key(rule, f"{SUMMARY}:")
    waiting = Delivery.rule_id == rule.id, Delivery.state == "waiting", Delivery.attempts == 0
    newest = select(Delivery).where(*waiting, Delivery.key.startswith(start)).order_by(Delivery.id.desc()).limit(1)
    begun = await session.scalar(newest)
    if begun is not None:
        known = decode_alert(begun.body).data
        body = _summary(rule, [*known.subjects, *subjects], known.count - len(known.subjects), now_ms, address)
        due_ms = min(now_ms + SETTLE_MS, begun.created_ms + HOUR_MS)
        # It may be on its way by now: then another one tells the rest.
        unsent = update(Delivery).where(Delivery.id == begun.id, Delivery.attempts == 0)
        changed = await session.execute(unsent.values(body=body, due_ms=due_ms).returning(Delivery.id))
        if changed.first() is not None:
            return
    body = _summary(rule, subjects, 0, now_ms, address)
    key = f"{SUMMARY}:{decode_alert(body).id}"
    await session.execute(insert_into(session, Delivery), [_row(rule, key, body, now_ms, now_ms + SETTLE_MS)])


def _summary(rule: AlertRule, subjects: Sequence[str], more: int, now_ms: int, address: str) -> str:
    """The body of a summary; `more` subjects were too many to be listed already."""
    every = list(dict.fromkeys(subjects))
    more += max(0, len(every) - words.MOST_SUBJECTS)
    data = words.summary(rule.name, Trigger(rule.trigger), every[: words.MOST_SUBJECTS], more, address)
    return encode_alert(new_alert(SUMMARY, data, now_ms))


def _row(rule: AlertRule, key: str, body: str, now_ms: int, due_ms: int) -> dict[str, object]:
    return {
        "target_id": rule.target_id,
        "rule_id": rule.id,
        "key": full_key(rule, key),
        "body": body,
        "state": "waiting",
        "attempts": 0,
        "due_ms": due_ms,
        "created_ms": now_ms,
        "reply": "",
    }
