import pytest

from analyzer.dump import parse
from analyzer.dump.memory import Memory
from analyzer.zephyr.stack_marks import StackMarks, marks_of, stack_marks
from analyzer.zephyr.thread import KernelThread
from tests.analyzer import specimen

START, END = 0x20003000, 0x20003100


def memory(content: bytes) -> Memory:
    return Memory(parse(specimen.header() + specimen.memory(START, content)).memory)


@pytest.mark.parametrize(
    ("content", "peak"),
    [
        (b"\xaa" * 200 + b"\x01" * 56, 56),
        (b"\xaa" * 4 + b"\x01" * 252, None),
        (b"\x01" * 256, None),
        (b"\xaa" * 256, 0),
        (b"\xf0" * 4 + b"\xaa" * 200 + b"\x01" * 52, 52),
        (b"\xaa" * 200 + b"\x01" * 28 + b"\xaa" * 28, 56),
    ],
)
def test_the_most_a_stack_was_used(content: bytes, peak: int | None) -> None:
    assert marks_of((START, END), memory(content)).peak == peak
    assert marks_of((START, END + 0x100), memory(content)).peak is None


@pytest.mark.parametrize(
    ("stack", "sentinel"),
    [((START, END), True), ((START + 4, END), False), ((END - 4, END + 4), False), ((END - 2, END), None)],
)
def test_the_sentinel(stack: tuple[int, int], *, sentinel: bool | None) -> None:
    assert marks_of(stack, memory(b"\xf0" * 4 + bytes(252))).sentinel is sentinel


def test_only_threads_with_a_stack_have_marks() -> None:
    threads = [KernelThread(1), KernelThread(2, stack=(START, END))]
    assert stack_marks(threads, memory(bytes(256))) == {(START, END): StackMarks(None, sentinel=False)}
