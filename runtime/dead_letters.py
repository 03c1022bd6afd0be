"""Dead letters: what could not be processed, kept with its reason until a person decides."""

import time

from redis.asyncio import Redis

from contract.errors import FaultcastError
from contract.records import FIELD, DeadLetter, Keys, encode_record
from runtime.logs import get_logger
from runtime.metrics import DEAD_LETTERS
from runtime.streams import stream_errors

log = get_logger(__name__)

LARGEST_RECORD = 64 * 1024
"""Bytes of an entry that are kept with its letter."""


def dead_letter(stage: str, error: FaultcastError, *, device: str = "", record: bytes = b"") -> DeadLetter:
    """A letter about `error`, dated now."""
    return DeadLetter(
        stage=stage,
        code=error.code,
        reason=str(error),
        at_ms=time.time_ns() // 1_000_000,
        device=device,
        record=record[:LARGEST_RECORD],
    )


async def bury(redis: Redis, keys: Keys, partition: int, letter: DeadLetter) -> None:
    """Append a letter to the dead letters of a partition."""
    with stream_errors():
        await redis.xadd(keys.dead(partition), {FIELD: encode_record(letter)})
    DEAD_LETTERS.labels(letter.stage, letter.code).inc()
    log.error("gave up on a piece of work", code=letter.code, reason=letter.reason, device=letter.device)


def partition_in(stream: str) -> int:
    """The partition that a stream's name carries as its hash tag."""
    return int(stream.split("{", 1)[1].split("}", 1)[0])
