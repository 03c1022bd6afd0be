import pytest

from analyzer.cpu import Context, CortexM
from analyzer.dump import parse
from analyzer.explain import mismatches
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
