from collections.abc import Mapping

import pytest

from analyzer.symbols.types import (
    ArrayType,
    BaseType,
    Member,
    OpaqueType,
    PointerType,
    QualifiedType,
    RecordType,
    Type,
    TypedefType,
)
from analyzer.values.member_path import member_path, pointee, through_pointer
from tests.analyzer.fake_symbols import FakeSymbols

INT, CONFIG, DEVICE, POINTER, ALIAS, RATES, CHOICE, FLAGS, SELF = range(1, 10)
TYPES: Mapping[int, Type] = {
    INT: BaseType("int", 4, 5),
    CONFIG: RecordType("struct", "config", 8, (Member("rate", INT, 0, 0), Member("mode", INT, 32, 0))),
    DEVICE: RecordType(
        "struct",
        "device",
        32,
        (
            Member("name", POINTER, 0, 0),
            Member("config", ALIAS, 32, 0),
            Member("rates", RATES, 96, 0),
            Member("", CHOICE, 192, 0),
            Member("flags", FLAGS, 224, 0),
        ),
    ),
    POINTER: PointerType(4, INT, "*"),
    ALIAS: TypedefType("config_t", CONFIG),
    RATES: ArrayType(INT, (3,)),
    CHOICE: RecordType("union", "", 4, (Member("a", INT, 0, 0), Member("b", INT, 0, 0))),
    FLAGS: RecordType("struct", "", 4, (Member("x", INT, 0, 3), Member("y", INT, 3, 29))),
    SELF: QualifiedType("const", POINTER),
}


class Types(FakeSymbols):
    def type(self, handle: int) -> Type:
        return TYPES.get(handle, OpaqueType("", None))

    def size_of(self, handle: int) -> int | None:
        match self.type(handle):
            case TypedefType() | QualifiedType() as one:
                return self.size_of(one.target)
            case ArrayType() as one:
                return 4 * (one.counts[0] or 0)
            case one:
                return getattr(one, "size", None)


@pytest.mark.parametrize(
    ("offset", "size", "path"),
    [
        (0, 4, ".name"),
        (4, 4, ".config.rate"),
        (8, 4, ".config.mode"),
        (10, 2, ".config.mode"),
        (4, 8, None),  # both members of config
        (16, 4, ".rates[1]"),
        (24, 4, None),  # two members of a union
        (28, 4, None),  # bit-fields
        (30, 4, None),  # past the end
        (-4, 4, None),
    ],
)
def test_members(offset: int, size: int, path: str | None) -> None:
    found = member_path(Types(), DEVICE, offset, size)
    assert (found[0] if found else None) == path


@pytest.mark.parametrize(
    ("target", "offset", "expected"),
    [
        (DEVICE, 8, ("p->config.mode", "config.mode")),
        (DEVICE, 40, ("p[1].config.mode", "[1].config.mode")),
        (INT, 0, ("*p", "")),
        (INT, 12, ("p[3]", "[3]")),
        (RATES, 4, ("(*p)[1]", "[1]")),
        (DEVICE, -8, None),
        (-1, 0, None),
    ],
)
def test_through_pointers(target: int, offset: int, expected: tuple[str, str] | None) -> None:
    found = through_pointer(Types(), "p", target, offset, 4)
    assert (found[:2] if found else None) == expected


def test_what_is_pointed_at() -> None:
    assert pointee(Types(), SELF) == INT
    assert pointee(Types(), INT) is None
