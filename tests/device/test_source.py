"""Dumps in every container, whole and damaged."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import NotADump
from device.dump import end_of_blocks, starts_dump
from device.source import read_dumps

HEADER = bytes.fromhex("5a4502000300050004000000")
REGISTERS = b"A" + struct.pack("<HH", 2, 68) + bytes(range(68))
THREADS = b"T" + struct.pack("<HH", 1, 36) + bytes(36)


def memory(size: int, start: int = 0x2000_0000, seed: int = 1) -> bytes:
    return b"M" + struct.pack("<HII", 1, start, start + size) + random.Random(seed).randbytes(size)


WRITES = [
    HEADER,
    REGISTERS[:5],
    REGISTERS[5:],
    THREADS[:5],
    THREADS[5:],
    (M1 := memory(300))[:11],
    M1[11:],
    (M2 := memory(64, 0x2000_1000, 2))[:11],
    M2[11:],
]
DUMP = b"".join(WRITES)
HEADER64 = bytes.fromhex("5a4502000600060004000000")
DUMP64 = HEADER64 + b"M" + struct.pack("<HQQ", 1, 0x4000_0000, 0x4000_0040) + bytes(range(64))


def flash(dump: bytes, start: int = 16, size: int | None = None, error: int = 0, checksum: int | None = None) -> bytes:
    wide = dump[6] == 6
    head = struct.pack(
        "<2sHQHHi" if wide else "<2sHIHHi",
        b"CD",
        1,
        len(dump) if size is None else size,
        0,
        sum(dump) & 0xFFFF if checksum is None else checksum,
        error,
    )
    return head.ljust(start, b"\xff") + dump + b"\xff" * 700


def log(
    writes: list[bytes], prefix: str = "[00:00:01.234,000] \x1b[1;31m<err> coredump: ", suffix: str = "\x1b[0m"
) -> str:
    lines = ["BEGIN#"]
    lines += [write[at : at + 32].hex() for write in writes for at in range(0, len(write), 32)]
    lines.append("END#")
    return "".join(f"{prefix}#CD:{line}{suffix}\r\n" for line in lines)


def only(data: bytes) -> tuple[bytes, str, tuple[str, ...]]:
    (found,) = read_dumps(data)
    return found.content, found.container, found.warnings


def test_a_raw_dump_is_sent_as_it_is() -> None:
    assert only(DUMP) == (DUMP, "raw", ())
    assert only(DUMP + b"whatever a callback device wrote")[0].startswith(DUMP)


@pytest.mark.parametrize("start", [16, 32, 64, 128, 256, 512, 1024, 2048, 4096])
def test_flash_partition(start: int) -> None:
    assert only(flash(DUMP, start)) == (DUMP, "flash", ())


@pytest.mark.parametrize("start", [20, 24, 32, 512])
def test_flash_partition_of_a_64_bit_target(start: int) -> None:
    assert only(flash(DUMP64, start)) == (DUMP64, "flash", ())


def test_flash_checksum_that_does_not_match_is_a_warning() -> None:
    content, _, warnings = only(flash(DUMP, checksum=1))
    assert content == DUMP
    assert "checksum" in warnings[0]


def test_flash_error_of_the_device_is_a_warning() -> None:
    assert "error -28" in only(flash(DUMP, error=-28))[2][0]


def test_flash_that_was_cut_is_sent_as_far_as_it_goes() -> None:
    content, _, warnings = only(flash(DUMP)[:200])
    assert content == DUMP[:184]
    assert "are there" in warnings[0]


@pytest.mark.parametrize("size", [0, 5])
def test_flash_that_claims_less_than_a_header_is_refused(size: int) -> None:
    with pytest.raises(NotADump, match=f"{size} bytes"):
        read_dumps(flash(DUMP, size=size))


def test_flash_without_a_dump_is_refused() -> None:
    with pytest.raises(NotADump, match="no dump behind it"):
        read_dumps(flash(DUMP)[:16] + b"\xff" * 4096)


@pytest.mark.parametrize("dump", [DUMP, DUMP64])
def test_flash_with_an_erased_header_is_unfinished(dump: bytes) -> None:
    content, container, warnings = only(b"\xff" * 32 + dump + b"\xff" * 5000)
    assert (content, container) == (dump, "flash")
    assert "unfinished" in warnings[0]


def test_flash_cut_within_a_block_keeps_what_was_written() -> None:
    assert only(b"\xff" * 16 + DUMP[:250] + b"\xff" * 500)[0] == DUMP[:250]


def test_a_dump_behind_something_else_is_found() -> None:
    content, container, warnings = only(bytes.fromhex("eb0dec0d") + DUMP)
    assert (content, container) == (DUMP, "raw")
    assert "4 bytes" in warnings[0]


def test_an_erased_partition_is_refused() -> None:
    with pytest.raises(NotADump, match="erased"):
        read_dumps(b"\xff" * 4096)


@pytest.mark.parametrize("dump", [DUMP, DUMP64])
@pytest.mark.parametrize("pointer", [4, 8])
def test_memory_backend(dump: bytes, pointer: int) -> None:
    canary = bytes.fromhex("deb0deb0")
    image = canary + len(dump).to_bytes(pointer, "little") + dump + bytes(100) + canary
    assert only(image) == (dump, "memory", ())
    full = canary + len(dump).to_bytes(pointer, "little") + dump + canary
    assert "likely dropped" in only(full)[2][0]
    cut = canary + (10**6).to_bytes(pointer, "little") + dump
    assert "1000000" in only(cut)[2][0]
    with pytest.raises(NotADump, match="cleared"):
        read_dumps(canary + bytes(200))


def test_log() -> None:
    assert only(log(WRITES).encode()) == (DUMP, "log", ())
    assert only(log(WRITES, "", "").upper().replace("#CD:", "#CD:").encode())[0] == DUMP


def test_log_with_lines_of_others_in_between() -> None:
    lines = log(WRITES).splitlines()
    mixed = "\n".join(f"{line}\n[00:00:01] <inf> app: tick #{at}" for at, line in enumerate(lines))
    assert only(mixed.encode()) == (DUMP, "log", ())


def test_log_with_several_dumps() -> None:
    other = [HEADER, M2[:11], M2[11:]]
    found = read_dumps((log(WRITES) + "boot\n" + log(other)).encode())
    assert [one.content for one in found] == [DUMP, b"".join(other)]


def damaged(text: str) -> tuple[list[str], tuple[str, ...]]:
    content, container, warnings = only(text.encode())
    assert container == "log"
    assert warnings
    return content.decode().splitlines(), warnings


def test_a_damaged_line_is_left_to_the_server() -> None:
    text = log(WRITES)
    line = M1[11 : 11 + 32].hex()
    lines, warnings = damaged(text.replace(line, line[:-1]))
    assert "1 lines" in warnings[0]
    assert lines[0] == "#CD:BEGIN#"
    assert lines[-1] == "#CD:END#"
    assert f"#CD:{line[:-1]}" in lines
    assert len(lines) == len(text.splitlines())


def test_a_lost_line_is_left_to_the_server() -> None:
    text = "\n".join(line for line in log(WRITES).splitlines() if M1[43:75].hex() not in line)
    assert "not whole" in damaged(text)[1][0]


def test_dropped_messages_stay_visible() -> None:
    lines = log(WRITES).splitlines()
    lines[9:11] = ["--- 2 messages dropped ---"]
    assert "--- 2 messages dropped ---" in damaged("\n".join(lines))[0]


def test_a_log_that_ends_early() -> None:
    lines, warnings = damaged("\n".join(log(WRITES).splitlines()[:9]))
    assert "before this dump's end marker" in warnings[0]
    assert "#CD:END#" not in lines


def test_a_second_begin_ends_the_first_dump() -> None:
    first, second = read_dumps(("\n".join(log(WRITES).splitlines()[:9]) + "\n" + log(WRITES)).encode())
    assert "end marker" in first.warnings[0]
    assert second.content == DUMP


def test_an_error_marker_is_kept() -> None:
    lines, warnings = damaged(log(WRITES).replace("#CD:END#", "#CD:ERROR CANNOT DUMP#\n#CD:END#"))
    assert "could not finish" in warnings[0]
    assert lines[-2:] == ["#CD:ERROR CANNOT DUMP#", "#CD:END#"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("#CD:5a45\n", "no `#CD:BEGIN#`"),
        ("#CD:BEGIN#\n#CD:END#\n", "keeps the dump elsewhere"),
        ("#CD:LOCATION 0x20001000\n#CD:BEGIN#\n#CD:END#\n", "keeps the dump elsewhere"),
        ("#CD:BEGIN#\n#CD:ERROR CANNOT DUMP#\n#CD:END#\n", "failed on the device"),
        ("#CD:BEGIN#\n#CD:00112233\n#CD:END#\n", "coredump print pretty"),
    ],
)
def test_logs_without_a_dump_say_why(text: str, why: str) -> None:
    with pytest.raises(NotADump, match=why):
        read_dumps(text.encode())


@pytest.mark.parametrize("data", [b"", b"\x7fELF" + bytes(100), b"ZE", HEADER[:11], HEADER[:6] + b"\x07" + HEADER[7:]])
def test_what_is_no_dump_is_refused(data: bytes) -> None:
    with pytest.raises(NotADump, match=r"no core dump|empty"):
        read_dumps(data)


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"CD", bytes.fromhex("deb0deb0"), b"\xff" * 16, b"#CD:BEGIN#\n#CD:"])
)
def test_arbitrary_bytes_are_taken_or_refused(data: bytes, start: bytes) -> None:
    try:
        found = read_dumps(start + data)
    except NotADump:
        return
    assert all(one.content for one in found)


@given(cut=st.integers(0, len(DUMP)))
def test_cut_dumps_end_within_what_is_there(cut: int) -> None:
    if starts_dump(DUMP[:cut]):
        assert 12 <= end_of_blocks(DUMP[:cut]) <= cut


def test_end_of_blocks() -> None:
    snapshot = b"F" + struct.pack("<HHII", 1, 8, 0, 0x2000_0000) + bytes(8)
    checksum = b"C" + struct.pack("<HI", 1, 0)
    dump = DUMP + snapshot + checksum
    assert end_of_blocks(dump) == len(dump)
    assert end_of_blocks(dump + b"\0\0") == len(dump)
    backwards = HEADER + b"M" + struct.pack("<HII", 1, 0x2000_0000, 0x1000_0000) + bytes(50)
    assert end_of_blocks(backwards) == len(HEADER)
