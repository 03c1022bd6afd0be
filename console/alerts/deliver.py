"""Deliveries on their way: what is due is sent, tried again with longer and longer pauses, and kept in the log.

A try is written down before it is made. A process that is killed in between makes it again after a while, with the
same id: at least once, and who receives it can tell.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, exists, func, select, update

from console.alerts.backoff import TRIES, pause_ms
from console.alerts.send import Outcome, Send, send
from console.database import Database
from console.database.tables import AlertTarget, Delivery
from console.people.clock import now_ms
from contract.errors import ServiceError
from runtime.logs import get_logger
from runtime.metrics import ALERTS
from runtime.rest import rest

log = get_logger(__name__)

AT_ONCE: Final = 4
"""Targets that are sent to side by side; each gets one alert after the other."""
LOOK_SECONDS: Final = 1.0
LEASE_MS: Final = 60_000
"""A try that nobody wrote the end of is made again after so long; longer than a try takes."""
KEPT_MS: Final = 30 * 86_400_000
PRUNE_MS: Final = 3_600_000
DRAIN_SECONDS: Final = 5.0
"""How long tries that were begun may take when the process stops."""


@dataclass(frozen=True, slots=True)
class _Try:
    """A try that was written down."""

    id: int
    """Of the delivery."""
    attempts: int
    """This one counted."""
    target: AlertTarget
    body: str


class Courier:
    """Sends what is due, one process at a time or several."""

    def __init__(
        self,
        database: Database,
        send: Send = send,
        clock: Callable[[], int] = now_ms,
        lease_ms: int = LEASE_MS,
    ) -> None:
        self._database = database
        self._send = send
        self._clock = clock
        self._lease_ms = lease_ms
        self._tasks: dict[int, asyncio.Task[None]] = {}
        """By the target that is being sent to."""
        self._pruned_ms = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`, then finish what was begun."""
        try:
            while not stop.is_set():
                await self._guarded()
                await self._pause(stop)
        finally:
            if self._tasks:
                _, late = await asyncio.wait(self._tasks.values(), timeout=DRAIN_SECONDS)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def _guarded(self) -> None:
        try:
            await self._start()
            await self._prune()
        except ServiceError as error:
            log.warning("alerts wait", code=error.code, reason=str(error))
        except Exception:  # a fault in here must not take the pages down
            log.exception("alerts wait")

    async def _pause(self, stop: asyncio.Event) -> None:
        """Until a try ends, and a place is free, or it is time to look again."""
        if not self._tasks:
            await rest(stop, LOOK_SECONDS)
            return
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait([*self._tasks.values(), stopped], timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        self._tasks = {target: task for target, task in self._tasks.items() if not task.done()}

    async def _start(self) -> None:
        """Begin a try for each target that something is due for, as far as there are places."""
        free = AT_ONCE - len(self._tasks)
        if free <= 0:
            return
        due = Delivery.state == "waiting", Delivery.due_ms <= self._clock(), Delivery.target_id.not_in(self._tasks)
        async with self._database.reading() as session:
            found = await session.execute(
                select(Delivery.target_id, func.min(Delivery.id))
                .join(AlertTarget, AlertTarget.id == Delivery.target_id)
                .where(*due, AlertTarget.enabled)
                .group_by(Delivery.target_id)
                .order_by(func.min(Delivery.due_ms))
                .limit(free)
            )
        for target_id, id_ in found:
            self._tasks[target_id] = asyncio.create_task(self._try(id_))

    async def _try(self, id_: int) -> None:
        try:
            begun = await self._claim(id_)
            if begun is None:
                return
            try:
                outcome = await self._send(begun.target, begun.body)
            except Exception as error:  # a target must not stop the others
                log.exception("an alert cannot be sent", delivery=id_)
                outcome = Outcome(delivered=False, reply=f"{type(error).__name__}: see the log of the console")
            await self._note(begun, outcome)
        except ServiceError as error:  # the try counts, and is made again when its lease ends
            log.warning("what became of an alert is not written down", delivery=id_, code=error.code, reason=str(error))

    async def _claim(self, id_: int) -> _Try | None:
        """Write down that a try is made; None where somebody else makes it, or it is not to be made any more."""
        now = self._clock()
        async with self._database.writing() as session:
            found = await session.execute(
                select(AlertTarget, Delivery.attempts, Delivery.reply)
                .join(Delivery, Delivery.target_id == AlertTarget.id)
                .where(Delivery.id == id_, Delivery.state == "waiting", Delivery.due_ms <= now, AlertTarget.enabled)
            )
            row = found.one_or_none()
            if row is None:
                return None
            target, attempts, reply = row
            this = update(Delivery).where(Delivery.id == id_, Delivery.attempts == attempts)
            if attempts >= TRIES:
                await session.execute(
                    this.values(state="failed", reply=reply or "the console ended during the last try")
                )
                return None
            taken = this.values(attempts=attempts + 1, due_ms=now + self._lease_ms).returning(Delivery.body)
            body = (await session.execute(taken)).scalar_one_or_none()
        return None if body is None else _Try(id_, attempts + 1, target, body)

    async def _note(self, begun: _Try, outcome: Outcome) -> None:
        now = self._clock()
        pause = pause_ms(begun.attempts, random.random())  # noqa: S311 - spreads load, guards nothing
        if outcome.delivered:
            word, values = "delivered", {"state": "delivered", "delivered_ms": now}
        elif pause is None:
            word, values = "failed", {"state": "failed"}
        else:
            word, values = "retried", {"due_ms": now + pause}
        ALERTS.labels(word).inc()
        async with self._database.writing() as session:
            # Somebody may have asked for another try meanwhile, or given up: then that counts.
            await session.execute(
                update(Delivery)
                .where(Delivery.id == begun.id, Delivery.attempts == begun.attempts, Delivery.state == "waiting")
                .values(reply=outcome.reply, **values)
            )
        if not outcome.delivered:
            log.warning("an alert was not taken", delivery=begun.id, attempts=begun.attempts, outcome=word)

    async def _prune(self) -> None:
        now = self._clock()
        if now - self._pruned_ms < PRUNE_MS:
            return
        self._pruned_ms = now
        old = Delivery.created_ms < now - KEPT_MS, Delivery.state != "waiting"
        async with self._database.reading() as session:
            if not (await session.execute(select(exists().where(*old)))).scalar_one():
                return
        async with self._database.writing() as session:
            await session.execute(delete(Delivery).where(*old))
