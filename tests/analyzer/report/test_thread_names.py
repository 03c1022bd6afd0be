"""A thread is called the same wherever a person meets it."""

import msgspec
import pytest

from analyzer.cpu import CortexM
from analyzer.export.markdown import markdown
from analyzer.report import model
from analyzer.report.address import thread_name
from analyzer.zephyr import KernelThread
from tests.analyzer.fake_symbols import FakeSymbols
from tests.analyzer.golden import report_of
from tests.analyzer.report.test_terminal import shown

SYMBOLS = FakeSymbols(functions={(0x400, 0x480): "pump_thread"})


@pytest.mark.parametrize(
    ("thread", "name"),
    [
        (KernelThread(0x20000000, name="pump", entry=0x401), "pump"),
        (KernelThread(0x20000000, name="", entry=0x401), "pump_thread"),
        (KernelThread(0x20000000, entry=0x501), "0x00000501"),
        (KernelThread(0x20000000), "0x20000000"),
    ],
)
def test_by_name_then_by_function_then_by_address(thread: KernelThread, name: str) -> None:
    assert thread_name(thread, CortexM(), SYMBOLS, 4) == name


def test_terminal_and_ticket_call_an_unnamed_thread_by_its_function() -> None:
    report = report_of("cortex-m/deadlock-Os")
    thread = next(thread for thread in report.threads if not thread.crashed and thread.entry)
    unnamed = msgspec.structs.replace(thread, name=None, entry="pump_thread")
    report = msgspec.structs.replace(report, threads=[report.threads[0], unnamed])
    assert f"○ pump_thread  at {unnamed.address} · " in shown(report)
    assert "`pump_thread` · " in markdown(report)


def test_what_is_known_of_a_thread_is_what_it_is_called() -> None:
    assert model.Thread(name="a", entry="b", address="c").called == "a"
    assert model.Thread(entry="b", address="c").called == "b"
    assert model.Thread(address="c").called == "c"
    assert model.Thread().called == "unknown thread"
