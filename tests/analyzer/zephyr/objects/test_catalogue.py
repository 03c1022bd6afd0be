"""Finding kernel objects in the types of global variables."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzer.symbols.interface import Variable
from analyzer.symbols.types import (
    VOID_TYPE,
    ArrayType,
    Global,
    Member,
    QualifiedType,
    RecordType,
    Type,
    TypedefType,
)
from analyzer.zephyr.objects.catalogue import catalogue_of
from tests.analyzer.fake_symbols import FakeSymbols

MUTEX, CHANNEL, CHANNELS, NAMED, LOOP, FIFO = 1, 2, 3, 4, 5, 6


@dataclass(eq=False)
class Firmware(FakeSymbols):
    variables_by_name: dict[str, tuple[int, int]] = field(default_factory=dict)

    def type(self, handle: int) -> Type:
        types: dict[int, Type] = {
            MUTEX: RecordType("struct", "k_mutex", 20, ()),
            CHANNEL: RecordType(
                "struct", "channel", 28, (Member("id", 0, 0, 0), Member("lock", MUTEX, 32, 0), Member("", LOOP, 192, 0))
            ),
            CHANNELS: ArrayType(CHANNEL, (3,)),
            NAMED: TypedefType("mutex_t", 7),
            7: QualifiedType("volatile", MUTEX),
            LOOP: RecordType("struct", "loop", 4, (Member("self", LOOP, 0, 0),)),
            FIFO: RecordType("struct", "k_fifo", 16, (Member("_queue", 8, 0, 0),)),
            8: RecordType("struct", "k_queue", 16, ()),
        }
        return types.get(handle, VOID_TYPE)

    def size_of(self, handle: int) -> int | None:
        return getattr(self.type(handle), "size", None)

    def global_variables(self) -> Iterator[Global]:
        for name, (address, handle) in self.variables_by_name.items():
            location = b"\x03" + address.to_bytes(4, "little")
            yield Global(Variable(name, handle, location, None, is_parameter=False), "main.c")


def names(**variables: tuple[int, int]) -> list[tuple[str, str, int]]:
    catalogue = catalogue_of(Firmware(variables_by_name=variables))
    return [(place.kind, place.name, place.address) for place in catalogue.places]


def test_objects_are_found_in_structures_and_arrays() -> None:
    assert names(channels=(0x1000, CHANNELS), bus=(0x500, NAMED)) == [
        ("mutex", "bus", 0x500),
        ("mutex", "channels[0].lock", 0x1004),
        ("mutex", "channels[1].lock", 0x1020),
        ("mutex", "channels[2].lock", 0x103C),
    ]


def test_a_type_that_contains_itself_ends() -> None:
    assert names(loop=(0x1000, LOOP)) == []


def test_an_object_within_an_object_is_the_outer_one() -> None:
    assert names(orders=(0x1000, FIFO)) == [("FIFO", "orders", 0x1000)]


def test_an_address_within_an_object_finds_it() -> None:
    catalogue = catalogue_of(Firmware(variables_by_name={"bus": (0x500, MUTEX)}))

    place = catalogue.holding(0x508)
    assert place
    assert place.name == "bus"
    assert catalogue.holding(0x4FF) is None
    assert catalogue.holding(0x514) is None


def test_a_firmware_is_searched_once() -> None:
    firmware = Firmware(variables_by_name={"bus": (0x500, MUTEX)})
    assert catalogue_of(firmware) is catalogue_of(firmware)
