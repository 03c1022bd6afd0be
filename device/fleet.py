"""A fleet of simulated devices on a bad network, for tests, benchmarks and trying things out.

The devices run the same window as the reference client. Loss, duplication, corruption, delay and shuffling are
applied where they publish; each decision depends on the seed, the device, the chunk and the attempt alone, so it is
the same in every run, whatever the timing.
"""

import asyncio
import heapq
import struct
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from random import Random

from contract.ack import Ack
from contract.chunk import Metadata
from contract.errors import BrokerUnavailable
from contract.topics import Topics
from device.backoff import reconnect_pause
from device.broker import Broker
from device.chunks import DEFAULT_CHUNK_SIZE, ChunkedDump
from device.connection import Connection
from device.window import Window, WindowSettings

_LONGEST_WAIT = 0.5
"""Seconds a connection is served before the clock is looked at again."""


@dataclass(frozen=True, slots=True)
class FleetDump:
    """What one device of the fleet has to upload."""

    device: str
    content: bytes
    metadata: Metadata = field(default_factory=Metadata)


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong on the way to the broker; probabilities are per transmission."""

    loss: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    """One bit of the chunk's bytes is flipped."""
    delay: float = 0.0
    """The message is overtaken by others: it leaves up to `longest_delay` seconds later."""
    longest_delay: float = 0.5
    shuffle: bool = False
    """What the window releases at once leaves in random order; a window as large as the dump shuffles all of it."""
    restarts: int = 0
    """How often each device forgets everything in the middle of its upload and begins again."""


@dataclass(frozen=True, slots=True)
class FleetConfig:
    """How the fleet behaves. Its broker user must be allowed to use the topics of all devices."""

    broker: Broker = field(default_factory=Broker)
    topics: Topics = field(default_factory=Topics)
    window: WindowSettings = field(default_factory=lambda: WindowSettings(reorder=16, max_timeout=10.0))
    chunk_size: int = DEFAULT_CHUNK_SIZE
    faults: Faults = field(default_factory=Faults)
    devices_per_connection: int = 25
    timeout: float = 300.0
    """Seconds for the whole fleet."""
    seed: int = 1


@dataclass(slots=True)
class DeviceResult:
    """How the upload of one device went."""

    device: str
    event_id: str
    """Id of the crash event that a stored dump leads to."""
    size: int
    chunks: int
    state: str = "unfinished"
    """`stored`, `rejected` or `unfinished`."""
    reason: str = ""
    seconds: float = 0.0
    """From the start of the fleet to the verdict."""
    transmissions: int = 0
    retransmissions: int = 0
    lost: int = 0
    duplicated: int = 0
    corrupted: int = 0
    delayed: int = 0
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class FleetReport:
    """How the uploads of all devices went."""

    results: list[DeviceResult]
    seconds: float
    reconnects: int

    @property
    def stored(self) -> list[DeviceResult]:
        """The devices whose dump is stored."""
        return [result for result in self.results if result.state == "stored"]

    @property
    def retransmissions(self) -> int:
        """Chunks that were sent more than once, of all devices."""
        return sum(result.retransmissions for result in self.results)

    @property
    def transmissions(self) -> int:
        """Chunks that the windows released, of all devices; some of them were lost on purpose."""
        return sum(result.transmissions for result in self.results)


def generate_dumps(devices: int, size: int, seed: int = 1) -> list[FleetDump]:
    """One dump of exactly `size` bytes (at least 128) per device: a Zephyr core dump whose memory is random bytes."""
    registers = struct.pack("<17I", 1, 2, 3, 4, 0x12, 0x421, 0x404, 0x61000000, 0x200020C0, *range(8))
    head = b"ZE" + struct.pack("<HHBBI", 2, 3, 5, 0, 4) + struct.pack("<cHH", b"A", 2, len(registers)) + registers
    memory = size - len(head) - 11
    if memory < 32:
        raise ValueError(f"a dump of {size} bytes is too small; take at least 128")
    head += struct.pack("<cHII", b"M", 1, 0x20000000, 0x20000000 + memory)
    return [
        FleetDump(
            f"fleet-{number:05}",
            head + Random(f"{seed}/{number}").randbytes(memory),  # noqa: S311 (not a secret: must be the same every time)
            Metadata(firmware="fleet", version="1.0.0", boot=1, attributes={"fleet": True}),
        )
        for number in range(devices)
    ]


