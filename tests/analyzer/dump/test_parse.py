import contextlib
import hashlib
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dump import Dump, parse
from analyzer.dump.blocks import MOST_CAVEATS
from analyzer.dump.parse import MAX_SIZE
from contract.errors import FaultcastError, LimitExceeded, NotADump, UnsupportedDump
from tests.analyzer import specimen


def codes(dump: Dump) -> list[str]:
    return [caveat.code for caveat in dump.caveats]


def content(dump: Dump) -> dict[int, bytes]:
    return {address: bytes(data) for address, data in dump.memory.segments()}


def test_the_specimen_is_the_documented_one() -> None:
    data = specimen.dump()
    assert len(data) == 1349
    assert hashlib.sha256(data).hexdigest() == specimen.SHA256
    assert zlib.crc32(data) == specimen.CRC32


def test_a_whole_dump() -> None:
    dump = parse(specimen.dump())
    assert (dump.container, dump.size, dump.truncated, dump.caveats) == ("raw", 1349, False, ())
    assert dump.header.version == 2
    assert (dump.header.target, dump.header.pointer_size, dump.header.reason) == (3, 4, 4)
    assert dump.architecture is not None
    assert (dump.architecture.version, len(dump.architecture.payload)) == (2, 68)
    assert dump.kernel is not None
    assert dump.kernel.unsigned(8, 4) == specimen.RAM["main"]
    assert content(dump) == {
        specimen.RAM["worker"]: specimen.WORKER.pack(),
        specimen.RAM["worker_stack"]: specimen.worker_stack(),
        specimen.RAM["main"]: specimen.MAIN.pack(),
        specimen.RAM["main_stack"]: bytes(0x100),
        specimen.RAM["interrupt_stack"]: bytes(0x100),
    }


WRAPPED = {
    "flash": specimen.flash(specimen.dump()),
    "memory": specimen.in_memory(specimen.dump(), 2048),
    "text": specimen.text_log(specimen.writes()),
    "embedded": bytes.fromhex("eb0dec0d") + specimen.dump(),
}


@pytest.mark.parametrize("container", WRAPPED)
def test_every_container_holds_the_same_dump(container: str) -> None:
    dump = parse(WRAPPED[container])
    assert dump.container == container
    assert content(dump) == content(parse(specimen.dump()))
    assert not dump.truncated
    assert set(codes(dump)) <= {"embedded"}


RECORDED = Path(__file__).parent.parent.parent / "containers" / "null-deref"


@pytest.mark.parametrize(("name", "container"), [("partition.bin", "flash"), ("serial.log", "text")])
def test_recorded_containers(name: str, container: str) -> None:
    dump = parse((RECORDED / name).read_bytes())
    assert dump.container == container
    assert dump.caveats == ()
    assert content(dump) == content(parse((RECORDED / "dump.core").read_bytes()))


@pytest.mark.parametrize("wrapper", ["raw", *WRAPPED])
def test_cut_at_every_byte_what_is_there_is_kept(wrapper: str) -> None:
    whole = content(parse(specimen.dump()))
    data = WRAPPED.get(wrapper, specimen.dump())
    for size in range(len(data)):
        try:
            dump = parse(data[:size])
        except NotADump:
            continue
        for address, part in content(dump).items():
            block = max(start for start in whole if start <= address)
            assert whole[block].startswith(part)


