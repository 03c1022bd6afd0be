"""Identity: the values are pinned, for an id that changed would make every old crash a new one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.identity import dump_id, event_id, partition_of

DUMP = bytes(range(16))


@pytest.mark.parametrize(
    ("device", "dump", "size", "occurrence", "expected"),
    [
        ("sensor-17", DUMP, 65536, "boot:7", "6c408de3-3091-5de6-a761-0d0216649bf8"),
        ("d", b"dump", 1, "", "88890be6-35e7-5bca-90dd-8d490073d5a3"),
    ],
)
def test_event_ids_never_change(device: str, dump: bytes, size: int, occurrence: str, expected: str) -> None:
    assert event_id(device, dump, size, occurrence) == expected


@pytest.mark.parametrize(
    "other",
    [
        ("sensor-18", DUMP, 65536, "boot:7"),
        ("sensor-17", DUMP[:-1], 65536, "boot:7"),
        ("sensor-17", DUMP, 65535, "boot:7"),
        ("sensor-17", DUMP, 65536, "boot:8"),
        ("sensor-17", DUMP, 65536, "uptime:7"),
        ("sensor-17", DUMP, 65536, ""),
    ],
)
def test_each_part_of_a_crash_makes_another_id(other: tuple[str, bytes, int, str]) -> None:
    assert event_id(*other) != event_id("sensor-17", DUMP, 65536, "boot:7")


def test_parts_cannot_run_into_each_other() -> None:
    assert event_id("d", b"\x12", 3, "") != event_id("d", b"", 123, "")
    assert event_id("d", b"", 1, "2") != event_id("d", b"", 12, "")


def test_the_dump_id_is_half_a_sha256() -> None:
    assert dump_id(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223"


def test_partitions_never_change() -> None:
    assert partition_of("sensor-17", 8) == 3
    assert [partition_of(f"device-{number}", 8) for number in range(8)] == [7, 1, 3, 5, 6, 0, 2, 4]


@given(st.text("abc0:.", min_size=1), st.integers(1, 1024))
def test_a_partition_is_one_of_those_that_exist(device: str, partitions: int) -> None:
    assert 0 <= partition_of(device, partitions) < partitions


def test_partitions_are_of_like_size() -> None:
    counts = [0] * 8
    for number in range(8000):
        counts[partition_of(f"sensor-{number:05}", 8)] += 1
    assert min(counts) > 800
