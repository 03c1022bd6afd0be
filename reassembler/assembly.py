"""Assemblies in Redis: bytes at their offsets, a bitmap of what arrived, a header, a deadline.

Everything that changes one runs as a script on the server, so it is atomic and any worker may do it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from contract.chunk import Metadata
from contract.records import DumpItem, Keys, encode_record
from reassembler.progress import Progress
from reassembler.runs import AssemblyId, Placement
from runtime.settings import Settings
from runtime.streams import stream_errors

REPETITION_SECONDS = 60
"""How long chunks wait that look like a late repetition of a finished dump."""
ROUND_TRIP_BYTES = 256 * 1024
"""About how much goes to Redis at a time: what is under way counts against its memory, too."""
SALVAGE_SECONDS = 60
"""How long a worker has to salvage an overdue assembly before another one tries."""

_metadata = msgspec.msgpack.Decoder(Metadata)


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a placement."""

    state: str
    """`open`, `complete`, `limit` (of the device), `busy` (no room for another dump now), or the verdict about a
    finished occurrence: `stored` or `rejected: …`."""
    progress: Progress


@dataclass(frozen=True, slots=True)
class Contents:
    """Everything an assembly holds."""

    data: bytes
    """As long as the dump; zero where nothing arrived."""
    bitmap: bytes
    metadata: list[Metadata]
    """One of each occurrence; empty when chunk 0 never came."""
    first_ms: int
    last_ms: int
    chunks: int
    duplicates: int
    conflicts: int


def assembly_name(keys: Keys, partition: int, assembly: AssemblyId) -> str:
    """The key of an assembly's header, which is also its name among the deadlines."""
    return keys.assembly(partition, assembly.device, assembly.dump_id, assembly.total_size, assembly.chunk_size)


def parse_assembly_name(name: str) -> AssemblyId:
    """The other way round; a device id may contain colons, so it is read from the end."""
    _, _, tail = name.partition("}:a:")
    device, dump_id, total_size, chunk_size = tail.rsplit(":", 3)
    return AssemblyId(device, bytes.fromhex(dump_id), int(total_size), int(chunk_size))


