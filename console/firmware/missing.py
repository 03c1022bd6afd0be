"""Firmware that is not there: which ELF file would name the most crashes."""

import re
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Firmware, FirmwareAlias, Profile
from contract.records import Keys
from runtime.streams import stream_errors

MOST: Final = 200
"""Builds that are listed."""
_ZERO: Final = re.compile("0+")


@dataclass(frozen=True, slots=True)
class MissingFirmware:
    """A build whose crashes have no names."""

    build_id: str
    """Hexadecimal; empty where devices send none."""
    crashes: int
    waiting: int
    """Dumps that are analysed again when the file comes."""
    last_ms: int
    """Newest of the crashes, Unix milliseconds."""
    firmware: str
    version: str
    board: str

    @property
    def warning(self) -> str:
        """Why no file can ever fit; empty where one can."""
        return why_no_file_fits(self.build_id)


def why_no_file_fits(build_id: str) -> str:
    """What is wrong with a build id that is none; empty for all others."""
    if not build_id:
        return (
            "These devices send no build id, so no file can be found for them. Put one into the image when it is "
            "built and send it with the first chunk; until then, link each dump by hand."
        )
    if _ZERO.fullmatch(build_id):
        return (
            "A build id of zeros is the place for one that was never filled in: the build's last step did not run. "
            "Every build has the same, so that no file can be told by it; link dumps by hand."
        )
    return ""


async def missing_firmware(session: AsyncSession, redis: Redis, keys: Keys) -> list[MissingFirmware]:
    """Builds without symbols, those with the most waiting dumps first; raises `StreamsUnavailable`."""
    crashes = func.sum(Profile.crashes)
    found = await session.execute(
        select(
            Profile.build_id,
            crashes,
            func.max(Profile.last_ms),
            func.max(Profile.firmware),
            func.max(Profile.version),
            func.max(Profile.board),
        )
        .where(
            ~Profile.symbolized,
            Profile.crashes > 0,
            Profile.build_id.not_in(select(Firmware.build_id).where(Firmware.build_id.is_not(None))),
            Profile.build_id.not_in(select(FirmwareAlias.alias)),
        )
        .group_by(Profile.build_id)
        .order_by(crashes.desc(), Profile.build_id)
        .limit(MOST)
    )
    rows = found.all()
    with stream_errors():
        async with redis.pipeline(transaction=False) as pipe:
            for row in rows:
                pipe.hlen(keys.waiting(row[0]))
            waiting = await pipe.execute() if rows else []
    builds = [
        MissingFirmware(build_id, int(count), int(waits), last_ms, firmware, version, board)
        for (build_id, count, last_ms, firmware, version, board), waits in zip(rows, waiting, strict=True)
    ]
    return sorted(builds, key=lambda build: (-build.waiting, -build.crashes, build.build_id))
