"""The acknowledgement: what the server tells a device about one dump."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contract.chunk import PROTOCOL_VERSION
from contract.errors import MessageError
from contract.malformed import MALFORMED

MAX_BITMAP = 256
"""Bytes of the bitmap: it describes the 2,048 chunks behind the first missing one, more than any window."""

State = Literal["open", "stored", "rejected", "wait"]


class AckError(MessageError):
    """An acknowledgement that does not follow the protocol."""

    code = "message.ack"


class Ack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """State of one dump as the server sees it. Acks carry the whole state: the newest one is enough."""

    version: int = msgspec.field(name="v", default=PROTOCOL_VERSION)
    """Protocol version; 1 when it is left out."""
    dump_id: Annotated[bytes, Meta(min_length=4, max_length=32)] = msgspec.field(name="id")
    """Of the dump, as its chunks give it."""
    state: State
    """What the device does next.

    - `open`: send what is missing.
    - `stored`: the dump is verified and durable; the device may erase its copy.
    - `rejected`: this dump will never be taken; `reason` says why. Do not send it again.
    - `wait`: stop sending for `seconds`, then go on.
    """
    total_size: Annotated[int, Meta(ge=0)] = msgspec.field(name="size", default=0)
    """Which layout of the dump is spoken of; 0 with `rejected` when the chunk's own sizes could not be read."""
    chunk_size: Annotated[int, Meta(ge=0)] = msgspec.field(name="chunk", default=0)
    """The other half of the layout."""
    first_missing: Annotated[int, Meta(ge=0, lt=2**32)] = msgspec.field(name="next", default=0)
    """Every chunk below this one is held."""
    held: Annotated[bytes, Meta(max_length=MAX_BITMAP)] = msgspec.field(name="held", default=b"")
    """Bit i, most significant first, is chunk `next` + i: set when held. Trailing zero bytes are left out."""
    reason: Annotated[str, Meta(max_length=256)] = ""
    """With `rejected` and `wait`: a stable code, a colon, and words for people."""
    seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0
    """With `wait`."""

    def holds(self, sequence: int) -> bool:
        """Whether the server holds that chunk, as far as this ack tells."""
        if self.state == "stored" or sequence < self.first_missing:
            return True
        byte, bit = divmod(sequence - self.first_missing, 8)
        return byte < len(self.held) and bool(self.held[byte] & (0x80 >> bit))


_decoder = msgspec.msgpack.Decoder(Ack)
_encoder = msgspec.msgpack.Encoder()


def decode_ack(payload: bytes) -> Ack:
    """Decode one acknowledgement; raises `AckError`."""
    try:
        ack = _decoder.decode(payload)
    except MALFORMED as error:
        raise AckError(f"not an acknowledgement: {error}") from error
    if ack.version != PROTOCOL_VERSION:
        raise AckError(f"acknowledgement of protocol version {ack.version}; this client speaks {PROTOCOL_VERSION}")
    return ack


def encode_ack(ack: Ack) -> bytes:
    """The wire form of an acknowledgement."""
    return _encoder.encode(ack)