def test_cut_at_every_byte_says_truncated_unless_between_blocks() -> None:
    parts = specimen.writes()
    starts = {sum(map(len, parts[:count])) for count in (1, 3, 5, 7, 9, 11, 13, 15)}
    data = specimen.dump()
    for size in range(12, len(data)):
        dump = parse(data[:size])
        assert dump.truncated == (size not in starts), size


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b"", NotADump, "too short"),
        (b"ZE\x02", NotADump, "too short"),
        (b"\x7fELF" + b"#CD:BEGIN#", NotADump, "ELF file"),
        (b"GIF89a" + bytes(100), NotADump, "474946383961"),
        (specimen.header(bits=7), UnsupportedDump, "pointer size code 7"),
        (specimen.header(bits=0), UnsupportedDump, "pointer size code 0"),
        (specimen.header(target=0), UnsupportedDump, "target code is 0"),
        (b"#CD:BEGIN#\n#CD:END#\n", NotADump, "no data between"),
        (b"#CD:BEGIN#\n#CD:ERROR CANNOT DUMP#\n#CD:END#\n", NotADump, "failed on the device"),
        (b"#CD:BEGIN#\n#CD:0011223344\n#CD:END#\n", NotADump, "print pretty"),
        (b"#CD:4d0100\n", NotADump, "#CD:BEGIN#"),
    ],
)
def test_what_is_no_dump_is_named(data: bytes, error: type[FaultcastError], words: str) -> None:
    with pytest.raises(error, match=words):
        parse(data)


def test_a_limit_on_size() -> None:
    with pytest.raises(LimitExceeded):
        parse(bytes(MAX_SIZE + 1))


def test_newer_header_version_is_read_with_a_warning() -> None:
    dump = parse(specimen.header(version=3) + specimen.dump()[12:])
    assert codes(dump) == ["newer-version"]
    assert len(content(dump)) == 5


@pytest.mark.parametrize(
    ("start", "end"), [(0x20000010, 0x20000000), (0x20000000, 0x20000000), (0x20000000, 0x1FFFFFFF)]
)
def test_a_memory_block_that_is_no_range_ends_the_walk(start: int, end: int) -> None:
    bad = b"M\x01\x00" + specimen.words(start, end) + b"x" * 16
    dump = parse(specimen.header() + specimen.memory(0x20000000, b"good") + bad)
    assert content(dump) == {0x20000000: b"good"}
    assert codes(dump) == ["trailing-data"]
    assert dump.trailing == bad


def test_a_memory_block_of_four_gigabytes_keeps_what_is_there() -> None:
    dump = parse(specimen.header() + b"M\x01\x00" + specimen.words(4, 0xFFFFFFFF) + b"1234")
    assert content(dump) == {4: b"1234"}
    assert dump.truncated


def test_unframed_bytes_of_a_callback_device_are_kept() -> None:
    dump = parse(specimen.dump() + b"Zraw device data")
    assert dump.trailing == b"Zraw device data"
    assert "unknown block id 5a" in dump.caveats[0].text


def test_memory_behind_damage_is_found_again() -> None:
    data = bytearray(specimen.dump())
    data[126] = 0x5A  # the id of the first memory block
    dump = parse(bytes(data))
    assert codes(dump) == ["resynchronised"]
    assert specimen.RAM["worker"] not in content(dump)
    assert content(dump)[specimen.RAM["worker_stack"]] == specimen.worker_stack()


@pytest.mark.parametrize(
    "behind", [b"", specimen.memory(0x20004000, bytes(64)), b"?" * 64], ids=["cut", "whole", "bad"]
)
def test_a_dump_that_broke_in_on_another_is_not_its_memory(behind: bytes) -> None:
    """The lines of a device that crashed while it dumped, put together to one file."""
    first = specimen.header() + specimen.architecture() + specimen.memory(0x20001000, bytes(range(64)) * 8)
    start = len(first) - 256
    dump = parse(first[:start] + specimen.header(reason=0) + specimen.architecture(bytes(68)) + behind)
    assert content(dump) == {0x20001000: bytes(range(64)) * 4}
    assert dump.header.reason == 4
    assert dump.architecture is not None
    assert dump.architecture.payload.unsigned(0, 4) == specimen.REGISTERS_V1[0]
    assert codes(dump) == ["second-dump", "truncated"]
    assert f"offset {start}, " in dump.caveats[0].text


def test_a_whole_dump_may_hold_another_one_in_its_memory() -> None:
    held = specimen.dump()
    dump = parse(specimen.header() + specimen.architecture() + specimen.memory(0x20001000, held))
    assert content(dump) == {0x20001000: held}
    assert dump.caveats == ()


