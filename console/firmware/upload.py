"""An ELF file from a request into the folder of what is to be indexed, with its row."""

import asyncio
from collections.abc import AsyncIterable
from typing import Final

from starlette.requests import ClientDisconnect

from console.database.tables import Firmware
from console.firmware.indexing import upload_file, upload_folder
from console.firmware.receive import receive
from console.people.audit import audit
from console.people.clock import now_ms
from console.people.person import Person
from console.web.errors import Conflict
from console.web.services import Services
from contract.errors import LimitExceeded

MAX_TEXT: Final = 200
"""Letters of what is said of a firmware."""


def plain_name(text: str) -> str:
    """The name of a file as a person's browser or shell gave it: without folders and what cannot be seen."""
    last = text.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[:MAX_TEXT]


def check_announced(announced: str | None, most: int) -> None:
    """Refuse by its `Content-Length` what is too large, before it was sent; raises `LimitExceeded`."""
    if announced is not None and announced.isdecimal() and int(announced) > most:
        raise LimitExceeded(
            f"the file has {announced} bytes; {most} are taken (FAULTCAST_MAX_FIRMWARE_SIZE): upload the ELF file of "
            "the application, or raise the limit"
        )


async def take_upload(
    services: Services,
    person: Person,
    pieces: AsyncIterable[bytes],
    *,
    file_name: str,
    name: str = "",
    version: str = "",
    board: str = "",
) -> Firmware:
    """Take a file in; on return it is on the disk and waits for its index.

    Raises:
        BadFirmware, LimitExceeded, StoreUnavailable: as `receive`.
        Conflict: the sender went away.
    """
    settings = services.settings
    try:
        path, size = await receive(pieces, upload_folder(settings), most=settings.max_firmware_size)
    except ClientDisconnect as error:
        raise Conflict("the upload was cut off before its end; nothing of it was kept") from error
    try:
        async with services.database.writing() as session:
            row = Firmware(
                name=name,
                version=version,
                board=board,
                file_name=file_name,
                size=size,
                state="indexing",
                progress=0,
                added_ms=now_ms(),
                added_by=person.actor,
            )
            session.add(row)
            await session.flush()
            # Before the row can be seen: whoever finds it finds its file.
            await asyncio.to_thread(path.replace, upload_file(settings, row.id))
            await audit(session, person, "firmware.upload", file_name, detail=f"{size} bytes")
    except BaseException:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        raise
    return row
