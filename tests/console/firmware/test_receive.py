from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.firmware.receive import receive
from contract.errors import BadFirmware, LimitExceeded, StoreUnavailable


async def pieces(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


class Gone(Exception):
    """The sender went away."""


async def cut_off(*content: bytes) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece
    raise Gone


async def test_a_file_is_written_as_it_comes(tmp_path: Path) -> None:
    content = b"\x7fELF" + bytes(range(256)) * 20_000
    path, size = await receive(
        pieces(*(content[at : at + 65_536] for at in range(0, len(content), 65_536))),
        tmp_path / "uploads",
        most=1 << 30,
    )
    assert path.read_bytes() == content
    assert size == len(content)


@pytest.mark.parametrize("content", [[], [b""], [b":10000000"], [b"\x7f", b"EXE"], [b"PK\3\4" * 400_000]])
async def test_what_is_no_elf_file_is_said_and_not_kept(tmp_path: Path, content: list[bytes]) -> None:
    with pytest.raises(BadFirmware, match="no ELF file"):
        await receive(pieces(*content), tmp_path, most=1 << 30)
    assert list(tmp_path.iterdir()) == []


async def test_too_large_a_file_is_refused_before_all_of_it_came(tmp_path: Path) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"\x7fELF" * 1000

    with pytest.raises(LimitExceeded, match="FAULTCAST_MAX_FIRMWARE_SIZE"):
        await receive(endless(), tmp_path, most=1_000_000)
    assert taken < 300
    assert list(tmp_path.iterdir()) == []


async def test_an_upload_that_is_cut_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Gone):
        await receive(cut_off(b"\x7fELF", b"more"), tmp_path, most=1 << 30)
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="free space"):
        await receive(pieces(b"\x7fELF"), tmp_path / "file" / "uploads", most=1 << 30)
