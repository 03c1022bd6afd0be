import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dump import memory
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes


def test_a_pattern_is_found_wherever_memory_was_dumped() -> None:
    image = MemoryImage()
    image.add(0x3000, SparseBytes(b"..ab..a\nb", [(4, 5)]))
    image.add(0x1000, SparseBytes(b"ab"))
    whole = Memory(image, lambda _address, size: b"ab"[:size])
    assert list(whole.occurrences(re.compile(b"a.?b", re.DOTALL))) == [0x1000, 0x3002, 0x3006]
    assert list(whole.occurrences(re.compile(b"\\."))) == [0x3000, 0x3001, 0x3005]


@given(st.binary(max_size=200).map(lambda content: content.translate(bytes([0, 1] * 128))), st.integers(1, 40))
def test_a_pattern_is_found_across_the_parts_that_are_searched(content: bytes, size: int) -> None:
    pattern = b"\0\1\0"
    expected = [at for at in range(len(content)) if content.startswith(pattern, at)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "_PART", size)
        assert list(memory.places(memoryview(content), pattern)) == expected
