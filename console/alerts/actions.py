"""What admins do to targets, rules and deliveries: checked, done, and written into the audit log."""

import asyncio
import time
from dataclasses import dataclass

from console.alerts import log, rules, targets, words
from console.alerts.alert import TEST, encode_alert, new_alert
from console.alerts.rule import RuleValues
from console.alerts.send import Outcome, send
from console.database.tables import AlertRule, AlertTarget, Delivery
from console.people.audit import audit
from console.people.clock import now_ms
from console.people.person import Person
from console.web.services import Services


async def create_target(services: Services, person: Person, name: str, kind: str, url: str) -> AlertTarget:
    """Keep a target; raises `BadTarget`."""
    name, kind = targets.check_name(name), targets.check_kind(kind)
    url = await asyncio.to_thread(targets.check_url, kind, url)
    async with services.database.writing() as session:
        target = await targets.add_target(session, name, kind, url, now_ms())
        await audit(session, person, "alert-target.create", name, detail=await _shown(target))
    return target


async def change_target(
    services: Services, person: Person, target_id: int, *, name: str | None = None, url: str | None = None
) -> AlertTarget:
    """Give a target another name or address; raises `NotFound` or `BadTarget`."""
    async with services.database.reading() as session:
        kind = (await targets.get_target(session, target_id)).kind
    checked_name = None if name is None else targets.check_name(name)
    checked_url = None if url is None else await asyncio.to_thread(targets.check_url, kind, url)
    async with services.database.writing() as session:
        target = await targets.get_target(session, target_id)
        target.name = checked_name or target.name
        target.url = checked_url or target.url
        await session.flush()
        await audit(session, person, "alert-target.change", target.name, detail=await _shown(target))
    return target


async def enable_target(services: Services, person: Person, target_id: int, *, enabled: bool) -> AlertTarget:
    """Let a target have alerts, or no more; raises `NotFound`."""
    async with services.database.writing() as session:
        target = await targets.get_target(session, target_id)
        await targets.enable_target(session, target, enabled=enabled)
        await audit(session, person, f"alert-target.{'enable' if enabled else 'disable'}", target.name)
    return target


async def change_key(services: Services, person: Person, target_id: int) -> AlertTarget:
    """Give a webhook another key; raises `NotFound` or `BadTarget`."""
    async with services.database.writing() as session:
        target = await targets.get_target(session, target_id)
        await targets.change_key(session, target)
        await audit(session, person, "alert-target.key", target.name)
    return target


async def delete_target(services: Services, person: Person, target_id: int) -> None:
    """Delete a target with its rules and its log; raises `NotFound`."""
    async with services.database.writing() as session:
        target = await targets.get_target(session, target_id)
        await targets.delete_target(session, target)
        await audit(session, person, "alert-target.delete", target.name)


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a test, and how long it took in milliseconds."""

    outcome: Outcome
    took_ms: int


async def test_target(services: Services, person: Person, target_id: int) -> Tested:
    """Send a test, now and once; raises `NotFound`."""
    async with services.database.writing() as session:
        target = await targets.get_target(session, target_id)
        await audit(session, person, "alert-target.test", target.name)
    body = encode_alert(new_alert(TEST, words.test(target.name, services.settings.address), now_ms()))
    begun = time.monotonic()
    outcome = await send(target, body)
    return Tested(outcome, round((time.monotonic() - begun) * 1000))


async def create_rule(services: Services, person: Person, values: RuleValues, target_id: int) -> AlertRule:
    """Keep a rule; raises `NotFound` where there is no such target."""
    async with services.database.writing() as session:
        rule = await rules.add_rule(session, values, target_id, now_ms())
        await audit(session, person, "alert-rule.create", rule.name, detail=_said(rule))
    return rule


async def change_rule(
    services: Services, person: Person, rule_id: int, values: RuleValues, target_id: int
) -> AlertRule:
    """Give a rule other values; raises `NotFound`."""
    async with services.database.writing() as session:
        rule = await rules.get_rule(session, rule_id)
        await rules.set_rule(session, rule, values, target_id)
        await session.flush()
        await audit(session, person, "alert-rule.change", rule.name, detail=_said(rule))
    return rule


async def enable_rule(services: Services, person: Person, rule_id: int, *, enabled: bool) -> AlertRule:
    """Let a rule watch, or no more; raises `NotFound`."""
    async with services.database.writing() as session:
        rule = await rules.get_rule(session, rule_id)
        rule.enabled = enabled
        await session.flush()
        await audit(session, person, f"alert-rule.{'enable' if enabled else 'disable'}", rule.name)
    return rule


async def delete_rule(services: Services, person: Person, rule_id: int) -> None:
    """Delete a rule; raises `NotFound`."""
    async with services.database.writing() as session:
        rule = await rules.get_rule(session, rule_id)
        await rules.delete_rule(session, rule)
        await audit(session, person, "alert-rule.delete", rule.name)


async def retry_delivery(services: Services, person: Person, delivery_id: int) -> Delivery:
    """Let a delivery be tried anew; raises `NotFound` or `Conflict`."""
    async with services.database.writing() as session:
        delivery = await log.try_again(session, delivery_id, now_ms())
        await audit(session, person, "alert-delivery.retry", str(delivery_id))
    return delivery


async def _shown(target: AlertTarget) -> str:
    return await asyncio.to_thread(targets.shown_url, target)


def _said(rule: AlertRule) -> str:
    parts = (rule.trigger, f"threshold {rule.threshold}", f"minutes {rule.minutes}", rule.query)
    return ", ".join(each for each in parts if each and not each.endswith(" 0"))
