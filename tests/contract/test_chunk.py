"""Chunks: every way to be wrong has its name, and nothing else ever comes out of the decoder."""

from contextlib import suppress
from typing import Any
from zlib import crc32

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.chunk import (
    MAX_CHUNK_SIZE,
    MAX_DUMP_SIZE,
    MAX_MESSAGE_SIZE,
    Chunk,
    ChunkBoundsError,
    ChunkChecksumError,
    ChunkError,
    ChunkTypeError,
    Metadata,
    UnknownVersion,
    decode_chunk,
    dump_id_of,
    encode_chunk,
)

DATA = b"\x5a\x45" * 4
GOOD: dict[str, Any] = {
    "v": 1,
    "id": b"0123456789abcdef",
    "seq": 2,
    "size": 24,
    "chunk": 8,
    "crc": crc32(DATA),
    "data": DATA,
}


def packed(**changes: Any) -> bytes:
    """A chunk by the `msgpack` package, an encoder that is not ours; `...` takes a field away."""
    return msgpack.packb({key: value for key, value in {**GOOD, **changes}.items() if value is not ...})


def test_a_chunk_is_read_as_it_was_written() -> None:
    chunk = decode_chunk(packed())
    assert chunk == Chunk(
        version=1, dump_id=GOOD["id"], sequence=2, total_size=24, chunk_size=8, crc=crc32(DATA), data=DATA
    )
    assert (chunk.offset, chunk.count) == (16, 3)


WRONG_TYPES = [
    *((field, ...) for field in GOOD),
    *((field, None) for field in GOOD),
    *((field, "1") for field in GOOD),
    *((field, [1]) for field in GOOD),
    *((field, {}) for field in GOOD),
    *((field, 1.0) for field in GOOD),
    *((field, True) for field in GOOD),
    *((field, msgpack.ExtType(5, b"1")) for field in GOOD),
    ("id", b""),
    ("id", b"abc"),
    ("id", bytes(33)),
    ("id", 7),
    ("data", 7),
    ("seq", -1),
    ("seq", 2**32),
    ("size", -1),
    ("chunk", -1),
    ("crc", -1),
    ("crc", 2**32),
    ("meta", 7),
    ("meta", []),
    ("meta", b""),
]


@pytest.mark.parametrize(("field", "value"), WRONG_TYPES)
def test_a_field_that_is_missing_or_of_another_type_is_named(field: str, value: object) -> None:
    with pytest.raises(ChunkTypeError) as caught:
        decode_chunk(packed(**{field: value}))
    assert f"`{field}`" in str(caught.value) or f"$.{field}`" in str(caught.value)
    assert caught.value.code == "message.type"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("build_id", "text"),
        ("build_id", bytes(65)),
        ("firmware", b"bytes"),
        ("firmware", "x" * 129),
        ("version", 1),
        ("version", "x" * 129),
        ("board", "x" * 129),
        ("os", "x" * 129),
        ("boot", -1),
        ("boot", 2**63),
        ("boot", 1.5),
        ("uptime_ms", -1),
        ("uptime_ms", 2**63),
        ("crc32", 2**32),
        ("crc32", b"abcd"),
        ("sha256", bytes(31)),
        ("sha256", bytes(33)),
        ("sha256", "0" * 64),
        ("attributes", []),
        ("attributes", {"x" * 65: 1}),
        ("attributes", {str(n): n for n in range(65)}),
        ("attributes", {"nested": {}}),
        ("attributes", {"list": [1]}),
        ("attributes", {"bytes": b"1"}),
        ("attributes", {1: 1}),
    ],
)
def test_metadata_is_held_to_its_types_and_lengths(field: str, value: object) -> None:
    with pytest.raises(ChunkTypeError, match=rf"\$\.meta\.{field}"):
        decode_chunk(packed(meta={field: value}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 0}, "size 0"),
        ({"size": MAX_DUMP_SIZE + 1}, f"size {MAX_DUMP_SIZE + 1}"),
        ({"size": 2**64 - 1}, "size 18446744073709551615"),
        ({"chunk": 0}, "chunk size 0"),
        ({"chunk": MAX_CHUNK_SIZE + 1}, f"chunk size {MAX_CHUNK_SIZE + 1}"),
        ({"seq": 3}, "chunk 3 of a dump that has 3"),
        ({"seq": 2**32 - 1}, "chunk 4294967295"),
        ({"data": DATA[:-1]}, "7 bytes instead of 8"),
        ({"data": DATA + b"!"}, "9 bytes instead of 8"),
        ({"data": b""}, "0 bytes instead of 8"),
        ({"size": 23}, "8 bytes instead of 7"),
        ({"chunk": 9}, "8 bytes instead of 6"),
    ],
)
def test_sizes_out_of_bounds_or_at_odds_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ChunkBoundsError, match=message) as caught:
        decode_chunk(packed(**changes))
    assert caught.value.code == "message.bounds"


