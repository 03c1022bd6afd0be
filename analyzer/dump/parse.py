"""From bytes to a dump."""

from collections.abc import Iterable

from analyzer.dump.blocks import BlockReader
from analyzer.dump.build_id import build_id_in
from analyzer.dump.caveat import Caveat
from analyzer.dump.containers import following_dump, open_container
from analyzer.dump.model import Dump
from analyzer.dump.sparse import Range, SparseBytes
from contract.errors import LimitExceeded

MAX_SIZE = 64 << 20
"""Bytes; the largest dump that is read."""


def parse(data: bytes, missing: Iterable[Range] = ()) -> Dump:
    """Read a core dump out of whatever it comes in, keeping all that can be recovered.

    `missing` lists half-open byte ranges of `data` that never arrived (and are zero there): what lies in them is
    unavailable, never zero.

    Raises:
        NotADump: there is no core dump in the bytes.
        UnsupportedDump: there is one, of a kind that cannot be analysed.
        LimitExceeded: there are more than 64 MiB, or blocks that overlap each other far too often.
    """
    if len(data) > MAX_SIZE:
        raise LimitExceeded(
            f"{len(data)} bytes are more than the {MAX_SIZE} a dump may have; cut the file to the dump itself"
        )
    contained = open_container(SparseBytes(data, missing))
    caveats = list(contained.caveats)
    lost = sum(end - start for start, end in contained.data.missing)
    if lost and contained.container != "text":
        caveats.append(Caveat("incomplete-upload", f"{lost} of {len(contained.data)} bytes never arrived"))
    blocks, second = _first_dump(contained.data)
    if second is not None:
        caveats.append(
            Caveat(
                "second-dump",
                f"another dump begins at offset {second}, as when a device crashes while it dumps; "
                "what stands before it is read",
            )
        )
    return Dump(
        container=contained.container,
        size=len(contained.data),
        header=blocks.header,
        architecture=blocks.architecture,
        kernel=blocks.kernel,
        cpus=tuple(blocks.cpus),
        memory=blocks.memory,
        blocks=tuple(blocks.ranges),
        trailing=blocks.trailing,
        truncated=contained.truncated or blocks.truncated,
        caveats=(*caveats, *blocks.caveats),
        build_id=build_id_in(blocks.memory),
    )


def _first_dump(data: SparseBytes) -> tuple[BlockReader, int | None]:
    """The blocks of the first dump, and the offset at which another one breaks in on it.

    Where a device crashes while it dumps, it starts again: what then stands inside a block's size is not its content.
    """
    blocks = BlockReader(data)
    second = None if blocks.intact else following_dump(data)
    return (blocks, None) if second is None else (BlockReader(data.slice(0, second)), second)
