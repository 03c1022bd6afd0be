"""One ingest worker until it has taken a number of chunks. Prints the seconds from the first batch to the last."""

import asyncio
import sys
import time

from ingest.worker import IngestWorker
from runtime.metrics import CHUNKS_RECEIVED
from runtime.settings import Settings
from runtime.streams import connect_streams


def taken() -> float:
    return CHUNKS_RECEIVED._value.get()  # noqa: SLF001 (the library has no public way to read a counter)


async def main(broker: str, redis_url: str, count: int) -> None:
    settings = Settings(
        broker_url=broker, redis_url=redis_url, worker="bench", partitions=8, max_lag=10**9, _env_file=None
    )
    redis, stop = connect_streams(settings), asyncio.Event()
    task = asyncio.create_task(IngestWorker(settings, redis).run(stop))
    if count == 0:  # leave a session behind, as a killed worker does
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return
    while not taken():
        await asyncio.sleep(0.0005)
    began, first = time.perf_counter(), taken()
    while taken() < count:
        await asyncio.sleep(0.0005)
    print((time.perf_counter() - began) * count / (count - first), flush=True)
    stop.set()
    await task
    await redis.aclose()


asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