def test_a_message_larger_than_any_chunk_is_refused_unread() -> None:
    with pytest.raises(ChunkBoundsError, match=str(MAX_MESSAGE_SIZE)):
        decode_chunk(bytes(MAX_MESSAGE_SIZE + 1))


def test_the_largest_chunk_passes() -> None:
    data = bytes(MAX_CHUNK_SIZE)
    payload = packed(seq=0, size=MAX_DUMP_SIZE, chunk=MAX_CHUNK_SIZE, crc=crc32(data), data=data)
    assert decode_chunk(payload).count == MAX_DUMP_SIZE // MAX_CHUNK_SIZE


@pytest.mark.parametrize("changes", [{"crc": crc32(DATA) ^ 1}, {"data": DATA[:-1] + b"!"}])
def test_bytes_that_do_not_match_their_checksum_are_named(changes: dict[str, Any]) -> None:
    with pytest.raises(ChunkChecksumError, match="chunk 2") as caught:
        decode_chunk(packed(**changes))
    assert caught.value.code == "message.checksum"


@pytest.mark.parametrize("version", [0, 2, 255, 2**40, -7])
@pytest.mark.parametrize("rest", [{}, {"seq": "other"}, {"data": ..., "crc": ...}, {"size": 0}])
def test_another_version_is_named_before_anything_else_is_judged(version: int, rest: dict[str, Any]) -> None:
    with pytest.raises(UnknownVersion, match=f"version {version}") as caught:
        decode_chunk(packed(v=version, **rest))
    assert caught.value.code == "message.version"


@pytest.mark.parametrize("extra", [None, 1, "text", b"\xff", [[1], {}], {"a": {"b": 1}}, msgpack.Timestamp(1, 2)])
def test_fields_of_a_later_version_are_ignored(extra: object) -> None:
    assert decode_chunk(packed(later=extra)) == decode_chunk(packed())
    plain = decode_chunk(packed(meta={"board": "b"}))
    assert decode_chunk(packed(meta={"board": "b", "later": extra})) == plain


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xc1", id="reserved byte"),
        pytest.param(packed()[:-1], id="cut"),
        pytest.param(packed() + b"\x00", id="more than one object"),
        pytest.param(b"\x91" * 100_000 + b"\x01", id="arrays in arrays"),
        pytest.param(b"\x81\xa1z" + b"\x91" * 100_000 + b"\x01", id="arrays in an unknown field"),
        pytest.param(b"\x82\xa1v\x01\xa1z" + b"\x81\xa1a" * 100_000 + b"\x01", id="maps in maps"),
        pytest.param(b"\xdf\xff\xff\xff\xff", id="map of 4 G entries"),
        pytest.param(b"\x81\xa1z\xdd\xff\xff\xff\xff", id="array of 4 G entries"),
        pytest.param(b"\x81\xa4data\xc6\xff\xff\xff\xff", id="4 GiB of bytes"),
        pytest.param(b"\x81\xa1z\xdb\xff\xff\xff\xff", id="4 GiB of text"),
        pytest.param(b"\x81\xa1z\xc9\xff\xff\xff\xff\x01", id="4 GiB of an extension"),
        pytest.param(b"\x81\xa1z\xc7\x03\xffabc", id="timestamp of three bytes"),
        pytest.param(b"\x81\xa1\xff\x01", id="key that is no UTF-8"),
        pytest.param(packed(meta={"os": "text"}).replace(b"text", b"\xff\xfe\xfd\xfc"), id="text that is no UTF-8"),
        pytest.param(packed(meta={"os": "txt"}).replace(b"txt", b"\xed\xa0\x80"), id="half a surrogate pair"),
    ],
)
def test_hostile_bytes_are_one_error_of_ours(payload: bytes) -> None:
    with pytest.raises(ChunkTypeError):
        decode_chunk(payload)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_our_errors(payload: bytes) -> None:
    _decodes_or_says_why(payload)