def test_a_buffer_with_a_dump_in_a_memory_block_that_is_cut() -> None:
    held = specimen.in_memory(specimen.dump(), 2048)
    data = specimen.header() + specimen.architecture() + specimen.memory(0x20001000, held)
    dump = parse(data[:-1])
    assert content(dump) == {0x20001000: held[:-1]}
    assert codes(dump) == ["truncated"]


def test_damage_again_and_again_is_not_looked_at_again_and_again() -> None:
    """Twenty thousand times, with megabytes of padding behind it all."""
    pair = [specimen.memory(address, b"abcd") for address in (0x20000000, 0x20000020)]
    data = specimen.header() + (b"?" + b"".join(pair)) * 20_000 + bytes(8 << 20)
    started = time.process_time()
    dump = parse(data)
    assert time.process_time() - started < 5
    assert len(dump.blocks) == 40_000
    assert codes(dump) == ["resynchronised"] * MOST_CAVEATS + ["more-caveats"]


def test_blocks_that_overlap_again_and_again_are_refused() -> None:
    small = b"".join(specimen.memory(0x100 + 2 * number, b"a") for number in range(10_000))
    large = specimen.memory(0x100, b"a." * 10_000)
    whole = parse(specimen.header() + small + large)
    assert whole.memory.ranges() == [(0x100, 0x100 + 20_000)]
    started = time.process_time()
    with pytest.raises(LimitExceeded, match="overlap"):
        parse(specimen.header() + small + 30 * large)
    assert time.process_time() - started < 5


def test_overlap_keeps_the_first_and_warns_when_bytes_differ() -> None:
    same = specimen.header() + specimen.memory(0x100, b"abcdefgh") + specimen.memory(0x104, b"efghijkl")
    differs = specimen.header() + specimen.memory(0x100, b"abcdefgh") + specimen.memory(0xFC, b"1234567890123456")
    assert parse(same).caveats == ()
    assert parse(same).memory.ranges() == [(0x100, 0x10C)]
    dump = parse(differs)
    assert codes(dump) == ["overlap"]
    assert b"".join(content(dump).values()) == b"1234abcdefgh3456"


def test_the_last_of_several_register_blocks_counts() -> None:
    dump = parse(specimen.header() + specimen.architecture(bytes(36), 1) + specimen.architecture())
    assert dump.architecture is not None
    assert dump.architecture.version == 2
    assert codes(dump) == ["duplicate-block"]


def test_cpu_snapshots() -> None:
    frozen = b"F\x01\x00\x08\x00" + specimen.words(1, 0x20001100) + b"8 bytes!"
    panicking = b"F\x01\x00\x00\x00" + specimen.words(0, 0x20001000)
    dump = parse(specimen.header() + frozen + panicking)
    assert [(cpu.cpu, cpu.thread, len(cpu.payload)) for cpu in dump.cpus] == [(1, 0x20001100, 8), (0, 0x20001000, 0)]


def test_pointers_of_64_bits() -> None:
    block = b"M\x01\x00" + (1 << 40).to_bytes(8, "little") + ((1 << 40) + 4).to_bytes(8, "little") + b"data"
    assert content(parse(specimen.header(target=6, bits=6) + block)) == {1 << 40: b"data"}


def checksummed(data: bytes, wrong: int = 0) -> bytes:
    return data + b"C\x01\x00" + specimen.words(zlib.crc32(data) ^ wrong)


def test_the_dumps_own_checksum() -> None:
    flagged = specimen.header(flags=1) + specimen.dump()[12:]
    assert codes(parse(checksummed(flagged))) == []
    assert codes(parse(checksummed(flagged, wrong=1))) == ["checksum"]
    cut = parse(flagged)
    assert cut.truncated
    assert codes(cut) == ["truncated"]


@pytest.mark.parametrize("filler", [b"\xff", b"\x00"])
def test_padding_is_ignored(filler: bytes) -> None:
    assert parse(specimen.dump() + filler * 100).caveats == ()


