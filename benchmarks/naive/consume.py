"""The loop everybody writes first: one message, one XADD. Prints the seconds from the first message to the last."""

import asyncio
import sys
import time

import aiomqtt
import paho.mqtt.client as paho
from redis.asyncio import Redis


async def main(port: int, redis_url: str, topic: str, count: int) -> None:
    redis = Redis.from_url(redis_url)
    properties = paho.Properties(paho.PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    async with aiomqtt.Client(
        "127.0.0.1",
        port,
        identifier="naive",
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=False,
        properties=properties,
        max_queued_incoming_messages=0,
    ) as client:
        if count == 0:  # leave a session behind, to be filled
            await client.subscribe(topic, qos=1)
            return
        seen, began = 0, 0.0
        async for message in client.messages:
            began = began or time.perf_counter()
            await redis.xadd("naive", {"payload": message.payload})
            seen += 1
            if seen == count:
                break
        print(time.perf_counter() - began, flush=True)
    await redis.aclose()


asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])))
