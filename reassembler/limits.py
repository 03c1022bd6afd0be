"""What an installation takes: sizes over a limit are answered with a reason. Pure."""

from contract.chunk import Chunk
from contract.errors import LimitExceeded
from runtime.settings import Settings


class DumpTooLarge(LimitExceeded):
    """The dump is larger than this installation takes."""

    code = "limit.dump-size"


class ChunkSizeRefused(LimitExceeded):
    """Chunks of this size are not taken."""

    code = "limit.chunk-size"


class TooManyOpenDumps(LimitExceeded):
    """The device has too many uploads open."""

    code = "limit.open-dumps"


class NoRoom(LimitExceeded):
    """Open uploads need all the memory they may have; a later one finds room."""

    code = "limit.memory"


def check_limits(chunk: Chunk, settings: Settings) -> None:
    """Raise `LimitExceeded` with the limit and the setting that moves it."""
    if chunk.total_size > settings.max_dump_size:
        raise DumpTooLarge(
            f"dump of {chunk.total_size} bytes; at most {settings.max_dump_size} (FAULTCAST_MAX_DUMP_SIZE)"
        )
    if chunk.chunk_size > settings.max_chunk_size:
        raise ChunkSizeRefused(
            f"chunks of {chunk.chunk_size} bytes; at most {settings.max_chunk_size} (FAULTCAST_MAX_CHUNK_SIZE)"
        )
    if chunk.chunk_size < settings.min_chunk_size and chunk.count > 1:
        raise ChunkSizeRefused(
            f"chunks of {chunk.chunk_size} bytes; at least {settings.min_chunk_size} (FAULTCAST_MIN_CHUNK_SIZE)"
        )
