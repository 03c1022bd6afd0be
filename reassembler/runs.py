"""Sorting a batch of chunks: which assembly each belongs to, and which of them join into contiguous runs. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from contract.chunk import Chunk, Metadata


@dataclass(frozen=True, slots=True)
class AssemblyId:
    """What makes chunks belong together.

    The layout (total size and chunk size) is part of it: a device that comes back with other sizes starts another
    assembly, and chunks of the two can never write over each other.
    """

    device: str
    dump_id: bytes
    total_size: int
    chunk_size: int

    @property
    def count(self) -> int:
        """Chunks of the whole dump."""
        return -(-self.total_size // self.chunk_size)


@dataclass(frozen=True, slots=True)
class Run:
    """Contiguous chunks of one assembly: `count` chunks from `first`, and their bytes."""

    first: int
    count: int
    data: bytes


@dataclass(slots=True)
class Placement:
    """What a batch has for one assembly."""

    assembly: AssemblyId
    runs: list[Run] = field(default_factory=list[Run])
    metadata: list[Metadata] = field(default_factory=list[Metadata])
    """Of each occurrence that a chunk 0 of the batch named."""
    duplicates: int = 0
    """Chunks that the batch has twice, with the same bytes."""
    conflicts: int = 0
    """Chunks that the batch has twice, with other bytes; the first to arrive counts."""
    received_ms: int = 0
    """When the newest chunk arrived."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A chunk, from whom, and when (Unix time in milliseconds)."""

    device: str
    chunk: Chunk
    received_ms: int


def gather(arrivals: Iterable[Arrival]) -> list[Placement]:
    """Sort arrivals by assembly and join neighbours; arrivals are in the order in which they came."""
    first_seen: dict[AssemblyId, dict[int, bytes]] = {}
    placements: dict[AssemblyId, Placement] = {}
    for arrival in arrivals:
        chunk = arrival.chunk
        assembly = AssemblyId(arrival.device, chunk.dump_id, chunk.total_size, chunk.chunk_size)
        placement = placements.get(assembly)
        if placement is None:
            placement = placements[assembly] = Placement(assembly)
            first_seen[assembly] = {}
        placement.received_ms = max(placement.received_ms, arrival.received_ms)
        if chunk.sequence == 0:
            _note_metadata(placement, chunk.metadata or Metadata())
        seen = first_seen[assembly]
        held = seen.get(chunk.sequence)
        if held is None:
            seen[chunk.sequence] = chunk.data
        elif held == chunk.data:
            placement.duplicates += 1
        else:
            placement.conflicts += 1
    for assembly, chunks in first_seen.items():
        placements[assembly].runs = _join(chunks)
    return list(placements.values())


def _note_metadata(placement: Placement, metadata: Metadata) -> None:
    if all(metadata.occurrence != known.occurrence for known in placement.metadata):
        placement.metadata.append(metadata)


def _join(chunks: dict[int, bytes]) -> list[Run]:
    runs: list[Run] = []
    first, parts = -1, list[bytes]()
    for sequence in sorted(chunks):
        if parts and sequence == first + len(parts):
            parts.append(chunks[sequence])
            continue
        if parts:
            runs.append(Run(first, len(parts), b"".join(parts)))
        first, parts = sequence, [chunks[sequence]]
    if parts:
        runs.append(Run(first, len(parts), b"".join(parts)))
    return runs
