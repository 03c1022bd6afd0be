"""Alerts for programs: `/api/v1/alerts/…`. Admins only."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query

from console.alerts import actions, log
from console.alerts.rule import check_rule
from console.alerts.rules import all_rules, get_rule
from console.alerts.shapes import (
    Deliveries,
    DeliveryInfo,
    DeliveryQuery,
    MadeTarget,
    NewRule,
    NewTarget,
    RuleInfo,
    RuleSwitch,
    TargetAnswer,
    TargetChange,
    TargetInfo,
)
from console.alerts.targets import all_targets, get_target
from console.database.tables import AlertTarget
from console.people.access import Admin
from console.web.errors import refuses
from console.web.parameters import Id
from console.web.services import FromServices, Reading

router: Final = APIRouter(prefix="/alerts", tags=["alerts"])


async def _info(target: AlertTarget) -> TargetInfo:
    return await asyncio.to_thread(TargetInfo.of, target)


@router.get("/targets")
async def list_targets(session: Reading, _: Admin) -> list[TargetInfo]:
    """Where alerts go."""
    return [await _info(each.target) for each in await all_targets(session)]


@router.post(
    "/targets", status_code=201, responses=refuses({413: "There are too many targets, or the body is too large."})
)
async def add_target(services: FromServices, person: Admin, new: NewTarget) -> MadeTarget:
    """Add a target. A webhook gets a key that its messages are signed with, which is shown this once."""
    target = await actions.create_target(services, person, new.name, new.kind, new.url)
    return MadeTarget(target=await _info(target), key=target.secret)


@router.get("/targets/{target_id}")
async def get_one_target(session: Reading, _: Admin, target_id: Id) -> TargetInfo:
    """One target."""
    return await _info(await get_target(session, target_id))


@router.patch("/targets/{target_id}")
async def change_target(services: FromServices, person: Admin, target_id: Id, change: TargetChange) -> TargetInfo:
    """Change name or address of a target, or switch it. What waits for one that is disabled is given up."""
    if change.name is not None or change.url is not None:
        await actions.change_target(services, person, target_id, name=change.name, url=change.url)
    if change.enabled is not None:
        await actions.enable_target(services, person, target_id, enabled=change.enabled)
    async with services.database.reading() as session:
        return await _info(await get_target(session, target_id))


@router.delete("/targets/{target_id}", status_code=204)
async def delete_target(services: FromServices, person: Admin, target_id: Id) -> None:
    """Delete a target with its rules and its part of the log."""
    await actions.delete_target(services, person, target_id)


@router.post("/targets/{target_id}/test")
async def test_target(services: FromServices, person: Admin, target_id: Id) -> TargetAnswer:
    """Send a test, and answer what became of it."""
    tested = await actions.test_target(services, person, target_id)
    return TargetAnswer(delivered=tested.outcome.delivered, reply=tested.outcome.reply, milliseconds=tested.took_ms)


@router.post("/targets/{target_id}/key")
async def change_key(services: FromServices, person: Admin, target_id: Id) -> MadeTarget:
    """Give a webhook another key; messages are signed with it from now on. It is shown this once."""
    target = await actions.change_key(services, person, target_id)
    return MadeTarget(target=await _info(target), key=target.secret)


@router.get("/rules")
async def list_rules(session: Reading, _: Admin) -> list[RuleInfo]:
    """What is watched for."""
    return [RuleInfo.of(each.rule) for each in await all_rules(session)]


@router.post(
    "/rules",
    status_code=201,
    responses=refuses({404: "There is no such target.", 413: "There are too many rules, or the body is too large."}),
)
async def add_rule(services: FromServices, person: Admin, new: NewRule) -> RuleInfo:
    """Add a rule. What its trigger does not take is left out."""
    values = check_rule(new.name, new.trigger, new.threshold, new.minutes, new.filter)
    return RuleInfo.of(await actions.create_rule(services, person, values, new.target))


@router.get("/rules/{rule_id}")
async def get_one_rule(session: Reading, _: Admin, rule_id: Id) -> RuleInfo:
    """One rule."""
    return RuleInfo.of(await get_rule(session, rule_id))


@router.put("/rules/{rule_id}")
async def change_rule(services: FromServices, person: Admin, rule_id: Id, new: NewRule) -> RuleInfo:
    """Give a rule other values."""
    values = check_rule(new.name, new.trigger, new.threshold, new.minutes, new.filter)
    return RuleInfo.of(await actions.change_rule(services, person, rule_id, values, new.target))


@router.patch("/rules/{rule_id}")
async def switch_rule(services: FromServices, person: Admin, rule_id: Id, switch: RuleSwitch) -> RuleInfo:
    """Let a rule watch, or no more."""
    return RuleInfo.of(await actions.enable_rule(services, person, rule_id, enabled=switch.enabled))


@router.delete("/rules/{rule_id}", status_code=204)
async def delete_rule(services: FromServices, person: Admin, rule_id: Id) -> None:
    """Delete a rule; what it has told stays in the log."""
    await actions.delete_rule(services, person, rule_id)


@router.get("/deliveries")
async def list_deliveries(session: Reading, _: Admin, query: Annotated[DeliveryQuery, Query()]) -> Deliveries:
    """What was told to whom in the last 30 days, newest first."""
    found = await log.entries(
        session, before=query.cursor, state=query.state or "", target=query.target, limit=query.limit
    )
    full = len(found) == query.limit
    return Deliveries(items=[DeliveryInfo.of(each) for each in found], next=found[-1].delivery.id if full else None)


@router.post(
    "/deliveries/{delivery_id}/retry",
    status_code=202,
    responses=refuses({409: "It was delivered already, or the target is disabled."}),
)
async def retry_delivery(services: FromServices, person: Admin, delivery_id: Id) -> None:
    """Let a delivery that waits or failed be tried anew."""
    await actions.retry_delivery(services, person, delivery_id)
