"""RISC-V instructions that matter to an unwinder: calls, and the way into the kernel.

Encodings: the RISC-V Instruction Set Manual, volume I, chapters "RV32I" and "C". Which register a call leaves its
return address in: the calling convention of the RISC-V ABIs Specification, and x5 for the helpers of `-msave-restore`.
"""

from analyzer.dump.memory import Memory

ECALL = 0x00000073
_LINKS = (1, 5)
_JAL, _JALR, _AUIPC = 0x6F, 0x67, 0x17


def follows_call(address: int, memory: Memory, pointer_size: int) -> bool:
    """Whether a call ends where an address is."""
    if address & 1:
        return False
    word, half = memory.unsigned(address - 4, 4), memory.unsigned(address - 2, 2)
    if word is not None and word & 0x7F == _JAL:
        return word >> 7 & 31 in _LINKS
    if word is not None and word & 0x707F == _JALR and word >> 7 & 31 in _LINKS:
        return True
    # C.JAL has its encoding on 32 bit machines only.
    return half is not None and (
        _compressed_pointer(half) is not None or (pointer_size == 4 and half & 0xE003 == 0x2001)
    )


def calls_pointer(address: int, memory: Memory) -> int | None:
    """The register through which the call that ends at an address went; None where the code itself names the target."""
    word, half = memory.unsigned(address - 4, 4), memory.unsigned(address - 2, 2)
    if word is not None and word & 0x707F == _JALR and word >> 7 & 31 in _LINKS:
        pointer = word >> 15 & 31
        # An offset belongs to an address that the instruction before has put together; so does the link register.
        return (
            None if word >> 20 or pointer in (0, word >> 7 & 31) or _is_upper(address - 8, pointer, memory) else pointer
        )
    return None if half is None or address & 1 else _compressed_pointer(half)


def is_system_call(address: int, memory: Memory) -> bool:
    """Whether the instruction at an address is `ecall`."""
    return memory.unsigned(address, 4) == ECALL


def _compressed_pointer(half: int) -> int | None:
    """The register of a C.JALR; with register 0 it would be C.EBREAK."""
    return half >> 7 & 31 if half & 0xF07F == 0x9002 and half >> 7 & 31 else None


def _is_upper(address: int, register: int, memory: Memory) -> bool:
    """Whether the instruction at an address is an AUIPC that puts half an address into a register."""
    word = memory.unsigned(address, 4)
    return word is not None and word & 0x7F == _AUIPC and word >> 7 & 31 == register
