import pytest

from analyzer.cpu.risc_v_frame import NAMES, PC, RA, S0, SP, frames_with, read_frame, read_layout
from analyzer.symbols.interface import Field
from tests.analyzer.cpu.risc_v_specimen import FRAME, MSTATUS, VALUES, fields, memory, values

AT = 0x80010000


@pytest.mark.parametrize("width", [4, 8])
def test_a_frame_is_read_by_its_members(width: int) -> None:
    layout = read_layout(fields(width), width)
    assert layout is not None
    assert layout.size == {4: 80, 8: 160}[width]
    frame = read_frame(AT, layout, memory((AT, values(FRAME, width).ljust(layout.size, b"\0"))))
    assert frame is not None
    assert frame.is_plausible(width)
    assert frame.registers[SP] == AT + layout.size
    assert (frame.registers[PC], frame.status) == (VALUES["mepc"], MSTATUS)
    known = {NAMES[number]: value for number, value in frame.registers.items() if number not in (PC, SP)}
    assert known == {name: VALUES[name] for name in FRAME if name not in ("mepc", "mstatus")}
    assert read_frame(AT, layout, memory((AT, values(FRAME, width)[:-1]))) is None
    assert read_frame(AT + 1, layout, memory((AT, bytes(400)))) is None


def test_the_names_of_other_versions() -> None:
    older = read_layout(fields(4, ["ra", "gp", "tp", "t0", "a0", "mepc", "mstatus"], name="__esf"), 4)
    assert older is not None
    assert older.registers == {RA: 0, 3: 4, 4: 8, 5: 12, 10: 16, PC: 20}
    newer = read_layout(fields(4, ["ra", "s0", "xepc", "xstatus", "csf"]), 4)
    assert newer is not None
    assert (newer.registers, newer.status, newer.callee_saved) == ({RA: 0, S0: 4, PC: 8}, 12, 16)
    assert read_layout(fields(4, ["ra", "s0"]), 4) is None
    assert read_layout(lambda _structure, _path: None, 4) is None
    assert read_layout(lambda structure, path: Field(0, 8) if (structure, path) == ("__esf", "") else None, 4) is None


@pytest.mark.parametrize(
    ("width", "status", "plausible"),
    [
        (4, MSTATUS, True),
        (4, 0x80007880, True),
        (8, 0xA00001880, True),
        (4, MSTATUS | 1 << 3, False),
        (4, 0, False),
        (4, 0x0880, False),
        (4, 0xAAAAAAAA, False),
        (8, 0xAAAAAAAAAAAAAAAA, False),
    ],
)
def test_what_a_trap_leaves_in_mstatus(width: int, status: int, *, plausible: bool) -> None:
    layout = read_layout(fields(width), width)
    assert layout is not None
    frame = read_frame(AT, layout, memory((AT, values(FRAME, width, mstatus=status) + bytes(16))))
    assert frame is not None
    assert frame.is_plausible(width) == plausible


def test_code_in_user_mode_has_a_stack_of_its_own() -> None:
    layout = read_layout(fields(4, [*FRAME, "sp"]), 4)
    assert layout is not None
    for status, pointer in ((0x80, 0x80020000), (MSTATUS, AT + 80)):
        frame = read_frame(AT, layout, memory((AT, values([*FRAME, "sp"], 4, mstatus=status, sp=0x80020000))))
        assert frame is not None
        assert frame.is_plausible(4)
        assert frame.registers[SP] == pointer
        assert frame.by_user == (status == 0x80)


@pytest.mark.parametrize(("width", "known"), [(4, None), (8, None), (8, 4)])
def test_frames_are_found_by_what_is_known_of_them(width: int, known: int | None) -> None:
    layout = read_layout(fields(width), width)
    assert layout is not None
    wanted = {number: VALUES[name] for number, name in NAMES.items() if name in FRAME and name != "s0"}
    wanted[PC] = VALUES["mepc"]
    content = bytearray(1024)
    frame = values(FRAME, width, s0=0xDEAD)
    content[0x100 : 0x100 + len(frame)] = frame
    content[0x300 : 0x300 + len(frame)] = values(FRAME, width, a7=1)
    at = memory((AT, bytes(content)))
    assert list(frames_with(wanted, layout, at, known)) == [AT + 0x100]
    assert list(frames_with(dict.fromkeys(wanted, 1), layout, at)) == []
    assert list(frames_with({}, layout, at)) == []
    # Off by a byte it is none.
    assert list(frames_with(wanted, layout, memory((AT + 1, bytes(content))))) == []
