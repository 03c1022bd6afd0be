"""A dump cut into chunks, each encoded when it is asked for."""

import hashlib
from zlib import crc32

import msgspec

from contract.chunk import (
    MAX_CHUNK_SIZE,
    MAX_DUMP_SIZE,
    PROTOCOL_VERSION,
    Chunk,
    ChunkBoundsError,
    Metadata,
    decode_chunk,
    encode_chunk,
)
from contract.identity import dump_id, event_id
from device.window import Layout

DEFAULT_CHUNK_SIZE = 1024
"""Bytes."""


class ChunkedDump:
    """A dump and its metadata, ready to be sent. The same content and metadata always give the same messages."""

    def __init__(self, content: bytes, metadata: Metadata, chunk_size: int = DEFAULT_CHUNK_SIZE) -> None:
        """Checksums are added to the metadata.

        Raises:
            ChunkBoundsError: a size that the protocol cannot name.
            ChunkTypeError: metadata that are too long.
        """
        if not 1 <= len(content) <= MAX_DUMP_SIZE:
            raise ChunkBoundsError(f"a dump of {len(content)} bytes; the protocol takes 1 to {MAX_DUMP_SIZE}")
        if not 1 <= chunk_size <= MAX_CHUNK_SIZE:
            raise ChunkBoundsError(f"a chunk size of {chunk_size} bytes; the protocol takes 1 to {MAX_CHUNK_SIZE}")
        self.content = content
        self.metadata = msgspec.structs.replace(metadata, crc32=crc32(content), sha256=hashlib.sha256(content).digest())
        self.layout = Layout(dump_id(content), len(content), chunk_size)
        decode_chunk(self.payload(0))  # better refused here than by the server, where nobody is looking

    def payload(self, sequence: int) -> bytes:
        """The message of one chunk; `sequence` is below `layout.count`."""
        size = self.layout.chunk_size
        data = self.content[sequence * size : (sequence + 1) * size]
        return encode_chunk(
            Chunk(
                version=PROTOCOL_VERSION,
                dump_id=self.layout.dump_id,
                sequence=sequence,
                total_size=self.layout.total_size,
                chunk_size=size,
                crc=crc32(data),
                data=data,
                metadata=self.metadata if sequence == 0 else None,
            )
        )

    def event_id(self, device: str) -> str:
        """Id of the crash event that will come of this dump."""
        return event_id(device, self.layout.dump_id, self.layout.total_size, self.metadata.occurrence)
