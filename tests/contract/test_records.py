"""Stream records: what one stage leaves for the next."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.chunk import Metadata
from contract.records import (
    ChunkBatch,
    DeadLetter,
    DumpItem,
    Keys,
    ReceivedChunk,
    RecordError,
    decode_batch,
    decode_item,
    decode_letter,
    encode_record,
)

ITEM = DumpItem(
    event_id="88890be6-35e7-5bca-90dd-8d490073d5a3",
    device="d1",
    sha256="ab" * 32,
    size=4096,
    dump_id=b"dump",
    occurrence="boot:7",
    metadata=Metadata(boot=7, board="b", attributes={"region": "eu"}),
    missing=[(0, 64), (128, 256)],
    chunks=3,
)
LETTER = DeadLetter(stage="ingest", code="message.type", reason="because", at_ms=5, device="d1", record=b"\x00\xff")
DECODERS: list[Callable[[bytes], object]] = [decode_batch, decode_item, decode_letter]


def test_records_come_back_from_their_stream_form() -> None:
    batch = ChunkBatch([ReceivedChunk("d1", b"\x01\x02", 7), ReceivedChunk("d2", b"", 8)])
    assert decode_batch(encode_record(batch)) == batch
    assert decode_item(encode_record(ITEM)) == ITEM
    assert decode_letter(encode_record(LETTER)) == LETTER


@given(st.lists(st.builds(ReceivedChunk, st.text("a:é", max_size=9), st.binary(), st.integers(0, 2**53)), max_size=9))
def test_every_batch_comes_back(chunks: list[ReceivedChunk]) -> None:
    assert decode_batch(encode_record(ChunkBatch(chunks))).chunks == chunks


def test_a_batch_is_arrays_without_keys() -> None:
    batch = ChunkBatch([ReceivedChunk("d1", b"\x01", 7)])
    assert msgpack.unpackb(encode_record(batch)) == [[["d1", b"\x01", 7]]]


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xc1",
        b"\x90",
        b"\x91" * 100_000,
        b"\x81\xa1z" + b"\x91" * 100_000 + b"\x01",
        b"\x91\xdd\xff\xff\xff\xff",
        b"\x91\x91\x93\xa1\xff\xc4\x00\x01",
        b"\x81\xa6device\xa1\xff",
        b"text",
    ],
)
def test_a_hostile_entry_is_one_error_of_ours(decode: Callable[[bytes], object], value: bytes) -> None:
    with pytest.raises(RecordError) as caught:
        decode(value)
    assert caught.value.code == "message.record"


@pytest.mark.parametrize("decode", DECODERS)
@given(value=st.binary(max_size=100))
def test_arbitrary_bytes_raise_nothing_but_our_error(decode: Callable[[bytes], object], value: bytes) -> None:
    with suppress(RecordError):
        decode(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", ...),
        ("device", ...),
        ("size", ...),
        ("dump_id", "text"),
        ("sha256", "ab" * 31),
        ("sha256", "AB" * 32),
        ("sha256", "../" + "a" * 61),
        ("sha256", "ab" * 32 + "\n"),
        ("missing", [1]),
        ("missing", [[1, 2, 3]]),
        ("metadata", {"boot": -1}),
    ],
)
def test_a_work_item_is_held_to_its_types(field: str, value: object) -> None:
    fields: dict[str, Any] = {**msgpack.unpackb(encode_record(ITEM)), field: value}
    with pytest.raises(RecordError, match=field):
        decode_item(msgpack.packb({key: value for key, value in fields.items() if value is not ...}))


def test_a_field_that_a_newer_worker_added_is_ignored() -> None:
    fields = msgpack.unpackb(encode_record(ITEM)) | {"later": 1}
    assert decode_item(msgpack.packb(fields)) == ITEM


def test_every_key_of_a_partition_carries_its_hash_tag_and_none_is_like_another() -> None:
    keys = Keys("p")
    of_partition = [
        keys.chunks(3),
        keys.dumps(3),
        keys.dead(3),
        keys.refused(3),
        keys.deadlines(3),
        keys.open(3, "d1"),
        keys.assembly(3, "d1", b"dump", 100, 10),
        keys.done(3, "d1", b"dump", 100),
    ]
    assert all(key.startswith("p:{3}:") for key in of_partition)
    every = [*of_partition, keys.events, keys.waiting("abcd")]
    assert len(set(every)) == len(every)
    assert (keys.events, keys.waiting("abcd")) == ("p:events", "p:waiting:abcd")
    assert keys.assembly(3, "d1", b"dump", 100, 10) == "p:{3}:a:d1:64756d70:100:10"
