"""Whatever is remembered has a bound: of all modules, of an index that is open, and how many indexes are."""

import functools
import gc
import inspect
import random
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer import child
from analyzer.analyze import analyze
from analyzer.report.model import encode_report
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex
from analyzer.symbols.interface import CallSite
from analyzer.values import call_path

CASE = Path(__file__).parent.parent / "golden" / "cortex-m" / "null-deref-Og"

_CACHED = functools._lru_cache_wrapper


@pytest.fixture(scope="module")
def index_bytes() -> bytes:
    return build_index(CASE / "firmware.elf")


@pytest.fixture(scope="module")
def dump() -> bytes:
    return (CASE / "dump.core").read_bytes()


def caches_of(root: object) -> "Iterator[functools._lru_cache_wrapper[Any]]":
    """Every cache that can be reached from an object without leaving the analyzer's own objects."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or inspect.ismodule(one) or isinstance(one, type):
            continue
        seen.add(id(one))
        if isinstance(one, _CACHED):
            yield one
        if inspect.isfunction(one):
            waiting += [cell.cell_contents for cell in one.__closure__ or ()]
        else:
            waiting += gc.get_referents(one)


def test_every_cache_of_a_module_has_a_bound(dump: bytes, index_bytes: bytes) -> None:
    encode_report(analyze(dump, SymbolIndex.from_bytes(index_bytes)))
    found = [one for one in gc.get_objects() if isinstance(one, _CACHED)]
    ours = [one for one in found if one.__wrapped__.__module__.startswith(("analyzer", "contract"))]
    assert len(ours) > 10
    for one in ours:
        # What takes nothing has one answer.
        assert one.cache_info().maxsize is not None or not inspect.signature(one.__wrapped__).parameters, one


def test_every_cache_of_an_index_has_a_bound_that_holds(dump: bytes, index_bytes: bytes) -> None:
    symbols = SymbolIndex.from_bytes(index_bytes)
    analyze(dump, symbols)
    found = list(caches_of(symbols))
    names = {one.__wrapped__.__name__ for one in found}
    assert {"_read_scope", "_find_variables", "_decode", "_text", "_make", "program", "prepare"} <= names
    for one in found:
        assert one.cache_info().maxsize is not None, one.__wrapped__
    for pc in range(0, 40_000, 2):
        symbols.source_frames(pc)
    info = symbols.source_frames.cache_info()
    assert info.currsize == info.maxsize < 20_000


def test_what_is_derived_from_an_index_does_not_grow_by_what_is_not_a_cache(dump: bytes, index_bytes: bytes) -> None:
    """The same kinds of things are derived, however many different dumps come."""
    symbols = SymbolIndex.from_bytes(index_bytes)
    analyze(dump, symbols)
    kinds = set(symbols.derived)
    generator = random.Random(1)
    for _ in range(20):
        changed = bytearray(dump)
        for place in range(64, len(changed) - 4, 36):
            changed[place : place + 4] = generator.randrange(0x100, 0x4000).to_bytes(4, "little")
        analyze(bytes(changed), symbols)
    assert set(symbols.derived) - kinds <= {call_path._Search}
    assert len(symbols.derived) < 20


def test_paths_of_tail_calls_are_forgotten_when_there_are_many(
    index_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_path, "_MOST_PATHS", 10)
    symbols = SymbolIndex.from_bytes(index_bytes)
    for target in range(0, 200, 2):
        call_path._tail_path(symbols, target, target)
        paths: dict[tuple[int, int], tuple[CallSite, ...] | None] = symbols.derived[call_path._Search]
        assert len(paths) <= 10


def test_few_indexes_stay_open_however_many_firmwares_there_are(
    dump: bytes, index_bytes: bytes, tmp_path: Path
) -> None:
    child._open_index.cache_clear()
    opened: list[weakref.ref[SymbolIndex]] = []
    for number in range(2 * child.OPEN_INDEXES):
        path = tmp_path / f"{number}"
        path.write_bytes(index_bytes)
        symbols = child._open_index(str(path))
        assert analyze(dump, symbols).symbolized
        opened.append(weakref.ref(symbols))
    del symbols
    assert child._open_index.cache_info().currsize == child.OPEN_INDEXES
    gc.collect()
    assert sum(one() is not None for one in opened) == child.OPEN_INDEXES
    child._open_index.cache_clear()
    gc.collect()
    assert not any(one() is not None for one in opened)
