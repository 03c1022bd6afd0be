"""Variable-length integers of the index: little-endian groups of seven bits; signed ones are zigzag coded."""

from analyzer.symbols.format.container import CorruptIndex

_MOST_BITS = 77


def put(out: bytearray, value: int) -> None:
    """Append a number that is not negative."""
    if value >= 0x80:
        while value >= 0x4000:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def put_signed(out: bytearray, value: int) -> None:
    """Append a number of either sign: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    put(out, value << 1 if value >= 0 else (-value << 1) - 1)


def put_bytes(out: bytearray, value: bytes) -> None:
    """Append a length and that many bytes."""
    put(out, len(value))
    out += value


class Cursor:
    """Reads numbers one after the other.

    Raises:
        CorruptIndex: the data ends too early or a number is too long.
    """

    __slots__ = ("data", "position")

    def __init__(self, data: memoryview, position: int) -> None:
        self.data = data
        self.position = position
        if not 0 <= position < len(data):
            raise CorruptIndex("The symbol index points outside one of its parts; build it again.")

    def number(self) -> int:
        """The next number that is not negative."""
        data, position = self.data, self.position
        try:
            byte = data[position]
            position += 1
            if byte < 0x80:
                self.position = position
                return byte
            value = byte & 0x7F
            shift = 7
            while True:
                byte = data[position]
                position += 1
                value |= (byte & 0x7F) << shift
                if byte < 0x80:
                    self.position = position
                    return value
                shift += 7
                if shift >= _MOST_BITS:
                    break
        except IndexError:
            pass
        raise CorruptIndex("The symbol index is damaged; build it again from the ELF file.")

    def signed(self) -> int:
        """The next number of either sign."""
        value = self.number()
        return -(value + 1 >> 1) if value & 1 else value >> 1

    def block(self) -> bytes:
        """The next length and bytes."""
        return self.take(self.number())

    def take(self, size: int) -> bytes:
        """So many bytes."""
        start = self.position
        if size > len(self.data) - start:
            raise CorruptIndex("The symbol index is damaged; build it again from the ELF file.")
        self.position = start + size
        return bytes(self.data[start : start + size])

    def count(self, least_size: int = 1) -> int:
        """A number of items that follow, each of at least so many bytes."""
        count = self.number()
        if count * least_size > len(self.data) - self.position:
            raise CorruptIndex("The symbol index is damaged; build it again from the ELF file.")
        return count
