"""Dead letters, for a person: what was given up and why, tried again or thrown away."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from redis.asyncio import Redis

from console.web.errors import Conflict, NotFound
from console.web.formats import plural
from contract.errors import MessageError
from contract.records import FIELD, DeadLetter, Keys, decode_batch, decode_item, decode_letter
from runtime.dead_letters import LARGEST_RECORD
from runtime.streams import stream_errors

MOST: Final = 200
"""Letters of one page."""
MOST_AT_ONCE: Final = 1_000
"""Letters that one request retries or discards."""
_PAGE: Final = 100
_ENTRY: Final = re.compile(r"[0-9]{1,20}-[0-9]{1,20}")
_ANALYZER, _REASSEMBLER = "analyzer", "reassembler"
_MOVE: Final = """
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[2], '*', ARGV[2], ARGV[3])
return 1
"""
"""From the dead letters to a stream, both of one partition. As a script it is done whole or not at all."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter in its stream."""

    partition: int
    id: str
    """Of its stream entry: milliseconds and a number."""
    letter: DeadLetter

    @property
    def work(self) -> str:
        """What the work was, in a few words."""
        try:
            if self.letter.stage == _ANALYZER:
                return f"analysis of dump {decode_item(self.letter.record).sha256[:12]}"
            if self.letter.stage == _REASSEMBLER:
                return plural(len(decode_batch(self.letter.record).chunks), "chunk")
        except MessageError:
            pass
        return ""

    @property
    def is_retryable(self) -> bool:
        """Whether the work that was given up is still all there."""
        return retry_stream(Keys(), self.partition, self.letter) is not None


def retry_stream(keys: Keys, partition: int, letter: DeadLetter) -> str | None:
    """The stream that the work of a letter came from; None where what is kept of it is not the work itself."""
    if len(letter.record) >= LARGEST_RECORD:  # it was cut
        return None
    try:
        if letter.stage == _ANALYZER:
            decode_item(letter.record)
            return keys.dumps(partition)
        if letter.stage == _REASSEMBLER:
            decode_batch(letter.record)
            return keys.chunks(partition)
    except MessageError:
        return None
    return None


async def dead_letters(redis: Redis, keys: Keys, partitions: int, *, limit: int = MOST) -> list[Letter]:
    """The newest letters of all partitions, newest first; raises `StreamsUnavailable`."""
    with stream_errors():
        async with redis.pipeline(transaction=False) as pipe:
            for partition in range(partitions):
                pipe.xrevrange(keys.dead(partition), count=limit)
            replies = cast("list[list[Any]]", await pipe.execute())
    found = [
        Letter(partition, entry.decode(), letter)
        for partition, entries in enumerate(replies)
        for entry, fields in entries
        if (letter := _decoded(fields)) is not None
    ]
    return sorted(found, key=lambda each: each.letter.at_ms, reverse=True)[:limit]


async def count_dead_letters(redis: Redis, keys: Keys, partitions: int) -> int:
    """How many there are; raises `StreamsUnavailable`."""
    with stream_errors():
        async with redis.pipeline(transaction=False) as pipe:
            for partition in range(partitions):
                pipe.xlen(keys.dead(partition))
            return sum(cast("list[int]", await pipe.execute()))


async def retry(redis: Redis, keys: Keys, partition: int, entry: str) -> DeadLetter:
    """Put the work of a letter back where it came from, and the letter away, both or neither.

    Raises:
        NotFound: there is no such letter, or somebody was faster.
        Conflict: what is kept of the work is not enough to do it again.
        StreamsUnavailable: Redis does not take it; the letter stays.
    """
    letter = await _letter(redis, keys, partition, entry)
    stream = retry_stream(keys, partition, letter)
    if stream is None:
        raise Conflict("only a part of this work was kept, so it cannot be tried again; it can be discarded")
    with stream_errors():
        moved = await cast(
            "Awaitable[int]",
            redis.eval(_MOVE, 2, keys.dead(partition), stream, entry, FIELD, letter.record),  # pyright: ignore[reportUnknownMemberType]
        )
    if not moved:
        raise NotFound("this letter is gone: somebody retried or discarded it just now")
    return letter


async def discard(redis: Redis, keys: Keys, partition: int, entry: str) -> DeadLetter:
    """Throw a letter away; raises `NotFound`."""
    letter = await _letter(redis, keys, partition, entry)
    with stream_errors():
        await redis.xdel(keys.dead(partition), entry)
    return letter


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to the letters of a reason."""

    done: int
    kept: int
    """Those that could not be tried again, for only a part of their work was kept."""
    is_all: bool
    """Whether every letter was looked at; else there were too many for one go."""


async def retry_all(redis: Redis, keys: Keys, partitions: int, stage: str, code: str) -> Done:
    """Put the work of all letters of a reason back, oldest first; raises `StreamsUnavailable`."""

    async def again(partition: int, entry: str) -> None:
        await retry(redis, keys, partition, entry)

    return await _each(redis, keys, partitions, (stage, code), again)


async def discard_all(redis: Redis, keys: Keys, partitions: int, stage: str, code: str) -> Done:
    """Throw all letters of a reason away; raises `StreamsUnavailable`."""

    async def away(partition: int, entry: str) -> None:
        await discard(redis, keys, partition, entry)

    return await _each(redis, keys, partitions, (stage, code), away)


async def _each(
    redis: Redis,
    keys: Keys,
    partitions: int,
    reason: tuple[str, str],
    act: Callable[[int, str], Awaitable[None]],
) -> Done:
    done = kept = 0
    for partition in range(partitions):
        # What a retry brings back while we work is not tried once more: it comes after this.
        with stream_errors():
            last = cast("list[Any]", await redis.xrevrange(keys.dead(partition), count=1))
        after = "-"
        while last:
            with stream_errors():
                stream = keys.dead(partition)
                found = cast("list[Any]", await redis.xrange(stream, min=after, max=last[0][0], count=_PAGE))
            for entry, fields in found:
                letter = _decoded(fields)
                if letter is None or (letter.stage, letter.code) != reason:
                    continue
                if done + kept >= MOST_AT_ONCE:
                    return Done(done, kept, is_all=False)
                try:
                    await act(partition, entry.decode())
                    done += 1
                except NotFound:  # somebody was faster
                    continue
                except Conflict:
                    kept += 1
            if len(found) < _PAGE:
                break
            after = f"({found[-1][0].decode()}"
    return Done(done, kept, is_all=True)


async def find_letter(redis: Redis, keys: Keys, partition: int, entry: str) -> Letter:
    """One letter; raises `NotFound`."""
    return Letter(partition, entry, await _letter(redis, keys, partition, entry))


async def _letter(redis: Redis, keys: Keys, partition: int, entry: str) -> DeadLetter:
    if not _ENTRY.fullmatch(entry) or max(map(int, entry.split("-"))) >= 2**64:
        raise NotFound("there is no such dead letter: that is not how one is named")
    with stream_errors():
        found = cast("list[Any]", await redis.xrange(keys.dead(partition), min=entry, max=entry, count=1))
    letter = _decoded(found[0][1]) if found else None
    if letter is None:
        raise NotFound("there is no such dead letter; it may have been retried or discarded")
    return letter


def _decoded(fields: dict[bytes, bytes]) -> DeadLetter | None:
    """None for an entry that is no letter: somebody else wrote into the stream."""
    try:
        return decode_letter(fields.get(FIELD, b""))
    except MessageError:
        return None
