"""Retention by itself: once an hour, what is older than its class is kept goes."""

import asyncio
from dataclasses import asdict
from typing import Final

from console.database import Database
from console.people.clock import now_ms
from console.retention.policy import cutoffs
from console.retention.prune import Pruned, prune
from console.settings import ConsoleSettings
from contract.errors import ServiceError
from runtime.logs import get_logger
from runtime.store import Store

log = get_logger(__name__)

FIRST_SECONDS: Final = 60.0
"""After the start, when there is other work to do first."""
EVERY_SECONDS: Final = 3_600.0


async def keep_to_policy(settings: ConsoleSettings, database: Database, store: Store) -> None:
    """Work until cancelled. What cannot be removed now is tried again an hour later."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        before = cutoffs(
            now_ms(),
            dumps_days=settings.keep_dumps_days,
            reports_days=settings.keep_reports_days,
            events_days=settings.keep_events_days,
        )
        try:
            pruned = await prune(database, store, before)
        except ServiceError as error:
            log.warning("what is old stays for now", code=error.code, reason=str(error))
        except Exception:  # a fault in here must not take the pages down
            log.exception("what is old stays for now")
        else:
            if pruned != Pruned():
                log.info("removed what is old", **asdict(pruned))
        await asyncio.sleep(EVERY_SECONDS)
