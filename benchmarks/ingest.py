"""Ingest: chunks per second of one worker, beside the naive loop on aiomqtt 2. Both drain a filled session."""

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path
from zlib import crc32

import aiomqtt

from benchmarks.bench import ROOT, Series, report
from contract.chunk import Chunk, encode_chunk
from runtime.mqtt import broker_connection
from runtime.settings import Settings

CHUNKS = 30_000
ROUNDS = 3
IN_FLIGHT = 512
ENVIRONMENT = ROOT / "benchmarks" / "naive" / ".venv"
CONSUME = [sys.executable, "-m", "benchmarks.ingest_consume"]


def main() -> None:
    from support.services import local_mosquitto, local_redis  # noqa: PLC0415 (found through benchmarks.bench)

    naive_python = _naive_environment()
    ours: list[float] = []
    naive: list[float] = []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            redis = local_redis(Path(folder), "--appendfsync", "everysec")
            mosquitto = local_mosquitto(Path(folder))
            broker = f"mqtt://127.0.0.1:{mosquitto.port}"
            url = f"redis://127.0.0.1:{redis.port}/0"
            topic = "$share/naive/faultcast/v1/device/+/dump"
            loop = [naive_python, str(ROOT / "benchmarks/naive/consume.py"), str(mosquitto.port), url, topic]
            contenders = [(ours, [*CONSUME, broker, url]), (naive, loop)][:: 1 if number % 2 else -1]
            for _, command in contenders:
                subprocess.run([*command, "0"], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
            asyncio.run(_publish(broker))
            for rates, command in contenders:
                answer = subprocess.run(
                    [*command, str(CHUNKS)], check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=300
                )
                rates.append(CHUNKS / float(answer.stdout.split()[-1]))
            mosquitto.kill()
            redis.kill()
    title = f"MQTT to Redis, {CHUNKS} chunks of 1 KiB"
    report(title, "chunks", Series("ingest worker", ours), Series("naive loop (aiomqtt 2, one XADD each)", naive))


async def _publish(broker: str) -> None:
    """Fill the sessions: every chunk is delivered once to each of the two subscriptions."""
    data = bytes(range(256)) * 4
    settings = Settings(broker_url=broker, _env_file=None)
    async with broker_connection(settings, "publisher") as client:
        slots = asyncio.Semaphore(IN_FLIGHT)

        async def send(sequence: int) -> None:
            chunk = Chunk(
                version=1,
                dump_id=sequence.to_bytes(16, "big"),
                sequence=0,
                total_size=1024,
                chunk_size=1024,
                crc=crc32(data),
                data=data,
            )
            topic = settings.topics.dump(f"device-{sequence % 500}")
            async with slots:
                await client.publish(
                    topic, encode_chunk(chunk), qos=aiomqtt.QoS.AT_LEAST_ONCE, packet_id=next(client.packet_ids)
                )

        for start in range(0, CHUNKS, 2000):
            await asyncio.gather(*(send(sequence) for sequence in range(start, start + 2000)))


def _naive_environment() -> str:
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).parent / "uv")
        subprocess.run([uv, "--quiet", "venv", str(ENVIRONMENT)], check=True)
        requirements = str(ROOT / "benchmarks/naive/requirements.txt")
        subprocess.run([uv, "--quiet", "pip", "install", "--python", str(python), "-r", requirements], check=True)
    return str(python)