async def run_fleet(
    config: FleetConfig, dumps: Sequence[FleetDump], on_stored: Callable[[str], None] = lambda _device: None
) -> FleetReport:
    """Upload all dumps at the same time; returns when every one has its verdict or the time is over.

    Args:
        config: How the fleet behaves.
        dumps: One per device; device ids must differ.
        on_stored: Told the device, in the event loop, whenever a dump was stored.
    """
    if len({dump.device for dump in dumps}) != len(dumps):
        raise ValueError("every dump of a fleet needs a device of its own")
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    started = time.monotonic()
    devices = [_Device(dump, config, started) for dump in dumps]
    size = config.devices_per_connection
    carriers = [
        _Carrier(config, devices[at : at + size], stop, partial(loop.call_soon_threadsafe, on_stored))
        for at in range(0, len(devices), size)
    ]
    with ThreadPoolExecutor(max(1, len(carriers)), thread_name_prefix="fleet") as pool:
        try:
            await asyncio.gather(*(loop.run_in_executor(pool, carrier.run) for carrier in carriers))
        finally:
            stop.set()
    return FleetReport(
        [device.result for device in devices],
        time.monotonic() - started,
        sum(carrier.reconnects for carrier in carriers),
    )


class _Device:
    """One simulated device: a window, and the faults between it and the broker."""

    def __init__(self, dump: FleetDump, config: FleetConfig, started: float) -> None:
        self._dump = ChunkedDump(dump.content, dump.metadata, config.chunk_size)
        self._config = config
        self._started = started
        self._attempts: dict[int, int] = {}
        self._batches = 0
        self._name = f"{config.seed}/{dump.device}"
        chunks = self._dump.layout.count
        crashes = self._dice("restarts").sample(range(1, chunks + 1), min(config.faults.restarts, chunks))
        self._restart_at = sorted(crashes, reverse=True)
        self._jitter = self._dice("jitter")
        self._window = self._begin()
        self.result = DeviceResult(dump.device, self._dump.event_id(dump.device), len(dump.content), chunks)
        self.dump_topic = config.topics.dump(dump.device)
        self.ack_topic = config.topics.ack(dump.device)

    @property
    def finished(self) -> bool:
        return self._window.verdict is not None

    @property
    def wake_at(self) -> float:
        return self._window.wake_at

    def resume(self, now: float) -> None:
        self._window.resume(now)

    def outgoing(self, now: float) -> list[tuple[float, bytes]]:
        """The messages that really leave, each with the time when."""
        batch = self._window.due(now)
        if self._config.faults.shuffle:
            self._batches += 1
            self._dice(f"batch {self._batches}").shuffle(batch)
        messages = [message for sequence in batch for message in self._spoil(sequence, now)]
        self.result.transmissions += len(batch)
        if self._restart_at and self.result.transmissions >= self._restart_at[-1]:
            self._restart_at.pop()
            self.result.restarts += 1
            self.result.retransmissions += self._window.retransmissions
            self._window = self._begin()
        return messages

    def heard(self, ack: Ack, now: float) -> bool:
        """Take in an ack; whether it ended the upload."""
        self._window.heard(ack, now)
        verdict = self._window.verdict
        if verdict is None:
            return False
        self.result.state, self.result.reason = verdict.state, verdict.reason
        self.result.seconds = now - self._started
        self.result.retransmissions += self._window.retransmissions
        return True

    def _begin(self) -> Window:
        return Window(self._dump.layout, self._config.window, self._jitter.random)

    def _spoil(self, sequence: int, now: float) -> list[tuple[float, bytes]]:
        attempt = self._attempts[sequence] = self._attempts.get(sequence, 0) + 1
        dice = self._dice(f"chunk {sequence} attempt {attempt}")
        faults, result = self._config.faults, self.result
        if dice.random() < faults.loss:
            result.lost += 1
            return []
        payload = self._dump.payload(sequence)
        if dice.random() < faults.corrupt:
            result.corrupted += 1
            payload = self._corrupt(sequence, payload, dice)
        leaves = now
        if dice.random() < faults.delay:
            result.delayed += 1
            leaves += dice.random() * faults.longest_delay
        if dice.random() < faults.duplicate:
            result.duplicated += 1
            return [(leaves, payload), (leaves, payload)]
        return [(leaves, payload)]

    def _corrupt(self, sequence: int, payload: bytes, dice: Random) -> bytes:
        size = self._dump.layout.chunk_size
        data = self._dump.content[sequence * size : (sequence + 1) * size]
        at = payload.index(data) + dice.randrange(len(data))
        return payload[:at] + bytes([payload[at] ^ 1 << dice.randrange(8)]) + payload[at + 1 :]

    def _dice(self, purpose: str) -> Random:
        return Random(f"{self._name}/{purpose}")  # noqa: S311 (not a secret: must be the same every time)


