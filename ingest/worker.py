"""The ingest worker: MQTT to chunk streams, PUBACK strictly after the write.

What arrived while the last write was under way goes into the next one. There is no buffer but the broker's: the
receive maximum limits what is in flight, and while Redis cannot take more nothing is acknowledged, so the broker
holds back.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import aiomqtt
from redis.asyncio import Redis

from contract.ack import Ack, encode_ack
from contract.errors import BrokerUnavailable, ServiceError
from contract.records import FIELD, Keys, encode_record
from ingest.backpressure import Backpressure
from ingest.intake import Intake, Message, Refusal, take_in
from runtime.checks import dependency_checks
from runtime.dead_letters import dead_letter
from runtime.logs import get_logger
from runtime.metrics import (
    BATCH_CHUNKS,
    BYTES_RECEIVED,
    CHUNKS_RECEIVED,
    INGEST_WRITE_SECONDS,
    MESSAGES_REFUSED,
    RETRIES,
)
from runtime.mqtt import broker_connection
from runtime.rest import rest
from runtime.settings import Settings
from runtime.streams import connect_streams, stream_errors
from runtime.worker import run_worker

log = get_logger(__name__)

SHARE = "faultcast-ingest"
REFUSED_KEPT = 1000
"""Refused messages that are kept for a look, in each partition."""
REFUSED_BYTES = 1024
LONGEST_PAUSE = 10.0


class IngestWorker:
    """One member of the shared subscription."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        """Connects nothing yet."""
        self._settings = settings
        self._redis = redis
        self._keys = Keys(settings.key_prefix)
        self._backpressure = Backpressure(settings, redis)
        self._arrived: list[aiomqtt.PublishPacket] = []
        self._news = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Take messages until `stop`; what was taken is written and acknowledged first."""
        pause = 0.2
        while not stop.is_set():
            try:
                async with broker_connection(
                    self._settings,
                    f"faultcast-ingest-{self._settings.worker}",
                    session_expiry_seconds=self._settings.session_expiry_seconds,
                    receive_maximum=self._settings.receive_maximum,
                ) as client:
                    pause = 0.2
                    await self._serve(client, stop)
            except BrokerUnavailable as error:
                log.warning("waiting for the broker", code=error.code, reason=str(error), seconds=round(pause, 1))
                await rest(stop, pause)
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _serve(self, client: aiomqtt.Client, stop: asyncio.Event) -> None:
        # What an earlier connection delivered without our PUBACK comes again on this one.
        self._arrived.clear()
        subscription = f"$share/{SHARE}/{self._settings.topics.dumps}"
        await client.subscribe(subscription, max_qos=aiomqtt.QoS.AT_LEAST_ONCE)
        log.info("subscribed", topic=subscription)
        receiving = asyncio.create_task(self._receive(client))
        stopping = asyncio.create_task(stop.wait())
        try:
            async for packets in self._batches(receiving, stopping):
                if not await self._write(client, packets, stop):
                    return
            await client.unsubscribe(subscription)
            if self._arrived:
                await self._write(client, self._take(), stop)
        finally:
            receiving.cancel()
            stopping.cancel()
            await asyncio.gather(receiving, stopping, return_exceptions=True)

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for packet in client.messages():
            if isinstance(packet, aiomqtt.PublishPacket):
                self._arrived.append(packet)
                self._news.set()

    async def _batches(
        self, receiving: asyncio.Task[None], stopping: asyncio.Task[bool]
    ) -> AsyncIterator[list[aiomqtt.PublishPacket]]:
        """Whatever has arrived since the last batch, never waiting for more; ends with the stop."""
        while not stopping.done():
            if not self._arrived:
                self._news.clear()
                news = asyncio.create_task(self._news.wait())
                await asyncio.wait((news, receiving, stopping), return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                if receiving.done():
                    receiving.result()
                continue
            yield self._take()

    def _take(self) -> list[aiomqtt.PublishPacket]:
        packets, self._arrived = self._arrived, []
        return packets

    async def _write(self, client: aiomqtt.Client, packets: list[aiomqtt.PublishPacket], stop: asyncio.Event) -> bool:
        """Write a batch, then acknowledge it; False when stopped before Redis took it."""
        messages = [Message(packet.topic, packet.payload) for packet in packets]
        intake = take_in(messages, self._settings.topics, self._settings.partitions, time.time_ns() // 1_000_000)
        pause = 0.1
        while True:
            try:
                await self._backpressure.wait(stop)
                with INGEST_WRITE_SECONDS.time(), stream_errors():
                    await self._append(intake)
                break
            except ServiceError as error:
                RETRIES.labels("ingest", error.code).inc()
                log.warning("holding the broker back", code=error.code, reason=str(error), messages=len(packets))
                if stop.is_set():
                    return False  # unacknowledged: the broker keeps them for the next worker
                await rest(stop, pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        chunks = len(packets) - len(intake.refusals)
        BATCH_CHUNKS.observe(chunks)
        CHUNKS_RECEIVED.inc(chunks)
        BYTES_RECEIVED.inc(sum(len(message.payload) for message in messages))
        for packet in packets:
            if packet.packet_id is not None:  # QoS 0 has none
                await client.puback(packet.packet_id)
        await self._refuse(client, intake.refusals)
        return True

    async def _append(self, intake: Intake) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for partition, batch in intake.batches:
                pipe.xadd(self._keys.chunks(partition), {FIELD: encode_record(batch)})
            for refusal in intake.refusals:
                letter = dead_letter(
                    "ingest", refusal.error, device=refusal.device, record=refusal.payload[:REFUSED_BYTES]
                )
                pipe.xadd(self._keys.refused(0), {FIELD: encode_record(letter)}, maxlen=REFUSED_KEPT)
            await pipe.execute()

    async def _refuse(self, client: aiomqtt.Client, refusals: list[Refusal]) -> None:
        """Count what was refused, and tell each device once why, however often it said it."""
        answers: dict[tuple[str, bytes], Ack] = {}
        for refusal in refusals:
            MESSAGES_REFUSED.labels(refusal.error.code).inc()
            log.info("refused a message", code=refusal.error.code, reason=str(refusal.error), device=refusal.device)
            if refusal.ack is not None:
                answers[refusal.device, refusal.ack.dump_id] = refusal.ack
        for (device, _), ack in answers.items():
            await client.publish(
                self._settings.topics.ack(device),
                encode_ack(ack),
                qos=aiomqtt.QoS.AT_LEAST_ONCE,
                packet_id=next(client.packet_ids),
            )


def main(settings: Settings) -> None:
    """Run one ingest worker until a signal stops it."""

    async def work(stop: asyncio.Event) -> None:
        async with connect_streams(settings) as redis:
            await IngestWorker(settings, redis).run(stop)

    run_worker(settings, "ingest", work, dependency_checks(settings))
