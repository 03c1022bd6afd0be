"""An ELF file on its way in: to disk piece by piece, whatever its size."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from contract.errors import BadFirmware, LimitExceeded, StoreUnavailable

_MAGIC: Final = b"\x7fELF"
_FLUSHED: Final = 1 << 20
"""Bytes that are gathered before they are written: a thread for every packet would cost more than the disk."""


async def receive(pieces: AsyncIterable[bytes], folder: Path, *, most: int) -> tuple[Path, int]:
    """Write what comes in to a new file of a folder; returns it and its size in bytes.

    The file is removed where anything goes wrong, the sender going away included.

    Raises:
        BadFirmware: it is no ELF file; said at its first bytes.
        LimitExceeded: there are more than `most` bytes.
        StoreUnavailable: the disk does not take it.
    """
    try:
        descriptor, path = await asyncio.to_thread(_new_file, folder)
    except OSError as error:
        raise _unwritable(folder, error) from error
    done = False
    try:
        with os.fdopen(descriptor, "wb") as file:
            size = 0
            gathered = bytearray()
            async for piece in pieces:
                size += len(piece)
                if size > most:
                    raise LimitExceeded(
                        f"the file has more than {most} bytes (FAULTCAST_MAX_FIRMWARE_SIZE): upload the ELF file of "
                        "the application, or raise the limit"
                    )
                gathered += piece
                if len(gathered) >= _FLUSHED:
                    _check_magic(gathered, size)
                    await asyncio.to_thread(file.write, bytes(gathered))
                    gathered.clear()
            _check_magic(gathered, size)
            await asyncio.to_thread(file.write, bytes(gathered))
            await asyncio.to_thread(_flush, file.fileno())
        done = True
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        if not done:
            _remove(path)
    return path, size


def _new_file(folder: Path) -> tuple[int, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".new-")
    return descriptor, Path(name)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _check_magic(gathered: bytearray, size: int) -> None:
    """At the start of the file, that it is one of the right kind."""
    if size == len(gathered) and not gathered.startswith(_MAGIC):
        raise BadFirmware(
            "this is no ELF file: Zephyr leaves it in build/zephyr/zephyr.elf, beside files without symbols"
        )


def _flush(descriptor: int) -> None:
    os.fsync(descriptor)


def _unwritable(folder: Path, error: OSError) -> StoreUnavailable:
    reason = error.strerror or error
    return StoreUnavailable(f"cannot write to {folder} ({reason}): free space on the disk and try again")