@given(st.data())
def test_a_chunk_with_some_bytes_changed_raises_nothing_but_our_errors(data: st.DataObject) -> None:
    payload = bytearray(packed(meta={"os": "Zephyr", "attributes": {"a": 1.5, "b": "text", "c": None}}))
    changes = st.lists(st.tuples(st.integers(0, len(payload) - 1), st.integers(0, 255)), min_size=1, max_size=4)
    for at, value in data.draw(changes):
        payload[at] = value
    _decodes_or_says_why(bytes(payload))


ALPHABET = "a\0\n é€😀"  # UTF-8 of one to four bytes, without the cost of drawing from all of Unicode
text = st.text(ALPHABET)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | text | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text | st.integers(0, 9), inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "meta", "later"]), anything))
def test_any_value_in_any_field_raises_nothing_but_our_errors(changes: dict[str, Any]) -> None:
    _decodes_or_says_why(packed(**changes))


def _decodes_or_says_why(payload: bytes) -> None:
    with suppress(ChunkError):
        chunk = decode_chunk(payload)
        assert crc32(chunk.data) == chunk.crc
        assert chunk.offset + len(chunk.data) <= chunk.total_size
    dump_id = dump_id_of(payload)
    assert dump_id is None or 4 <= len(dump_id) <= 32


attributes = st.dictionaries(
    st.text(ALPHABET, max_size=64),
    text | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.booleans() | st.none(),
    max_size=8,
)
name = st.text(ALPHABET, max_size=128)
number = st.none() | st.integers(0, 2**63 - 1)
metadata = st.builds(
    Metadata,
    build_id=st.binary(max_size=64),
    firmware=name,
    version=name,
    board=name,
    os=name,
    boot=number,
    uptime_ms=number,
    crc32=st.none() | st.integers(0, 2**32 - 1),
    sha256=st.none() | st.binary(min_size=32, max_size=32),
    attributes=attributes,
)


@st.composite
def chunks(draw: st.DrawFn) -> Chunk:
    chunk_size = draw(st.integers(1, 64))
    total_size = draw(st.integers(1, 1000))
    sequence = draw(st.integers(0, -(-total_size // chunk_size) - 1))
    length = min(chunk_size, total_size - sequence * chunk_size)
    data = draw(st.binary(min_size=length, max_size=length))
    return Chunk(
        version=1,
        dump_id=draw(st.binary(min_size=4, max_size=32)),
        sequence=sequence,
        total_size=total_size,
        chunk_size=chunk_size,
        crc=crc32(data),
        data=data,
        metadata=draw(st.none() | metadata),
    )


@given(chunks())
def test_every_chunk_comes_back_from_its_wire_form(chunk: Chunk) -> None:
    assert decode_chunk(encode_chunk(chunk)) == chunk
    assert dump_id_of(encode_chunk(chunk)) == chunk.dump_id


@given(chunks())
def test_another_implementation_reads_what_we_write_and_we_read_what_it_writes(chunk: Chunk) -> None:
    ours = encode_chunk(chunk)
    theirs = msgpack.unpackb(ours)
    assert theirs["id"] == chunk.dump_id
    assert (theirs["seq"], theirs["size"], theirs["chunk"]) == (chunk.sequence, chunk.total_size, chunk.chunk_size)
    assert theirs["data"] == chunk.data
    assert decode_chunk(msgpack.packb(theirs)) == chunk


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_the_fields_is_free(order: int) -> None:
    fields = dict(list(GOOD.items())[::order])
    assert decode_chunk(msgpack.packb(fields)) == decode_chunk(packed())


def test_optional_fields_that_say_nothing_cost_nothing() -> None:
    assert sorted(msgpack.unpackb(encode_chunk(decode_chunk(packed())))) == sorted(GOOD)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (packed(v=9, seq="?"), GOOD["id"]),
        (packed(size=0), GOOD["id"]),
        (packed(id=b"abc"), None),
        (packed(id=...), None),
        (packed(id="text"), None),
        (b"garbage", None),
        (b"\x81\xa2id\xa4\xff\xff\xff\xff", None),
    ],
)
def test_the_dump_of_a_refused_message_is_made_out_where_it_can_be(payload: bytes, expected: bytes | None) -> None:
    assert dump_id_of(payload) == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (Metadata(boot=7, uptime_ms=5), "boot:7"),
        (Metadata(boot=0), "boot:0"),
        (Metadata(uptime_ms=0), "uptime:0"),
        (Metadata(), ""),
    ],
)
def test_a_boot_tells_crashes_apart_and_else_the_uptime(made: Metadata, expected: str) -> None:
    assert made.occurrence == expected
