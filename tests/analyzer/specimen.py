"""A small Cortex-M core dump with two threads, built by hand, and the symbols of a firmware that goes with it."""

import struct
from dataclasses import dataclass

RAM = {
    "worker": 0x20001100,
    "worker_stack": 0x20003000,
    "main": 0x20001000,
    "main_stack": 0x20002000,
    "interrupt_stack": 0x20004000,
}
SHA256 = "6a3d8b4ed7cdc2feb2e4ba4dbb7d756a9fd17d1e23db588923998b88bac64995"
CRC32 = 0xDDAC6C44
OFFSETS = (1, 8, 32, 0x74, 0x84, 0x0D, 0x0C, 0x0E, 0x50, 0x88, 0xBC, 0xFFFFFFFF, 0xFFFFFFFF, 9, 0xFFFFFFFF)
REGISTERS_V1 = (1, 2, 3, 4, 0x12, 0x421, 0x404, 0x61000000, 0x200020C0)
CALLEE_SAVED = (0x44, 0x55, 0x66, 0x200020C0, 0x88, 0x99, 0xAA, 0xBB)


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def header(version: int = 2, target: int = 3, bits: int = 5, flags: int = 0, reason: int = 4) -> bytes:
    return struct.pack("<2sHHBBI", b"ZE", version, target, bits, flags, reason)


def architecture(payload: bytes | None = None, version: int = 2) -> bytes:
    payload = words(*REGISTERS_V1, *CALLEE_SAVED) if payload is None else payload
    return struct.pack("<cHH", b"A", version, len(payload)) + payload


def kernel(current: int = RAM["main"], head: int = RAM["worker"]) -> bytes:
    return words(0, 0x20004100, current, 0, 0, current, 0, 0, head)


def metadata(payload: bytes | None = None) -> bytes:
    payload = kernel() if payload is None else payload
    return struct.pack("<cHH", b"T", 1, len(payload)) + payload


def memory(address: int, content: bytes) -> bytes:
    return struct.pack("<cHII", b"M", 1, address, address + len(content)) + content


@dataclass(frozen=True)
class ThreadStruct:
    name: bytes
    options: int
    state: int
    priority: int
    callee_saved: tuple[int, ...]
    psp: int
    entry: int
    following: int
    stack: int
    exc_return: int = 0xFD

    def pack(self) -> bytes:
        raw = bytearray(200)
        raw[0x0C:0x0F] = bytes([self.options, self.state, self.priority & 0xFF])
        raw[0x30:0x50] = words(*self.callee_saved)
        raw[0x50:0x54] = words(self.psp)
        raw[0x74:0x78] = words(self.entry)
        raw[0x84:0x88] = words(self.following)
        raw[0x88 : 0x88 + len(self.name)] = self.name
        raw[0xA8:0xB0] = words(self.stack, 0x100)
        raw[0xC5] = self.exc_return
        return bytes(raw)


WORKER = ThreadStruct(b"worker", 0, 2, 5, tuple(range(0xA4, 0xAC)), 0x20003080, 0x501, RAM["main"], 0x20003000)
MAIN = ThreadStruct(b"main", 1, 0x80, 0, (0,) * 8, 0, 0x601, 0, 0x20002000)


def worker_stack() -> bytes:
    return bytes(0x80) + words(0x10, 0x11, 0x12, 0x13, 0x1C, 0x521, 0x510, 0x01000000) + bytes(0x60)


def writes() -> list[bytes]:
    """The dump as its backend gets it: headers and payloads one by one."""
    parts = [
        memory(RAM["worker"], WORKER.pack()),
        memory(RAM["worker_stack"], worker_stack()),
        memory(RAM["main"], MAIN.pack()),
        memory(RAM["main_stack"], bytes(0x100)),
        memory(RAM["interrupt_stack"], bytes(0x100)),
    ]
    split = [header()]
    for block, size in ((architecture(), 5), (metadata(), 5), *((part, 11) for part in parts)):
        split += [block[:size], block[size:]]
    return split


def dump() -> bytes:
    """1349 bytes: `main` crashed, `worker` waits."""
    return b"".join(writes())


def flash(content: bytes, padding: int = 32, error: int = 0) -> bytes:
    head = struct.pack("<2sHIHHi", b"CD", 1, len(content), 0, sum(content) & 0xFFFF, error)
    return head + content + b"\xff" * padding


def text_lines(parts: list[bytes]) -> list[str]:
    lines = []
    for part in parts:
        lines += [f"#CD:{part[at : at + 32].hex()}" for at in range(0, len(part), 32)]
    return lines


def text_log(parts: list[bytes]) -> bytes:
    lines = ["[00:00:01.000] <err> os: r0/a1: 0", "#CD:BEGIN#", *text_lines(parts), "#CD:END#", "halted"]
    return "\r\n".join(f"[00:00:02] <err> coredump: {line}" for line in lines).encode()


def in_memory(content: bytes, capacity: int) -> bytes:
    canary = bytes.fromhex("deb0deb0")
    return canary + words(len(content)) + content.ljust(capacity, b"\0") + canary
