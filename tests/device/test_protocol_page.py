"""docs/protocol.md says what the code does: its bytes, its limits, its fields, its codes."""

import re
from pathlib import Path
from zlib import crc32

import pytest

from contract.ack import MAX_BITMAP, Ack, decode_ack, encode_ack
from contract.chunk import (
    MAX_CHUNK_SIZE,
    MAX_DUMP_SIZE,
    PROTOCOL_VERSION,
    Chunk,
    ChunkBoundsError,
    ChunkChecksumError,
    ChunkTypeError,
    Metadata,
    UnknownVersion,
    decode_chunk,
)
from contract.identity import EVENT_NAMESPACE, dump_id
from contract.topics import Topics
from device.backoff import FIRST, MOST
from device.chunks import DEFAULT_CHUNK_SIZE, ChunkedDump
from device.source import read_dumps
from device.window import MAX_WINDOW, WindowSettings
from reassembler.completion import VERIFY_TRIES
from reassembler.limits import ChunkSizeRefused, DumpTooLarge, NoRoom, TooManyOpenDumps
from reassembler.verify import ChecksumMismatch
from runtime.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
WORDS = " ".join(PAGE.split())
BLOCKS = dict(re.findall(r"```text (\S+)\n(.*?)```", PAGE, re.DOTALL))

METADATA = Metadata(
    build_id=bytes.fromhex("8f3a61c2d94e07b5"),
    firmware="thermostat",
    version="2.4.1",
    board="nrf52840dk",
    os="Zephyr 4.1.0",
    boot=7,
    uptime_ms=123456,
    attributes={"line": 3},
)


def octets(name: str) -> bytes:
    return bytes.fromhex("".join(line.partition(";")[0] for line in BLOCKS[name].splitlines()))


@pytest.fixture
def dump() -> ChunkedDump:
    return ChunkedDump(octets("dump"), METADATA, chunk_size=64)


def table(heading: str) -> dict[str, list[str]]:
    """First column to the others, of the first table below a heading."""
    section = PAGE.partition(f"\n{heading}\n")[2]
    rows = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert rows, heading
    cells = [[cell.strip() for cell in row.strip("|\n").split("|")] for row in rows.group().splitlines()[2:]]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_dump_is_a_dump(dump: ChunkedDump) -> None:
    assert len(dump.content) == 150
    assert read_dumps(dump.content)[0].content == dump.content
    assert f"`{dump_id(dump.content).hex()}`" in WORDS
    assert f"`{dump.event_id('thermo-0042')}`" in WORDS
    assert f"`{EVENT_NAMESPACE}`" in WORDS


@pytest.mark.parametrize("sequence", [0, 1, 2])
def test_chunks(dump: ChunkedDump, sequence: int) -> None:
    payload = octets(f"chunk-{sequence}")
    assert payload == dump.payload(sequence)
    assert decode_chunk(payload).metadata == (dump.metadata if sequence == 0 else None)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ack-open", {"state": "open", "first_missing": 1, "held": b"\x40"}),
        ("ack-open-nothing", {"state": "open"}),
        ("ack-stored", {"state": "stored", "first_missing": 3}),
        ("ack-rejected", {"state": "rejected", "reason": "limit.dump-size: dump of 150 bytes; at most 128"}),
        ("ack-wait", {"state": "wait", "seconds": 30}),
    ],
)
def test_acks(dump: ChunkedDump, name: str, fields: dict[str, object]) -> None:
    ack = Ack(dump_id=dump.layout.dump_id, total_size=150, chunk_size=64, **fields)
    assert octets(name) == encode_ack(ack)
    assert decode_ack(octets(name)) == ack


def test_comments_name_the_bytes_before_them() -> None:
    """Each `; "key": value` stands behind the encoding of that key."""
    for name, block in BLOCKS.items():
        for line in block.splitlines():
            comment = re.search(r'; "(\w+)"', line)
            if comment and name != "window":
                key = comment.group(1).encode()
                assert bytes.fromhex(line.partition(";")[0])[1:].startswith(key), line


def test_tables_have_every_field_and_no_other() -> None:
    assert set(table("## Chunk: device to server")) == set(Chunk.__struct_encode_fields__)
    assert set(table("### Metadata")) == set(Metadata.__struct_encode_fields__)
    assert set(table("## Ack: server to device")) == set(Ack.__struct_encode_fields__)


def test_limits() -> None:
    settings = Settings(_env_file=None)
    chunk = table("## Chunk: device to server")
    assert chunk["v"][1] == str(PROTOCOL_VERSION)
    assert chunk["size"][1] == f"1 to {MAX_DUMP_SIZE}"
    assert chunk["chunk"][1] == f"1 to {MAX_CHUNK_SIZE}"
    assert f"up to {MAX_BITMAP} bytes" in table("## Ack: server to device")["held"][2]
    assert f"dumps up to {settings.max_dump_size} bytes" in WORDS
    assert f"chunks of {settings.min_chunk_size} to {settings.max_chunk_size} bytes" in WORDS
    assert f"whenever {settings.window // 2} more chunks are held" in WORDS
    assert f"for {settings.done_seconds // 86_400} days" in WORDS
    assert WORDS.count(f"{settings.upload_idle_seconds / 60:g} minutes") == 2
    assert f"{settings.max_open_dumps} by default" in WORDS
    assert VERIFY_TRIES == 3
    assert f"{crc32(b'123456789'):#x}" in WORDS


def test_parameters_of_the_window() -> None:
    settings, rows = WindowSettings(), table("## Sending: the window")
    assert rows["chunk size"] == [f"{DEFAULT_CHUNK_SIZE} bytes"]
    assert rows["window `W"][0].startswith(f"{settings.size} chunks")
    assert f"more than {MAX_WINDOW}" in rows["window `W"][0]
    assert rows["reordering threshold"] == [f"{settings.reorder} transmissions"]
    assert rows["time-out before the first round trip is known"] == [f"{settings.initial_timeout:g} s"]
    assert rows["least time-out"] == [f"{settings.min_timeout:g} s"]
    assert rows["greatest time-out and greatest pause"] == [f"{settings.max_timeout:g} s"]
    assert f"min({MOST:g} s, {FIRST:g} s * 2^failures)" in WORDS


def test_codes() -> None:
    rows = table("## What the server guarantees and checks")
    errors = [DumpTooLarge, ChunkSizeRefused, TooManyOpenDumps, NoRoom, ChecksumMismatch]
    errors += [ChunkTypeError, ChunkBoundsError, UnknownVersion, ChunkChecksumError]
    assert set(rows) == {error.code for error in errors}


def test_topics() -> None:
    topics = Topics()
    assert topics.dump("thermo-0042") in WORDS
    assert topics.ack("thermo-0042") in WORDS
    assert f"pattern write {topics.dump('X').replace('X', '%u')}" in WORDS
    assert f"pattern read {topics.ack('X').replace('X', '%u')}" in WORDS
