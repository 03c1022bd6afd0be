"""The scripts on a real Redis, against a model in plain Python."""

import random
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from support.services import local_redis

from contract.chunk import Chunk, Metadata
from contract.identity import event_id
from contract.records import FIELD, DumpItem, Keys, decode_item
from reassembler.assembly import Assemblies, parse_assembly_name
from reassembler.runs import Arrival, AssemblyId, gather
from runtime.settings import Settings

pytestmark = pytest.mark.services

CHUNK = 8


def make_chunk(sequence: int, count: int, fill: int, boot: int | None) -> Chunk:
    metadata = Metadata(boot=boot) if sequence == 0 else None
    return Chunk(
        version=1,
        dump_id=b"dump",
        sequence=sequence,
        total_size=count * CHUNK,
        chunk_size=CHUNK,
        crc=0,
        data=bytes([fill]) * CHUNK,
        metadata=metadata,
    )


@dataclass
class Model:
    """What an assembly must hold: the first bytes of every sequence number."""

    count: int
    bytes_: dict[int, bytes] = field(default_factory=dict)
    duplicates: int = 0
    conflicts: int = 0

    def place(self, chunks: list[Chunk]) -> None:
        for chunk in chunks:
            held = self.bytes_.get(chunk.sequence)
            if held is None:
                self.bytes_[chunk.sequence] = chunk.data
            elif held == chunk.data:
                self.duplicates += 1
            else:
                self.conflicts += 1


@given(
    count=st.integers(1, 20),
    script=st.lists(st.lists(st.tuples(st.integers(0, 19), st.integers(1, 2)), min_size=1, max_size=12), max_size=8),
)
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_batches_of_any_shape_hold_what_the_model_holds(
    settings: Settings, count: int, script: list[list[tuple[int, int]]]
) -> None:
    settings = settings.model_copy(update={"key_prefix": secrets.token_hex(6)})
    redis = Redis.from_url(settings.redis_url, protocol=2)
    assemblies = Assemblies(redis, settings, 0)
    assembly = AssemblyId("d1", b"dump", count * CHUNK, CHUNK)
    model = Model(count)
    duplicates = conflicts = 0
    for batch in script:
        chunks = [make_chunk(sequence % count, count, fill, None) for sequence, fill in batch]
        before = len(model.bytes_)
        model.place(chunks)
        (placement,) = gather(Arrival("d1", chunk, 1) for chunk in chunks)
        (placed,) = await assemblies.place([placement], 1)
        duplicates += placed.progress.duplicates
        conflicts += placed.progress.conflicts
        assert placed.progress.before == before
        assert placed.progress.held == len(model.bytes_)
        assert (placed.state == "complete") == (len(model.bytes_) == count)
    if script:
        contents = await assemblies.read(assembly)
        assert contents is not None
        for sequence in range(count):
            expected = model.bytes_.get(sequence, bytes(CHUNK))
            assert contents.data[sequence * CHUNK : (sequence + 1) * CHUNK] == expected
    # A batch counts against its own first bytes, so both count the same pairs.
    assert duplicates + conflicts == model.duplicates + model.conflicts
    await redis.aclose()


async def finish(assemblies: Assemblies, assembly: AssemblyId, boot: int) -> bool:
    metadata = Metadata(boot=boot)
    item = DumpItem(
        event_id=event_id("d1", assembly.dump_id, assembly.total_size, metadata.occurrence),
        device="d1",
        sha256="0" * 64,
        size=assembly.total_size,
        dump_id=assembly.dump_id,
        occurrence=metadata.occurrence,
    )
    return await assemblies.finish(assembly, [(metadata.occurrence, item)], "stored")


async def place(assemblies: Assemblies, chunks: list[Chunk]) -> str:
    (placement,) = gather(Arrival("d1", chunk, 1) for chunk in chunks)
    return (await assemblies.place([placement], 1))[0].state


async def test_a_dump_is_handed_on_once_and_its_repetition_is_stored_at_once(redis: Redis, settings: Settings) -> None:
    assemblies, keys = Assemblies(redis, settings, 0), Keys(settings.key_prefix)
    chunks = [make_chunk(n, 3, n + 1, boot=7) for n in range(3)]
    assert await place(assemblies, chunks) == "complete"
    assembly = AssemblyId("d1", b"dump", 3 * CHUNK, CHUNK)
    assert await finish(assemblies, assembly, 7)
    assert not await finish(assemblies, assembly, 7)
    (entry,) = await redis.xrange(keys.dumps(0))
    assert decode_item(entry[1][FIELD]).occurrence == "boot:7"
    assert await place(assemblies, chunks[:1]) == "stored"
    assert await place(assemblies, chunks) == "stored"
    assert await redis.zcard(keys.deadlines(0)) == 0
    assert await redis.scard(keys.open(0, "d1")) == 0