class TestFlash:
    def test_wrong_checksum(self) -> None:
        data = bytearray(specimen.flash(specimen.dump()))
        data[10] ^= 1
        assert codes(parse(bytes(data))) == ["checksum"]

    def test_device_error(self) -> None:
        dump = parse(specimen.flash(specimen.dump(), error=-5))
        assert "error -5" in dump.caveats[0].text

    def test_larger_write_blocks(self) -> None:
        image = specimen.flash(specimen.dump())
        moved = image[:16].ljust(512, b"\xff") + image[16:]
        assert parse(moved).container == "flash"
        assert content(parse(moved)) == content(parse(specimen.dump()))

    def test_power_loss_before_the_header(self) -> None:
        dump = parse(b"\xff" * 32 + specimen.dump() + b"\xff" * 64)
        assert (dump.container, dump.truncated) == ("flash", True)
        assert codes(dump) == ["unfinished"]

    def test_size_beyond_the_partition(self) -> None:
        dump = parse(specimen.flash(specimen.dump(), padding=0)[:-100])
        assert dump.truncated


class TestMissing:
    def test_memory_in_a_hole_is_not_in_the_dump(self) -> None:
        data = bytearray(specimen.dump())
        data[400:500] = bytes(100)
        dump = parse(bytes(data), missing=[(400, 500)])
        block = specimen.RAM["worker_stack"]
        assert content(dump)[block] == bytes(52)
        assert content(dump)[block + 152] == specimen.worker_stack()[152:]
        assert codes(dump) == ["incomplete-upload"]

    def test_registers_in_a_hole_are_unavailable(self) -> None:
        dump = parse(specimen.dump(), missing=[(20, 30)])
        assert dump.architecture is not None
        assert dump.architecture.payload.unsigned(0, 4) is None
        assert dump.architecture.payload.unsigned(16, 4) == 0x12

    def test_a_hole_over_block_headers_is_skipped(self) -> None:
        data = bytearray(specimen.dump())
        data[600:620] = bytes(20)
        dump = parse(bytes(data), missing=[(600, 620)])
        assert specimen.RAM["main"] not in content(dump)
        assert content(dump)[specimen.RAM["main_stack"]] == bytes(0x100)

    def test_without_its_start_only_memory_is_known(self) -> None:
        data = bytes(100) + specimen.dump()[100:]
        dump = parse(data, missing=[(0, 100)])
        assert (dump.header.target, dump.header.reason, dump.header.pointer_size) == (None, None, 4)
        assert dump.architecture is None
        assert len(content(dump)) == 5

    def test_nothing_recognisable(self) -> None:
        with pytest.raises(NotADump, match="send its first chunk again"):
            parse(bytes(100), missing=[(0, 50)])

    @given(st.lists(st.tuples(st.integers(0, 1400), st.integers(0, 1400)), max_size=8))
    def test_any_holes_never_make_a_value(self, missing: list[tuple[int, int]]) -> None:
        truth = {}
        for address, part in content(parse(specimen.dump())).items():
            truth.update({address + at: byte for at, byte in enumerate(part)})
        data = bytearray(specimen.dump())
        for start, end in missing:
            if start < end:
                data[start : min(end, 1349)] = b"\xa5" * (min(end, 1349) - start)
        try:
            dump = parse(bytes(data), missing)
        except NotADump:
            return
        for address, part in content(dump).items():
            for at, byte in enumerate(part):
                assert truth[address + at] == byte


@given(st.binary(max_size=200))
def test_random_bytes_raise_only_named_errors(data: bytes) -> None:
    for prefix in (b"", specimen.header(), b"CD\x01\x00", bytes.fromhex("deb0deb0"), b"#CD:BEGIN#\n#CD:5a45"):
        with contextlib.suppress(NotADump, UnsupportedDump):
            parse(prefix + data)


@given(st.lists(st.tuples(st.integers(0, 1348), st.integers(0, 255)), max_size=20), st.sampled_from(["raw", *WRAPPED]))
def test_corrupt_dumps_raise_only_named_errors(edits: list[tuple[int, int]], wrapper: str) -> None:
    data = bytearray(WRAPPED.get(wrapper, specimen.dump()))
    for at, value in edits:
        data[at] = value
    with contextlib.suppress(NotADump, UnsupportedDump):
        parse(bytes(data))