class _Carrier:
    """One connection and the devices that share it, served by one thread."""

    def __init__(
        self,
        config: FleetConfig,
        devices: list[_Device],
        stop: threading.Event,
        on_stored: Callable[[str], object],
    ) -> None:
        self.reconnects = 0
        self._config = config
        self._by_topic = {device.ack_topic: device for device in devices}
        self._stop = stop
        self._on_stored = on_stored
        self._delayed: list[tuple[float, int, str, bytes]] = []
        self._order = count()
        self._jitter = Random(f"{config.seed}/{devices[0].result.device}/reconnect")  # noqa: S311 (must be the same every time)

    def run(self) -> None:
        deadline = time.monotonic() + self._config.timeout
        failures = 0
        while self._open and not self._stop.is_set() and time.monotonic() < deadline:
            try:
                with Connection(self._config.broker, time.monotonic, [d.ack_topic for d in self._open]) as connection:
                    for device in self._open:
                        device.resume(time.monotonic())
                    while self._open and not self._stop.is_set() and time.monotonic() < deadline:
                        self._turn(connection)
                        failures = 0
            except BrokerUnavailable:
                failures += 1
                self.reconnects += 1
                self._stop.wait(min(reconnect_pause(failures, self._jitter.random), deadline - time.monotonic()))

    @property
    def _open(self) -> list[_Device]:
        return [device for device in self._by_topic.values() if not device.finished]

    def _turn(self, connection: Connection) -> None:
        now = time.monotonic()
        wake_at = now + _LONGEST_WAIT
        for device in self._open:
            if device.wake_at <= now:
                self._release(device, connection, now)
            wake_at = min(wake_at, device.wake_at)
        while self._delayed and self._delayed[0][0] <= now:
            _, _, topic, payload = heapq.heappop(self._delayed)
            connection.publish(topic, payload)
        if self._delayed:
            wake_at = min(wake_at, self._delayed[0][0])
        for topic, ack in connection.acks(max(0.0, wake_at - time.monotonic())):
            device = self._by_topic.get(topic)
            if device is None or device.finished:
                continue
            if not device.heard(ack, time.monotonic()):
                self._release(device, connection, time.monotonic())
            elif device.result.state == "stored":
                self._on_stored(device.result.device)

    def _release(self, device: _Device, connection: Connection, now: float) -> None:
        for leaves, payload in device.outgoing(now):
            if leaves <= now:
                connection.publish(device.dump_topic, payload)
            else:
                heapq.heappush(self._delayed, (leaves, next(self._order), device.dump_topic, payload))
