"""Alerts about what no crash shows, looked for now and then: dumps without symbols, stages that do not keep up."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from console.alerts import words
from console.alerts.behind import AGAIN_MS, Behind, behind, is_due
from console.alerts.outbox import News, active_rules, tell, told_since
from console.alerts.rule import Trigger
from console.database import Database
from console.database.tables import AlertRule
from console.firmware.missing import MissingFirmware, missing_firmware
from console.operations.lag import take_sample
from console.people.clock import now_ms
from console.settings import ConsoleSettings
from contract.errors import ServiceError
from contract.records import Keys
from runtime.logs import get_logger
from runtime.rest import rest

log = get_logger(__name__)

EVERY_SECONDS: Final = 30.0


class Watch:
    """Looks at Redis and the database for the rules that need it."""

    def __init__(
        self, settings: ConsoleSettings, database: Database, redis: Redis, clock: Callable[[], int] = now_ms
    ) -> None:
        self._database = database
        self._redis = redis
        self._keys = Keys(settings.key_prefix)
        self._partitions = settings.partitions
        self._address = settings.address
        self._clock = clock
        self._behind: dict[int, set[str]] = {}
        """By rule the stages that were behind at the last look. After a start nobody knows: what was told lasted."""

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`."""
        while not stop.is_set():
            try:
                await self.look()
            except ServiceError as error:
                log.warning("cannot look for what to tell", code=error.code, reason=str(error))
            except Exception:  # a fault in here must not take the pages down
                log.exception("cannot look for what to tell")
            await rest(stop, EVERY_SECONDS)

    async def look(self) -> None:
        """Look once; raises `ServiceError`."""
        async with self._database.reading() as session:
            rules = await active_rules(session, (Trigger.MISSING_SYMBOLS, Trigger.LAG))
            triggers = {each.trigger for each in rules}
            missing = (
                await missing_firmware(session, self._redis, self._keys) if Trigger.MISSING_SYMBOLS in triggers else []
            )
        if not rules:
            return
        lags = (await take_sample(self._redis, self._keys, self._partitions)).lags if Trigger.LAG in triggers else ()
        now = self._clock()
        # Most looks find nothing: no transaction that writes is begun for them.
        for rule in rules:
            if rule.trigger == Trigger.MISSING_SYMBOLS:
                if news := _waiting(rule, missing, now, self._address):
                    async with self._database.writing() as session:
                        await tell(session, rule, news, now, self._address)
                continue
            slow = behind(lags, rule.threshold, rule.minutes, now)
            lasting = self._behind.get(rule.id, {each.stage for each in slow})
            self._behind[rule.id] = {each.stage for each in slow}
            if slow:
                async with self._database.writing() as session:
                    await self._tell_lag(session, rule, slow, lasting, now)

    async def _tell_lag(
        self, session: AsyncSession, rule: AlertRule, slow: Sequence[Behind], lasting: set[str], now: int
    ) -> None:
        told: dict[str, int] = {}
        for key in await told_since(session, rule, now - AGAIN_MS):
            kind, _, rest_of_key = key.partition(":")
            stage, _, at = rest_of_key.partition(":")
            if kind == Trigger.LAG and at.isdecimal():
                told[stage] = max(told.get(stage, 0), int(at))
        news = [
            News(
                f"{Trigger.LAG}:{each.stage}:{now}",
                f"stage {each.stage}",
                now,
                words.lag(rule.name, each, self._address),
            )
            for each in slow
            if is_due(told.get(each.stage), now, lasted=each.stage in lasting)
        ]
        if news:
            await tell(session, rule, news, now, self._address)


def _waiting(rule: AlertRule, missing: Sequence[MissingFirmware], now: int, address: str) -> list[News]:
    return [
        News(
            f"{Trigger.MISSING_SYMBOLS}:{each.build_id}",
            f"build {each.build_id}",
            now,
            words.missing_symbols(
                rule.name, each.build_id, " ".join(filter(None, (each.firmware, each.version))), each.waiting, address
            ),
        )
        for each in missing
        if each.waiting >= rule.threshold
    ]
