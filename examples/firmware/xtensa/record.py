"""Record a crash of a core with register windows: `python3 record.py`, into tests/xtensa.

Debian has a compiler for Xtensa that can make code for register windows, but an assembler that cannot, and no gdb. So
the compiler's assembler text is rewritten, QEMU runs the program, and what is expected is what the source says. The
program writes its RAM; the core dump around it is made here, as Zephyr's arch/xtensa/core/coredump.c would.
"""

import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
FIXTURE = HERE.parent.parent.parent / "tests" / "xtensa"
TOOLS = "xtensa-lx106-elf-"
RAM, RAM_SIZE = 0x20000, 0x2000
CALLX8_A8, RETW = "0xe0, 0x08, 0x00", "0x1d, 0xf0"
SAMPLE_CONTROLLER_32 = 4
"""A SoC whose block has neither SCOMPARE1 nor the loop registers."""


def run(folder: Path, *command: str) -> str:
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=20).stdout


def without_windowed_mnemonics(text: str) -> str:
    """What the compiler wrote, with numbers for the instructions that the assembler does not know."""
    text = re.sub(r"\tentry\tsp, (\d+)\n", lambda found: f"\t.byte 0x36, {1 | int(found[1]) // 8 << 4}, 0\n", text)
    text = text.replace("\tretw.n\n", f"\t.byte {RETW}\n")
    return re.sub(r"\tcall8\t(\w+)\n", rf"\tmovi a8, \1\n\t.byte {CALLX8_A8}\n", text)


def build(folder: Path) -> Path:
    for source in ("program.c", "start.S", "memory.ld"):
        shutil.copy(HERE / source, folder)
    options = ["-mabi=windowed", "-mtext-section-literals", "-O1", "-g", f"-ffile-prefix-map={folder}=."]
    run(folder, f"{TOOLS}gcc", *options, "-S", "program.c", "-o", "compiled.s")
    (folder / "program.s").write_text(without_windowed_mnemonics((folder / "compiled.s").read_text()))
    for source in ("program.s", "start.S"):
        run(folder, f"{TOOLS}gcc", "-mtext-section-literals", "-c", source)
    run(folder, f"{TOOLS}ld", "-T", "memory.ld", "start.o", "program.o", "-o", "firmware.elf")
    return folder / "firmware.elf"


def crash(folder: Path, elf: Path) -> bytes:
    """The RAM that is left."""
    options = ["-semihosting", "-display", "none", "-monitor", "none", "-serial", "file:ram.bin"]
    run(folder, "qemu-system-xtensa", "-M", "sim", "-cpu", "dc233c", *options, "-kernel", elf.name)
    return (folder / "ram.bin").read_bytes()


def core_dump(ram: bytes, saved: int) -> bytes:
    registers = ram[saved - RAM : saved - RAM + 4 * 21]
    block = struct.pack("<BH", SAMPLE_CONTROLLER_32, 1) + registers
    header = struct.pack("<2sHHBBI", b"ZE", 2, 5, 5, 0, 0)
    memory = struct.pack("<cHII", b"M", 1, RAM, RAM + RAM_SIZE) + ram
    return header + struct.pack("<cHH", b"A", 1, len(block)) + block + memory


def main() -> None:
    missing = [tool for tool in (f"{TOOLS}gcc", "qemu-system-xtensa") if shutil.which(tool) is None]
    if missing:
        print(f"xtensa: left as it is, for there is no {' and no '.join(missing)} here")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        elf = build(folder)
        ram = crash(folder, elf)
        (saved,) = re.findall(r"(?m)^([0-9a-f]+) . saved$", run(folder, f"{TOOLS}nm", elf.name))
        FIXTURE.mkdir(exist_ok=True)
        (FIXTURE / "firmware.elf").write_bytes(elf.read_bytes())
        (FIXTURE / "dump.core").write_bytes(core_dump(ram, int(saved, 16)))
    print("xtensa")


if __name__ == "__main__":
    main()
