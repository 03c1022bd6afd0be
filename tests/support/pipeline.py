"""Streams as they are while the stages work: lag, workers, dead letters."""

from redis.asyncio import Redis

from contract.errors import FaultcastError, NotADump, UnsupportedDump
from contract.records import FIELD, ChunkBatch, DumpItem, Keys, ReceivedChunk, encode_record
from runtime.dead_letters import bury, dead_letter


async def fill_pipeline(redis: Redis, keys: Keys, partitions: int) -> None:
    """Entries that wait, some of them in the hands of workers, and work that was given up."""
    for partition in range(partitions):
        for stage, stream in (("reassembler", keys.chunks(partition)), ("analyzer", keys.dumps(partition))):
            await redis.xgroup_create(stream, stage, id="0", mkstream=True)
            for _ in range((partition * 7) % 5 * (1 if stage == "reassembler" else 3)):
                await redis.xadd(stream, {FIELD: b"x"})
            for worker in range(2):
                await redis.xreadgroup(stage, f"{stage}-{worker + 1}", {stream: ">"}, count=1)
    item = DumpItem(event_id="e1", device="gateway-00015", sha256="ab12" * 16, size=41_000, dump_id=b"x")
    work = encode_record(item)
    chunks = encode_record(ChunkBatch([ReceivedChunk("sensor-00007", b"x" * 900, 1)] * 12))
    for number in range(4):
        reason = NotADump(f"the bytes hold no core dump: nothing known begins with 0x{number:02x}5a")
        await bury(redis, keys, number % partitions, dead_letter("analyzer", reason, device=item.device, record=work))
    other = UnsupportedDump("core dumps of version 9 are not known here; update Faultcast")
    await bury(redis, keys, 0, dead_letter("analyzer", other, device="sensor-00012", record=work))
    fault = FaultcastError("given up after 5 deliveries: KeyError")
    await bury(redis, keys, 1, dead_letter("reassembler", fault, record=chunks))
    await bury(redis, keys, 1, dead_letter("reassembler", fault, device="<script>x</script>", record=b"\x00" * 65_536))
