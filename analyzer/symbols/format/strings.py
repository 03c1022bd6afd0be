"""The strings of an index, each kept once: length and UTF-8 bytes, named by their offset; 0 is the empty one."""

from functools import lru_cache

from analyzer.symbols.format.varint import Cursor, put

_CACHED_STRINGS = 4096


class StringWriter:
    """Collects strings in the order in which they are first used."""

    def __init__(self) -> None:
        self._data = bytearray(b"\0")
        self._offsets: dict[str, int] = {"": 0}

    def add(self, text: str | None) -> int:
        """Offset of the string; None counts as empty."""
        text = text or ""
        offset = self._offsets.get(text)
        if offset is None:
            offset = self._offsets[text] = len(self._data)
            raw = text.encode("utf-8", "replace")
            put(self._data, len(raw))
            self._data += raw
        return offset

    def encode(self) -> bytes:
        """The part."""
        return bytes(self._data)


class StringTable:
    """Reads what `StringWriter` wrote."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self.text = lru_cache(_CACHED_STRINGS)(self._text)

    def _text(self, offset: int) -> str:
        return Cursor(self._data, offset).block().decode("utf-8", "replace")
