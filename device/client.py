"""The reference client: sends one dump until the server says `stored`.

It keeps no state beside the dump: after a restart it begins with chunk 0 again, and the server's answer says where
to go on. The caller erases its copy when `upload` returns, never before.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from contract.ack import Ack
from contract.errors import BrokerUnavailable, InputError, ServiceError
from contract.topics import Topics
from device.backoff import reconnect_pause
from device.broker import Broker
from device.chunks import ChunkedDump
from device.connection import Connection
from device.window import Window, WindowSettings

_LONGEST_WAIT = 1.0
"""Seconds that the connection is served before the clock is looked at again."""


class UploadRejected(InputError):
    """The server will never take this dump; the message has its reason."""

    code = "rejected"


class UploadTimeout(ServiceError):
    """The server has not confirmed the dump in time; sending it again later goes on where this try ended."""

    code = "upload-timeout"


@dataclass(frozen=True, slots=True)
class Progress:
    """What an upload is doing, told whenever it changes."""

    held: int
    """Chunks that the server reports as held."""
    count: int
    retransmissions: int
    trouble: str = ""
    """What keeps it from going on, when something does."""


def ignore_progress(_progress: Progress) -> None:
    """For callers that only want the outcome."""


@dataclass(frozen=True, slots=True)
class Client:
    """A device and the broker it talks to."""

    device: str
    broker: Broker
    topics: Topics = field(default_factory=Topics)
    window: WindowSettings = field(default_factory=WindowSettings)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def upload(
        self, dump: ChunkedDump, timeout: float = float("inf"), report: Callable[[Progress], None] = ignore_progress
    ) -> str:
        """Send a dump and return the id of its crash event once the server has stored it.

        Args:
            dump: What to send.
            timeout: Seconds after which to give up.
            report: Told about every change.

        Raises:
            UploadRejected: the server will never take it.
            UploadTimeout: no `stored` in time, though the broker could be reached.
            BrokerUnavailable: no `stored` in time, and the broker cannot be reached or refuses us.
        """
        window = Window(dump.layout, self.window, self.jitter)
        deadline = self.clock() + timeout
        failures = 0
        while window.verdict is None:
            try:
                with Connection(self.broker, self.clock, [self.topics.ack(self.device)]) as connection:
                    window.resume(self.clock())
                    while window.verdict is None:
                        self._advance(dump, window, connection, deadline, report)
                        failures = 0
            except BrokerUnavailable as error:
                failures += 1
                pause = reconnect_pause(failures, self.jitter)
                if self.clock() + pause >= deadline:
                    raise
                report(_progress(window, f"{error} (next try in {pause:.1f} s)"))
                self.sleep(pause)
        if window.verdict.state == "rejected":
            raise UploadRejected(f"the server rejects this dump: {window.verdict.reason or 'no reason given'}")
        report(_progress(window))
        return dump.event_id(self.device)

    def publish_blindly(self, dump: ChunkedDump, timeout: float = 60.0) -> None:
        """For a device that cannot subscribe: hand every chunk to the broker once, and hope.

        Returns when the broker has confirmed them all, which is no promise that the dump was stored. Whatever was
        lost is salvaged by the server as a partial dump. Raises `UploadTimeout` or `BrokerUnavailable`.
        """
        deadline = self.clock() + timeout
        topic = self.topics.dump(self.device)
        with Connection(self.broker, self.clock, []) as connection:
            following = iter(range(dump.layout.count))
            unsent = True
            while unsent or connection.unacknowledged:
                while unsent and connection.unacknowledged < self.window.size:
                    sequence = next(following, None)
                    unsent = sequence is not None
                    if sequence is not None:
                        connection.publish(topic, dump.payload(sequence))
                connection.acks(_LONGEST_WAIT)
                if self.clock() >= deadline and (unsent or connection.unacknowledged):
                    raise UploadTimeout(f"{self.broker.name} did not confirm every chunk within {timeout:.0f} s")

    def _advance(
        self,
        dump: ChunkedDump,
        window: Window,
        connection: Connection,
        deadline: float,
        report: Callable[[Progress], None],
    ) -> None:
        """Send what is due, then listen until something comes or is due."""
        topic = self.topics.dump(self.device)
        for sequence in window.due(self.clock()):
            connection.publish(topic, dump.payload(sequence))
        now = self.clock()
        if now >= deadline:
            raise UploadTimeout(
                f"the server holds {window.held} of {window.layout.count} chunks and has not stored the dump; "
                "send it again to go on from there; check that Faultcast's workers run on this broker, and that it "
                f"lets this user read {self.topics.ack(self.device)}"
            )
        pause = max(0.0, min(window.wake_at - now, deadline - now, _LONGEST_WAIT))
        acks = [ack for _, ack in connection.acks(pause)]
        for ack in acks:
            window.heard(ack, self.clock())
        report(_progress(window, _trouble(acks)))


def _progress(window: Window, trouble: str = "") -> Progress:
    return Progress(window.held, window.layout.count, window.retransmissions, trouble)


def _trouble(acks: list[Ack]) -> str:
    if not acks or acks[-1].state != "wait":
        return ""
    reason = acks[-1].reason
    return f"the server asks to wait {acks[-1].seconds} s" + (f" ({reason})" if reason else "")
