import pytest

from analyzer.cpu import X86, Arm64, CortexM, Cpu, RiscV
from analyzer.disassembly import instruction_at
from analyzer.explain.rules.unspecified import unspecified
from tests.analyzer.explain.crashes import crash, facts

ARM64, CORTEX_M = Arm64(), CortexM()


def judged(cpu: Cpu, code: str, kind: str = "cpu-exception", *, imprecise: bool = False) -> str | None:
    instruction = instruction_at(bytes.fromhex(code), 0x400, cpu.machine, cpu.pointer_size)
    assert instruction is not None
    note = unspecified(facts(kind, crash(cpu=cpu), instruction=instruction, imprecise=imprecise))
    return None if note is None or note.verdict is None else note.verdict.kind


@pytest.mark.parametrize(
    ("cpu", "code", "kind"),
    [
        (ARM64, "007d20d4", "breakpoint"),  # brk #1000
        (ARM64, "00000000", "undefined-instruction"),  # udf #0
        (ARM64, "010040f9", "memory-fault"),  # ldr x1, [x0]
        (ARM64, "010000b9", "memory-fault"),  # str w1, [x0]
        (ARM64, "fd7bbfa9", "memory-fault"),  # stp x29, x30, [sp, #-16]!
        (CORTEX_M, "00be", "breakpoint"),  # bkpt 0
        (CORTEX_M, "ffde", "undefined-instruction"),  # udf #255
        (CORTEX_M, "7b60", "memory-fault"),  # str r3, [r7, #4]
    ],
)
def test_the_instruction_tells(cpu: Cpu, code: str, kind: str) -> None:
    assert judged(cpu, code) == kind


@pytest.mark.parametrize(
    ("cpu", "code"),
    [
        (ARM64, "000440fd"),  # ldr d0, [x0, #8]: or floating point is not enabled
        (ARM64, "0000018b"),  # add x0, x0, x1
        (CORTEX_M, "90ed001a"),  # vldr s2, [r0]
        (CORTEX_M, "1844"),  # add r0, r3
        (RiscV(4), "07a00500"),  # flw ft0, 0(a1)
        (X86(), "d900"),  # fld dword ptr [eax]
    ],
)
def test_what_may_be_anything_stays_unspecified(cpu: Cpu, code: str) -> None:
    assert judged(cpu, code) is None


def test_a_cpu_that_knows_more_or_comes_too_late_is_not_overruled() -> None:
    assert judged(CORTEX_M, "7b60", "usage-fault") is None
    assert judged(CORTEX_M, "7b60", imprecise=True) is None
