import pytest

from analyzer.cpu import Context, CortexM
from analyzer.dump import parse
from analyzer.explain import confirmed, mismatches
from analyzer.symbols.interface import Symbol
from tests.analyzer import specimen
from tests.analyzer.fake_symbols import FakeSymbols, specimen_symbols

CONTEXT = Context({15: 0x404, 14: 0x421})
ID = bytes(range(20))


def found(
    symbols: FakeSymbols,
    data: bytes | None = None,
    context: Context | None = CONTEXT,
    entries: tuple[int, ...] = (0x501, 0x601),
    build_id: str | None = None,
) -> list[str]:
    dump = parse(specimen.dump() if data is None else data)
    return [caveat.text for caveat in mismatches(dump, symbols, CortexM(), context, entries=entries, build_id=build_id)]


def test_the_right_firmware() -> None:
    assert found(specimen_symbols()) == []


@pytest.mark.parametrize("build_id", [None, ID.hex(), ID.hex().upper()])
def test_the_build_id_that_the_device_sent(build_id: str | None) -> None:
    symbols = specimen_symbols()
    symbols.build_ids = (ID,)
    assert found(symbols, build_id=build_id) == []
    (text,) = found(symbols, build_id="00" * 20)
    assert ID.hex() in text


@pytest.mark.parametrize("header", ["f1251400", "f0251400"])
@pytest.mark.parametrize("magic", ["", "4660a47e5a3e86b9" + "00081000" + "41" * 16])
def test_the_build_id_in_dumped_memory(header: str, magic: str) -> None:
    symbols = specimen_symbols()
    symbols.build_ids = (ID,)
    descriptor = bytes.fromhex(magic + header) + ID + bytes.fromhex("ffff0000")
    assert found(symbols, specimen.dump() + specimen.memory(0x1000, descriptor)) == []
    other = descriptor.replace(ID, ID[::-1])
    assert len(found(symbols, specimen.dump() + specimen.memory(0x1000, other))) == 1


def test_read_only_memory_that_differs() -> None:
    symbols = specimen_symbols()
    content = symbols.read_only_bytes[0x400][:64]
    assert found(symbols, specimen.dump() + specimen.memory(0x400, content)) == []
    changed = content[:40] + b"?" + content[41:]
    assert "0x400 differs" in found(symbols, specimen.dump() + specimen.memory(0x400, changed))[0]


def test_neither_pc_nor_link_register_are_code() -> None:
    assert len(found(specimen_symbols(), context=Context({15: 0x9000, 14: 0x9101}))) == 1
    assert found(specimen_symbols(), context=Context({15: 0x9000, 14: 0x421})) == []
    assert found(specimen_symbols(), context=Context({15: 0x9000, 14: 0xFFFFFFFD})) == []
    assert found(specimen_symbols(), context=None) == []


@pytest.mark.parametrize("entry", [0x503, 0x9001])
def test_threads_start_where_functions_start(entry: int) -> None:
    (text,) = found(specimen_symbols(), entries=(0x601, entry))
    assert hex(entry) in text


def test_the_kernels_structure_has_another_size() -> None:
    symbols = specimen_symbols()
    symbols.objects["_kernel"] = Symbol("_kernel", 0x20000000, 40, is_function=False)
    assert "36 bytes in the dump and 40" in found(symbols)[0]


FIRST = 0x20000000


def with_ram(end: int | None) -> FakeSymbols:
    symbols = specimen_symbols()
    symbols.objects["_image_ram_start"] = Symbol("_image_ram_start", FIRST, 0, is_function=False)
    if end is not None:
        symbols.objects["_image_ram_end"] = Symbol("_image_ram_end", end, 0, is_function=False)
    return symbols


def of_ram(start: int, size: int) -> bytes:
    return specimen.header() + specimen.architecture() + specimen.memory(start, bytes(size))


@pytest.mark.parametrize(
    ("start", "size", "fits"),
    [
        (FIRST, 0x2000, True),
        (FIRST + 0x100, 0x100, True),
        (FIRST, 0x100, True),
        (FIRST, 0x1800, False),
        (FIRST, 0x2004, False),
        (FIRST - 4, 0x100, False),
        (FIRST + 0x10000, 0x100, False),
    ],
)
def test_dumped_memory_is_the_firmwares_ram(start: int, size: int, *, fits: bool) -> None:
    texts = found(with_ram(FIRST + 0x2000), of_ram(start, size))
    assert len(texts) == (0 if fits else 1)
    assert fits or f"memory from {start:#x} to {start + size:#x}" in texts[0]


def test_memory_of_a_device_beside_the_ram_is_no_contradiction() -> None:
    assert found(with_ram(FIRST + 0x2000), of_ram(FIRST, 0x2000) + specimen.memory(0x40000000, bytes(64))) == []


def test_without_the_rams_end_an_object_behind_the_dump_tells() -> None:
    symbols = with_ram(None)
    assert found(symbols, of_ram(FIRST, 0x2000)) == []
    symbols.objects["buffer"] = Symbol("buffer", FIRST + 0x1FF0, 64, is_function=False)
    (text,) = found(symbols, of_ram(FIRST, 0x2000))
    assert "still has buffer" in text
    assert found(symbols, of_ram(FIRST, 0x2030)) == []


def test_what_confirms_a_firmware() -> None:
    symbols, dump = specimen_symbols(), parse(specimen.dump())

    def told(*entries: int, build_id: str | None = None) -> bool:
        return confirmed(dump, symbols, CortexM(), entries=entries, build_id=build_id)

    assert told(0x501, 0x601)
    assert not told()
    assert not told(0x501, 0x503)
    symbols.build_ids = (ID,)
    assert told(build_id=ID.hex().upper())
    assert not told(build_id="00" * 20)
