import pytest

from console.crashes.entry import BadEntry, known_place, leading_address, read_number, read_path, split_place


@pytest.mark.parametrize(
    ("text", "number"), [("0x2F", 47), (" 42 ", 42), ("010", 10), ("0xffffffffffffffff", 2**64 - 1)]
)
def test_numbers(text: str, number: int) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "0x", "ff", "1e3", "18446744073709551616", "0x" + "1" * 17, "٣", "1_0"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(BadEntry):
        read_number(text)


def test_paths() -> None:
    assert read_path("") == []
    assert read_path("0.3.12") == [0, 3, 12]
    for text in (".", "1.", "-1", "1.x", ".".join("1" * 65), "٣", "1" * 10):
        with pytest.raises(BadEntry):
            read_path(text)


def test_places() -> None:
    assert split_place("station + 0x10") == ("station", 16)
    assert split_place("sp-4") == ("sp", -4)
    assert split_place("0x20000000") == ("0x20000000", 0)
    assert split_place(" weather::Barometer::count ") == ("weather::Barometer::count", 0)
    for text in ("", "+4", "x" * 501):
        with pytest.raises(BadEntry):
            split_place(text)


def test_numbers_and_registers_are_known_at_once() -> None:
    registers = {"sp": "0x20001f00", "r7": None}
    assert known_place("0x10", registers) == 16
    assert known_place("SP", registers) == 0x20001F00
    assert known_place("r7", registers) is None
    assert known_place("station", registers) is None


def test_the_address_that_a_value_begins_with() -> None:
    assert leading_address("0x20000054 <station+44>") == "0x20000054"
    assert leading_address("<not in dump>") is None
    assert leading_address("1419") is None
