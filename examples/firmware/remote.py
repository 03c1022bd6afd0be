"""Show a core dump to gdb as a stopped target: a read-only stub of gdb's remote serial protocol on stdin and stdout.

    (gdb) target remote | python3 remote.py firmware.elf dump.core [--disturb]

It knows just enough of Zephyr's dump format for the dumps of this firmware and shares no code with Faultcast, so
that gdb's answer is a second opinion. Registers that are not in the dump are reported as unavailable.
With --disturb, registers that a function may overwrite have other values: what gdb then says otherwise of a caller was
a guess, since gdb takes them for what they were in the caller, too.
"""

import struct
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

UNAVAILABLE = 0xFFFFFFFF
REGISTERS = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc", "xpsr"]
# As they follow each other in the dump's architecture block.
DUMPED = ["r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr", "sp", *(f"r{n}" for n in range(4, 12))]
FRAME = ["r0", "r1", "r2", "r3", "r12", "lr", "pc", "xpsr"]
DOUBLES = [f"d{number}" for number in range(16)]
XPSR_ALIGNED = 0x200
BASIC_FRAME = 0x10
SIGBUS = 10
DISTURBED = dict.fromkeys(["r0", "r1", "r2", "r3", "r12"], 0x5A5A5A58)

FLOATS = (
    '<feature name="org.gnu.gdb.arm.vfp">'
    + "".join(f'<reg name="{name}" bitsize="64" type="ieee_double"/>' for name in DOUBLES)
    + '<reg name="fpscr" bitsize="32"/></feature>'
)
TARGET = (
    '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">'
    '<architecture>arm</architecture><feature name="org.gnu.gdb.arm.m-profile">'
    + "".join(f'<reg name="{name}" bitsize="32"/>' for name in REGISTERS[:13])
    + '<reg name="sp" bitsize="32" type="data_ptr"/><reg name="lr" bitsize="32"/>'
    '<reg name="pc" bitsize="32" type="code_ptr"/><reg name="xpsr" bitsize="32"/></feature>{floats}</target>'
)


@dataclass(frozen=True)
class Thread:
    """A thread with its registers; one that is missing from `registers` is not known."""

    address: int
    name: str
    registers: dict[str, int]


class Dump:
    """The blocks of a core dump over the read-only part of its firmware."""

    def __init__(self, elf: BinaryIO, core: bytes) -> None:
        """Raises ValueError for anything but a 32-bit Cortex-M dump that is complete."""
        self.elf = ELFFile(elf)
        magic, version, target, bits, _, self.reason = struct.unpack_from("<2sHHBBI", core)
        if (magic, target, bits) != (b"ZE", 3, 5) or version not in (1, 2):
            raise ValueError("not a 32-bit Cortex-M dump")
        self.memory: list[tuple[int, bytes]] = []
        self.kernel: bytes | None = None
        self.crashed: dict[str, int] = {}
        at = 12
        while at < len(core):
            kind = core[at : at + 1]
            if kind == b"M":
                start, end = struct.unpack_from("<II", core, at + 3)
                at += 11
                self.memory.append((start, core[at : at + end - start]))
                at += end - start
                continue
            size = struct.unpack_from("<H", core, at + 3)[0]
            payload = core[at + 5 : at + 5 + size]
            at += 5 + size
            if kind == b"A":
                words = struct.unpack_from(f"<{len(payload) // 4}I", payload)
                self.crashed = dict(zip(DUMPED, words, strict=False))
            elif kind == b"T":
                self.kernel = payload
            else:
                raise ValueError(f"unknown block {kind!r}")
        for segment in self.elf.iter_segments("PT_LOAD"):
            if not segment["p_flags"] & 2:
                self.memory.append((segment["p_vaddr"], segment.data()))

    def read(self, address: int, size: int) -> bytes:
        """Raises LookupError unless all of it is known."""
        for start, data in self.memory:
            if start <= address and address + size <= start + len(data):
                return data[address - start : address - start + size]
        raise LookupError(f"{address:#x}")

    def word(self, address: int) -> int:
        """Raises LookupError as `read`."""
        return int.from_bytes(self.read(address, 4), "little")

    def symbol(self, name: str) -> int:
        """The address of a symbol. Raises LookupError when there is none."""
        table = self.elf.get_section_by_name(".symtab")
        found = table.get_symbol_by_name(name) if isinstance(table, SymbolTableSection) else None
        if not found:
            raise LookupError(name)
        return int(found[0]["st_value"])

    @cached_property
    def offsets(self) -> list[int]:
        """The table that the firmware describes its structures with."""
        count = self.word(self.symbol("_kernel_thread_info_num_offsets"))
        return [self.word(self.symbol("_kernel_thread_info_offsets") + 4 * i) for i in range(count)]

    @cached_property
    def threads(self) -> list[Thread]:
        """The crashed thread first, then the others as the kernel lists them."""
        _, k_current, k_threads, _, t_next, _, _, _, _, t_name, *_ = self.offsets
        if self.kernel is None:  # a minimal dump begins with the current thread
            current, listed = self.memory[0][0], 0
        else:
            current = int.from_bytes(self.kernel[k_current : k_current + 4], "little")
            listed = int.from_bytes(self.kernel[k_threads : k_threads + 4], "little")
        others: list[int] = []
        while listed:
            others += [listed] if listed != current else []
            listed = self.word(listed + t_next)
        found = [(current, self.crashed_registers()), *((other, self.switched_out(other)) for other in others)]
        return [
            Thread(address, self.read(address + t_name, 32).split(b"\0")[0].decode(), registers)
            for address, registers in found
        ]

    def crashed_registers(self) -> dict[str, int]:
        """As dumped; old firmware dumps the address of the exception frame for the stack pointer."""
        registers = self.crashed
        try:
            frame = [self.word(registers["sp"] + 4 * i) for i in range(8)]
        except LookupError:
            return registers
        if frame != [registers[name] for name in FRAME]:
            return registers
        return registers | {"sp": registers["sp"] + 32 + (4 if registers["xpsr"] & XPSR_ALIGNED else 0)}

    @property
    def has_floats(self) -> bool:
        """Whether threads keep floating point registers."""
        return self.offsets[11] != UNAVAILABLE

    def switched_out(self, thread: int) -> dict[str, int]:
        """r4..r11 lie in front of the saved stack pointer, which points at the exception frame.

        A thread that uses the FPU has a larger frame, with s0..s15 and FPSCR, and keeps s16..s31 in its structure.
        """
        saved = thread + self.offsets[8]
        psp = self.word(saved)
        registers = {name: self.word(psp + 4 * i) for i, name in enumerate(FRAME)}
        registers |= {f"r{4 + i}": self.word(saved - 32 + 4 * i) for i in range(8)}
        size, arch = 32, thread + self.offsets[10]
        if self.has_floats and not self.read(arch + self.offsets[13], 1)[0] & BASIC_FRAME:
            size += 72
            floats = self.read(psp + 32, 64) + self.read(arch + self.offsets[11], 64)
            registers |= dict(zip(DOUBLES, struct.unpack("<16Q", floats), strict=True))
            registers["fpscr"] = self.word(psp + 96)
        return registers | {"sp": psp + size + (4 if registers["xpsr"] & XPSR_ALIGNED else 0)}


