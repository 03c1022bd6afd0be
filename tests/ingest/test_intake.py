from zlib import crc32

import msgspec
import pytest

from contract.chunk import Chunk, encode_chunk
from contract.identity import partition_of
from contract.topics import Topics
from ingest import intake as module
from ingest.intake import Message, take_in

TOPICS = Topics("root")


def message(device: str = "d1", sequence: int = 0, **changes: object) -> Message:
    data = b"x" * 64
    fields = {"v": 1, "id": b"dump", "seq": sequence, "size": 640, "chunk": 64, "crc": crc32(data), "data": data}
    return Message(f"root/v1/device/{device}/dump", msgspec.msgpack.encode(fields | changes))


def test_chunks_go_to_the_partition_of_their_device_in_order() -> None:
    messages = [message(f"d{n % 7}", n % 10) for n in range(50)]
    taken = take_in(messages, TOPICS, 4, 99)
    assert not taken.refusals
    assert sum(len(batch.chunks) for _, batch in taken.batches) == 50
    for partition, batch in taken.batches:
        for chunk in batch.chunks:
            assert partition_of(chunk.device, 4) == partition
            assert chunk.received_ms == 99
    sent = [m.payload for m in messages if m.topic.endswith("/d3/dump")]
    assert [c.payload for _, b in taken.batches for c in b.chunks if c.device == "d3"] == sent


def test_a_batch_over_the_limit_becomes_several_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BATCH_BYTES", 3 * len(message().payload))
    taken = take_in([message()] * 8, TOPICS, 1, 0)
    assert [len(batch.chunks) for _, batch in taken.batches] == [3, 3, 2]


def test_each_bad_message_is_refused_with_its_code_and_the_rest_goes_on() -> None:
    bad = {
        "message.version": message(v=2),
        "message.type": Message("root/v1/device/d1/dump", b"\xc1"),
        "message.bounds": message(seq=10),
        "message.checksum": message(crc=1),
        "message.device-id": Message("root/v1/device/a b/dump", b""),
    }
    taken = take_in([message(), *bad.values(), message(sequence=1)], TOPICS, 1, 0)
    assert [refusal.error.code for refusal in taken.refusals] == list(bad)
    assert [len(batch.chunks) for _, batch in taken.batches] == [2]


def test_a_device_is_told_why_unless_sending_again_may_help() -> None:
    taken = take_in([message(v=2), message(crc=1), Message("root/v1/device/d1/dump", b"?")], TOPICS, 1, 0)
    version, checksum, garbage = (refusal.ack for refusal in taken.refusals)
    assert version is not None
    assert (version.state, version.dump_id) == ("rejected", b"dump")
    assert version.reason.startswith("message.version: protocol version 2")
    assert checksum is None
    assert garbage is None


def test_what_is_taken_in_is_passed_on_unchanged() -> None:
    chunk = Chunk(version=1, dump_id=b"dump", sequence=0, total_size=3, chunk_size=64, crc=crc32(b"abc"), data=b"abc")
    taken = take_in([Message("root/v1/device/d1/dump", encode_chunk(chunk))], TOPICS, 1, 0)
    assert taken.batches[0][1].chunks[0].payload == encode_chunk(chunk)
