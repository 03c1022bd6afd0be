"""What one broker takes on before it makes somebody wait or turns somebody away."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound of the broker. Sizes in bytes, times in seconds; a message counts its packet and what holds it.

    A full queue (`session_messages`, `session_bytes`, `total_bytes`) holds publishers back; it never drops QoS 1.
    """

    packet_bytes: int = 1 << 20
    """Largest MQTT packet taken from a client; announced as Maximum Packet Size."""
    connect_bytes: int = 64 << 10
    """Largest CONNECT, will and all: a stranger gets no more than this of our memory."""
    receive_max: int = 128
    """QoS 1 messages that a client may have unacknowledged; announced as Receive Maximum."""
    window: int = 1000
    """QoS 1 messages in flight to an MQTT 3.1.1 client, which cannot announce its own Receive Maximum."""
    session_messages: int = 100_000
    """Messages waiting in one session, or in one shared subscription."""
    session_bytes: int = 128 << 20
    """Bytes waiting in one session, or in one shared subscription."""
    total_bytes: int = 256 << 20
    """Bytes waiting in all sessions together. A message counts once for each session it waits in."""
    held_bytes: int = 64 << 20
    """Bytes of messages read from publishers that have to wait; past it their connections are read no further."""
    unread_bytes: int = 8 << 20
    """Bytes written to a client that does not read; past it the connection is cut."""
    retained_messages: int = 1_000
    retained_bytes: int = 32 << 20
    sessions: int = 10_000
    subscriptions: int = 200
    """Subscriptions of one session."""
    connect_seconds: float = 10.0
    """A connection that has not sent its CONNECT by then is cut."""
    linger_seconds: float = 2.0
    """A client that is sent away gets this long to read why."""
