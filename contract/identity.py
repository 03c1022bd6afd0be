"""Names that are computed, never drawn: the same crash gets the same id in every process and on every try."""

import hashlib
import uuid
from typing import Annotated
from zlib import crc32

from msgspec import Meta

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
"""A SHA-256 in hexadecimal. The length is given as well, for a `$` would let a line break follow."""

EVENT_NAMESPACE = uuid.UUID("6d0f2c1e-7a55-5f0b-9d55-3a0a9f5f7c11")
"""Namespace of crash event ids (RFC 9562, section 5.5)."""


def dump_id(content: bytes) -> bytes:
    """The recommended dump id: the first 16 bytes of the SHA-256 of the dump."""
    return hashlib.sha256(content).digest()[:16]


def event_id(device: str, dump: bytes, total_size: int, occurrence: str) -> str:
    """Id of a crash event: of the crash, not of the delivery, so that a redelivery is recognised as one."""
    name = "\x1f".join((device, dump.hex(), str(total_size), occurrence))
    return str(uuid.uuid5(EVENT_NAMESPACE, name))


def partition_of(device: str, partitions: int) -> int:
    """The partition of a device: CRC-32 of its id modulo the number of partitions."""
    return crc32(device.encode()) % partitions
