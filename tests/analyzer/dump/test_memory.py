import re

from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes


def test_a_pattern_is_found_wherever_memory_was_dumped() -> None:
    image = MemoryImage()
    image.add(0x3000, SparseBytes(b"..ab..a\nb", [(4, 5)]))
    image.add(0x1000, SparseBytes(b"ab"))
    memory = Memory(image, lambda _address, size: b"ab"[:size])
    assert list(memory.occurrences(re.compile(b"a.?b", re.DOTALL))) == [0x1000, 0x3002, 0x3006]
    assert list(memory.occurrences(re.compile(b"\\."))) == [0x3000, 0x3001, 0x3005]
