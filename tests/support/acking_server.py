"""A server that takes chunks off a real broker and acknowledges them, without Redis and workers behind it."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt

from contract.ack import Ack, encode_ack
from contract.chunk import Chunk, ChunkError, Metadata, decode_chunk
from contract.topics import Topics
from device.window import Layout
from support.model_server import ModelServer
from support.services import Service

Script = Callable[[str, Chunk], Ack | None]
"""Given the device and the chunk, an ack to send instead of the regular one; it sees the chunk first."""


class AckingServer:
    """A context manager; everything that came in is kept."""

    def __init__(self, broker: Service, root: str, script: Script | None = None) -> None:
        self.script = script
        self.topics = Topics(root)
        self.uploads: dict[tuple[str, Layout], ModelServer] = {}
        self.contents: dict[tuple[str, Layout], bytearray] = {}
        self.metadata: dict[str, Metadata] = {}
        self.chunks: list[tuple[str, int]] = []
        self.damaged = 0
        self.mute = False
        self._broker = broker
        self._ready = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(0.1, 0.2)
        self._client.on_connect = lambda client, *_: client.subscribe(self.topics.dumps, qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect(self._broker.host, self._broker.port)
        self._client.loop_start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def content(self, device: str) -> bytes:
        """The bytes of the one complete upload of a device."""
        (content,) = (bytes(c) for key, c in self.contents.items() if key[0] == device and self.uploads[key].finished)
        return content

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        device = self.topics.device_of(message.topic)
        try:
            chunk = decode_chunk(message.payload)
        except ChunkError:
            self.damaged += 1
            return
        self.chunks.append((device, chunk.sequence))
        if self.mute:
            return
        ack = self.script(device, chunk) if self.script else None
        ack = ack or self._take(device, chunk)
        if ack:
            self._client.publish(self.topics.ack(device), encode_ack(ack), qos=1)

    def _take(self, device: str, chunk: Chunk) -> Ack | None:
        key = device, Layout(chunk.dump_id, chunk.total_size, chunk.chunk_size)
        upload = self.uploads.setdefault(key, ModelServer(key[1]))
        content = self.contents.setdefault(key, bytearray(chunk.total_size))
        content[chunk.offset : chunk.offset + len(chunk.data)] = chunk.data
        if chunk.metadata:
            self.metadata[device] = chunk.metadata
        return upload.receive(chunk.sequence)
