"""Whether the bytes that arrived are the bytes that were sent. Pure."""

import hashlib
from zlib import crc32

from contract.chunk import Metadata
from contract.errors import InputError


class ChecksumMismatch(InputError):
    """A whole dump does not have the checksum its device claims."""

    code = "checksum"


def verify(data: bytes, metadata: Metadata) -> None:
    """Hold a whole dump against the checksums of its metadata; none given means nothing to compare.

    Raises:
        ChecksumMismatch: naming both values.
    """
    if metadata.crc32 is not None and (actual := crc32(data)) != metadata.crc32:
        raise ChecksumMismatch(
            f"CRC-32 of the {len(data)} bytes is {actual:#010x}, the device says {metadata.crc32:#010x}"
        )
    if metadata.sha256 is not None and (digest := hashlib.sha256(data).digest()) != metadata.sha256:
        raise ChecksumMismatch(
            f"SHA-256 of the {len(data)} bytes is {digest.hex()}, the device says {metadata.sha256.hex()}"
        )
