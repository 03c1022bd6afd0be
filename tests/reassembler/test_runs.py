import random
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from contract.chunk import Chunk, Metadata
from reassembler.runs import Arrival, AssemblyId, gather


def chunks_of(data: bytes, size: int, dump_id: bytes = b"dump", metadata: Metadata | None = None) -> list[Chunk]:
    return [
        Chunk(
            version=1,
            dump_id=dump_id,
            sequence=index,
            total_size=len(data),
            chunk_size=size,
            crc=crc32(data[at : at + size]),
            data=data[at : at + size],
            metadata=metadata if index == 0 else None,
        )
        for index, at in enumerate(range(0, len(data), size))
    ]


def arrivals(chunks: list[Chunk], device: str = "d1") -> list[Arrival]:
    return [Arrival(device, chunk, index) for index, chunk in enumerate(chunks)]


@given(st.binary(min_size=1, max_size=300), st.integers(1, 40), st.randoms(use_true_random=False))
def test_any_order_becomes_the_same_runs(data: bytes, size: int, shuffler: random.Random) -> None:
    chunks = chunks_of(data, size)
    shuffler.shuffle(chunks)
    (placement,) = gather(arrivals(chunks))
    (run,) = placement.runs
    assert (run.first, run.count, run.data) == (0, len(chunks), data)
    assert placement.assembly == AssemblyId("d1", b"dump", len(data), size)


@given(st.sets(st.integers(0, 29)), st.randoms(use_true_random=False))
def test_runs_are_exactly_the_chunks_that_came(present: set[int], shuffler: random.Random) -> None:
    data = bytes(range(30)) * 4
    chunks = [chunk for chunk in chunks_of(data, 4) if chunk.sequence in present]
    shuffler.shuffle(chunks)
    placements = gather(arrivals(chunks))
    covered = {run.first + index for item in placements for run in item.runs for index in range(run.count)}
    assert covered == present
    for item in placements:
        for run, after in zip(item.runs, item.runs[1:], strict=False):
            assert run.first + run.count < after.first
        for run in item.runs:
            assert run.data == data[run.first * 4 : (run.first + run.count) * 4]


def test_the_first_bytes_of_a_sequence_number_win() -> None:
    good, bad = chunks_of(b"aaaa", 4)[0], chunks_of(b"bbbb", 4)[0]
    (placement,) = gather(arrivals([good, bad, good]))
    assert placement.runs[0].data == b"aaaa"
    assert (placement.duplicates, placement.conflicts) == (1, 1)


def test_other_sizes_are_another_assembly() -> None:
    placements = gather(arrivals(chunks_of(b"x" * 64, 8) + chunks_of(b"x" * 64, 16) + chunks_of(b"x" * 63, 8)))
    assert [(p.assembly.total_size, p.assembly.chunk_size) for p in placements] == [(64, 8), (64, 16), (63, 8)]


def test_devices_and_dumps_do_not_mix() -> None:
    mixed = [*arrivals(chunks_of(b"one", 64)), *arrivals(chunks_of(b"two", 64), "d2")]
    mixed += arrivals(chunks_of(b"tri", 64, dump_id=b"other"))
    assert [placement.runs[0].data for placement in gather(mixed)] == [b"one", b"two", b"tri"]


def test_each_occurrence_is_noted_once() -> None:
    boots = [chunks_of(b"same", 64, metadata=Metadata(boot=boot))[0] for boot in (7, 9, 7)]
    (placement,) = gather(arrivals(boots))
    assert [metadata.boot for metadata in placement.metadata] == [7, 9]
