import pytest

from analyzer.cpu import Context, CortexM, SavedThread
from analyzer.cpu.cortex_m_exception import LR, PC, PSP, R4, R11, S0, S15, S16, S31, SP
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes
from analyzer.symbols.interface import Field
from tests.analyzer.specimen import words

CPU = CortexM()
HANDLE, THREAD = 0x20003000, 0x20001000
CODE = 0x500
THUMB = 1 << 24
RESTORE = bytes.fromhex("bde8ff5f 00bd")
"""pop {r0-r12, lr}; pop {pc}"""

# struct switch_frame of arm-m-switch.c, without CONFIG_BUILTIN_STACK_GUARD.
MEMBERS = ("apsr", *(f"r{number}" for number in range(13)), "lr", "pc")
FRAME = (THUMB, *range(0x10, 0x1D), 0x521, CODE | 1)
Fields = dict[tuple[str, str], Field]


def fields(*, guarded: bool = False, floats: bool = False) -> Fields:
    first = 4 if guarded else 0
    found = {("switch_frame", name): Field(first + 4 * index, 4) for index, name in enumerate(MEMBERS)}
    found["z_frame", "u.sw"] = Field(4 if floats else 0, 64)
    if floats:
        found["z_frame", "have_fpu"] = Field(0, 4)
        found["z_frame_fpu", "s_regs"] = Field(4, 128)
        found["z_frame_fpu", "u.sw"] = Field(136, 64)
    found["k_thread", "arch.iciit_pc"] = Field(0x80, 4)
    found["k_thread", "arch.iciit_apsr"] = Field(0x84, 4)
    return found


def memory(*blocks: tuple[int, bytes]) -> Memory:
    image = MemoryImage()
    for address, content in blocks:
        image.add(address, SparseBytes(content))
    return Memory(image)


def switched(content: bytes, known: Fields, *blocks: tuple[int, bytes], handle: int = HANDLE) -> Context | str:
    thread = SavedThread(THREAD + 0x50, thread=THREAD, switch_handle=handle, field_of=lambda *name: known.get(name))
    return CPU.switched_out(thread, memory((HANDLE, content), *blocks))


def registers(found: Context | str) -> dict[int, int]:
    assert isinstance(found, Context), found
    return dict(found.registers)


