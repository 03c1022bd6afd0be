"""The sliding window: which chunks to send, and when. No I/O, no clock; time comes in as seconds of any steady clock.

    while window.verdict is None:
        publish every chunk of window.due(now)
        sleep until window.wake_at, or until an ack comes: window.heard(ack, now)

At most `WindowSettings.size` chunks are in flight: sent, not reported held, and not given up for lost. Acks carry the
server's whole state, so the newest replaces what was known. Loss is found in two ways:

- A chunk is lost when another that was sent `reorder` transmissions later is held (the packet threshold of
  RFC 9002, section 6.1.1, on transmission numbers, so that it works for retransmissions too).
- When nothing is heard for the retransmission time-out (RFC 6298), the first chunk in flight is sent again as a probe,
  twice: the server answers every duplicate with an ack, which then shows what else is missing.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contract.ack import MAX_BITMAP, Ack
from contract.chunk import ChunkChecksumError

MAX_WINDOW = 8 * MAX_BITMAP
"""Chunks; what the bitmap of an ack can describe."""

_MAX_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Layout:
    """How a dump is cut; together with the device this names one upload."""

    dump_id: bytes
    total_size: int
    """Bytes, at least 1."""
    chunk_size: int
    """Bytes, at least 1."""

    @property
    def count(self) -> int:
        """How many chunks there are."""
        return -(-self.total_size // self.chunk_size)


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """How eager a device is. Times are seconds."""

    size: int = 16
    """Chunks in flight. The server acknowledges every 8 new chunks, so fewer than 8 means waiting for time-outs."""
    reorder: int = 3
    """By how many transmissions a chunk may be overtaken before it counts as lost."""
    initial_timeout: float = 5.0
    """Retransmission time-out until the first round trip was measured."""
    min_timeout: float = 1.0
    max_timeout: float = 60.0
    """Upper bound of the time-out and of its back-off."""

    def __post_init__(self) -> None:
        """Refuse settings that could not make progress."""
        if not 1 <= self.size <= MAX_WINDOW:
            raise ValueError(f"a window of {self.size} chunks is not within 1..{MAX_WINDOW}")
        if self.reorder < 1:
            raise ValueError("reorder must be at least 1")
        if not 0 < self.min_timeout <= self.initial_timeout <= self.max_timeout:
            raise ValueError("time-outs must be 0 < minimum <= initial <= maximum")


class Window:
    """The state of one upload as the device sees it."""

    def __init__(self, layout: Layout, settings: WindowSettings, jitter: Callable[[], float]) -> None:
        """`jitter` gives numbers in [0, 1), such as `random.random`."""
        self.layout = layout
        self.settings = settings
        self.verdict: Ack | None = None
        """The ack that ended the upload: `stored` or `rejected`."""
        self.transmissions = 0
        self.retransmissions = 0
        self._jitter = jitter
        self._known = Ack(dump_id=layout.dump_id, state="open")
        self._flight: set[int] = set()
        # By chunk: number and time of its last transmission (number 0: never sent), and whether there were several.
        self._number = array("Q", bytes(8 * layout.count))
        self._sent_at = array("d", bytes(8 * layout.count))
        self._repeated = bytearray(layout.count)
        self._last_number = 0
        self._newest_held = 0
        self._timeout = settings.initial_timeout
        self._round_trip: tuple[float, float] | None = None
        self._doublings = 0
        self._timer: float | None = None
        self._paused_until = 0.0
        self._probe_start = False

    @property
    def held(self) -> int:
        """How many chunks the server holds, as far as it told."""
        if self.verdict is not None and self.verdict.state == "stored":
            return self.layout.count
        return self._known.first_missing + int.from_bytes(self._known.held).bit_count()

    @property
    def in_flight(self) -> int:
        """How many chunks are sent, not known to be held, and not given up for lost."""
        return len(self._flight)

    @property
    def wake_at(self) -> float:
        """When `due` has to be asked again at the latest, if no ack comes before."""
        return max(self._paused_until, self._timer or 0.0)

    def due(self, now: float) -> list[int]:
        """The chunks to publish now, in this order; they count as sent."""
        if self.verdict is not None or now < self._paused_until:
            return []
        batch: list[int] = []
        if self._timer is not None and now >= self._timer:
            batch += self._probe(now)
            self._doublings = min(self._doublings + 1, _MAX_DOUBLINGS)
        room = self.settings.size - len(self._flight)
        for sequence in self._missing():
            if room <= 0:
                break
            room -= 1
            self._transmit(sequence, now)
            batch.append(sequence)
        if batch:
            self._arm(now)
        return batch

    def heard(self, ack: Ack, now: float) -> bool:
        """Take in an ack; False when it is about another upload or makes no sense for this one."""
        if self.verdict is not None or not self._concerns(ack):
            return False
        match ack.state:
            case "stored":
                self.verdict = ack
            case "rejected":
                # One message damaged on its way is no verdict on the dump: loss recovery sends that chunk again.
                if ack.reason.partition(":")[0] != ChunkChecksumError.code:
                    self.verdict = ack
            case "wait":
                # The extra quarter keeps a fleet that was stopped at once from coming back at once.
                self._paused_until = now + ack.seconds * (1 + self._jitter() / 4)
                self._timer = self._paused_until
            case "open":
                self._learn(ack, now)
        return True

    def resume(self, now: float) -> None:
        """The connection was lost and is back: ask the server where we are, by sending chunk 0 again.

        Of a dump that the server has finished meanwhile, chunk 0 is the one that it answers with `stored`.
        """
        if self._last_number:
            self._probe_start = True
            self._doublings = 0
            self._timer = now

    def _concerns(self, ack: Ack) -> bool:
        if ack.dump_id != self.layout.dump_id:
            return False
        if ack.total_size == 0:  # nothing is known of the layout, so it is about every one
            return ack.state in ("rejected", "wait")
        if (ack.total_size, ack.chunk_size) != (self.layout.total_size, self.layout.chunk_size):
            return False
        return ack.first_missing <= self.layout.count

    def _learn(self, ack: Ack, now: float) -> None:
        before, self._known = self._known, ack
        retracted = self._retracted(before, ack)
        if retracted:
            # Either an older ack that was overtaken, or the server started over. Count the chunks as under way:
            # what this ack does hold, or the probe, decides which of the two it is.
            self._flight.update(s for s in retracted if self._number[s])
            self._newest_held = max((self._number[s] for s in self._reported(ack)), default=0)
        arrived = [s for s in self._flight if ack.holds(s)]
        self._flight.difference_update(arrived)
        self._measure(arrived, now)
        self._newest_held = max(self._newest_held, *(self._number[s] for s in arrived), 0)
        self._flight = {s for s in self._flight if self._number[s] + self.settings.reorder > self._newest_held}
        if not ack.first_missing and not any(ack.held) and self._sent_at[0] + self._timeout <= now:
            # The server has nothing and asks for chunk 0, which is not on its way: start over.
            self._flight.clear()
        if retracted or any(not before.holds(s) for s in arrived):
            self._doublings = 0
            self._arm(now)

    def _retracted(self, before: Ack, ack: Ack) -> list[int]:
        """Chunks that were reported held and no longer are."""
        end = min(before.first_missing + 8 * len(before.held), self.layout.count)
        return [s for s in range(ack.first_missing, end) if before.holds(s) and not ack.holds(s)]

    def _reported(self, ack: Ack) -> Iterator[int]:
        end = min(ack.first_missing + 8 * len(ack.held), self.layout.count)
        return (s for s in range(end) if ack.holds(s))

    def _missing(self) -> Iterator[int]:
        """Chunks that are neither held nor in flight, as far as an ack can report on them."""
        start = self._known.first_missing
        for sequence in range(start, min(self.layout.count, start + MAX_WINDOW)):
            if sequence not in self._flight and not self._known.holds(sequence):
                yield sequence

    def _probe(self, now: float) -> list[int]:
        """Send something that is certain to be answered."""
        start, self._probe_start = self._probe_start, False
        sequence = 0 if start else min(self._flight, default=0)
        # A whole time-out lies between it and all others: when it is held, nothing before it is still on its way.
        self._last_number += self.settings.reorder - 1
        probe = [sequence] if self._known.holds(sequence) else [sequence, sequence]
        for _ in probe:
            self._transmit(sequence, now)
        return probe

    def _transmit(self, sequence: int, now: float) -> None:
        self.transmissions += 1
        if self._number[sequence]:
            self.retransmissions += 1
            self._repeated[sequence] = 1
        self._last_number += 1
        self._number[sequence] = self._last_number
        self._sent_at[sequence] = now
        self._flight.add(sequence)

    def _measure(self, arrived: list[int], now: float) -> None:
        """Update the time-out from a round trip (RFC 6298, section 2); not from repeated chunks (section 3)."""
        times = [self._sent_at[s] for s in arrived if not self._repeated[s]]
        if not times:
            return
        sample = now - max(times)
        if self._round_trip is None:
            mean, deviation = sample, sample / 2
        else:
            mean, deviation = self._round_trip
            deviation += (abs(mean - sample) - deviation) / 4
            mean += (sample - mean) / 8
        self._round_trip = mean, deviation
        self._timeout = min(max(mean + 4 * deviation, self.settings.min_timeout), self.settings.max_timeout)

    def _arm(self, now: float) -> None:
        """Back off with full jitter: between the time-out and a ceiling that doubles with every silent try."""
        ceiling = min(self.settings.max_timeout - self._timeout, self._timeout * 2**self._doublings)
        self._timer = now + self._timeout + self._jitter() * ceiling