async def test_the_same_bytes_of_a_later_boot_are_a_new_occurrence_in_any_order(
    redis: Redis, settings: Settings
) -> None:
    assemblies = Assemblies(redis, settings, 0)
    assembly = AssemblyId("d1", b"dump", 3 * CHUNK, CHUNK)
    await place(assemblies, [make_chunk(n, 3, n + 1, boot=7) for n in range(3)])
    await finish(assemblies, assembly, 7)
    again = [make_chunk(n, 3, n + 1, boot=8) for n in range(3)]
    assert await place(assemblies, again[1:]) == "open"
    assert await place(assemblies, again[:1]) == "complete"
    assert await finish(assemblies, assembly, 8)
    assert await redis.xlen(Keys(settings.key_prefix).dumps(0)) == 2


async def test_late_chunks_of_a_finished_dump_vanish_with_their_chunk_0(redis: Redis, settings: Settings) -> None:
    assemblies = Assemblies(redis, settings, 0)
    chunks = [make_chunk(n, 3, n + 1, boot=7) for n in range(3)]
    await place(assemblies, chunks)
    await finish(assemblies, AssemblyId("d1", b"dump", 3 * CHUNK, CHUNK), 7)
    assert await place(assemblies, chunks[2:]) == "open"  # might be of another boot: shown nothing yet
    assert await place(assemblies, chunks[:1]) == "stored"
    assert not [key async for key in redis.scan_iter(f"{settings.key_prefix}:*:a:*")]


async def test_a_device_may_not_open_more_than_its_share(redis: Redis, settings: Settings) -> None:
    assemblies = Assemblies(redis, settings.model_copy(update={"max_open_dumps": 2}), 0)
    states = [await place(assemblies, [make_chunk(1, count, 1, None)]) for count in (2, 3, 4, 2)]
    assert states[:3] == ["open", "open", "limit"]
    assert states[3] == "open"


async def test_an_overdue_assembly_is_leased_to_one_worker(redis: Redis, settings: Settings) -> None:
    first, second = Assemblies(redis, settings, 0), Assemblies(redis, settings, 0)
    await place(first, [make_chunk(1, 4, 1, None)])
    late = 1 + int(settings.upload_idle_seconds * 1000)
    assert await first.lease_overdue(late - 1, 10) == []
    assert await first.lease_overdue(late, 10) == [AssemblyId("d1", b"dump", 4 * CHUNK, CHUNK)]
    assert await second.lease_overdue(late, 10) == []


async def test_scripts_survive_a_server_that_forgot_them(redis: Redis, settings: Settings) -> None:
    assemblies = Assemblies(redis, settings, 0)
    assert await place(assemblies, [make_chunk(0, 2, 1, None)]) == "open"
    await redis.script_flush()
    assert await place(assemblies, [make_chunk(1, 2, 1, None)]) == "complete"


def test_assembly_names_are_read_back_even_with_colons_in_the_device() -> None:
    assembly = AssemblyId("aa:bb:cc", random.Random(1).randbytes(16), 5000, 1024)
    name = Keys("p").assembly(3, assembly.device, assembly.dump_id, assembly.total_size, assembly.chunk_size)
    assert parse_assembly_name(name) == assembly


async def test_a_full_redis_can_still_be_emptied(settings: Settings, tmp_path: Path) -> None:
    """Chunks that were taken in must find their place, and whole dumps their way on, or it would stay full for ever."""
    server = local_redis(tmp_path)
    settings = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{server.port}/0"})
    async with Redis.from_url(settings.redis_url, protocol=2) as redis:
        await redis.config_set("maxmemory", 1)
        with pytest.raises(ResponseError, match="maxmemory"):
            await redis.set("anything", b"is refused")
        assemblies = Assemblies(redis, settings, 0)
        assert await place(assemblies, [make_chunk(n, 3, n + 1, boot=7) for n in range(3)]) == "complete"
        assert await finish(assemblies, AssemblyId("d1", b"dump", 3 * CHUNK, CHUNK), 7)
        assert await redis.xlen(Keys(settings.key_prefix).dumps(0)) == 1
    server.kill()