class Assemblies:
    """The assemblies of one partition."""

    def __init__(self, redis: Redis, settings: Settings, partition: int) -> None:
        """Loads no script yet."""
        self._redis = redis
        self._settings = settings
        self._keys = Keys(settings.key_prefix)
        self.partition = partition
        self.budget = 0
        """Bytes that the open assemblies of this partition may need together; 0 for no limit."""
        self._scripts: dict[str, str] = {}

    async def place(self, placements: Sequence[Placement], now_ms: int) -> list[Placed]:
        """Put each placement into its assembly, many in one round trip. Raises `StreamsUnavailable`."""
        placed: list[Placed] = []
        calls: list[tuple[str, list[str], list[Any]]] = []
        size = 0
        for item in placements:
            calls.append(("place", self._names(item.assembly), self._place_arguments(item, now_ms)))
            size += sum(len(run.data) for run in item.runs)
            if size >= ROUND_TRIP_BYTES:
                placed += map(_placed, await self._call(calls))
                calls, size = [], 0
        return placed + [_placed(reply) for reply in await self._call(calls)]

    async def read(self, assembly: AssemblyId) -> Contents | None:
        """Everything the assembly holds; None when it is gone."""
        header_key, bytes_key, bitmap_key = self._names(assembly)[:3]
        with stream_errors():
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hgetall(header_key)
                pipe.get(bytes_key)
                pipe.get(bitmap_key)
                header, data, bitmap = cast("tuple[dict[bytes, bytes], Any, Any]", tuple(await pipe.execute()))
        if not header:
            return None
        data, bitmap = data or b"", bitmap or b""
        return Contents(
            data=data + bytes(assembly.total_size - len(data)),
            bitmap=bitmap,
            metadata=[_metadata.decode(value) for name, value in sorted(header.items()) if name.startswith(b"m:")],
            first_ms=int(header.get(b"first", 0)),
            last_ms=int(header.get(b"last", 0)),
            chunks=int(header.get(b"chunks", 0)),
            duplicates=int(header.get(b"duplicates", 0)),
            conflicts=int(header.get(b"conflicts", 0)),
        )

    async def finish(self, assembly: AssemblyId, items: Sequence[tuple[str, DumpItem | None]], verdict: str) -> bool:
        """Hand work items on and forget the assembly, exactly once; False when another worker had done it.

        `items` are (occurrence, work item or None); an empty `verdict` leaves the dump open for completion.
        """
        arguments: list[Any] = [verdict, self._settings.done_seconds * 1000, assembly.total_size]
        for occurrence, item in items:
            arguments += [occurrence, encode_record(item) if item is not None else b""]
        names = [*self._names(assembly), self._keys.dumps(self.partition)]
        return bool((await self._call([("finish", names, arguments)]))[0])

    async def verdict(self, assembly: AssemblyId, occurrence: str) -> str | None:
        """What was decided about an occurrence of this dump, if anything."""
        key = self._keys.done(self.partition, assembly.device, assembly.dump_id, assembly.total_size)
        with stream_errors():
            value = cast("bytes | None", await self._redis.hget(key, occurrence))
        return value.decode() if value is not None else None

    async def finished_before(self, assembly: AssemblyId) -> bool:
        """Whether any occurrence of this dump was finished."""
        key = self._keys.done(self.partition, assembly.device, assembly.dump_id, assembly.total_size)
        with stream_errors():
            return bool(await self._redis.exists(key))

    async def reset(self, assembly: AssemblyId) -> int:
        """Drop the bytes; returns how often this was done, 0 when the assembly is gone."""
        return int((await self._call([("reset", self._names(assembly)[:3], [])]))[0])

    async def lease_overdue(self, now_ms: int, limit: int) -> list[AssemblyId]:
        """Assemblies past their deadline, taken for salvage by this worker."""
        deadlines = self._keys.deadlines(self.partition)
        with stream_errors():
            overdue = cast(
                "list[tuple[bytes, float]]",
                await self._redis.zrangebyscore(  # pyright: ignore[reportUnknownMemberType]
                    deadlines, "-inf", now_ms, start=0, num=limit, withscores=True
                ),
            )
        later = now_ms + SALVAGE_SECONDS * 1000
        taken = await self._call([("lease", [deadlines], [name, int(score), later]) for name, score in overdue])
        return [parse_assembly_name(name.decode()) for (name, _), mine in zip(overdue, taken, strict=True) if mine]

    def _names(self, assembly: AssemblyId) -> list[str]:
        keys, partition = self._keys, self.partition
        header = assembly_name(keys, partition, assembly)
        return [
            header,
            f"{header}:bytes",
            f"{header}:held",
            keys.deadlines(partition),
            keys.done(partition, assembly.device, assembly.dump_id, assembly.total_size),
            keys.open(partition, assembly.device),
            keys.reserved(partition),
        ]

    def _place_arguments(self, placement: Placement, now_ms: int) -> list[Any]:
        settings = self._settings
        arguments: list[Any] = [
            placement.assembly.chunk_size,
            placement.assembly.count,
            placement.received_ms,
            now_ms + int(settings.upload_idle_seconds * 1000),
            now_ms + int(min(settings.upload_idle_seconds, REPETITION_SECONDS) * 1000),
            settings.max_open_dumps,
            placement.duplicates,
            placement.conflicts,
            placement.assembly.total_size,
            self.budget,
            len(placement.metadata),
        ]
        for metadata in placement.metadata:
            arguments += [metadata.occurrence, msgspec.msgpack.encode(metadata)]
        for run in placement.runs:
            arguments += [run.first, run.count, run.data]
        return arguments

    async def _call(self, calls: Sequence[tuple[str, Sequence[str], Sequence[Any]]]) -> list[Any]:
        """Run scripts in one round trip; a server that forgot them (restart, failover) is given them again."""
        if not calls:
            return []
        with stream_errors():
            for attempt in (1, 2):
                if attempt == 2 or any(name not in self._scripts for name, _, _ in calls):
                    await self._load()
                async with self._redis.pipeline(transaction=False) as pipe:
                    for name, names, arguments in calls:
                        pipe.evalsha(self._scripts[name], len(names), *names, *arguments)
                    try:
                        return await pipe.execute()
                    except NoScriptError:
                        if attempt == 2:
                            raise
        raise AssertionError

    async def _load(self) -> None:
        for name in ("place", "finish", "reset", "lease"):
            source = (files("reassembler") / "scripts" / f"{name}.lua").read_text()
            self._scripts[name] = str(await self._redis.script_load(source))


def _placed(reply: Any) -> Placed:
    state, before, held, duplicates, conflicts, bitmap = reply
    return Placed(state.decode(), Progress(before, held, duplicates, conflicts, bitmap))
