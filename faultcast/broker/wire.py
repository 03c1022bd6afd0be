"""Bytes to packets and back. Both protocol versions share one set of packet classes, those of the mqtt5 codec."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import mqtt5
from mqtt5 import DisconnectReasonCode, Packet

from contract.errors import InputError
from faultcast.broker import mqtt311

CONNECT = 0x10
"""First byte of a CONNECT packet (section 3.1.1)."""


class ProtocolViolation(InputError):
    """A client broke the protocol or a limit; its connection ends with this reason."""

    code = "mqtt-protocol"

    def __init__(self, reason: DisconnectReasonCode, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Codec:
    """One protocol version. `read` takes exactly one packet; both raise ProtocolViolation, never anything else."""

    level: int
    read: Callable[[memoryview], Packet]
    write: Callable[[Packet], bytes]


class Framer:
    """Cuts a stream into packets, without looking into them (section 2.1)."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._buffer = bytearray()
        self._needed = 2

    def feed(self, data: bytes) -> Iterator[memoryview]:
        """Take what came and yield each packet that is whole now.

        Raises:
            ProtocolViolation: the length field is malformed, or announces more than this broker takes.
        """
        self._buffer += data
        if len(self._buffer) < self._needed:
            return
        view = memoryview(bytes(self._buffer))
        start = 0
        while True:
            size = self._size(view, start)
            if len(view) - start < size:
                break
            yield view[start : start + size]
            start += size
        self._needed = size
        del self._buffer[:start]

    def _size(self, view: memoryview, start: int) -> int:
        """Size of the packet at `start`; of what is needed to know it, while its length field is not whole."""
        length = 0
        for place in range(1, 5):
            if start + place >= len(view):
                return place + 1
            byte = view[start + place]
            length |= (byte & 0x7F) << 7 * (place - 1)
            if byte < 0x80:
                size = 1 + place + length
                if size > self.max_bytes:
                    raise ProtocolViolation(
                        DisconnectReasonCode.PACKET_TOO_LARGE, f"a packet of {size} bytes, {self.max_bytes} allowed"
                    )
                return size
        raise ProtocolViolation(DisconnectReasonCode.MALFORMED_PACKET, "a length field of more than four bytes")


def protocol_level(frame: memoryview) -> int:
    """The protocol level that a CONNECT asks for: 4 is MQTT 3.1.1, 5 is MQTT 5.

    Raises:
        ProtocolViolation: it is no CONNECT packet of any MQTT.
    """
    start = bytes(mqtt311.body(frame)[:9])
    for name in (b"\0\4MQTT", b"\0\6MQIsdp"):
        if frame[0] == CONNECT and start.startswith(name) and len(start) > len(name):
            return start[len(name)]
    raise ProtocolViolation(DisconnectReasonCode.PROTOCOL_ERROR, "the first packet is no CONNECT")


def _malformed(error: BaseException) -> ProtocolViolation:
    return ProtocolViolation(DisconnectReasonCode.MALFORMED_PACKET, f"malformed packet: {error}")


def _read_5(frame: memoryview) -> Packet:
    try:
        packet, _ = mqtt5.read(frame)
    except (ValueError, IndexError) as error:
        raise _malformed(error) from None
    except BaseException as error:
        # Text that is not UTF-8 makes the codec's Rust side panic. The exception has no importable class, and derives
        # from BaseException so that nobody catches it by accident; the codec keeps no state that could be hurt.
        if type(error).__name__ != "PanicException":
            raise
        raise _malformed(error) from None
    return packet


def _read_311(frame: memoryview) -> Packet:
    try:
        return mqtt311.read(frame)
    except ValueError as error:
        raise _malformed(error) from None


def _write_5(packet: Packet) -> bytes:
    return packet.write()


CODECS = {4: Codec(4, _read_311, mqtt311.write), 5: Codec(5, _read_5, _write_5)}
"""By protocol level."""
