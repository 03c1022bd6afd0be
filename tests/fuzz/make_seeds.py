"""Make the first seeds anew: `python -m tests.fuzz.make_seeds` (needs arm-none-eabi-gcc). What fuzzing found stays."""

import subprocess
import tempfile
from pathlib import Path

from analyzer.symbols.elf import Image
from analyzer.symbols.format.container import Part
from tests.analyzer import specimen
from tests.fuzz.targets import ARCHITECTURES, CASE, SECTIONS

SEEDS = Path(__file__).parent / "seeds"
PROGRAM = """
struct node { struct node *next; int value : 5; unsigned char name[4]; union { float f; long long l; } u; };
enum color { RED = -1, GREEN };
static struct node head = { &head, 3, "abc" };
static inline int g(struct node *node, int depth) { int twice = depth * 2; return node->value + twice; }
int f(struct node *node, enum color color, int (*call)(int)) {
  static int count;
  { int inner = g(node, color); count += inner; if (inner > 3) return call(inner); }
  return g(node->next, count);
}
int main(void) { return f(&head, GREEN, (int (*)(int))0x1001); }
"""


def compiled(*options: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "p.c").write_text(PROGRAM)
        command = ["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-nostdlib", "-nostartfiles", "-Wl,-Ttext=0x1000"]
        subprocess.run(
            [*command, f"-ffile-prefix-map={folder}=.", *options, "-o", "p.elf", "p.c"], cwd=folder, check=True
        )
        return Path(folder, "p.elf").read_bytes()


def sections(elf: bytes) -> bytes:
    """In the form that `targets.sections_of` reads."""
    image = Image(elf)
    parts = [(number, image.debug_section(f".debug_{name}")) for number, name in enumerate(SECTIONS)]
    return b"".join(bytes([number]) + len(part).to_bytes(2, "little") + part for number, part in parts if part)


def keep(target: str, name: str, content: bytes) -> None:
    (SEEDS / target).mkdir(parents=True, exist_ok=True)
    (SEEDS / target / name).write_bytes(content)


def main() -> None:
    builds = {
        "dwarf5-Og": compiled("-g", "-Og", "-gdwarf-5"),
        "dwarf5-O2": compiled("-g", "-O2", "-gdwarf-5"),
        "dwarf4-O2": compiled("-g", "-O2", "-gdwarf-4"),
        "zlib-Os": compiled("-g", "-Os", "-gz"),
    }
    for name, elf in builds.items():
        keep("elf", name, elf)
        keep("dwarf", name, sections(elf))
        image = Image(elf)
        keep("frames", f"debug-{name}", b"\0" + image.debug_section(".debug_frame"))
    # An .eh_frame: one common entry "zR", one description with an advance, an offset, remember and restore.
    common = bytes.fromhex("0000000001") + b"zR\0" + bytes.fromhex("017c0e011b0c0d00") + bytes(3)
    rules = bytes.fromhex("410e08840242 0a0b 16 0e 02 7d 00".replace(" ", ""))
    entry = (
        (4 + len(common) + 4).to_bytes(4, "little") + bytes(4) + bytes.fromhex("20000000 00".replace(" ", "")) + rules
    )
    keep("frames", "eh", b"\2" + len(common).to_bytes(4, "little") + common + len(entry).to_bytes(4, "little") + entry)
    for name, expression in {
        "breg": "7d08",
        "fbreg": "917c",
        "entry-value": "a30150 9f",
        "pieces": "50 9304 51 9304 9d0800",
        "arithmetic": "0a1027 3408 1e 22 2306 9401 9f",
        "branch": "31 2803 00 32 2f fb ff",
        "implicit-pointer": "a001 00",
        "typed": "a80100 a4020401020304 2a",
    }.items():
        keep("expression", name, bytes.fromhex(expression.replace(" ", "")))
    for part in Part:
        keep("index", part.name.lower(), bytes([part]) + b"\x08\0\0\x03\xff\xff\0\0")
    for name, patches in {"registers": "11000003ffffffff", "magic": "0000000100", "sizes": "0f000003ffff0000"}.items():
        for number, case in enumerate(ARCHITECTURES):
            keep("golden_dump", f"{case.parent.name}-{name}", bytes([number]) + bytes.fromhex(patches))
    whole = specimen.dump()
    keep("dump", "specimen", whole)
    keep("dump", "smallest", (CASE / "dump.core").read_bytes())
    keep("containers", "raw", whole[:600])
    hexadecimal = whole[:300].hex()
    lines = "".join(f"[00:00:01.000] <err> #CD:{hexadecimal[at : at + 64]}\n" for at in range(0, len(hexadecimal), 64))
    keep("containers", "log", f"boot\n#CD:BEGIN#\n{lines}#CD:END#\n".encode())
    checksum = (sum(whole) % 65536).to_bytes(2, "little")
    head = b"CD\x01\0" + len(whole).to_bytes(4, "little") + b"\0\0" + checksum + bytes(4)
    keep("containers", "flash", head + whole + b"\xff" * 64)


if __name__ == "__main__":
    main()
