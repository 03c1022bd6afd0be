"""Acknowledgements: what a device relies on before it erases its flash."""

from contextlib import suppress
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ack import MAX_BITMAP, Ack, AckError, decode_ack, encode_ack

GOOD: dict[str, Any] = {"v": 1, "id": b"0123456789abcdef", "state": "open", "next": 4, "held": b"\xa0"}


def packed(**changes: Any) -> bytes:
    return msgpack.packb({key: value for key, value in {**GOOD, **changes}.items() if value is not ...})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("v", "1"),
        ("v", None),
        ("id", ...),
        ("id", "text"),
        ("id", b"abc"),
        ("id", bytes(33)),
        ("state", ...),
        ("state", "done"),
        ("state", 1),
        ("size", -1),
        ("size", "1"),
        ("chunk", -1),
        ("next", -1),
        ("next", 2**32),
        ("next", 1.0),
        ("held", "text"),
        ("held", bytes(MAX_BITMAP + 1)),
        ("reason", b"bytes"),
        ("reason", "x" * 257),
        ("seconds", -1),
        ("seconds", 86_401),
        ("seconds", True),
    ],
)
def test_each_wrong_field_is_named(field: str, value: object) -> None:
    with pytest.raises(AckError) as caught:
        decode_ack(packed(**{field: value}))
    assert f"`{field}`" in str(caught.value) or f"$.{field}`" in str(caught.value)
    assert caught.value.code == "message.ack"


@pytest.mark.parametrize("version", [0, 2, -1])
def test_another_version_is_named(version: int) -> None:
    with pytest.raises(AckError, match=f"version {version}"):
        decode_ack(packed(v=version))


def test_fields_of_a_later_version_are_ignored() -> None:
    assert decode_ack(packed(later={"a": [1]})) == decode_ack(packed())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        packed()[:-1],
        packed() + b"\x00",
        b"\x81\xa1z" + b"\x91" * 100_000 + b"\x01",
        b"\x81\xa1z\xdd\xff\xff\xff\xff",
        b"\x81\xa4held\xc6\xff\xff\xff\xff",
        packed(reason="text").replace(b"text", b"\xff\xfe\xfd\xfc"),
    ],
)
def test_hostile_bytes_are_one_error_of_ours(payload: bytes) -> None:
    with pytest.raises(AckError):
        decode_ack(payload)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_our_error(payload: bytes) -> None:
    with suppress(AckError):
        decode_ack(payload)


acks = st.builds(
    Ack,
    dump_id=st.binary(min_size=4, max_size=32),
    state=st.sampled_from(["open", "stored", "rejected", "wait"]),
    total_size=st.integers(0, 2**40),
    chunk_size=st.integers(0, 2**20),
    first_missing=st.integers(0, 2**32 - 1),
    held=st.binary(max_size=MAX_BITMAP),
    reason=st.text("a\0é€😀", max_size=256),
    seconds=st.integers(0, 86_400),
)


@given(acks)
def test_every_ack_comes_back_from_its_wire_form_and_from_another_encoder(ack: Ack) -> None:
    wire = encode_ack(ack)
    assert decode_ack(wire) == ack
    assert decode_ack(msgpack.packb(msgpack.unpackb(wire))) == ack


def test_an_ack_on_the_wire_has_the_short_keys_and_leaves_out_what_is_default() -> None:
    ack = Ack(dump_id=b"dump", state="wait", first_missing=3, seconds=60)
    assert msgpack.unpackb(encode_ack(ack)) == {"id": b"dump", "state": "wait", "next": 3, "seconds": 60}
    assert decode_ack(encode_ack(ack)).version == 1


def test_the_bitmap_begins_at_the_first_missing_chunk_most_significant_bit_first() -> None:
    ack = Ack(dump_id=b"dump", state="open", first_missing=4, held=b"\x60\x80")
    assert [sequence for sequence in range(40) if ack.holds(sequence)] == [0, 1, 2, 3, 5, 6, 12]


def test_a_stored_dump_holds_everything() -> None:
    assert Ack(dump_id=b"dump", state="stored").holds(2**32 - 1)


@given(st.integers(0, 100), st.sets(st.integers(0, MAX_BITMAP * 8 - 1), max_size=50))
def test_holds_reads_exactly_the_bits_that_are_set(first: int, offsets: set[int]) -> None:
    bits = sum(1 << (MAX_BITMAP * 8 - 1 - offset) for offset in offsets)
    held = bits.to_bytes(MAX_BITMAP, "big").rstrip(b"\x00")
    ack = Ack(dump_id=b"dump", state="open", first_missing=first, held=held)
    holding = {sequence - first for sequence in range(first, first + MAX_BITMAP * 8 + 8) if ack.holds(sequence)}
    assert holding == offsets
