"""Where a firmware keeps its kernel objects: its global variables, searched by type once per firmware."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzer.symbols.types import ArrayType, Global, RecordType, TypedSymbols, plain_type
from analyzer.zephyr.objects.model import Place
from analyzer.zephyr.objects.timer import timeout_members
from analyzer.zephyr.packed import PackedMembers

MAX_PLACES = 4096
MAX_ELEMENTS = 256
"""Elements of one array that are searched."""
_MAX_DEPTH = 8
_DW_OP_ADDR = 0x03

KINDS = {
    "k_mutex": "mutex",
    "k_sem": "semaphore",
    "k_msgq": "message queue",
    "k_timer": "timer",
    "k_work_q": "work queue",
    "k_heap": "heap",
    "sys_heap": "heap",
    "k_mem_slab": "memory slab",
    "k_condvar": "condition variable",
    "k_event": "event",
    "k_fifo": "FIFO",
    "k_lifo": "LIFO",
    "k_queue": "queue",
    "k_stack": "stack",
    "k_pipe": "pipe",
    "k_mbox": "mailbox",
    "k_futex": "futex",
}
"""Structure tag to kind."""


@dataclass(frozen=True, slots=True)
class _Part:
    """An object within a type: where, which, and how it is called from there."""

    offset: int
    structure: str
    size: int
    path: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The kernel objects of a firmware, by address."""

    places: tuple[Place, ...]
    timeout: PackedMembers
    """What `analyzer.zephyr.objects.timer` reads of a timeout."""
    _starts: tuple[int, ...] = field(repr=False)

    def holding(self, address: int) -> Place | None:
        """The object that an address lies in."""
        index = bisect_right(self._starts, address) - 1
        if index < 0:
            return None
        place = self.places[index]
        return place if address < place.address + place.size else None


def catalogue_of(symbols: TypedSymbols) -> Catalogue:
    """The catalogue of a firmware; made once for each index that is open."""
    if Catalogue not in symbols.derived:
        symbols.derived[Catalogue] = _make(symbols)
    return symbols.derived[Catalogue]


def _make(symbols: TypedSymbols) -> Catalogue:
    search = _Search(symbols)
    found: dict[int, Place] = {}
    for one in symbols.global_variables():
        address = _address(one, symbols.pointer_size)
        if address is None:
            continue
        for part in search.parts(one.variable.type):
            if len(found) >= MAX_PLACES:
                break
            name = _joined(one.variable.name, part.path)
            place = Place(KINDS[part.structure], part.structure, name, address + part.offset, part.size)
            found.setdefault(place.address, place)
    places = tuple(sorted(found.values(), key=lambda place: place.address))
    timeout = timeout_members(symbols.field("_timeout", "dticks"), symbols.pointer_size)
    return Catalogue(places, timeout, tuple(place.address for place in places))


def _address(one: Global, pointer_size: int) -> int | None:
    """Where a variable with a fixed address lies."""
    location = one.variable.location
    if location is None or len(location) != 1 + pointer_size or location[0] != _DW_OP_ADDR:
        return None
    return int.from_bytes(location[1:], "little") or None


def _joined(name: str, path: str) -> str:
    return f"{name}{path}" if not path or path.startswith("[") else f"{name}.{path}"


class _Search:
    """Finds the objects within types; each type is searched once."""

    def __init__(self, symbols: TypedSymbols) -> None:
        self._symbols = symbols
        self._known: dict[int, tuple[_Part, ...]] = {}

    def parts(self, handle: int, depth: int = 0) -> tuple[_Part, ...]:
        """The objects within a type, by offset."""
        known = self._known.get(handle)
        if known is None:
            self._known[handle] = ()  # a type cannot contain itself; one that claims to is searched no further
            known = self._known[handle] = tuple(self._within(handle, depth))
        return known

    def _within(self, handle: int, depth: int) -> Iterator[_Part]:
        if depth > _MAX_DEPTH:
            return
        _, one = plain_type(self._symbols.type, handle)
        if isinstance(one, RecordType):
            if one.name in KINDS and one.size:
                yield _Part(0, one.name, one.size, "")
                return
            for member in one.members:
                for part in self.parts(member.type, depth + 1):
                    path = _joined(member.name, part.path) if member.name else part.path
                    yield _Part(member.bit_offset // 8 + part.offset, part.structure, part.size, path)
        elif isinstance(one, ArrayType):
            yield from self._elements(one, depth)

    def _elements(self, one: ArrayType, depth: int) -> Iterator[_Part]:
        inner = self.parts(one.element, depth + 1)
        size = self._symbols.size_of(one.element) if inner else None
        if size is None or len(one.counts) != 1 or not isinstance(one.counts[0], int):
            return
        for index in range(min(one.counts[0], MAX_ELEMENTS)):
            for part in inner:
                yield _Part(index * size + part.offset, part.structure, part.size, _joined(f"[{index}]", part.path))