class TestBehindItsHandle:
    def test_a_preempted_thread_has_all_registers(self) -> None:
        found = registers(switched(words(*FRAME), fields()))
        assert found == {**{number: 0x10 + number for number in range(13)}, LR: 0x521, PC: CODE, SP: HANDLE + 64}

    def test_the_stack_limit_comes_first_where_there_is_one(self) -> None:
        found = registers(switched(words(0x20002000, *FRAME), fields(guarded=True)))
        assert (found[PC], found[0], found[SP]) == (CODE, 0x10, HANDLE + 68)

    def test_a_thread_that_gave_up_the_cpu_has_not_written_all_places(self) -> None:
        found = registers(switched(words(*FRAME), fields(), (CODE - 6, RESTORE + bytes.fromhex("00bf"))))
        assert set(found) == {*range(6), 12, LR, PC, SP}

    def test_r7_that_was_pushed_around_the_switch(self) -> None:
        code = RESTORE + bytes.fromhex("80bc")
        found = registers(switched(words(*FRAME, 0x77), fields(), (CODE - 6, code)))
        assert (found[7], found[SP]) == (0x77, HANDLE + 68)
        assert 6 not in found

    def test_an_interrupted_instruction_goes_on_where_it_was(self) -> None:
        stub = (CODE, bytes.fromhex("00de"))
        kept = (THREAD + 0x80, words(0x540, THUMB | 0x600FC00 | 1 << 29))
        found = switched(words(*FRAME), fields(), stub, kept)
        assert isinstance(found, Context)
        assert (found.registers[PC], found.status) == (0x540, THUMB | 0x600FC00 | 1 << 29)
        assert registers(switched(words(*FRAME), fields(), stub, (THREAD + 0x80, words(0, 0))))[PC] == CODE

    def test_floating_point_state(self) -> None:
        floats = range(0x3F800000, 0x3F800020)
        found = registers(switched(words(1, *floats, 0, *FRAME), fields(floats=True)))
        assert [found[number] for number in range(S0, S31 + 1)] == list(floats)
        assert (found[PC], found[SP]) == (CODE, HANDLE + 136 + 64)

    def test_no_floating_point_state(self) -> None:
        found = registers(switched(words(0, *FRAME), fields(floats=True)))
        assert S0 not in found
        assert (found[PC], found[SP]) == (CODE, HANDLE + 68)

    @pytest.mark.parametrize("missing", [("switch_frame", "r9"), ("switch_frame", "apsr"), ("switch_frame", "pc")])
    def test_a_layout_that_is_not_described_is_not_guessed(self, missing: tuple[str, str]) -> None:
        known = {name: field for name, field in fields().items() if name != missing}
        assert "does not say how" in str(switched(words(*FRAME), known))

    def test_floating_point_state_that_is_not_described_is_not_guessed(self) -> None:
        known = {name: field for name, field in fields(floats=True).items() if name[0] != "z_frame_fpu"}
        assert "floating point" in str(switched(words(1, *range(33), *FRAME), known))

    @pytest.mark.parametrize(
        ("content", "handle", "reason"),
        [
            (words(*FRAME), 0, "about to run"),
            (words(*FRAME)[:-4], HANDLE, "not in the dump"),
            (words(0, *FRAME[1:]), HANDLE, "no saved registers"),
            (words(THUMB | 15, *FRAME[1:]), HANDLE, "no saved registers"),
        ],
    )
    def test_what_is_no_context(self, content: bytes, handle: int, reason: str) -> None:
        assert reason in str(switched(content, fields(), handle=handle))


class TestClassic:
    STACKED = words(1, 2, 3, 4, 5, 0x521, 0x510, THUMB)
    UPPER = words(*range(0x40000000, 0x40000010))
    LOWER = words(*range(0x3F800000, 0x3F800010))

    def context(self, exc_return: int | None, *, kept: bool = True, stack: bytes = STACKED + LOWER) -> Context:
        known = {("k_thread", "arch.preempt_float"): Field(0x80, 64)} if kept else {}
        thread = SavedThread(THREAD + 32, exc_return, thread=THREAD, field_of=lambda *name: known.get(name))
        saved = (THREAD, words(*range(0xA4, 0xAC), HANDLE))
        found = CPU.switched_out(thread, memory(saved, (THREAD + 0x80, self.UPPER), (HANDLE, stack + bytes(8))))
        assert isinstance(found, Context)
        return found

    def test_a_thread_that_used_floating_point(self) -> None:
        found = self.context(0xED).registers
        assert [found[number] for number in range(S0, S15 + 1)] == list(range(0x3F800000, 0x3F800010))
        assert [found[number] for number in range(S16, S31 + 1)] == list(range(0x40000000, 0x40000010))
        assert [found[number] for number in range(R4, R11 + 1)] == list(range(0xA4, 0xAC))
        assert found[SP] == HANDLE + 104

    @pytest.mark.parametrize(("exc_return", "kept"), [(0xFD, True), (None, True), (0xED, False)])
    def test_without_proof_there_are_no_floats(self, exc_return: int | None, *, kept: bool) -> None:
        assert not set(range(S0, S31 + 1)) & set(self.context(exc_return, kept=kept).registers)

    def test_a_bit_that_armv8_gave_a_meaning(self) -> None:
        stacked = words(1, 2, 3, 4, 5, 0x521, 0x510, THUMB | 1 << 20)
        assert self.context(0xFD, stack=stacked).registers[PC] == 0x510

    def test_no_thread_has_the_pointer_of_an_interrupted_one(self) -> None:
        assert PSP not in self.context(0xED).registers