class Stub:
    """Answers gdb's packets about one dump. A thread's id is the address of its `k_thread`."""

    def __init__(self, dump: Dump, *, disturb: bool) -> None:
        self.dump = dump
        self.disturb = DISTURBED if disturb else {}
        self.by_id = {thread.address: thread for thread in dump.threads}
        self.selected = dump.threads[0]

    def answer(self, packet: str) -> str:
        """The reply; an empty one says that the packet is not supported."""
        answers = {"?": self.stop_reason, "g": self.registers, "m": self.memory, "H": self.select, "q": self.query}
        if packet[:1] in ("D", "T"):  # detach; is this thread alive?
            return "OK"
        return answers[packet[0]](packet[1:]) if packet[:1] in answers else ""

    def stop_reason(self, _: str) -> str:
        """Why and in which thread the target stopped."""
        return f"T{SIGBUS:02x}thread:{self.dump.threads[0].address:x};"

    def registers(self, _: str) -> str:
        """Of the selected thread, in gdb's order; `x` for what is not known."""
        sizes = dict.fromkeys(REGISTERS, 4)
        if self.dump.has_floats:
            sizes |= dict.fromkeys(DOUBLES, 8) | {"fpscr": 4}
        known = {name: value ^ self.disturb.get(name, 0) for name, value in self.selected.registers.items()}
        return "".join(
            known[name].to_bytes(size, "little").hex() if name in known else "xx" * size for name, size in sizes.items()
        )

    def memory(self, what: str) -> str:
        """`address,size`"""
        address, size = (int(part, 16) for part in what.split(","))
        try:
            return self.dump.read(address, size).hex()
        except LookupError:
            return "E01"

    def select(self, what: str) -> str:
        """`g` and a thread; 0 and -1 stand for any."""
        purpose, thread = what[:1], what[1:]
        if purpose == "g":
            self.selected = self.by_id.get(int(thread, 16), self.dump.threads[0])
        return "OK"

    def query(self, what: str) -> str:
        """General queries; documents are read in pieces."""
        name, _, rest = what.partition(":")
        if name == "Xfer":
            target = TARGET.format(floats=FLOATS if self.dump.has_floats else "")
            document = target if rest.startswith("features") else self.thread_list()
            offset, length = (int(part, 16) for part in rest.rpartition(":")[2].split(","))
            return ("m" if offset + length < len(document) else "l") + document[offset : offset + length]
        simple = {
            "Supported": "PacketSize=4000;qXfer:features:read+;qXfer:threads:read+",
            "Attached": "1",
            "C": f"QC{self.dump.threads[0].address:x}",
        }
        return simple.get(name, "")

    def thread_list(self) -> str:
        """The crashed thread first: gdb numbers them as they come."""
        listed = "".join(f'<thread id="{t.address:x}" name="{t.name}"/>' for t in self.dump.threads)
        return f'<?xml version="1.0"?><threads>{listed}</threads>'


def serve(stub: Stub, source: BinaryIO, sink: BinaryIO) -> None:
    """Until gdb detaches, kills, or closes the pipe."""
    while byte := source.read(1):
        if byte != b"$":
            continue
        packet = bytearray()
        while (byte := source.read(1)) not in (b"#", b""):
            packet += byte
        source.read(2)  # the checksum: a pipe loses nothing
        text = packet.decode("latin-1")
        reply = stub.answer(text)
        sink.write(b"+$" + reply.encode() + b"#%02x" % (sum(reply.encode()) % 256))
        sink.flush()
        if text[:1] in ("D", "k"):
            return


if __name__ == "__main__":
    firmware, core = map(Path, sys.argv[1:3])
    with firmware.open("rb") as elf:
        serve(Stub(Dump(elf, core.read_bytes()), disturb="--disturb" in sys.argv), sys.stdin.buffer, sys.stdout.buffer)
